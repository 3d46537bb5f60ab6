package workflow_test

import (
	"fmt"
	"strings"
	"testing"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// picked gives the lines of the file that a selection has, in order.
func (w *world) picked(name string, c wire.Change, want workflow.RowsWanted) string {
	w.t.Helper()
	if want.Limit == 0 {
		want.Limit = 100
	}
	page, err := w.w.Browse(ctx, w.as(name), change.ID(c.ID), want)
	fine(w.t, err)
	var lines []string
	for _, r := range page.Rows {
		lines = append(lines, fmt.Sprint(*r.Row))
	}
	return fmt.Sprintf("%s of %d", strings.Join(lines, " "), page.Total)
}

// Rows of a plan by what happens to them, by what was found, by the column that
// changes, and by a value; in the file's order, and page by page.
func TestBrowse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := in(t, w.propose("maria", "id,name,credit,note\n9,Zoë,2000,\n2,Bob,1500,O'Neil 100%\n1,Anna,100,\n8,Eve,,zoë\n4,Dot,0,\n", change.Options{Mode: change.Upsert, ClearEmpty: true}), change.Planned)
	for _, of := range []struct {
		name string
		want workflow.RowsWanted
		rows string
	}{
		{"all", workflow.RowsWanted{}, "2 3 4 5 6 of 5"},
		{"a page", workflow.RowsWanted{Limit: 2, Offset: 1}, "3 4 of 5"},
		{"behind the end", workflow.RowsWanted{Offset: 9}, " of 5"},
		{"by op", workflow.RowsWanted{Op: "insert"}, "2 5 of 2"},
		{"by op that is not there", workflow.RowsWanted{Op: "delete"}, " of 0"},
		{"by finding", workflow.RowsWanted{Finding: "big-credit"}, "2 3 of 2"},
		{"by finding and op", workflow.RowsWanted{Finding: "big-credit", Op: "update"}, "3 of 1"},
		{"by a column that changes", workflow.RowsWanted{Changed: "name"}, "2 4 5 of 3"},
		{"has", workflow.RowsWanted{Column: "name", Has: "ZO"}, "2 of 1"},
		{"has, before", workflow.RowsWanted{Column: "name", Has: "ann"}, "4 of 1"},
		{"has what SQL would read", workflow.RowsWanted{Column: "note", Has: "o'neil 100%"}, "3 of 1"},
		{"is", workflow.RowsWanted{Column: "credit", Is: "2000.00"}, "2 of 1"},
		{"is a key", workflow.RowsWanted{Column: "id", Is: "8"}, "5 of 1"},
		{"is empty", workflow.RowsWanted{Column: "credit", Empty: true}, "5 of 1"},
		{"injected", workflow.RowsWanted{Column: "note", Is: "' OR true --"}, " of 0"},
		{"all again", workflow.RowsWanted{Limit: 1, Offset: 4}, "6 of 5"},
	} {
		if got := w.picked("olaf", c, of.want); got != of.rows {
			t.Errorf("%s: %s, want %s", of.name, got, of.rows)
		}
	}
	for say, want := range map[string]workflow.RowsWanted{
		"has no finding": {Finding: "nothing"}, "has no column": {Changed: "touched"}, "none is named": {Has: "x"},
		"not said what to look for": {Column: "name"}} {
		_, err := w.w.Browse(ctx, w.as("maria"), change.ID(c.ID), want)
		refused(t, err, errs.Usage, say)
	}
	_, err := w.w.Browse(ctx, w.as("ivan"), change.ID(c.ID), workflow.RowsWanted{})
	refused(t, err, errs.Forbidden, "without their values")
	_, err = w.w.Browse(ctx, w.as("fred"), change.ID(c.ID), workflow.RowsWanted{})
	refused(t, err, errs.NotFound, "There is no change")
}

// Threat: by a column whose values are not for them, somebody finds out what stands
// in it, value by value.
func TestBrowseByAColumnThatIsNotForThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t, strings.Replace(company, "      touched: {writable: false}", "      touched: {writable: false}\n      credit: {visible_to: [owner, auditor]}", 1))
	c := in(t, w.propose("marlo", "id,credit\n1,500\n", upsert), change.Planned)
	if got := w.picked("olaf", c, workflow.RowsWanted{Column: "credit", Is: "500.00"}); got != "2 of 1" {
		t.Errorf("the owner finds %s", got)
	}
	for _, want := range []workflow.RowsWanted{{Column: "credit", Is: "500.00"}, {Changed: "credit"}} {
		_, err := w.w.Browse(ctx, w.as("eva"), change.ID(c.ID), want)
		refused(t, err, errs.Usage, "has no column")
	}
}

// More selections than are kept, and more plans than stay open, give the same.
func TestBrowseManyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	var all []wire.Change
	for i := range 6 {
		all = append(all, in(t, w.propose("maria", fmt.Sprintf("id,note\n1,n%d\n2,m%d\n", i, i), upsert), change.Planned))
	}
	for range 2 {
		for i, c := range all {
			for j := range 8 {
				want := " of 0"
				if i == j {
					want = "2 of 1"
				}
				if got := w.picked("olaf", c, workflow.RowsWanted{Column: "note", Is: fmt.Sprintf("n%d", j)}); got != want {
					t.Errorf("change %s has n%d in %s, want %s", c.ID, j, got, want)
				}
			}
		}
	}
}
