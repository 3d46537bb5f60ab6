package expr

import (
	"cmp"
	"regexp"
	"strings"

	"sutor/internal/errs"
	"sutor/internal/record"
)

// Node is a typed expression. Exactly the field of its type is set.
type Node struct {
	kind    Type
	text    string // in the guardrail language
	prec    int    // how tightly text binds
	literal bool
	op      bool // the row's operation

	cond  term[bool]
	num   fraction
	float term[float64]
	str   term[string] // Text, Date, Timestamp, Instant
	ref   *Ref         // set for a column

	unordered *record.Type // of texts whose order only the system knows
}

// How tightly operators bind, loosest first.
const (
	precCond = iota
	precOr
	precAnd
	precCompare
	precAdd
	precMul
	precUnary
	precAtom
)

func precOf(op Arithmetic) int {
	if op == '+' || op == '-' {
		return precAdd
	}
	return precMul
}

// Type is the type of the node's value.
func (n Node) Type() Type { return n.kind }

// String writes the node in the guardrail language.
func (n Node) String() string { return n.text }

// inside writes the node as an operand of an operator that binds as tightly as prec.
func (n Node) inside(prec int) string {
	if n.prec < prec {
		return "(" + n.text + ")"
	}
	return n.text
}

func (n Node) numeric() bool { return n.kind == NumberType || n.kind == Float }

// Col is a column's value on one side.
func Col(side Side, c record.Column) (Node, error) {
	ref := Ref{side, c.Name}
	n := Node{text: ref.String(), prec: precAtom, ref: &ref}
	switch c.Type.Kind {
	case record.Bool:
		n.kind, n.cond = Bool, &boolColumn{ref}
	case record.Int, record.Decimal:
		return n.decimalColumn(c.Type)
	case record.Float:
		n.kind, n.float = Float, &floatColumn{ref}
	case record.Text, record.UUID, record.Time, record.Bytes:
		n.kind, n.str = Text, &textColumn{ref}
	case record.Enum, record.Native:
		n.kind, n.str, n.unordered = Text, &textColumn{ref}, &c.Type
	case record.Date:
		n.kind, n.str = Date, &timeColumn{ref, Date}
	case record.Timestamp:
		n.kind, n.str = Timestamp, &timeColumn{ref, Timestamp}
	case record.TimestampTZ:
		n.kind, n.str = Instant, &timeColumn{ref, Instant}
	default:
		return Node{}, errs.New(errs.Invalid, "The column %s %s.", c.Name, c.Type.Unsupported()).
			WithMend("Leave the column out of the rule.")
	}
	return n, nil
}

func (n Node) decimalColumn(t record.Type) (Node, error) {
	scale, most, open := 0, maxDigits, false
	switch {
	case t.Kind == record.Int:
		_, high := t.Bounds()
		most = len(high)
	case t.Scale < 0 || t.Precision < 0:
		scale, open = openScale, true
	default:
		scale, most, open = t.Scale, min(t.Precision, maxDigits), t.Precision > maxDigits
	}
	if scale > maxDigits {
		return Node{}, errs.New(errs.Invalid, "The column %s has %d decimals, and numbers here have at most %d.", n.ref.Name, scale, maxDigits).
			WithMend("Leave the column out of the rule.")
	}
	n.kind = NumberType
	n.num = fraction{num: &decColumn{*n.ref, scale, most, decForm(scale), decTexts[scale](), open}}
	return n, nil
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// String writes the reference in the guardrail language.
func (r Ref) String() string {
	switch {
	case r.Side == Whole:
		return r.Name
	case identifier.MatchString(r.Name):
		return string(r.Side) + "." + r.Name
	}
	return "col(" + string(r.Side) + ", " + written(r.Name) + ")"
}

// written writes a text literal of the guardrail language.
func written(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s) + `"`
}

// Operation is the row's operation, op; it can be compared with the three texts only.
func Operation() Node { return Node{kind: Text, text: "op", prec: precAtom, op: true} }

// If gives a where the condition is true, b where it is false, and is unknown
// where the condition is.
func If(c, a, b Node) (Node, error) {
	if c.kind != Bool {
		return Node{}, errs.New(errs.Invalid, "%s is %s, and before the ? stands a yes or no.", c, c.kind.Article()).WithMend("Compare it with something.")
	}
	if a.kind != b.kind && !(a.numeric() && b.numeric()) || a.op || b.op {
		return Node{}, errs.New(errs.Invalid, "%s is %s and %s is %s; both sides of the : must be of one type.", a, a.kind.Article(), b, b.kind.Article()).
			WithMend("Give both sides the same type.")
	}
	n := Node{kind: a.kind, prec: precCond, unordered: cmp.Or(a.unordered, b.unordered), text: c.inside(precOr) + " ? " + a.inside(precOr) + " : " + b.inside(precCond)}
	switch {
	case a.kind == Bool:
		n.cond = &cond[bool]{c.cond, a.cond, b.cond}
	case a.kind == Float || b.kind == Float:
		n.kind, n.float = Float, &cond[float64]{c.cond, a.asFloat(), b.asFloat()}
	case a.kind == NumberType:
		n.num = condNumbers(c.cond, a.num, b.num)
	default:
		n.str = &cond[string]{c.cond, a.str, b.str}
	}
	return n, nil
}

// cond is a choice; both branches are of one type.
type cond[T any] struct {
	c    term[bool]
	a, b term[T]
}

func (c *cond[T]) parts() []part { return []part{c.c, c.a, c.b} }

func (c *cond[T]) eval(env Env) (v T, ok bool) {
	yes, known := c.c.eval(env)
	switch {
	case !known:
		return v, false
	case yes:
		return c.a.eval(env)
	}
	return c.b.eval(env)
}

func (c *cond[T]) sql(p *printer) string {
	when := c.c.sql(p)
	return "(CASE WHEN " + when + " THEN " + c.a.sql(p) + " WHEN NOT " + when + " THEN " + c.b.sql(p) + " END)"
}

// choosing is the condition of the choice.
func (c *cond[T]) choosing() part { return c.c }

// Named gives the same value with another text for messages.
func (n Node) Named(text string) Node {
	n.text, n.prec = text, precAtom
	return n
}
