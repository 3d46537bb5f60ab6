package expr

import (
	"math/big"
	"strings"
	"unicode/utf8"

	"sutor/internal/errs"
)

// fraction is num/den; den is always positive, and nil where it is 1.
type fraction struct{ num, den decimal }

// Number is a written number: digits with an optional sign and point.
func Number(text string) (Node, error) {
	_, frac, _ := strings.Cut(text, ".")
	v, ok := unscaled(text, len(frac))
	if !ok {
		return Node{}, errs.New(errs.Invalid, "%s is not a number.", text).WithMend("Write digits with a point for decimals, as in 1200.50.")
	}
	if _, fits := fitting(v); !fits || len(frac) > maxDigits {
		return Node{}, errs.New(errs.Invalid, "The number %s has more than %d digits.", text, maxDigits).WithMend("Write a shorter number.")
	}
	return Node{kind: NumberType, text: text, prec: precAtom, literal: true, num: fraction{num: &decLiteral{v, len(frac)}}}, nil
}

// Arithmetic is one of + - * /.
type Arithmetic byte

// Calculate adds, subtracts, multiplies or divides two numbers; + also joins two
// texts.
func Calculate(op Arithmetic, a, b Node) (Node, error) {
	n := Node{text: a.inside(precOf(op)) + " " + string(op) + " " + b.inside(precOf(op)+1), prec: precOf(op)}
	if op == '+' && a.kind == Text && b.kind == Text && !a.op && !b.op {
		n.kind, n.str = Text, &textJoin{a.str, b.str}
		return n, nil
	}
	if !a.numeric() || !b.numeric() {
		bad := a
		if a.numeric() {
			bad = b
		}
		return Node{}, errs.New(errs.Invalid, "%s is %s, and %c calculates with numbers only.", bad, bad.kind.Article(), op).
			WithMend("Use number columns on both sides of %c.", op)
	}
	if op == '/' && b.literal && b.num.num != nil && b.num.num.(*decLiteral).v.Sign() == 0 {
		return Node{}, errs.New(errs.Invalid, "%s divides by zero.", n.text).WithMend("Divide by another number.")
	}
	if a.kind == Float || b.kind == Float {
		n.kind, n.float = Float, &floatCalc{op, a.asFloat(), b.asFloat()}
		return n, nil
	}
	n.kind, n.num = NumberType, a.num.calculate(op, b.num)
	return n, n.tooFine()
}

func (x fraction) calculate(op Arithmetic, y fraction) fraction {
	switch op {
	case '*':
		return fraction{times(x.num, y.num), times(x.den, y.den)}
	case '/':
		over := fraction{times(x.num, y.den), times(x.den, &decSigned{y.num, absolute})}
		if lit, ok := y.num.(*decLiteral); !ok || lit.v.Sign() <= 0 {
			over.num = times(over.num, &decSigned{y.num, divisorSign})
		} else {
			over.den = times(x.den, lit)
		}
		return over
	}
	a, b := times(x.num, y.den), times(y.num, x.den)
	s := max(a.scale(), b.scale())
	return fraction{&decAdd{scaled(a, s), scaled(b, s), op == '-'}, times(x.den, y.den)}
}

// times multiplies, where nil is 1.
func times(a, b decimal) decimal {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return &decMul{a, b}
}

// orOne writes out a denominator that is absent because it is 1.
func orOne(den decimal) decimal {
	if den == nil {
		return &decLiteral{big.NewInt(1), 0}
	}
	return den
}

// tooFine refuses a number with more decimals than a decimal can have.
func (n Node) tooFine() error {
	s := n.num.num.scale()
	if n.num.den != nil {
		s = max(s, n.num.den.scale())
	}
	return fineEnough(s, n.text)
}

func fineEnough(scale int, text string) error {
	if scale <= maxDigits {
		return nil
	}
	return errs.New(errs.Invalid, "%s needs %d decimals to stay exact, and numbers here have at most %d.", text, scale, maxDigits).
		WithMend("Multiply and divide fewer columns with many decimals; a column without a stated scale counts with %d.", openScale)
}

// Negate is the unary minus.
func Negate(a Node) (Node, error) {
	if a.literal && a.kind == NumberType {
		if rest, ok := strings.CutPrefix(a.text, "-"); ok {
			return Number(rest)
		}
		return Number("-" + a.text)
	}
	return signed(negative, "-"+a.inside(precUnary), precUnary, a)
}

// Abs is the absolute value.
func Abs(a Node) (Node, error) { return signed(absolute, "abs("+a.text+")", precAtom, a) }

func signed(op signOp, text string, prec int, a Node) (Node, error) {
	n := Node{kind: a.kind, text: text, prec: prec}
	switch a.kind {
	case NumberType:
		n.num = fraction{&decSigned{a.num.num, op}, a.num.den}
	case Float:
		n.float = &floatSigned{a.float, op}
	default:
		return Node{}, errs.New(errs.Invalid, "%s is %s, not a number, in %s.", a, a.kind.Article(), text).WithMend("Use a number column.")
	}
	return n, nil
}

// Size counts the characters (code points) of a text.
func Size(a Node) (Node, error) {
	if a.kind != Text || a.op {
		return Node{}, errs.New(errs.Invalid, "size counts the characters of a text, and %s is %s.", a, a.kind.Article()).
			WithMend("Use a text column, or size(changed).")
	}
	return Node{kind: NumberType, text: "size(" + a.text + ")", prec: precAtom, num: fraction{num: &decSize{a.str}}}, nil
}

// SizeOfChanged counts the changed columns.
func SizeOfChanged() Node {
	return Node{kind: NumberType, text: "size(changed)", prec: precAtom, num: fraction{num: &decSize{}}}
}

func (d *decSize) eval(env Env) (*big.Int, bool) {
	if d.of == nil {
		return big.NewInt(int64(len(env.Changed()))), true
	}
	text, ok := d.of.eval(env)
	return big.NewInt(int64(utf8.RuneCountInString(text))), ok
}

func (d *decSize) sql(p *printer) string {
	if d.of == nil {
		return p.Cast(p.ListSize(p.Binding.Changed), p.Decimal(0))
	}
	return p.Cast(p.CodePoints(d.of.sql(p)), p.Decimal(0))
}

// compareNumbers brings both sides over one positive denominator and to one
// scale, so that comparing the integers decides.
func compareNumbers(op Comparison, text string, x, y fraction) (term[bool], error) {
	a, b := times(x.num, y.den), times(y.num, x.den)
	s := max(a.scale(), b.scale())
	if err := fineEnough(s, text); err != nil {
		return nil, err
	}
	return &comparison[*big.Int]{op, scaled(a, s), scaled(b, s), (*big.Int).Cmp}, nil
}

// condNumbers chooses numerator and denominator apart, so that the branch not
// taken cannot make the value unknown: before.x != 0 ? after.x / before.x : 0.
func condNumbers(c term[bool], x, y fraction) fraction {
	f := fraction{num: condDecimals(c, x.num, y.num)}
	if x.den != nil || y.den != nil {
		f.den = condDecimals(c, orOne(x.den), orOne(y.den))
	}
	return f
}

func condDecimals(c term[bool], a, b decimal) decimal {
	s := max(a.scale(), b.scale())
	return &decCond{cond[*big.Int]{c, scaled(a, s), scaled(b, s)}}
}

// decCond is a choice between two decimals of one scale.
type decCond struct{ cond[*big.Int] }

func (d *decCond) scale() int  { return d.a.(decimal).scale() }
func (d *decCond) digits() int { return max(d.a.(decimal).digits(), d.b.(decimal).digits()) }
