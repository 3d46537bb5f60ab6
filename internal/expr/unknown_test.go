package expr_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"sutor/internal/expr"
	"sutor/internal/record"
)

// TestUnknownsAreComplete: a condition without a reason to be unknown is never
// unknown on a row whose values are of their columns' types.
func TestUnknownsAreComplete(t *testing.T) {
	t.Parallel()
	certain := 0
	rapid.Check(t, func(t *rapid.T) {
		schema := record.Schema{
			{Name: "n", Type: record.Type{Kind: record.Int, Bits: 32}, Nullable: rapid.Bool().Draw(t, "n nullable")},
			{Name: "d", Type: record.Type{Kind: record.Decimal, Precision: 12, Scale: 2}, Nullable: true},
			{Name: "s", Type: record.Type{Kind: record.Text}, Nullable: rapid.Bool().Draw(t, "s nullable")},
		}
		node := guarded(t, schema, 3)
		condition, err := expr.NewCondition(node)
		if err != nil {
			t.Fatalf("%v", err)
		}
		nullable := func(ref expr.Ref) bool { return schema[schema.Index(ref.Name)].Nullable }
		if len(condition.Unknowns(nullable)) > 0 {
			return
		}
		if len(condition.Refs()) > 0 {
			certain++
		}
		for range 20 {
			row := validRow(t, schema)
			if condition.Judge(row) == expr.Unknown {
				t.Fatalf("%s gives no reason and is unknown on %+v", condition, row)
			}
		}
	})
	if certain < 20 {
		t.Errorf("only %d conditions without a reason read a column", certain)
	}
}

func guarded(t *rapid.T, schema record.Schema, depth int) expr.Node {
	if depth == 0 {
		return test(t, schema)
	}
	switch rapid.IntRange(0, 4).Draw(t, "shape") {
	case 0:
		n, err := expr.And(guarded(t, schema, depth-1), guarded(t, schema, depth-1))
		return must(t, n, err)
	case 1:
		n, err := expr.Or(guarded(t, schema, depth-1), guarded(t, schema, depth-1))
		return must(t, n, err)
	case 2:
		n, err := expr.Not(guarded(t, schema, depth-1))
		return must(t, n, err)
	case 3:
		n, err := expr.If(guarded(t, schema, 0), guarded(t, schema, depth-1), guarded(t, schema, depth-1))
		return must(t, n, err)
	}
	return test(t, schema)
}

// test draws one test: of the operation, for NULL, or a comparison.
func test(t *rapid.T, schema record.Schema) expr.Node {
	c := rapid.SampledFrom(schema).Draw(t, "column")
	col, err := expr.Col(rapid.SampledFrom([]expr.Side{expr.Before, expr.After}).Draw(t, "side"), c)
	must(t, col, err)
	var n expr.Node
	switch rapid.IntRange(0, 2).Draw(t, "test") {
	case 0:
		op, opErr := expr.String(rapid.SampledFrom(expr.Ops()).Draw(t, "op"))
		must(t, op, opErr)
		n, err = expr.Compare(rapid.SampledFrom([]expr.Comparison{expr.Equal, expr.NotEqual}).Draw(t, "=="), expr.Operation(), op)
	case 1:
		n, err = expr.IsNull(col, rapid.Bool().Draw(t, "not"))
	default:
		lit, litErr := expr.Number("5")
		if c.Type.Kind == record.Text {
			lit, litErr = expr.String("x")
		}
		n, err = expr.Compare(expr.Less, col, must(t, lit, litErr))
	}
	return must(t, n, err)
}

func validRow(t *rapid.T, schema record.Schema) expr.Row {
	row := expr.Row{Operation: rapid.SampledFrom(expr.Ops()).Draw(t, "op"), Values: map[expr.Ref]string{}}
	for _, side := range []expr.Side{expr.Before, expr.After} {
		if row.Operation == expr.Insert && side == expr.Before || row.Operation == expr.Delete && side == expr.After {
			continue
		}
		for _, c := range schema {
			if !c.Nullable || rapid.Bool().Draw(t, "value") {
				row.Values[expr.Ref{Side: side, Name: c.Name}] = fmt.Sprint(rapid.IntRange(0, 9).Draw(t, "v"))
			}
		}
	}
	return row
}
