package workflow_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"sutor/internal/change"
	"sutor/internal/connector/all"
	"sutor/internal/finding"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/system"
	"sutor/internal/system/driver"
	"sutor/internal/workflow"
)

// comparing counts the lookups that have a system compare.
type comparing struct {
	driver.Driver
	asked *atomic.Int64
}

func (c comparing) Fetch(ctx context.Context, l driver.Lookup, in io.Reader, out io.Writer) (sent, found int64, err error) {
	if len(l.Unless) > 0 {
		c.asked.Add(1)
	}
	return c.Driver.Fetch(ctx, l, in, out)
}

// comparesAt connects the shop and has all plans, small ones too, made by columns, with
// rows compared at a place. It counts how often the system is asked to compare.
func (w *world) comparesAt(place duck.Comparing, kind, dsn string) (asked *atomic.Int64) {
	w.t.Helper()
	engine, err := duck.New(duck.Options{Dir: w.t.TempDir(), Slots: 4, Threads: 1, ByRow: -1, Comparing: place})
	fine(w.t, err)
	w.t.Cleanup(engine.Close)
	w.deps.Engine = engine
	w.w = workflow.New(w.deps)
	asked = new(atomic.Int64)
	sys, err := system.Open(ctx, "shop", kind, dsn, system.Registry{kind: func(ctx context.Context, dsn string) (driver.Driver, error) {
		d, err := all.Connectors()[kind](ctx, dsn)
		return comparing{d, asked}, err
	}})
	fine(w.t, err)
	w.t.Cleanup(func() { fine(w.t, sys.Close()) })
	w.systems["shop"], w.shopDSN = sys, dsn
	return asked
}

// A system that says it can compare rows is asked to, and one that does not is not; the
// change is the same, and so is its undo.
func TestASystemComparesThatCan(t *testing.T) {
	t.Parallel()
	const setup = `CREATE TABLE country (code text PRIMARY KEY); INSERT INTO country VALUES ('DE');
		CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, note text UNIQUE, country text REFERENCES country (code));
		INSERT INTO customer VALUES (1, 'Ann', 'a', NULL), (2, 'Bob', 'b', 'DE')`
	onAll(t, setup, nil, varchars, func(w *world, _ func(string), dump func() string) {
		kind := w.systems["shop"].Kind()
		asked := w.comparesAt(duck.There, kind, w.shopDSN)
		w.inForce(w.t, w.text)
		before := dump()
		c := w.propose("maria", "id,name,note,country\n1,Anna,a,\n2,Bob,b,DE\n3,Cid,c,\n", upsert)
		if n := c.Plan.Counts; n.Update != 1 || n.Insert != 1 || n.Unchanged != 1 {
			w.t.Errorf("planned %+v", n)
		}
		if got, want := asked.Load() > 0, kind != "sqlite"; got != want {
			w.t.Errorf("%s compares: %v", kind, got)
		}
		w.undone(w.t, "olaf", w.applied(w.t, "maria", "olaf", c))
		if after := dump(); after != before {
			w.t.Errorf("after the undo the table is\n%s", after)
		}
	})
}

// The law of comparing, on every system that can: a plan is the same wherever rows are
// compared, in its state, findings, facts and counts, and in its rows to the byte. The
// tables have columns of all types, with values that have several texts, that collations
// take for others, or that are none of their type's.

func TestPlansAreTheSameWhereverRowsAreComparedPostgres(t *testing.T) {
	t.Parallel()
	e, dsn := newPostgres(t)
	e.exec(t, `CREATE EXTENSION citext SCHEMA public; CREATE COLLATION public.ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
		CREATE DOMAIN public.padded AS char(6); CREATE DOMAIN public.amount AS numeric(12,3) CHECK (VALUE <> 666)`)
	lawOfPlaces(t, everyType{e, furtherPostgres, map[record.Kind][]string{
		record.Float: {"'-0'"}, record.Decimal: {"'-0.00'"}, record.TimestampTZ: {"'2026-03-29 03:30:00 Europe/Amsterdam'"}}}, "postgres", dsn)
}

func TestPlansAreTheSameWhereverRowsAreComparedMariaDB(t *testing.T) {
	t.Parallel()
	e, dsn := newMaria(t)
	lawOfPlaces(t, everyType{e, furtherMaria, map[record.Kind][]string{record.Float: {"-0e0"}, record.Bool: {"1"}}}, "mysql", dsn)
}

// everyType is a system with the types that cannot be of a key, too, and with values that
// the models of other laws do not know.
type everyType struct {
	tables
	further []column
	odder   map[record.Kind][]string
}

