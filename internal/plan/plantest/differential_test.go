package plantest_test

import (
	"bytes"
	"context"
	"flag"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/finding"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/system"
	"sutor/internal/system/driver"
)

// Cases in all, at least. Rapid makes as many worlds in one go as its flag says.
const (
	casesShort = 2_000
	casesLong  = 100_000
)

// worldsFor gives how many worlds have that many cases: four in five have many.
func worldsFor(cases int) int { return cases / (many * 4 / 5) * 6 / 5 }

// TestDuckEqualsReference is the law of this package.
func TestDuckEqualsReference(t *testing.T) {
	t.Parallel()
	amsterdam, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	checks, err := strconv.Atoi(flag.Lookup("rapid.checks").Value.String())
	if err != nil {
		t.Fatal(err)
	}
	cases := casesShort
	if os.Getenv("SUTOR_LONG") != "" {
		cases = casesLong
	}
	here, there, arriving := engine(t, duck.Here), engine(t, duck.There), engine(t, duck.Arriving)
	var seen tally
	t.Cleanup(func() { seen.report(t, cases) })
	for range max(1, (worldsFor(cases)+checks-1)/checks) {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			s, others := session(t, here), []*duck.Session{session(t, there), session(t, arriving)}
			rapid.Check(t, func(rt *rapid.T) {
				w := draw(rt, []*time.Location{time.UTC, time.UTC, amsterdam})
				s, other := s, others[rapid.IntRange(0, 1).Draw(rt, "where else rows are compared")]
				if rapid.Bool().Draw(rt, "undone as it arrives") {
					s, other = others[1], s
				}
				out := w.differ(rt, s, other, rapid.Permutation(w.order()).Draw(rt, "order of rows"))
				seen.count(w, out)
				if out != nil {
					w.small(rt, here, s, out)
				}
				if out != nil && out.Manifest.Counts.Written() > 0 && w.g.chance(45, "undo") {
					w.undo(rt, s, out, &seen)
				}
			})
		})
	}
}

