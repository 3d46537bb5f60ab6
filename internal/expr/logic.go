package expr

import (
	"cmp"
	"slices"
	"strings"

	"sutor/internal/errs"
)

// Comparison is one of == != < <= > >=.
type Comparison string

// The comparisons of the guardrail language.
const (
	Equal          Comparison = "=="
	NotEqual       Comparison = "!="
	Less           Comparison = "<"
	LessOrEqual    Comparison = "<="
	Greater        Comparison = ">"
	GreaterOrEqual Comparison = ">="
)

func (c Comparison) holds(order int) bool {
	switch c {
	case Equal:
		return order == 0
	case NotEqual:
		return order != 0
	case Less:
		return order < 0
	case LessOrEqual:
		return order <= 0
	case Greater:
		return order > 0
	}
	return order >= 0
}

func (c Comparison) sql() string {
	switch c {
	case Equal:
		return "="
	case NotEqual:
		return "<>"
	}
	return string(c)
}

// Compare compares two values of one type; numbers and floats mix.
func Compare(op Comparison, a, b Node) (Node, error) {
	n := Node{kind: Bool, prec: precCompare, text: a.inside(precAdd) + " " + string(op) + " " + b.inside(precAdd)}
	if a.op || b.op {
		return n.compareOp(op, a, b)
	}
	if a.kind != b.kind && !(a.numeric() && b.numeric()) {
		return Node{}, errs.New(errs.Invalid, "%s is %s and %s is %s; they cannot be compared.", a, a.kind.Article(), b, b.kind.Article()).
			WithMend("%s", howToCompare(a, b))
	}
	err := cmp.Or(a.ordered(op, b), b.ordered(op.turned(), a))
	switch {
	case err != nil:
		return Node{}, err
	case a.kind == Bool && op != Equal && op != NotEqual:
		return Node{}, errs.New(errs.Invalid, "%s is %s, which has no order.", a, a.kind.Article()).WithMend("Compare it with == or !=.")
	case a.kind == Bool:
		n.cond = &comparison[bool]{op, a.cond, b.cond, compareBools}
	case a.kind == Float || b.kind == Float:
		n.cond = &comparison[float64]{op, a.asFloat(), b.asFloat(), cmp.Compare[float64]}
	case a.kind == NumberType:
		n.cond, err = compareNumbers(op, n.text, a.num, b.num)
	default:
		n.cond = &comparison[string]{op, a.str, b.str, strings.Compare}
	}
	return n, err
}

func compareBools(a, b bool) int {
	if a == b {
		return 0
	}
	return 1
}

// howToCompare mends the commonest mistakes: a text where a date or number belongs.
func howToCompare(a, b Node) string {
	if a.literal && a.kind == Text {
		a, b = b, a
	}
	if b.literal && b.kind == Text {
		switch a.kind {
		case NumberType, Float:
			return "Write the number without quotes."
		case Date:
			return `Write the day as date("2026-01-31").`
		case Timestamp:
			return `Write the time as timestamp("2026-01-31T14:30:00").`
		case Instant:
			return `Write the time as timestamp("2026-01-31T14:30:00Z").`
		case Bool:
			return "Write true or false without quotes."
		}
	}
	switch {
	case a.literal && a.kind == Instant && b.kind == Timestamp, b.literal && b.kind == Instant && a.kind == Timestamp:
		return `The column has no time zone: write timestamp("2026-01-31T14:30:00") without the Z.`
	case a.literal && a.kind == Timestamp && b.kind == Instant, b.literal && b.kind == Timestamp && a.kind == Instant:
		return `The column holds instants: write timestamp("2026-01-31T14:30:00Z") with the Z.`
	}
	return "Compare values of one type."
}

func (n Node) compareOp(op Comparison, a, b Node) (Node, error) {
	if b.op {
		b = a
	}
	lit, ok := b.str.(*textLiteral)
	if !ok || op != Equal && op != NotEqual || !slices.Contains(Ops(), lit.s) {
		return Node{}, errs.New(errs.Invalid, "op can only be compared with \"insert\", \"update\" and \"delete\", not as %s.", n.text).
			WithMend(`Write op == "update", for example.`)
	}
	n.cond = &opTest{[]string{lit.s}, op == NotEqual}
	return n, nil
}