func (e everyType) types() []column { return slices.Concat(e.tables.types(), e.further) }

// asMoney tells money from the other decimals, which may be no number.
func asMoney(t *record.Type) { t.Native = "money" }

func (e everyType) odd(t record.Type) []string {
	if t.Native == "money" {
		return nil
	}
	return slices.Concat(e.tables.odd(t), e.odder[t.Kind])
}

// nearly are texts that collations, paddings and encodings take for each other.
var nearly = []string{"ada", "Ada", "ADA", "ada ", " ada", "Àda", "\u00e5", "a\u030a", "ß", "ss", "", "x"}

var furtherPostgres = []column{
	typed(record.Decimal, "numeric(5,0)", digits(5, 0), labels("0", "7", "-99999")), typed(record.Decimal, "money", digits(18, 2), asMoney, labels("0", "-1.5", "9999999999999999.99")),
	typed(record.Decimal, "public.amount", digits(12, 3), labels("0", "0.05", "-1.5", "999999999.999")),
	typed(record.Float, "real", bits(32), labels("0", "0.1", "16777216", "1.1754944e-38", "3.4028235e38")),
	typed(record.Float, "double precision", bits(64), labels("0", "0.1", "0.30000000000000004", "0.3", "2.2250738585072014e-308", "1.7976931348623157e308", "-9007199254740992")),
	typed(record.Text, "text COLLATE public.ci", labels(nearly...)), typed(record.Text, "public.citext", labels(nearly...)), typed(record.Text, "char(6) COLLATE public.ci", fixed(6), labels(nearly...)),
	typed(record.Text, "public.padded", fixed(6), labels(nearly...)), typed(record.Text, "char", fixed(1), labels("", "a", "A")), typed(record.Text, "bpchar", labels(nearly...)),
	typed(record.TimestampTZ, "timestamptz", fraction(6)), typed(record.Time, "time(0)", fraction(0), labels("00:00:00", "23:59:59", "07:30:00")),
	typed(record.Native, "json", labels(`{"a": 1}`, `{"a":1}`, `{"a":1,"a":2}`, `1.0`, `1`, `null`)), typed(record.Native, "jsonb", labels(`{"a":1}`, `{"a": 1}`, `1.0`, `1.00`, `null`)),
	typed(record.Native, "cidr", labels("10.0.0.0/8", "10.1.0.0/16", "::/0")), typed(record.Native, "inet", labels("10.0.0.1/32", "10.0.0.1", "10.0.0.1/8")),
	typed(record.Native, "macaddr", labels("08:00:2b:01:02:03", "08-00-2B-01-02-03")), typed(record.Native, "macaddr8", labels("08:00:2b:01:02:03:04:05")),
	typed(record.Native, "bit(3)", labels("000", "101")), typed(record.Native, "varbit(8)", labels("", "0", "00", "11111111")),
	typed(record.Native, "int8range", labels("[1,6)", "[1,5]", "empty", "(,)")), typed(record.Native, "numrange", labels("[1.0,2)", "[1.00,2)", "(,5]")),
	typed(record.Native, "daterange", labels("[2026-01-01,2026-02-01)", "[2026-01-01,2026-01-31]")), typed(record.Native, "tsrange", labels(`["2026-01-01 00:00:00","2026-01-02 00:00:00")`)),
	typed(record.Native, "tstzrange", labels(`["2026-01-01 00:00:00+00","2026-01-02 00:00:00+00")`, `["2026-01-01 01:00:00+01","2026-01-02 00:00:00+00")`)),
	typed(record.Native, "int4multirange", labels("{}", "{[1,3)}", "{[1,2),[2,3)}")),
	typed(record.Native, "interval", labels("24:00:00", "1 day", "1 mon", "30 days", "-00:00:00.5")), typed(record.Native, "interval(0)", labels("00:00:01", "1 day")),
	typed(record.Native, "numeric[]", labels("{1.0,1.00}", "{1}", "{1.0}", "{NULL}", "{}")), typed(record.Native, "double precision[]", labels("{0.1,1e20}", "{0}", "{0.3}")),
	typed(record.Native, "boolean[]", labels("{t,f}", "{NULL}")), typed(record.Native, "date[]", labels("{2026-01-01}", "{}")), typed(record.Native, "timestamptz[]", labels(`{"2026-01-01 00:00:00+00"}`)),
	typed(record.Native, "char(3)[]", labels(`{"a  ","b"}`, `{a}`)), typed(record.Native, "public.citext[]", labels("{ada}", "{Ada}")), typed(record.Native, "public.stage[]", labels("{new}", `{"It's"}`)),
	typed(record.Native, "inet[]", labels("{10.0.0.1}", "{10.0.0.0/8,::1}")), typed(record.Native, "int[]", labels("{{1,2},{3,4}}", "{1,2}", "[0:1]={1,2}")),
}

