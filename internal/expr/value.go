package expr

import (
	"math/big"
	"strings"

	"sutor/internal/errs"
	"sutor/internal/record"
)

// Value is a finished expression that gives a column's new value as text. It is
// immutable.
type Value struct{ node Node }

// NewValue makes a value of a node. A quotient is none as it stands: it need not
// have an end, and nothing is rounded without being told.
func NewValue(n Node) (Value, error) {
	switch {
	case n.op || n.kind == 0:
		return Value{}, errs.New(errs.Invalid, "%s is no value of a column.", n).WithMend("Write a column, a number, a text or a calculation.")
	case n.kind == NumberType && n.num.den != nil:
		return Value{}, errs.New(errs.Invalid, "%s is a quotient, which need not come to an end.", n).
			WithMend("Say how many decimals it is rounded to: round(%s, 2).", n)
	}
	w := weigher{seen: map[part]weight{}}
	if total := w.of(n.part()); total.parts > maxParts || total.depth > maxDepth {
		return Value{}, errs.New(errs.Invalid, "The expression is too large to be computed.").WithMend("Split it into several changes.")
	}
	return Value{n}, nil
}

// part gives the one part that the node's value comes from; not for fractions.
func (n Node) part() part {
	switch n.kind {
	case Bool:
		return n.cond
	case NumberType:
		return n.num.num
	case Float:
		return n.float
	}
	return n.str
}

// Type is the type of the value.
func (v Value) Type() Type { return v.node.kind }

// String writes the expression in the guardrail language.
func (v Value) String() string { return v.node.text }

// Copies tells whether the value is nothing but a column's, which may be NULL: that
// is copied too. Everything else is unknown where something in it is.
func (v Value) Copies() bool { return v.node.ref != nil }

// Columns lists the columns that are read on one side, in order of appearance.
func (v Value) Columns(side Side) []string { return columnsOf(v.node.part(), side) }

// Fits tells whether a column of the type can have the value.
func (v Value) Fits(t record.Type) bool {
	switch t.Kind {
	case record.Bool:
		return v.node.kind == Bool
	case record.Int, record.Decimal:
		return v.node.kind == NumberType
	case record.Float:
		return v.node.numeric()
	case record.Text, record.UUID, record.Enum, record.Time, record.Bytes, record.Native:
		return v.node.kind == Text
	case record.Date:
		return v.node.kind == Date
	case record.Timestamp:
		return v.node.kind == Timestamp
	case record.TimestampTZ:
		return v.node.kind == Instant
	}
	return false
}

// Text is the reference: the value for one row, as a text that a cell of a file
// might have; false where it is unknown, or a NULL that is copied.
func (v Value) Text(env Env) (text string, ok bool) {
	n := v.node
	if n.ref != nil {
		return env.Column(n.ref.Side, n.ref.Name)
	}
	switch n.kind {
	case Bool:
		truth, ok := n.cond.eval(env)
		return map[bool]string{true: "true", false: "false"}[truth], ok
	case NumberType:
		number, ok := n.num.num.eval(env)
		if !ok {
			return "", false
		}
		return withoutZeros(plain(number, n.num.num.scale())), true
	case Float:
		number, ok := n.float.eval(env)
		return record.FormatFloat(number, 64), ok
	case Instant:
		text, ok = n.str.eval(env)
		return text + "+00", ok
	}
	return n.str.eval(env)
}

func withoutZeros(number string) string {
	if !strings.Contains(number, ".") {
		return number
	}
	return strings.TrimRight(strings.TrimRight(number, "0"), ".")
}

// SQL prints the value as an SQL operand of type text, NULL where Text gives none;
// a float is any text that reads back as the same number. It never raises an error
// for any row.
func (v Value) SQL(d Dialect, b Binding) string {
	n, p := v.node, &printer{d, b}
	if n.ref != nil {
		return b.Column(n.ref.Side, n.ref.Name)
	}
	sql := n.part().sql(p)
	switch n.kind {
	case Bool:
		return "(CASE WHEN " + sql + " THEN 'true' WHEN NOT " + sql + " THEN 'false' END)"
	case NumberType:
		text := p.Cast(sql, d.Text)
		switch n.num.num.scale() {
		case 0:
			return text
		case maxDigits: // DuckDB writes no digit before the point where there is no room for one
			text = "replace(replace(replace('x' || " + text + ", 'x-.', '-0.'), 'x.', '0.'), 'x', '')"
		}
		return "rtrim(rtrim(" + text + ", '0'), '.')"
	case Instant:
		return "(" + p.Cast(sql, d.Text) + " || '+00')"
	case Text:
		return sql
	}
	return p.Cast(sql, d.Text)
}

// maxRound is the most decimals that can be rounded to.
const maxRound = 18

// Round rounds a number to so many decimals, a half away from zero.
func Round(a, decimals Node) (Node, error) {
	n := Node{kind: NumberType, text: "round(" + a.text + ", " + decimals.text + ")", prec: precAtom}
	if a.kind != NumberType {
		return Node{}, errs.New(errs.Invalid, "%s is %s, and round is for exact numbers.", a, a.kind.Article()).WithMend("Use a number column that is no real or double.")
	}
	lit, ok := decimals.num.num.(*decLiteral)
	if !ok || decimals.kind != NumberType || !decimals.literal || lit.s != 0 || lit.v.Sign() < 0 || lit.v.Cmp(big.NewInt(maxRound)) > 0 {
		return Node{}, errs.New(errs.Invalid, "round takes a written number of decimals, and %s is none.", decimals).WithMend("Write round(x, 2); 0 to %d decimals.", maxRound)
	}
	r := &decRound{a: a.num.num, b: orOne(a.num.den), n: int(lit.v.Int64())}
	n.num = fraction{num: r}
	if e := r.shift(); e > maxDigits-1 || e < 1-maxDigits {
		return Node{}, fineEnough(maxDigits+1, n.text)
	}
	return n, nil
}

