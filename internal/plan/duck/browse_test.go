package duck_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"sutor/internal/change"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// TestFirstPages: pages near the top are the same before a plan's rows are in the file's
// order and after, whatever is selected; pages far from it wait for that order.
func TestFirstPages(t *testing.T) {
	t.Parallel()
	const rows = 3_000
	f := planned(t, rows)
	early, late := showing(t, -1), showing(t, 1<<40)
	for _, s := range []duck.Selection{{}, {Op: driver.Update}, {Op: driver.Insert}, {Changed: "n0"}, {Column: "t0", Has: "!!"}, {Column: "n0", Is: "7.25", Changed: "t0"}, {Lines: []int64{2, 30, 999}}} {
		for _, at := range [][2]int64{{50, 0}, {50, 50}, {7, 1_993}, {50, 1_993}, {50, rows - 20}, {10, rows + 5}} {
			want, all, err := late.Browse(t.Context(), f, s, at[0], at[1])
			if err != nil {
				t.Fatal(err)
			}
			got, total, err := early.Browse(t.Context(), f, s, at[0], at[1])
			if err != nil || total != all || shown(got) != shown(want) {
				t.Fatalf("%+v, %d from %d: %d of %d rows, %v; want %d of %d\n%s\n%s", s, at[0], at[1], len(got), total, err, len(want), all, shown(got), shown(want))
			}
		}
	}
}

// TestTypedOnce: of what is picked once near the top no table is made, as it is of every
// letter that somebody types into a filter; who turns the page gets one.
func TestTypedOnce(t *testing.T) {
	t.Parallel()
	f, e := planned(t, 300), showing(t, 200)
	look := func(s duck.Selection, offset int64, tables int) {
		t.Helper()
		if _, _, err := e.Browse(t.Context(), f, s, 10, offset); err != nil {
			t.Fatal(err)
		}
		if n := e.Tables(f); n != tables {
			t.Errorf("%+v from %d: %d tables are made, want %d", s, offset, n, tables)
		}
	}
	for _, typed := range []string{"r", "ro", "row"} {
		look(duck.Selection{Column: "t0", Has: typed}, 0, 0)
	}
	look(duck.Selection{Column: "t0", Has: "row"}, 10, 1)
	look(duck.Selection{Column: "t0", Has: "row"}, 20, 1)
	look(duck.Selection{Op: driver.Update}, 0, 1)
}

// TestTopIsFoundOnce: the first rows of a selection are found once, and are those that its
// order has; also where there are none, and up to where they end.
func TestTopIsFoundOnce(t *testing.T) {
	t.Parallel()
	f := planned(t, 3_000)
	inOrder, early := showing(t, 1<<40), showing(t, -1)
	for n, s := range []duck.Selection{{}, {Op: driver.Delete}, {Column: "t0", Has: "row 12"}} {
		for _, at := range []int64{0, 90, 5, 1_980, 1_990} {
			want, all, err := inOrder.Browse(t.Context(), f, s, 10, at)
			must(t, err)
			got, total, err := early.Browse(t.Context(), f, s, 10, at)
			must(t, err)
			if shown(got) != shown(want) || total != all {
				t.Errorf("%+v from %d on: %s of %d, want %s of %d", s, at, shown(got), total, shown(want), all)
			}
			if known := early.Tops(f); known != n+1 {
				t.Errorf("%+v: the first rows of %d selections are known", s, known)
			}
		}
	}
	if inOrder.Tops(f) != 0 {
		t.Error("what is in order has no other first rows")
	}
}