var furtherMaria = []column{
	typed(record.Int, "smallint unsigned zerofill", bits(16), unsigned, labels("0", "7", "65535")), typed(record.Decimal, "decimal(6,2) zerofill", digits(6, 2), labels("0", "1.5", "9999.99")),
	typed(record.Decimal, "decimal(65,30)", digits(65, 30), labels("0", "-0.000000000000000000000000000001", "12345678901234567890123456789012345.5")),
	typed(record.Float, "float", bits(32), labels("0", "0.1", "16777216", "123456.75", "1.1754944e-38", "3e38")),
	typed(record.Float, "double", bits(64), labels("0", "0.1", "0.30000000000000004", "0.3", "2.2250738585072014e-308", "1.7976931348623157e308", "-9007199254740992")),
	typed(record.Text, "varchar(8) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", length(8), labels(nearly...)), typed(record.Text, "varchar(8) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci", length(8), labels(nearly...)),
	typed(record.Text, "char(6) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", fixed(6), labels(nearly...)),
	typed(record.Text, "varchar(8) CHARACTER SET latin1", length(8), labels("Zoë€", "ada", "Ada", "ada ", "ß", "")), typed(record.Text, "varchar(8) CHARACTER SET ucs2", length(8), labels("Zoë€", "日本", "Ada", "ada", "")),
	typed(record.Text, "varchar(8) CHARACTER SET utf8mb3", length(8), labels("Zoë€", "日本", "Ada", "ada", "")), typed(record.Text, "char(6) CHARACTER SET utf16", fixed(6), labels("Zoë", "😀", "ada", "")),
	typed(record.Text, "tinytext"), typed(record.Text, "text"), typed(record.Text, "mediumtext"), typed(record.Text, "longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", labels(nearly...)),
	typed(record.Text, "json", labels(`{"a": 1}`, `{"a":1}`, `1.0`, `null`)),
	typed(record.Timestamp, "datetime(3)", fraction(3), labels("2026-03-29 02:30:00.5", "1999-12-31 23:59:59.999")), typed(record.TimestampTZ, "timestamp", fraction(0), labels("1970-01-01 00:00:01+00", "2026-03-29 01:00:00+00")),
	typed(record.Time, "time", fraction(0), labels("00:00:00", "23:59:59")), typed(record.Bytes, "blob"), typed(record.Bytes, "longblob"), typed(record.Bytes, "binary(2)", labels(`\x0000`, `\x2000`)),
	typed(record.Enum, "enum('a', 'b''c', 'ä') CHARACTER SET latin1", labels("a", "b'c", "ä")),
}

func lawOfPlaces(t *testing.T, e everyType, kind, dsn string) {
	here, there := emptyWorld(t, nothing), emptyWorld(t, nothing)
	here.comparesAt(duck.Here, kind, dsn)
	asked := there.comparesAt(duck.There, kind, dsn)
	var cases int
	var all change.Counts
	rapid.Check(t, func(rt *rapid.T) {
		cases++
		table := drawWide(rt, e, cases)
		live := map[string]row{}
		for id := range rapid.IntRange(20, 80).Draw(rt, "rows") {
			r := row{{text: fmt.Sprint(id)}}
			for _, c := range table.columns[1:] {
				r = append(r, drawField(rt, e, c, false))
			}
			live[table.key(r)] = r
		}
		p := drawNearly(rt, table, live)
		e.create(rt, table)
		defer e.drop(rt, table.name)
		e.insert(rt, table, live)
		company, file := placesCompany(kind, table, cases), p.csv(table, ",", "\n")
		want, got := here.placed(rt, company, cases, file, p.options), there.placed(rt, company, cases, file, p.options)
		if d := cmp.Diff(want, got, cmpopts.IgnoreFields(plan.Manifest{}, "Change"), cmpopts.IgnoreFields(change.Plan{}, "Digest")); d != "" {
			rt.Fatalf("the plan (-compared here +in the system):\n%s\nof the file\n%s", d, file)
		}
		if want.Plan == nil {
			rt.Fatalf("no plan stands: %s\nof the file\n%s", want.Why, file)
		}
		all.Unchanged, all.Update, all.Invalid = all.Unchanged+got.Manifest.Counts.Unchanged, all.Update+got.Manifest.Counts.Update, all.Invalid+got.Manifest.Counts.Invalid
	})
	t.Logf("%d cases, in which the system compared %d times: %+v", cases, asked.Load(), all)
	if min(asked.Load(), all.Unchanged, all.Update) == 0 {
		t.Error("that makes poor cases")
	}
}

