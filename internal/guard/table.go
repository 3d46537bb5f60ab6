package guard

import (
	"sutor/internal/errs"
	"sutor/internal/expr"
	"sutor/internal/record"
)

// CompileTable compiles a condition over the rows of one table, in which a name
// is a column: `status == 'open'`. Its columns are on the side [expr.Whole]. What
// is wrong with the text is an [*Error].
func CompileTable(text string, schema record.Schema) (expr.Condition, error) {
	return compile(Rule{Name: "condition", When: text}, "", tableScope{schema})
}

// CompileValue compiles an expression over the columns of one row, in which a name
// is a column: `round(credit_limit * 1.03, 2)`. Its columns are on the side
// [expr.Whole]. What is wrong with the text is an [*Error].
func CompileValue(text string, schema record.Schema) (value expr.Value, err error) {
	return value, translate(Rule{Name: "value", When: text}, tableScope{schema}, func(n expr.Node) error {
		value, err = expr.NewValue(n)
		return err
	})
}

// tableScope knows the columns of one table.
type tableScope struct{ schema record.Schema }

func (s tableScope) name(id string) (expr.Node, error) {
	i := s.schema.Index(id)
	if i < 0 {
		return expr.Node{}, errs.New(errs.Invalid, "There is no column %s in this table.", id).WithMend("%s", suggest(id, s.schema.Names(), "Its columns are"))
	}
	return expr.Col(expr.Whole, s.schema[i])
}

func (s tableScope) column(side expr.Side, name string) (expr.Node, error) {
	return expr.Node{}, errs.New(errs.Invalid, "%s.%s has no meaning here: there is one row, and no before or after.", side, name).WithMend("Write %s.", name)
}

func (s tableScope) changed(string) (expr.Node, error) {
	return expr.Node{}, errs.New(errs.Invalid, "changed has no meaning here: nothing changes in these rows.").WithMend("Ask for the values of columns.")
}

func (s tableScope) text(t string) string { return t }