// TestNobodyWaitsForOthers: while somebody waits for the order of a plan, others see its
// first pages, whatever they pick and however often; and who gives up waiting is let go,
// and takes nothing from those who wait on. They also get their page where the plan is put
// away meanwhile.
func TestNobodyWaitsForOthers(t *testing.T) {
	t.Parallel()
	const rows = 3_000
	f := planned(t, rows)
	want, _, err := showing(t, 1<<40).Browse(t.Context(), f, duck.Selection{}, 10, rows-20)
	must(t, err)
	for _, putAway := range []bool{false, true} {
		e := showing(t, -1)
		first := func(s duck.Selection) {
			t.Helper()
			_, _, err := e.Browse(t.Context(), f, s, 10, 0)
			must(t, err)
		}
		deep := func(ctx context.Context) <-chan error {
			done := make(chan error, 1)
			go func() {
				got, _, err := e.Browse(ctx, f, duck.Selection{}, 10, rows-20)
				if err == nil && shown(got) != shown(want) {
					err = fmt.Errorf("the rows are %s, want %s", shown(got), shown(want))
				}
				done <- err
			}()
			return done
		}
		waiting := func(n int) {
			for e.Awaited(f) != n {
				runtime.Gosched()
			}
		}
		first(duck.Selection{})
		letGo := e.HoldOrder(f)
		t.Cleanup(letGo)
		stays := deep(t.Context())
		waiting(1)
		gone, cancel := context.WithCancel(t.Context())
		goes := deep(gone)
		waiting(2)
		for _, typed := range []string{"", "r", "ro", "row", "row ", "row 1", "row 12", "row 120"} {
			first(duck.Selection{Column: "t0", Has: typed})
		}
		cancel()
		if err := <-goes; !errors.Is(err, context.Canceled) {
			t.Errorf("who gave up is told %v", err)
		}
		first(duck.Selection{Op: driver.Insert})
		if waiting(1); putAway {
			e.PutAway(f)
		}
		letGo()
		must(t, <-stays)
	}
}

// TestLargeSelectionsAreInOrder: what is selected of a plan by a finding, or by what stands in a
// column, is in the file's order also where it is too much for the memory there is.
func TestLargeSelectionsAreInOrder(t *testing.T) {
	t.Parallel()
	const rows = 600_000
	e := showing(t, 200_000)
	e.ShowIn(60)
	f := shuffled(t, e, rows)
	for _, s := range []duck.Selection{{}, {Findings: []int{1}}, {Findings: []int{0, 1}}, {Column: "name", Has: "row"}, {Changed: "name"}, {Column: "name", Has: "ROW", Findings: []int{0}}} {
		for offset := int64(0); offset < rows; offset += 99_900 {
			looksAt(t, e, f, s, offset)
		}
	}
}