// placed is what comes of a proposal, but for what tells one change from another.
type placed struct {
	State, Why string
	Findings   []finding.Finding
	Plan       *change.Plan
	Manifest   plan.Manifest // with the digest of the plan's file
	Rows       record.Digest
}

func (w *world) placed(t *rapid.T, company string, no int, file string, o change.Options) (out placed) {
	w.inForce(t, company)
	c := w.proposeTo(t, "maria", fmt.Sprint("random", no), file, o)
	out = placed{State: c.State, Why: c.Why, Findings: c.Findings, Plan: w.stored(c).Plan}
	if out.Plan != nil {
		out.Manifest, out.Rows = w.manifestOf(t, c)
		if out.Rows != out.Manifest.Rows {
			t.Fatalf("the rows of plan.parquet are %s, the manifest says %s", out.Rows, out.Manifest.Rows)
		}
	}
	return out
}

// placesCompany has a dataset of its own for each case, so that no plan tells of another,
// and a guardrail for whose sake two columns come back that may not be in the file.
func placesCompany(kind string, t *table, no int) string {
	rule := ", guardrails: [{name: both, each: row, when: 'after.c0 == null && after.c1 == null', then: approve, say: Both are missing.}]}\n"
	return strings.TrimSuffix(strings.Replace(lawfulCompany(kind, t), "  random:", fmt.Sprintf("  random%d:", no), 1), "}\n") + rule
}

// drawWide draws a table with columns of some types.
func drawWide(rt *rapid.T, e everyType, no int) *table {
	key := typed(record.Int, "bigint", bits(64))
	key.Name = "id"
	t := &table{name: e.place(no, "wide"), keys: 1, columns: []column{key}}
	for i, c := range rapid.Permutation(e.types()).Draw(rt, "types")[:12] {
		c.Name, c.Nullable, c.def = fmt.Sprint("c", i), true, field{null: true}
		t.columns = append(t.columns, c)
	}
	return t
}

// drawNearly draws a file of rows that are there and a few that are not. A row says what
// is there, in as far as a file can, but for one cell of most, which says almost that.
func drawNearly(rt *rapid.T, t *table, live map[string]row) proposal {
	p := proposal{columns: []int{0}, options: change.Options{Mode: change.Upsert, LeaveOut: rapid.IntRange(0, 3).Draw(rt, "leave out") > 0}}
	for i := range t.columns[1:] {
		if rapid.IntRange(0, 5).Draw(rt, "in the file") > 0 {
			p.columns = append(p.columns, i+1)
		}
	}
	for _, k := range append(sortedKeys(live), "1001", "1002") {
		l := line{0: cell{text: k}}
		for _, i := range p.columns[1:] {
			l[i] = cell{empty: true}
			if known, ok := live[k]; ok && !known[i].null && known[i].odd == "" && known[i].text != "" {
				l[i] = spelled(rt, t.columns[i].Type, known[i].text)
			}
		}
		if i := anyOf(rt, "the other one", p.columns); i > 0 && rapid.IntRange(0, 3).Draw(rt, "is there one") > 0 {
			var was field
			if known, ok := live[k]; ok {
				was = known[i]
			}
			l[i] = cell{text: drawNear(rt, t.columns[i].Type, was)}
		}
		p.lines = append(p.lines, l)
	}
	return p
}

// drawNear draws a text that may be taken for a live value and is not quite its own.
func drawNear(rt *rapid.T, t record.Type, f field) string {
	other := drawValue(rt, t)
	near := []string{other, other, other, strings.ToUpper(f.text), strings.ToLower(f.text), f.text + " ", f.text + "0", "-" + f.text, strings.TrimRight(f.text, " 0"),
		strings.ReplaceAll(f.text, "é", "e\u0301"), strings.Trim(f.odd, "'"), "NaN", "-0", "0", "2"}
	return anyOf(rt, "near", near)
}

// anyOf draws one of a list, each as often as another: SampledFrom prefers the first.
func anyOf[T any](rt *rapid.T, what string, list []T) T {
	return rapid.Permutation(list).Draw(rt, what)[0]
}