// engine makes an engine that compares rows when all are here, or as they arrive, or
// wherever it can in the system.
func engine(t *testing.T, place duck.Comparing) *duck.Engine {
	t.Helper()
	e, err := duck.New(duck.Options{Dir: t.TempDir(), Slots: 8, Threads: 1, Comparing: place})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func session(t *testing.T, e *duck.Engine) *duck.Session {
	t.Helper()
	s, err := e.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// tally counts what the cases were, so that a generator which draws nothing of
// interest is found out.
type tally struct {
	mu     sync.Mutex
	cases  int
	counts change.Counts
	byRule int64          // of them, updates by a rule
	found  map[string]int // findings, by guardrail

	undos   int           // cases that were taken back, several times some
	back    change.Counts // of the reversals
	left    map[string]int
	refused int // plans that the system did not take
}

// reasons are the parts by which the reasons of rows that are left alone are
// told from each other; the first that is met counts.
var reasons = []string{plan.WhyChanged, plan.WhyAdded, plan.WhyGone, plan.WhyReused, plan.WhyDropped, unreadColumn, "needs a value", "another row has",
	"several rows would have", "that is not there any more", "Sutor cannot read that", plan.WhyHidden, "deleted with it", "would be changed with it", "lose the reference", "refer to it"}

// undone counts a reversal, with the reasons of rows that are left alone.
func (y *tally) undone(c change.Counts, why []string, cases int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.undos += cases
	y.back.Insert += c.Insert
	y.back.Update += c.Update
	y.back.Delete += c.Delete
	y.back.Unchanged += c.Unchanged
	y.back.Kept += c.Kept
	y.back.Impossible += c.Impossible
	if y.left == nil {
		y.left = map[string]int{}
	}
	for _, w := range why {
		if i := slices.IndexFunc(reasons, func(r string) bool { return strings.Contains(w, r) }); w != "" && i >= 0 {
			y.left[reasons[i]]++
		}
	}
}

// refuses counts a plan that the system does not take.
func (y *tally) refuses() {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.refused++
}

func (y *tally) count(w *world, out *plan.Outcome) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.cases += w.cases
	if out == nil {
		return
	}
	c := out.Manifest.Counts
	if w.spec.Rule != nil {
		y.byRule += c.Update
	}
	y.counts.Delete += c.Delete
	y.counts.Insert += c.Insert
	y.counts.Update += c.Update
	y.counts.Unchanged += c.Unchanged
	y.counts.Invalid += c.Invalid
	if y.found == nil {
		y.found = map[string]int{}
	}
	for _, f := range out.Findings {
		y.found[f.Guardrail] += max(1, int(f.Rows)) // some are about no row of the file
	}
}

func (y *tally) report(t *testing.T, cases int) {
	t.Logf("%d cases: %+v, rows by finding %v", y.cases, y.counts, y.found)
	t.Logf("%d taken back: %+v, rows left alone %v; %d plans refused by the system; %d compared in the system", y.undos, y.back, y.left, y.refused, comparing.Load())
	if t.Failed() {
		return
	}
	if c := y.counts; y.cases < cases || min(c.Insert, c.Update, c.Unchanged, c.Invalid) < int64(cases/20) || min(c.Delete, y.byRule) < int64(cases/3000) { // a quick run may meet none of these
		t.Errorf("%d cases with the rows %+v, %d of them updated by a rule: too few", y.cases, c, y.byRule)
	}
	if c := y.back; y.undos < cases/4 || min(c.Insert, c.Update, c.Delete, c.Kept, c.Impossible) < int64(cases/1000) {
		t.Errorf("%d cases taken back with the rows %+v: too few", y.undos, c)
	}
	for _, r := range reasons {
		if cases == casesLong && y.left[r] == 0 {
			t.Errorf("no row is left alone because: %s", r)
		}
	}
	notPlanned := []string{finding.Reading, finding.Unmatched, finding.Matched, finding.Question, finding.Recipe, finding.Twin, finding.AsStored, finding.Constraint, finding.Moved, finding.Hidden}
	for _, name := range finding.BuiltIn { // a short run may lack a rare one
		if cases == casesLong && y.found[name] == 0 && !slices.Contains(notPlanned, name) {
			t.Errorf("no row has the finding %s", name)
		}
	}
}

// fataler is *testing.T or *rapid.T.
type fataler interface {
	Helper()
	Context() context.Context
	Fatalf(format string, args ...any)
}

// open opens the world's database, of which some tables may be closed to Sutor.
func (w *world) open(ctx context.Context, dsn string) (driver.Driver, error) {
	d, err := w.db.Open(ctx, dsn)
	return closed{d, w.closed}, err
}

type closed struct {
	driver.Driver
	tables []record.Table
}

// comparing counts the lookups that had the system compare.
var comparing atomic.Int64

func (c closed) Fetch(ctx context.Context, l driver.Lookup, in io.Reader, out io.Writer) (sent, found int64, err error) {
	if len(l.Unless) > 0 {
		comparing.Add(1)
	}
	if slices.Contains(c.tables, l.Table) {
		return 0, 0, &driver.Refusal{Message: "The account may not read it."}
	}
	return c.Driver.Fetch(ctx, l, in, out)
}

// differ fails where two plans of a world differ that must be the same, those of
// the file in the given order and of the rows compared in the system too; it gives the
// plan, if there is one.
func (w *world) differ(t fataler, s, other *duck.Session, order []int) *plan.Outcome {
	t.Helper()
	sys, err := system.Open(t.Context(), "mem", "mem", "", system.Registry{"mem": w.open})
	if err != nil {
		t.Fatalf("%v", err)
	}
	first, _, err := plan.Reference(t.Context(), w.spec, bytes.NewReader(w.staging(w.order())), sys)
	permuted := w.staging(order)
	want, rows, err2 := plan.Reference(t.Context(), w.spec, bytes.NewReader(permuted), sys)
	got, gotRows, err3 := w.duck(t, s, permuted, sys)
	w.elsewhere(t, other, permuted, sys, got, err3)
	if err != nil || err2 != nil || err3 != nil {
		if sentence(err) != sentence(err2) || sentence(err) != sentence(err3) {
			t.Fatalf("reference: %v\nin another order: %v\nDuckDB: %v", err, err2, err3)
		}
		return nil
	}
	if first.Manifest.Rows != want.Manifest.Rows || first.Manifest.Content != want.Manifest.Content || first.Manifest.Counts != want.Manifest.Counts {
		t.Fatalf("in another order the plan is another one: %+v, %+v", first.Manifest, want.Manifest)
	}
	equal(t, got, want, gotRows, rows.Canonical)
	told(t, w.spec, got)
	return got
}

// small makes the plan as it is made of a small file, row by row, and wants the same
// files of it; both add up the rows that updates and deletes touch, those of the table
// itself.
func (w *world) small(t fataler, engine *duck.Engine, s *duck.Session, want *plan.Outcome) {
	t.Helper()
	if w.spec.Rule != nil || w.spec.Within != nil {
		return // which may be of any size
	}
	sys, err := system.Open(t.Context(), "mem", "mem", "", system.Registry{"mem": w.open})
	if err != nil {
		t.Fatalf("%v", err)
	}
	deferred, err := engine.Deferred(t.Context(), nil)
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer deferred.Close()
	path := deferred.Path("staging.csv")
	if err := os.WriteFile(path, w.staging(w.order()), 0o600); err != nil {
		t.Fatalf("%v", err)
	}
	var said []string
	got, err := deferred.Build(t.Context(), w.spec, path, sys, func(step string, _, _ int64) { said = append(said, step) })
	if err != nil || len(said) != 1 {
		t.Fatalf("it did %q, %v", said, err)
	}
	if got.Manifest.Rows != want.Manifest.Rows || got.Manifest.Content != want.Manifest.Content || got.Manifest.Counts != want.Manifest.Counts {
		t.Fatalf("row by row %+v, else %+v", got.Manifest, want.Manifest)
	}
	told(t, w.spec, got)
	var rows bytes.Buffer
	if err := duck.CanonicalRows(t.Context(), got.Parquet, w.spec.Key, w.spec.Judged, &rows); err != nil {
		t.Fatalf("%v", err)
	}
	if record.DigestOf(rows.Bytes()) != want.Manifest.Rows {
		t.Fatalf("its Parquet file has the rows\n%s", rows.String())
	}
	im := plan.Impact{Table: w.spec.Table.Table, By: w.spec.Key, Of: w.spec.Key.Names(), Where: w.spec.Only, Reads: slices.Concat(w.spec.Key, w.spec.Judged)}
	for _, c := range w.spec.Judged {
		if c.Type.Kind == record.Int || c.Type.Kind == record.Decimal {
			im.Measure = c.Name
		}
	}
	touched, err := deferred.Touched(t.Context(), got, im, sys, 0)
	touched2, err2 := s.Touched(t.Context(), want, im, sys, 0)
	if sentence(err) != sentence(err2) || touched != touched2 {
		t.Fatalf("row by row it touches %+v, %v, else %+v, %v", touched, err, touched2, err2)
	}
}

// elsewhere holds the plan that a session makes of the same file to one that was made,
// in everything.
func (w *world) elsewhere(t fataler, s *duck.Session, staging []byte, live plan.Live, want *plan.Outcome, wantErr error) {
	t.Helper()
	got, _, err := w.duck(t, s, staging, live)
	if sentence(err) != sentence(wantErr) {
		t.Fatalf("compared here: %v\nelsewhere: %v", wantErr, err)
	}
	if err != nil {
		return
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(plan.Outcome{}, "Parquet", "Hits")); diff != "" {
		t.Fatalf("plans (-compared here +elsewhere):\n%s", diff)
	}
	for _, files := range [][2]string{{want.Parquet, got.Parquet}, {want.Hits, got.Hits}} {
		a, err := os.ReadFile(files[0])
		b, err2 := os.ReadFile(files[1])
		if err != nil || err2 != nil || !bytes.Equal(a, b) {
			t.Fatalf("%s is another file than %s: %v, %v", files[1], files[0], err, err2)
		}
	}
}

// told wants the lines of every finding: as many as it says, in its ranges.
func told(t fataler, spec plan.Spec, out *plan.Outcome) {
	t.Helper()
	file, err := os.Open(out.Hits)
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer file.Close()
	lines := make([][]int64, len(out.Findings))
	last := int64(0)
	for hits := record.NewReader(file); ; {
		f, err := hits.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%v", err)
		}
		line, err := strconv.ParseInt(string(f[0].Text), 10, 64)
		i, err2 := strconv.Atoi(string(f[1].Text))
		if err != nil || err2 != nil || i < 0 || i >= len(lines) || line < last {
			t.Fatalf("the hit %s, %s after line %d, of %d findings", f[0].Text, f[1].Text, last, len(lines))
		}
		lines[i], last = append(lines[i], line), line
	}
	for i, f := range out.Findings {
		ranges := finding.Ranges(lines[i])
		if len(ranges) > finding.MaxRanges {
			ranges = append(ranges[:finding.MaxRanges], "…")
		}
		if spec.Rule != nil {
			ranges = nil // its rows have no numbers
		}
		missing := f.Rows - int64(len(lines[i])) // rows that a sync deletes, which are in no file
		if missing < 0 || missing > out.Manifest.Counts.Delete || !slices.Equal(ranges, f.Ranges) ||
			len(f.Examples) == 0 && len(lines[i]) > 0 {
			t.Fatalf("%s says %d rows in %v, with the examples %v; its lines are %v", f.Guardrail, f.Rows, f.Ranges, f.Examples, lines[i])
		}
	}
}