// decRound is the quotient a/b, b positive, rounded to n decimals. It is computed
// with whole numbers: of (2·|a|·10^e + b) / 2·b what is before the point, where e
// makes up for the scales.
type decRound struct {
	a, b decimal
	n    int
}

func (d *decRound) scale() int { return d.n }
func (d *decRound) digits() int {
	return max(d.a.digits()+max(d.shift(), 0), d.b.digits()+max(-d.shift(), 0)) + 2
}
func (d *decRound) parts() []part  { return []part{d.a, d.b} }
func (d *decRound) choosing() part { return d.a }

// shift is the power of ten by which a's digits are too small for the result.
func (d *decRound) shift() int { return d.n + d.b.scale() - d.a.scale() }

func (d *decRound) eval(env Env) (*big.Int, bool) {
	a, b, ok := evalBoth(env, d.a, d.b)
	if !ok || b.Sign() == 0 {
		return nil, false
	}
	p, q := new(big.Int).Mul(new(big.Int).Abs(a), pow10(max(d.shift(), 0))), new(big.Int).Mul(b, pow10(max(-d.shift(), 0)))
	two := big.NewInt(2)
	top, bottom := new(big.Int).Mul(p, two), new(big.Int).Mul(q, two)
	sum := new(big.Int).Add(top, q)
	for _, v := range []*big.Int{p, q, top, bottom, sum} {
		if _, fits := fitting(v); !fits {
			return nil, false
		}
	}
	out := sum.Quo(sum, bottom)
	if a.Sign() < 0 {
		out.Neg(out)
	}
	return fitting(out)
}

func (d *decRound) sql(p *printer) string {
	whole := func(x decimal, shift int) string {
		text := x.sql(p)
		if x.scale() > 0 {
			text = p.Cast("replace("+p.Cast(text, p.Text)+", '.', '')", p.Decimal(0))
		}
		if shift > 0 {
			text = p.Try(text + " * " + p.Cast(quote(pow10(shift).String()), p.Decimal(0)))
		}
		return text
	}
	two := p.Cast("'2'", p.Decimal(0)) + " * "
	b := whole(d.b, -d.shift())
	top := p.Try(p.Try(two+"abs("+whole(d.a, d.shift())+")") + " + " + b)
	quotient := p.Cast(p.Quotient(top, p.Try(two+b)), p.Decimal(0))
	signed := "(CASE WHEN " + d.a.sql(p) + " < 0 THEN -" + quotient + " ELSE " + quotient + " END)"
	return p.Try(signed + " * " + p.Cast(quote(plain(big.NewInt(1), d.n)), p.Decimal(d.n)))
}

// Trim takes blanks, tabs and line ends off both ends of a text.
func Trim(a Node) (Node, error) {
	if a.kind != Text || a.op {
		return Node{}, errs.New(errs.Invalid, "%s is %s, and trim is for texts.", a, a.kind.Article()).WithMend("Use a text column.")
	}
	return Node{kind: Text, text: "trim(" + a.text + ")", prec: precAtom, str: &textTrim{a.str}}, nil
}

const blanks = " \t\n\r"

type textTrim struct{ a term[string] }

func (t *textTrim) parts() []part { return []part{t.a} }

func (t *textTrim) eval(env Env) (string, bool) {
	s, ok := t.a.eval(env)
	return strings.Trim(s, blanks), ok
}

func (t *textTrim) sql(p *printer) string { return "trim(" + t.a.sql(p) + ", " + quote(blanks) + ")" }

// Replace puts one written text in place of another, wherever that stands.
func Replace(a, from, to Node) (Node, error) {
	n := Node{kind: Text, prec: precAtom, text: a.inside(precAtom) + ".replace(" + from.text + ", " + to.text + ")"}
	f, ok := from.str.(*textLiteral)
	t, ok2 := to.str.(*textLiteral)
	switch {
	case a.kind != Text || a.op:
		return Node{}, errs.New(errs.Invalid, "%s is %s, and replace is for texts.", a, a.kind.Article()).WithMend("Use a text column.")
	case !ok || !ok2 || f.kind != Text || t.kind != Text || f.s == "":
		return Node{}, errs.New(errs.Invalid, "replace takes two written texts, the first not empty.").WithMend(`Write name.replace("Ltd.", "Limited").`)
	}
	n.str = &textReplace{a.str, f.s, t.s}
	return n, nil
}

type textReplace struct {
	a        term[string]
	from, to string
}

func (t *textReplace) parts() []part { return []part{t.a} }

func (t *textReplace) eval(env Env) (string, bool) {
	s, ok := t.a.eval(env)
	return strings.ReplaceAll(s, t.from, t.to), ok
}

func (t *textReplace) sql(p *printer) string {
	return "replace(" + t.a.sql(p) + ", " + quote(t.from) + ", " + quote(t.to) + ")"
}

// textJoin is two texts, one after the other.
type textJoin struct{ a, b term[string] }

func (t *textJoin) parts() []part { return []part{t.a, t.b} }

func (t *textJoin) eval(env Env) (string, bool) {
	x, y, ok := evalBoth(env, t.a, t.b)
	return x + y, ok
}

func (t *textJoin) sql(p *printer) string { return "(" + t.a.sql(p) + " || " + t.b.sql(p) + ")" }
