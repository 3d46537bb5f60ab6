package duck_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sutor/internal/guard"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
)

// TestComparedAsTheyArrive: which live rows are known to be the same as they arrive and
// which go on beside the row of the file, and that the plan is the same as when all of them
// are compared.
func TestComparedAsTheyArrive(t *testing.T) {
	t.Parallel()
	const rows = 1_500
	never := int64(-1)
	each := func(column int, change func(id int, text string) string) func(*testing.T, *wide) {
		return func(_ *testing.T, w *wide) {
			for id, r := range w.file {
				r[column] = change(id, r[column])
			}
		}
	}
	for _, c := range []struct {
		name  string
		alter func(*testing.T, *wide)
		live  map[string]string
		same  int64
		pairs int64
		looks int // how often live rows are looked up; 0 for once
	}{
		{name: "as the system has them", same: rows},
		{name: "one in ten is another", alter: each(1, func(id int, s string) string { return s + strings.Repeat("!", id%10/9) }), same: rows - rows/10, pairs: rows / 10},
		{name: "quotes, line breaks and long texts", alter: each(1, func(id int, s string) string {
			return []string{s, s + "\"", s + "\n\r\n,\"\"", s + strings.Repeat("long, ", 3_000*(id%100/99))}[id%4]
		}), same: rows/4 + rows/4 - rows/100, pairs: rows/2 + rows/100},
		{name: "other values", alter: each(2, func(id int, _ string) string { return fmt.Sprint(id%2, ".5") }), same: 2, pairs: rows - 2},
		{name: "none for a value", alter: each(1, func(_ int, s string) string { return "" }), same: 0},
		{name: "keys with zeros in front", alter: each(0, func(_ int, s string) string { return "00" + s }), same: rows},
		{name: "decimals without their last zero", alter: each(2, func(_ int, s string) string { return s[:len(s)-1] }), same: rows},
		{name: "blanks around numbers", alter: each(2, func(_ int, s string) string { return " " + s }), same: rows},
		{name: "a text for each value", live: map[string]string{"t0": ""}, alter: each(1, func(int, string) string { return "" }), same: rows},
		{name: "what is no number at the end", alter: each(2, func(id int, s string) string { return s + strings.Repeat("x", id/(rows-1)) }), same: never, looks: 2},
		{name: "another format from the beginning", alter: each(2, func(_ int, s string) string { return strings.Replace(s, ".", ",", 1) }), same: never},
		{name: "another format in one row", alter: each(2, func(id int, s string) string {
			if id == 1_400 {
				return "1.400,50"
			}
			return s
		}), same: never, looks: 2},
		{name: "points that may stand between thousands", live: map[string]string{"n0": "1.50"}, alter: each(2, func(int, string) string { return "1.500" }), same: never},
		{name: "points that may not, as one row tells", live: map[string]string{"n0": "1.50"}, alter: each(2, func(id int, _ string) string { return "1.50" + strings.Repeat("0", min(id, 1)) }), same: rows},
		{name: "what no system should have", live: map[string]string{"n0": "?"}, alter: each(2, func(id int, s string) string {
			if id > 1_400 {
				return "?"
			}
			return s
		}), same: never, looks: 2},
		{name: "a key is no number", alter: each(0, func(id int, s string) string {
			if id == 1_400 {
				return "x"
			}
			return s
		}), same: never, looks: 2}, // what was sent of the first is thrown away
		{name: "the same key twice", alter: each(0, func(id int, s string) string { return fmt.Sprint(min(id, rows-2)) }), same: rows - 1, pairs: 1},
		{name: "empty cells clear", alter: func(t *testing.T, w *wide) {
			w.spec.Options.ClearEmpty = true
			each(1, func(id int, s string) string { return s[:len(s)*min(id, 1)] })(t, w)
		}, same: rows - 1},
		{name: "some lines only", alter: func(_ *testing.T, w *wide) { w.spec.Lines = plan.Spans{{From: 5, To: 90}} }, same: never},
		{name: "some rows only", alter: func(t *testing.T, w *wide) {
			only, err := guard.CompileTable(`t9 != "hidden"`, w.spec.Table.Columns)
			if err != nil {
				t.Fatal(err)
			}
			w.spec.Only = &only
		}, same: never},
		{name: "a format is chosen", alter: func(_ *testing.T, w *wide) { w.spec.Options.Formats = map[string]string{"n0": "standard"} }, same: never},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWide(rows, "t0", "n0")
			if c.alter != nil {
				c.alter(t, w)
			}
			live := &watched{System: w.system(t, c.live)}
			out, d, _ := w.draft(t, duck.Arriving, live)
			if d.Same() != c.same || d.Pairs() != c.pairs || len(live.looks) < max(c.looks, 1) || c.looks == 0 && len(live.looks) > 1 && len(out.Findings) == 0 {
				t.Errorf("%d rows were known to be the same, %d went on in pairs, want %d and %d; %d lookups", d.Same(), d.Pairs(), c.same, c.pairs, len(live.looks))
			}
			want, _ := w.plan(t, duck.Here, live.System)
			a, b := out.Manifest, want.Manifest
			if a.Rows != b.Rows || a.File != b.File || a.Content != b.Content || a.Counts != b.Counts || findings(out) != findings(want) || !slices.Equal(out.Facts, want.Facts) {
				t.Errorf("the plan is %+v, %s, %+v; compared here it is %+v, %s, %+v", a, findings(out), out.Facts, b, findings(want), want.Facts)
			}
		})
	}
}
