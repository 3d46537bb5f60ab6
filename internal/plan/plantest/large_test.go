package plantest_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"sutor/internal/change"
	"sutor/internal/connector/mem"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/system"
	"sutor/internal/system/driver"
)

// Rows enough for DuckDB to share a table out to its threads, which it does by
// 122,880.
const largeRows = 130_000

// TestLargeFile: the plan does not depend on the number of threads, nor on the
// order of the file, and findings with more ranges than are told end alike.
func TestLargeFile(t *testing.T) {
	t.Parallel()
	w := large(t)
	sys, err := system.Open(t.Context(), "mem", "mem", "", system.Registry{"mem": w.db.Open})
	if err != nil {
		t.Fatal(err)
	}
	order := w.order()
	staging := w.staging(order)
	want, wantRows, err := plan.Reference(t.Context(), w.spec, bytes.NewReader(staging), sys)
	if err != nil {
		t.Fatal(err)
	}
	if c := want.Manifest.Counts; min(c.Insert, c.Update, c.Unchanged, c.Invalid) < largeRows/50 {
		t.Fatalf("the counts %+v make a poor case", c)
	}
	got, rows, err := w.duck(t, threaded(t, 1), staging, sys)
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range []duck.Comparing{duck.Here, duck.There} { // it arrived
		w.elsewhere(t, session(t, engine(t, place)), staging, sys, got, nil)
	}
	equal(t, got, want, rows, wantRows.Canonical)
	rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	shuffled, _, err := w.duck(t, threaded(t, 4), w.staging(order), sys)
	if err != nil {
		t.Fatal(err)
	}
	if shuffled.Manifest.Rows != want.Manifest.Rows || shuffled.Manifest.Counts != want.Manifest.Counts {
		t.Errorf("in another order, with four threads, the plan is another one: %+v", shuffled.Manifest.Counts)
	}
}

func threaded(t *testing.T, threads int) *duck.Session {
	t.Helper()
	e, err := duck.New(duck.Options{Dir: t.TempDir(), Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	return session(t, e)
}

// large is a world of one large case.
func large(t *testing.T) *world {
	t.Helper()
	columns := record.Schema{
		{Name: "id", Type: record.Type{Kind: record.Int, Bits: 64, Native: "bigint"}},
		{Name: "price", Type: record.Type{Kind: record.Decimal, Precision: 12, Scale: 2, Native: "numeric(12,2)"}, Nullable: true},
		{Name: "note", Type: record.Type{Kind: record.Text, Native: "text"}, Nullable: true},
	}
	w := &world{db: mem.New(), cases: 1}
	w.db.Create(mem.Table{Name: tableName, Columns: columns, Key: []string{"id"}})
	var live [][]*string
	for i := range largeRows {
		id, price, note := fmt.Sprint(i), fmt.Sprintf("%d.00", i%97), fmt.Sprint("note ", i%5)
		if i%2 == 0 {
			live = append(live, []*string{&id, &price, &note})
		}
		cells := []*string{&note, &id, &price}
		if i%3 == 0 {
			cells[2] = text("1.5")
		}
		if i%31 == 0 {
			cells[2] = text("1.005") // no value: a finding with more ranges than are told
		}
		if i%17 == 0 {
			cells[0] = nil
		}
		w.records = append(w.records, fileRecord{cells: cells})
	}
	if err := w.db.Insert(tableName, columns, live); err != nil {
		t.Fatal(err)
	}
	w.spec = plan.Spec{
		Table: driver.Table{Table: tableName, Columns: columns, PrimaryKey: []string{"id"}}, Key: columns[:1], Judged: columns[1:],
		Columns: []string{"note", "id", "price"}, Location: time.UTC, Compares: true,
		Sources: []plan.Source{{File: 0, Name: "note", Column: "note"}, {File: 1, Name: "id", Column: "id"}, {File: 2, Name: "price", Column: "price"}},
		Options: change.Options{Mode: change.Upsert, ClearEmpty: true}, Allow: map[driver.Op]bool{driver.Insert: true, driver.Update: true},
	}
	return w
}

func text(s string) *string { return &s }
