package expr

import (
	"math/big"
	"slices"

	"sutor/internal/record"
)

// Narrow gives a filter for the system that holds the rows: it lets every row
// through for which the condition, over columns of one side, is true or unknown.
// It may let others through: of the condition it has what a plain comparison of a
// column with written values says, and passes over the rest. So a system's own
// arithmetic, patterns and collations decide nothing; what comes through is judged
// by the condition itself.
func (c Condition) Narrow(side Side, columns record.Schema) record.Filter {
	n := narrower{side, columns}
	return n.filter(c.node.cond, false)
}

type narrower struct {
	side    Side
	columns record.Schema
}

// filter lets through the rows for which p, turned round by not, is true or
// unknown. Not is pushed down to the tests, since what is passed over under a not
// would otherwise keep rows back.
func (n narrower) filter(p part, not bool) record.Filter {
	switch p := p.(type) {
	case *boolLiteral:
		if p.v == not {
			return record.Filter{Any: []record.Filter{}}
		}
	case *negation:
		return n.filter(p.a, !not)
	case *junction:
		parts := make([]record.Filter, len(p.of))
		for i, t := range p.of {
			parts[i] = n.filter(t, not)
		}
		if p.or != not {
			return record.Filter{Any: parts}
		}
		return record.Filter{All: parts}
	case *nullTest:
		return n.test(p.ref, record.Null, p.not != not)
	case *boolColumn:
		return n.test(p.ref, record.Same, not, "true")
	case *textTest:
		if column, ok := p.a.(*textColumn); ok {
			is := map[TextTest]record.Relation{StartsWith: record.StartsWith, EndsWith: record.EndsWith, Contains: record.Contains}[p.test]
			return n.test(column.ref, is, not, p.b.s)
		}
	case *inList:
		if column, ok := p.a.(*textColumn); ok {
			var values []string
			for _, item := range p.list {
				values = append(values, item.str.(*textLiteral).s)
			}
			return n.test(column.ref, record.Same, not, values...)
		}
	case *comparison[string]:
		return n.comparison(p.op, p.a, p.b, not)
	case *comparison[*big.Int]:
		return n.comparison(p.op, p.a, p.b, not)
	}
	return record.Filter{}
}

// comparison lets a column pass that is compared with a written value.
func (n narrower) comparison(op Comparison, a, b part, not bool) record.Filter {
	ref, ok := columnIn(a)
	value, ok2 := literalIn(b)
	if !ok || !ok2 {
		if ref, ok = columnIn(b); !ok {
			return record.Filter{}
		}
		if value, ok = literalIn(a); !ok {
			return record.Filter{}
		}
		op = op.turned()
	}
	switch op {
	case Equal:
		return n.test(ref, record.Same, not, value)
	case NotEqual:
		return n.test(ref, record.Same, !not, value)
	case Less:
		return n.test(ref, record.Less, not, value)
	case LessOrEqual:
		return n.test(ref, record.AtMost, not, value)
	case Greater:
		return n.test(ref, record.AtMost, !not, value)
	}
	return n.test(ref, record.Less, !not, value)
}

// turned gives the comparison with its sides changed over.
func (c Comparison) turned() Comparison {
	switch c {
	case Less:
		return Greater
	case LessOrEqual:
		return GreaterOrEqual
	case Greater:
		return Less
	case GreaterOrEqual:
		return LessOrEqual
	}
	return c
}

func (n narrower) test(ref Ref, is record.Relation, not bool, values ...string) record.Filter {
	i := n.columns.Index(ref.Name)
	if ref.Side != n.side || i < 0 || !slices.Contains(record.Relations(n.columns[i].Type.Kind), is) {
		return record.Filter{}
	}
	if n.columns[i].Type.Kind == record.TimestampTZ && is != record.Null {
		for i := range values {
			values[i] += "+00" // a literal of an instant stands without
		}
	}
	return record.Filter{Test: &record.Test{Column: n.columns[i], Is: is, Values: values, Not: not}}
}

// roomyScale is the scale up to which a whole number of 64 bits still fits: SQLite
// holds such numbers in any column of numbers.
const roomyScale = maxDigits - 19

// columnIn gives the column that a term is. A decimal column without a scale is
// none, and one that a comparison writes with more decimals than there is room for:
// its value is unknown where it has more digits than are kept.
func columnIn(p part) (Ref, bool) {
	switch p := p.(type) {
	case *decScale:
		if p.s > roomyScale || p.digits() > maxDigits {
			return Ref{}, false
		}
		return columnIn(p.a)
	case *decColumn:
		return p.ref, !p.open
	case *textColumn:
		return p.ref, true
	case *timeColumn:
		return p.ref, true
	}
	return Ref{}, false
}

// literalIn gives the written value that a term is; none where it has no room beside
// the decimals it is compared with.
func literalIn(p part) (string, bool) {
	switch p := p.(type) {
	case *decScale:
		if p.digits() > maxDigits {
			return "", false
		}
		return literalIn(p.a)
	case *decLiteral:
		return plain(p.v, p.s), true
	case *textLiteral:
		return p.s, true
	}
	return "", false
}
