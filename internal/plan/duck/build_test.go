package duck_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	_ "github.com/mattn/go-sqlite3"

	"sutor/internal/change"
	"sutor/internal/connector/all"
	"sutor/internal/intake"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/system"
	"sutor/internal/system/driver"
)

// shop is a small database with what plans have to mind: a unique column, a
// reference, a generated column, a default.
const shop = `
	CREATE TABLE country (code TEXT PRIMARY KEY);
	INSERT INTO country VALUES ('DE'), ('NL'), ('BE');
	CREATE TABLE customer (
		id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL, vat TEXT UNIQUE, country TEXT REFERENCES country (code),
		credit DECIMAL(10,2), since DATE, active BOOLEAN NOT NULL DEFAULT 1, place INTEGER NOT NULL DEFAULT (random()) UNIQUE, note TEXT, tag TEXT NOT NULL DEFAULT '',
		loud TEXT GENERATED ALWAYS AS (upper(name)) STORED);
	INSERT INTO customer (id, name, vat, country, credit, since, active, note) VALUES
		(1, 'Ann', 'DE1', 'DE', 100, '2020-01-31', 1, NULL), (2, 'Bob', 'NL2', 'NL', 200.5, NULL, 0, ''),
		(3, 'Cid', 'BE3', 'BE', NULL, '2021-05-05', 1, 'old'), (4, 'Dot', NULL, NULL, 0, NULL, 1, 'x');
	UPDATE customer SET place = id`

type bench struct {
	*testing.T
	path   string
	sys    *system.System
	engine *duck.Engine
	table  driver.Table
	spread map[string]float64 // that is usual
	rules  map[string]plan.ColumnRule
}

func newBench(t *testing.T) *bench {
	t.Helper()
	dir := t.TempDir()
	b := &bench{T: t, path: filepath.Join(dir, "shop.db")}
	if err := os.WriteFile(b.path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b.sql(shop)
	ctx := context.Background()
	sys, err := system.Open(ctx, "shop", "sqlite", b.path, all.Connectors())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sys.Close() })
	b.sys = sys
	if b.table, err = sys.Describe(ctx, record.Table{Name: "customer"}); err != nil {
		t.Fatal(err)
	}
	if b.engine, err = duck.New(duck.Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) sql(query string) {
	b.Helper()
	db, err := sql.Open("sqlite3", b.path)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(query); err != nil {
		b.Fatal(err)
	}
}

// plan plans a CSV whose header names columns exactly.
func (b *bench) plan(file string, o change.Options) (*duck.Session, *plan.Outcome) {
	b.Helper()
	s, out, err := b.tryPlan(file, o)
	if err != nil {
		b.Fatal(err)
	}
	return s, out
}

func (b *bench) tryPlan(file string, o change.Options) (*duck.Session, *plan.Outcome, error) {
	b.Helper()
	return b.planAfter(file, o, nil)
}

// planAfter plans where formats were chosen for earlier files, as the reference does.
func (b *bench) planAfter(file string, o change.Options, before map[string]plan.Remembered) (*duck.Session, *plan.Outcome, error) {
	b.Helper()
	ctx := context.Background()
	s, err := b.engine.Session(ctx)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Close)
	var staging bytes.Buffer
	res, err := intake.Read(ctx, intake.File{ReaderAt: strings.NewReader(file), Size: int64(len(file))}, &staging, intake.Options{})
	if err != nil {
		b.Fatal(err)
	}
	path := s.Path("staging.csv")
	if err := os.WriteFile(path, staging.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	spec := plan.Spec{Table: b.table, Key: b.table.Columns.Pick([]string{"id"}), Columns: res.Columns, Options: o, Location: time.UTC,
		Allow: map[driver.Op]bool{"insert": true, "update": true}, Remembered: before, Spread: b.spread, Rules: b.rules}
	for i, name := range res.Columns {
		spec.Sources = append(spec.Sources, plan.Source{File: i, Name: name, Column: name, How: "name"})
	}
	for _, c := range b.table.Columns {
		for _, name := range res.Columns {
			if c.Name == name && name != "id" {
				spec.Judged = append(spec.Judged, c)
			}
		}
	}
	out, err := s.Build(ctx, spec, path, b.sys, func(string, int64, int64) {})
	if before != nil && err == nil {
		b.likeReference(spec, staging.Bytes(), out)
	}
	return s, out, err
}

