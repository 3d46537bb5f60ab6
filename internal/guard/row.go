package guard

import (
	"sutor/internal/expr"
	"sutor/internal/finding"
	"sutor/internal/record"
)

// RowRule is a compiled rule that is judged row by row. It is immutable.
type RowRule struct {
	Rule
	condition expr.Condition
	schema    record.Schema
}

// CompileRow compiles a rule of each: row against the dataset's columns. What
// is wrong with the rule's text is an [*Error].
func CompileRow(rule Rule, schema record.Schema) (*RowRule, error) {
	condition, err := compile(rule, EachRow, rowScope{schema})
	if err != nil {
		return nil, err
	}
	return &RowRule{Rule: rule, condition: condition, schema: schema}, nil
}

// Condition is the compiled rule, for printing as SQL.
func (r *RowRule) Condition() expr.Condition { return r.condition }

// Columns lists the columns that the rule reads on one side; they belong to
// the judged set.
func (r *RowRule) Columns(side expr.Side) []string { return r.condition.Columns(side) }

// Judge is the reference: the rule's answer for one row.
func (r *RowRule) Judge(row expr.Env) expr.Truth { return r.condition.Judge(row) }

// MayBeUnknown tells whether some row could make the rule unknown.
func (r *RowRule) MayBeUnknown() bool { return len(r.Unknowns()) > 0 }

// Unknowns says in plain words why some row could make the rule unknown.
func (r *RowRule) Unknowns() []string {
	return r.condition.Unknowns(func(ref expr.Ref) bool {
		i := r.schema.Index(ref.Name)
		return i < 0 || r.schema[i].Nullable
	})
}

// Finding words the rule's hits over a plan; there must be some.
func (r *RowRule) Finding(h Hits) finding.Finding { return r.finding(h, h.Unknown == h.Rows) }