// In tests whether a value is one of those written in a list.
func In(a Node, list []Node) (Node, error) {
	texts := make([]string, len(list))
	for i, item := range list {
		if !item.literal {
			return Node{}, errs.New(errs.Invalid, "%s is not a written value, and a list after in holds only those.", item).WithMend("Use == and || for columns.")
		}
		texts[i] = item.text
	}
	n := Node{kind: Bool, prec: precCompare, text: a.inside(precAdd) + " in [" + strings.Join(texts, ", ") + "]"}
	if len(list) == 0 {
		return Node{}, errs.New(errs.Invalid, "The list after in is empty, so nothing is in it.").WithMend(`Write its values, as in ["NET30", "NET45"].`)
	}
	var tests []term[bool]
	for _, item := range list {
		test, err := Compare(Equal, a, item)
		if err != nil {
			return Node{}, err
		}
		tests = append(tests, test.cond)
	}
	switch {
	case a.op:
		n.cond = &opTest{ops: joined(tests)}
	case a.kind == Text:
		n.cond = &inList{a.str, list}
	default:
		n.cond = &junction{of: tests, or: true}
	}
	return n, nil
}

func joined(tests []term[bool]) (ops []string) {
	for _, t := range tests {
		ops = append(ops, t.(*opTest).ops...)
	}
	return ops
}

// IsNull tests a column for NULL (or, with not, for a value). A missing side is NULL.
func IsNull(a Node, not bool) (Node, error) {
	sign := " == null"
	if not {
		sign = " != null"
	}
	if a.ref == nil {
		return Node{}, errs.New(errs.Invalid, "%s is not a column, and only a column can be compared with null.", a).
			WithMend("Compare the columns in it with null, one by one.")
	}
	return Node{kind: Bool, text: a.text + sign, prec: precCompare, cond: &nullTest{*a.ref, not}}, nil
}

// HasChanged tests whether the named column is among the changed ones.
func HasChanged(column string) Node {
	return Node{kind: Bool, text: written(column) + " in changed", prec: precCompare, cond: &changeTest{column}}
}

// Truthful is a written true or false.
func Truthful(v bool) Node {
	text := "false"
	if v {
		text = "true"
	}
	return Node{kind: Bool, text: text, prec: precAtom, literal: true, cond: &boolLiteral{v}}
}

// And is true where both are, false where one is false.
func And(a, b Node) (Node, error) { return junct("&&", precAnd, false, a, b) }

// Or is true where one is, false where both are false.
func Or(a, b Node) (Node, error) { return junct("||", precOr, true, a, b) }

func junct(sign string, prec int, or bool, a, b Node) (Node, error) {
	n := Node{kind: Bool, prec: prec, text: a.inside(prec) + " " + sign + " " + b.inside(prec)}
	j := &junction{or: or}
	for _, side := range []Node{a, b} {
		if side.kind != Bool {
			return Node{}, errs.New(errs.Invalid, "%s is %s, and %s joins yes-or-no tests.", side, side.kind.Article(), sign).WithMend("Compare it with something.")
		}
		if inner, ok := side.cond.(*junction); ok && inner.or == or {
			j.of = append(j.of, inner.of...)
		} else {
			j.of = append(j.of, side.cond)
		}
	}
	n.cond = j
	return n, nil
}

// Not turns true and false round; unknown stays.
func Not(a Node) (Node, error) {
	if a.kind != Bool {
		return Node{}, errs.New(errs.Invalid, "%s is %s, and ! turns a yes or no round.", a, a.kind.Article()).WithMend("Compare it with something.")
	}
	return Node{kind: Bool, text: "!" + a.inside(precUnary), prec: precUnary, cond: &negation{a.cond}}, nil
}