// equal compares DuckDB's plan with the reference's.
func equal(t fataler, got, want *plan.Outcome, gotRows, wantRows []byte) {
	t.Helper()
	if diff := cmp.Diff(strings.SplitAfter(string(wantRows), "\n"), strings.SplitAfter(string(gotRows), "\n")); diff != "" {
		t.Fatalf("rows (-reference +DuckDB):\n%s", diff)
	}
	if diff := cmp.Diff(want.Findings, got.Findings, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("findings (-reference +DuckDB):\n%s", diff)
	}
	got.Manifest.File = ""
	if diff := cmp.Diff(want.Manifest, got.Manifest); diff != "" {
		t.Fatalf("manifest (-reference +DuckDB):\n%s", diff)
	}
	if diff := cmp.Diff(want.Facts, got.Facts, cmpopts.EquateEmpty(), cmpopts.EquateApprox(1e-9, 0), cmpopts.EquateNaNs()); diff != "" {
		t.Fatalf("facts (-reference +DuckDB):\n%s", diff)
	}
}

// sentence is what a person is told of an error; one of ours without a face is
// shown as it is.
func sentence(err error) string {
	if e := errs.As(err); e != nil {
		return e.Error()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// duck makes a plan with DuckDB and gives its canonical rows.
func (w *world) duck(t fataler, s *duck.Session, staging []byte, live plan.Live) (*plan.Outcome, []byte, error) {
	ctx := t.Context()
	if err := s.Reset(ctx); err != nil {
		t.Fatalf("%v", err)
	}
	path := s.Path("staging.csv")
	if err := os.WriteFile(path, staging, 0o600); err != nil {
		t.Fatalf("%v", err)
	}
	out, err := s.Build(ctx, w.spec, path, live, func(string, int64, int64) {})
	if err != nil {
		return nil, nil, err
	}
	var rows bytes.Buffer
	if err := duck.CanonicalRows(ctx, out.Parquet, w.spec.Key, w.spec.Judged, &rows); err != nil {
		t.Fatalf("%v", err)
	}
	return out, rows.Bytes(), nil
}
