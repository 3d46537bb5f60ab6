package duck_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sutor/internal/plan/duck"
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