// likeReference holds an outcome to what the reference says.
func (b *bench) likeReference(spec plan.Spec, staging []byte, out *plan.Outcome) {
	b.Helper()
	want, _, err := plan.Reference(context.Background(), spec, bytes.NewReader(staging), b.sys)
	if err != nil {
		b.Fatal(err)
	}
	if diff := cmp.Diff(samples(want.Findings), samples(out.Findings)); diff != "" {
		b.Errorf("the reference finds otherwise (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want.Manifest.Mapping, out.Manifest.Mapping); diff != "" || want.Manifest.Rows != out.Manifest.Rows {
		b.Errorf("the reference reads otherwise (-want +got):\n%s", diff)
	}
}

// rows writes the plan's canonical rows, for comparison.
func rows(t *testing.T, s *duck.Session, out *plan.Outcome) string {
	t.Helper()
	var b bytes.Buffer
	if err := duck.CanonicalRows(context.Background(), out.Parquet, out.Manifest.KeySchema(), out.Manifest.JudgedSchema(), &b); err != nil {
		t.Fatal(err)
	}
	if got := record.DigestOf(b.Bytes()); got != out.Manifest.Rows {
		t.Errorf("the manifest says %s, the rows are %s", out.Manifest.Rows, got)
	}
	_, body, _ := strings.Cut(b.String(), "\n")
	return strings.ReplaceAll(body, `"`, "")
}

func findings(out *plan.Outcome) string {
	var b strings.Builder
	for _, f := range out.Findings {
		fmt.Fprintf(&b, "%s %s %s %d %s\n", f.Severity, f.Guardrail, f.Column, f.Rows, strings.Join(f.Ranges, ","))
	}
	return b.String()
}

func TestBuild(t *testing.T) {
	t.Parallel()
	upsert := change.Options{Mode: change.Upsert}
	for _, c := range []struct {
		name, file     string
		options        change.Options
		rows, findings string
		counts         change.Counts
	}{
		{name: "update, insert, unchanged",
			file: "id,name,credit\n1,Ann,100\n2,Bobby,200.50\n9,Zoe,1\n", options: upsert,
			rows:   "insert,11,9,,,Zoe,1.00\nupdate,10,2,Bob,200.50,Bobby,200.50\n",
			counts: change.Counts{Insert: 1, Update: 1, Unchanged: 1}},
		{name: "values that are equal stay",
			file: "id,credit,since,active\n1,+0100.0,2020-01-31,yes\n2,200.5,,0\n", options: upsert, counts: change.Counts{Unchanged: 2}},
		{name: "empty cells stay by default",
			file: "id,note,credit\n1,,\n2,,\n3,,\n", options: upsert, counts: change.Counts{Unchanged: 3}},
		{name: "empty cells clear when asked",
			file: "id,note,credit,tag\n1,,,\n2,,,\n3,,,\n", options: change.Options{Mode: change.Upsert, ClearEmpty: true},
			rows:     "update,100,1,100.00,,,,,\nupdate,100,2,200.50,,,,,\nupdate,010,3,,old,,,,\n",
			findings: "warn emptied credit 2 2-3\nwarn emptied note 1 4\n", counts: change.Counts{Update: 3}},
		{name: "quoted empty text is a value",
			file: "id,note\n1,\"\"\n3,\"\"\n", options: upsert,
			rows: "update,1,1,,\nupdate,1,3,old,\n", findings: "warn emptied note 1 3\n", counts: change.Counts{Update: 2}},
		{name: "values that do not fit",
			file:     "id,name,credit,since\n1,Ann,10.005,2024-02-30\n2,Bob,13 75,2024-01-31 10:00:00\n3,A name that is far too long for it,1e3,2020-01-01\n4,Dot,123456789.00,x\n",
			options:  upsert,
			findings: "block value name 1 4\nblock value credit 2 3-4\nblock value credit 1 5\nblock value credit 1 2\nblock value since 1 2\nblock value since 2 3,5\n",
			counts:   change.Counts{Invalid: 4}},
		{name: "keys",
			file: "id,name\n1,Anna\n+01,Anne\n,Nobody\nx,X\n77,New\n077,New too\n", options: upsert,
			findings: "block value id 1 5\nblock missing-key id 1 4\nblock duplicate-key id 4 2-3,6-7\n", counts: change.Counts{Invalid: 6}},
		{name: "update mode", file: "id,name\n1,Anna\n50,New\n", options: change.Options{Mode: change.Update},
			rows: "update,1,1,Ann,Anna\n", findings: "block unknown-key  1 3\n", counts: change.Counts{Update: 1, Invalid: 1}},
		{name: "insert mode", file: "id,name\n1,Anna\n50,New\n", options: change.Options{Mode: change.Insert},
			rows: "insert,1,50,,New\n", findings: "block existing-key  1 2\n", counts: change.Counts{Insert: 1, Invalid: 1}},
		{name: "a new row needs what the system needs", file: "id,credit\n60,1\n", options: upsert,
			findings: "block not-null name 1 2\n", counts: change.Counts{Invalid: 1}},
		{name: "a generated column is not written", file: "id,loud\n1,ANN\n2,bob\n", options: upsert,
			findings: "block not-writable loud 1 3\n", counts: change.Counts{Unchanged: 1, Invalid: 1}},
		{name: "unique", file: "id,name,vat\n1,Ann,NL2\n3,Cid,N1\n4,Dot,N1\n", options: upsert,
			findings: "block unique vat 3 2-4\n", counts: change.Counts{Invalid: 3}},
		{name: "unique values that swap", file: "id,vat\n1,NL2\n2,DE1\n", options: upsert,
			rows: "update,1,1,DE1,NL2\nupdate,1,2,NL2,DE1\n", counts: change.Counts{Update: 2}},
		{name: "unique values that swap and must be there", file: "id,place\n1,2\n2,1\n3,4\n4,9\n", options: upsert,
			rows: "update,1,4,4,9\n", findings: "block unique-swap place 3 2-4\n", counts: change.Counts{Update: 1, Invalid: 3}},
		{name: "references", file: "id,country\n1,XX\n2,BE\n3,\n", options: upsert,
			rows: "update,1,2,NL,BE\n", findings: "block foreign-key country 1 2\n", counts: change.Counts{Update: 1, Unchanged: 1, Invalid: 1}},
		{name: "a row that is left out keeps its value", file: "id,vat,country\n1,NL2,DE\n2,DE9,XX\n3,BE4,BE\n", options: change.Options{Mode: change.Upsert, LeaveOut: true},
			rows: "update,10,3,BE3,BE,BE4,BE\n", findings: "warn unique vat 1 2\nwarn foreign-key country 1 3\n", counts: change.Counts{Update: 1, Invalid: 2}},
		{name: "ragged", file: "id,name\n1\n2,Bob,3\n3,Cide\n", options: upsert,
			rows: "update,1,3,Cid,Cide\n", findings: "block ragged-row  2 2-3\n", counts: change.Counts{Update: 1, Invalid: 2}},
		{name: "left out by choice", file: "id,name\n1,Anna\nx,X\n", options: change.Options{Mode: change.Upsert, LeaveOut: true},
			rows: "update,1,1,Ann,Anna\n", findings: "warn value id 1 3\n", counts: change.Counts{Update: 1, Invalid: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			s, out := b.plan(c.file, c.options)
			if diff := cmp.Diff(c.rows, rows(t, s, out)); diff != "" {
				t.Errorf("rows: %s", diff)
			}
			if diff := cmp.Diff(c.findings, findings(out)); diff != "" {
				t.Errorf("findings: %s", diff)
			}
			if diff := cmp.Diff(c.counts, out.Manifest.Counts); diff != "" {
				t.Errorf("counts: %s", diff)
			}
		})
	}
}
