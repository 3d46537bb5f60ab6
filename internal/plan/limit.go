package plan

import (
	"sutor/internal/expr"
	"sutor/internal/record"
)

// NewLimit compiles a smallest (beyond: Less) or largest (beyond: Greater) value
// of a column. An error is an *errs.Error of what does not fit.
func NewLimit(c record.Column, text string, beyond expr.Comparison) (*Limit, error) {
	literal := expr.Number
	switch c.Type.Kind {
	case record.Date:
		literal = expr.Day
	case record.Timestamp, record.TimestampTZ:
		literal = expr.Time
	}
	value, err := literal(text)
	if err != nil {
		return nil, err
	}
	return limit(c, text, func(column expr.Node) (expr.Node, error) { return expr.Compare(beyond, column, value) })
}

// NewPattern compiles a pattern that a column's text must match somewhere. It is
// the guardrail language's own match, so that Go and SQL agree on every text.
func NewPattern(c record.Column, pattern string) (*Limit, error) {
	source, err := expr.String(pattern)
	if err != nil {
		return nil, err
	}
	return limit(c, pattern, func(column expr.Node) (expr.Node, error) {
		matches, err := expr.TestText(expr.Matches, column, source)
		if err != nil {
			return expr.Node{}, err
		}
		return expr.Not(matches)
	})
}

func limit(c record.Column, text string, beyond func(expr.Node) (expr.Node, error)) (*Limit, error) {
	column, err := expr.Col(expr.After, c)
	if err != nil {
		return nil, err
	}
	node, err := beyond(column)
	if err != nil {
		return nil, err
	}
	condition, err := expr.NewCondition(node)
	return &Limit{Text: text, Beyond: condition}, err
}
