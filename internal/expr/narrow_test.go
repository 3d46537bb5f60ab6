package expr_test

import (
	"testing"

	"pgregory.net/rapid"

	"sutor/internal/expr"
	"sutor/internal/record"
)

// TestNarrowLosesNothing: the filter lets every row through for which the condition
// is true or unknown; and it is worth its while.
func TestNarrowLosesNothing(t *testing.T) {
	t.Parallel()
	kept, of := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		g := newGenerator(t)
		for range 10 {
			condition, row := g.condition(), g.row()
			filter := condition.Narrow(expr.After, g.schema)
			lets := filter.Lets(func(column string) *string {
				if text, ok := row.Column(expr.After, column); ok {
					return &text
				}
				return nil
			})
			if of++; lets {
				kept++
			}
			if truth := condition.Judge(row); truth != expr.False && !lets {
				t.Fatalf("%s is %s on %+v and the filter keeps the row back: %+v", condition, truth, row, filter)
			}
		}
	})
	if kept > of*95/100 || kept == 0 {
		t.Errorf("the filters let %d of %d rows through", kept, of)
	}
}

// TestNarrow: what is passed down, and what is passed over.
func TestNarrow(t *testing.T) {
	t.Parallel()
	schema := record.Schema{{Name: "n", Type: record.Type{Kind: record.Int, Bits: 64}}, {Name: "s", Type: record.Type{Kind: record.Text}}}
	n, s := must1(t)(expr.Col(expr.Whole, schema[0])), must1(t)(expr.Col(expr.Whole, schema[1]))
	ten, net := must1(t)(expr.Number("10.5")), must1(t)(expr.String("NET"))
	less := must1(t)(expr.Compare(expr.Greater, ten, n))
	test := must1(t)(expr.TestText(expr.Matches, s, net))
	both := must1(t)(expr.Not(must1(t)(expr.Or(less, test))))
	c, err := expr.NewCondition(both)
	if err != nil {
		t.Fatal(err)
	}
	f := c.Narrow(expr.Whole, schema)
	if len(f.All) != 2 || f.All[0].Test == nil || f.All[1].Test != nil {
		t.Fatalf("%+v", f)
	}
	if got := *f.All[0].Test; got.Is != record.Less || !got.Not || got.Values[0] != "10.5" {
		t.Errorf("%+v", got)
	}
}