// TestRowsFarApart: rows that lie far apart in a plan's file are read by several threads, and
// then from a copy of it in the order of the file, which is removed with the plan.
func TestRowsFarApart(t *testing.T) {
	t.Parallel()
	const rows = 400_000
	dir := t.TempDir()
	e, err := duck.New(duck.Options{Dir: dir})
	must(t, err)
	t.Cleanup(e.Close)
	f := shuffled(t, e, rows)
	letGo := e.HoldCopies()
	defer letGo()
	looksAt(t, e, f, duck.Selection{}, 0)
	looksAt(t, e, f, duck.Selection{Op: driver.Insert}, rows/2)
	if !e.ReadsApart(f) && runtime.GOMAXPROCS(0) > 1 {
		t.Error("rows that lie far apart are read by one thread")
	}
	letGo()
	must(t, e.AwaitCopy(f))
	away := f.Parquet + ".away"
	must(t, os.Rename(f.Parquet, away)) // what is read now is the copy
	looksAt(t, e, f, duck.Selection{}, rows/3)
	looksAt(t, e, f, duck.Selection{Op: driver.Insert}, rows-50)
	must(t, os.Rename(away, f.Parquet))
	if e.ReadsApart(f) {
		t.Error("what read with several threads is kept beside the copy")
	}
	few := make([]int64, 50)
	for i := range few {
		few[i] = int64(i*rows/len(few) + 1)
	}
	page, total, err := e.Browse(t.Context(), f, duck.Selection{Lines: few}, 50, 0)
	if err != nil || total != 50 || len(page) != 50 || *page[49].Line != few[49] {
		t.Errorf("of lines far apart: %d of %d rows, %v", len(page), total, err)
	}
	e.PutAway(f)
	if left, err := filepath.Glob(filepath.Join(dir, "*", "*")); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// shuffled makes a plan of inserts whose file is in another order than its keys. Two findings
// are about all of its rows.
func shuffled(t *testing.T, e *duck.Engine, rows int64) duck.Frozen {
	t.Helper()
	dir := t.TempDir()
	f := duck.Frozen{Parquet: filepath.Join(dir, "plan.parquet"), Hits: filepath.Join(dir, "hits.csv"), Manifest: plan.Manifest{Key: []string{"id"},
		Columns: record.Schema{{Name: "id", Type: record.Type{Kind: record.Int}}, {Name: "name", Type: record.Type{Kind: record.Text}}}, Counts: change.Counts{Insert: rows}}}
	s, err := e.Session(t.Context(), f.Parquet, f.Hits)
	must(t, err)
	defer s.Close()
	must(t, s.Exec(t.Context(), fmt.Sprintf(`COPY (SELECT i + 1 AS n, 'insert' AS op, i * 7919 %% %d + 1 AS line, '1' AS mask, NULL::VARCHAR AS why,
		i::VARCHAR AS k0, NULL::VARCHAR AS b0, 'row ' || i AS a0 FROM range(%[1]d) t(i)) TO '%s' (FORMAT parquet)`, rows, f.Parquet)))
	must(t, s.Exec(t.Context(), fmt.Sprintf(`COPY (SELECT i + 1, f FROM range(%d) t(i), range(2) u(f)) TO '%s' (HEADER false)`, rows, f.Hits)))
	return f
}

// looksAt looks at 50 of the rows of a shuffled plan, of which the selection has all.
func looksAt(t *testing.T, e *duck.Engine, f duck.Frozen, s duck.Selection, offset int64) {
	t.Helper()
	page, total, err := e.Browse(t.Context(), f, s, 50, offset)
	if err != nil || total != f.Manifest.Counts.Insert || len(page) != 50 {
		t.Fatalf("%+v from %d: %d of %d rows, %v", s, offset, len(page), total, err)
	}
	for i, r := range page {
		if *r.Line != offset+int64(i)+1 || *r.Key[0] != strings.TrimPrefix(*r.After[0], "row ") {
			t.Fatalf("%+v from %d: line %d, %s of %s, comes as number %d", s, offset, *r.Line, *r.After[0], *r.Key[0], i)
		}
	}
}

// TestPutAwayLeavesNothing: the instance of a plan that was put away serves another.
func TestPutAwayLeavesNothing(t *testing.T) {
	t.Parallel()
	f, g := planned(t, 30), planned(t, 20)
	e, err := duck.New(duck.Options{Dir: t.TempDir(), Reads: []string{filepath.Dir(f.Parquet), filepath.Dir(g.Parquet)}})
	must(t, err)
	t.Cleanup(e.Close)
	e.KeepInstances()
	for _, next := range []duck.Frozen{f, g, f} {
		page, total, err := e.Browse(t.Context(), next, duck.Selection{Changed: "t0"}, 5, 0)
		if err != nil || len(page) != 5 || total == 0 {
			t.Fatalf("%d of %d rows, %v", len(page), total, err)
		}
		e.PutAway(next)
	}
	if n := e.Opened(); n != 1 {
		t.Errorf("%d instances were opened", n)
	}
}

// planned is a plan of so many rows, in another order than their keys.
func planned(t *testing.T, rows int) duck.Frozen {
	t.Helper()
	w := newWide(rows, "t0", "n0")
	for id, r := range w.file {
		if r[1] += strings.Repeat("!", id%3); id%5 == 0 || id%3 == 0 {
			r[2] = "7.25"
		}
	}
	slices.Reverse(w.file)
	out, _, _ := w.draft(t, duck.Here, w.system(t, nil))
	return duck.Frozen{Manifest: out.Manifest, Parquet: out.Parquet, Hits: out.Hits}
}

// showing is an engine that shows first pages early of plans of more rows than that.
func showing(t *testing.T, early int64) *duck.Engine {
	t.Helper()
	e, err := duck.New(duck.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	e.ShowEarly(early)
	return e
}

func shown(rows []duck.Row) string {
	var out strings.Builder
	for _, r := range rows {
		fmt.Fprintln(&out, r.N, r.Op, *r.Line, r.Mask, *r.Key[0], *r.After[0])
	}
	return out.String()
}
