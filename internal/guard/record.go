package guard

import (
	"slices"
	"strconv"

	"sutor/internal/errs"
	"sutor/internal/expr"
	"sutor/internal/record"
)

// MakerRecord holds the figures of a maker's record that rules of levels are
// judged on. All are always known.
type MakerRecord struct {
	Applied, Clean, Conflicts, Undone, Rejected int64
	Days, DaysSinceBad                          int64
}

// RecordRule is a compiled rule of a level. It is immutable.
type RecordRule struct{ condition expr.Condition }

// CompileRecord compiles the condition of a level. What is wrong with the rule's
// text is an [*Error].
func CompileRecord(rule Rule) (*RecordRule, error) {
	condition, err := compile(rule, EachRecord, recordScope{})
	if err != nil {
		return nil, err
	}
	return &RecordRule{condition}, nil
}

// Holds tells whether the rule holds for certain: a division by zero holds nothing.
func (r *RecordRule) Holds(m MakerRecord) bool { return r.condition.Judge(recordEnv{m}) == expr.True }

// recordNames are the figures of a record, in the order in which they are told.
var recordNames = []string{"applied", "clean", "conflicts", "undone", "rejected", "days", "days_since_bad"}

// recordScope knows the figures of a maker's record.
type recordScope struct{}

func (recordScope) name(id string) (expr.Node, error) {
	if slices.Contains(recordNames, id) {
		return expr.Col(expr.Whole, record.Column{Name: id, Type: figureType})
	}
	if slices.Contains(figureNames, id) {
		return expr.Node{}, errs.New(errs.Invalid, "%s is a figure of one change, and this rule is judged on a maker's record.", id).
			WithMend("%s", suggest(id, recordNames, "A rule of a level knows"))
	}
	return expr.Node{}, unknownName(id, recordNames)
}

func (s recordScope) column(side expr.Side, _ string) (expr.Node, error) { return s.name(string(side)) }
func (s recordScope) changed(string) (expr.Node, error)                  { return s.name("changed") }
func (recordScope) text(t string) string                                 { return t }

// recordEnv is the Env of a record.
type recordEnv struct{ m MakerRecord }

// Column gives a figure as canonical text.
func (e recordEnv) Column(_ expr.Side, name string) (string, bool) {
	figures := []int64{e.m.Applied, e.m.Clean, e.m.Conflicts, e.m.Undone, e.m.Rejected, e.m.Days, e.m.DaysSinceBad}
	i := slices.Index(recordNames, name)
	if i < 0 {
		return "", false
	}
	return strconv.FormatInt(figures[i], 10), true
}

// Op and Changed belong to rows; no rule of a level can name them.
func (recordEnv) Op() string        { return "" }
func (recordEnv) Changed() []string { return nil }
