package plan_test

import (
	"testing"

	"sutor/internal/expr"
	"sutor/internal/plan"
	"sutor/internal/record"
)

// TestImpactAsksForLess: of related rows those come that may count; of an impact that
// counts all of them, and reads none, the column that they are found by.
func TestImpactAsksForLess(t *testing.T) {
	t.Parallel()
	customer, status := record.Column{Name: "customer", Type: record.Type{Kind: record.Int, Bits: 64}}, record.Column{Name: "status", Type: record.Type{Kind: record.Text}, Nullable: true}
	column, err := expr.Col(expr.Whole, status)
	if err != nil {
		t.Fatal(err)
	}
	open, err := expr.String("open")
	if err != nil {
		t.Fatal(err)
	}
	is, err := expr.Compare(expr.Equal, column, open)
	if err != nil {
		t.Fatal(err)
	}
	where, err := expr.NewCondition(is)
	if err != nil {
		t.Fatal(err)
	}
	l := plan.Impact{By: record.Schema{customer}, Where: &where, Reads: record.Schema{status}}.Lookup()
	for text, lets := range map[string]bool{"open": true, "done": false} {
		if got := l.Where.Lets(func(string) *string { return &text }); got != lets {
			t.Errorf("%s is let through: %v, by %+v", text, got, l.Where)
		}
	}
	if !l.Where.Lets(func(string) *string { return nil }) {
		t.Error("what cannot be judged stays behind")
	}
	if l := (plan.Impact{By: record.Schema{customer, status}}).Lookup(); len(l.Columns) != 1 || l.Columns[0].Name != "customer" || !l.Where.Lets(func(string) *string { return nil }) {
		t.Errorf("%+v", l)
	}
}
