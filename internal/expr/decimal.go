package expr

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// maxDigits is how many digits a decimal may have; DuckDB's DECIMAL(38, s) and
// the evaluator stop at the same limit.
const maxDigits = 38

// openScale is the number of decimals read from a column that states none.
const openScale = 10

// decimal is a term whose value is an integer times 10^-scale.
type decimal interface {
	term[*big.Int]
	scale() int
	digits() int // the most digits the value can have, above maxDigits where it may overflow
}

var tenTo38 = pow10(maxDigits)

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// fitting makes a value unknown that has more than maxDigits digits.
func fitting(v *big.Int) (*big.Int, bool) { return v, v.CmpAbs(tenTo38) < 0 }

// evalBoth gives the values of two terms, false where one is unknown.
func evalBoth[A, B any](env Env, a term[A], b term[B]) (x A, y B, ok bool) {
	if x, ok = a.eval(env); ok {
		y, ok = b.eval(env)
	}
	return x, y, ok
}

// decColumn reads a column of an integer or decimal type.
type decColumn struct {
	ref  Ref
	s    int
	most int // digits by the column's type
	form string
	re   *regexp.Regexp
	open bool // a value of the column's type need not fit
}

// decForm is the form of a canonical decimal with at most s decimals and at
// most 38 digits with them.
func decForm(s int) string {
	switch s {
	case 0:
		return `-?[0-9]{1,38}`
	case maxDigits:
		return `-?(?:0(?:\.[0-9]{1,38})?|\.[0-9]{1,38})`
	}
	return `-?[0-9]{1,` + strconv.Itoa(maxDigits-s) + `}(?:\.[0-9]{1,` + strconv.Itoa(s) + `})?`
}

// decTexts match a whole text of a scale; each is compiled when it is first needed.
var decTexts = func() (all [maxDigits + 1]func() *regexp.Regexp) {
	for scale := range all {
		all[scale] = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:` + decForm(scale) + `)$`) })
	}
	return all
}()

func (d *decColumn) scale() int    { return d.s }
func (d *decColumn) digits() int   { return d.most }
func (d *decColumn) parts() []part { return nil }

func (d *decColumn) eval(env Env) (*big.Int, bool) {
	text, ok := env.Column(d.ref.Side, d.ref.Name)
	if !ok || !d.re.MatchString(text) {
		return nil, false
	}
	return unscaled(text, d.s)
}

func (d *decColumn) sql(p *printer) string {
	column := p.Binding.Column(d.ref.Side, d.ref.Name)
	return "(CASE WHEN " + p.FullMatch(column, quote(d.form)) + " THEN " + p.ReadDecimal(column, d.s) + " END)"
}

// unscaled reads a plain decimal text as an integer times 10^-s; it must have
// at most s decimals.
func unscaled(text string, s int) (*big.Int, bool) {
	whole, frac, _ := strings.Cut(text, ".")
	return new(big.Int).SetString(whole+frac+strings.Repeat("0", s-len(frac)), 10)
}

// plain is the inverse of unscaled.
func plain(v *big.Int, s int) string {
	text := new(big.Int).Abs(v).String()
	if s > 0 {
		if len(text) <= s {
			text = strings.Repeat("0", s-len(text)+1) + text
		}
		text = text[:len(text)-s] + "." + text[len(text)-s:]
	}
	if v.Sign() < 0 {
		text = "-" + text
	}
	return text
}

// decLiteral is a written number.
type decLiteral struct {
	v *big.Int
	s int
}

func (d *decLiteral) scale() int                { return d.s }
func (d *decLiteral) digits() int               { return len(new(big.Int).Abs(d.v).String()) }
func (d *decLiteral) parts() []part             { return nil }
func (d *decLiteral) eval(Env) (*big.Int, bool) { return d.v, true }
func (d *decLiteral) sql(p *printer) string     { return p.Cast(quote(plain(d.v, d.s)), p.Decimal(d.s)) }

// decMul multiplies; the scales add up.
type decMul struct{ a, b decimal }

func (d *decMul) scale() int    { return d.a.scale() + d.b.scale() }
func (d *decMul) digits() int   { return d.a.digits() + d.b.digits() }
func (d *decMul) parts() []part { return []part{d.a, d.b} }

func (d *decMul) eval(env Env) (*big.Int, bool) {
	x, y, ok := evalBoth(env, d.a, d.b)
	if !ok {
		return nil, false
	}
	return fitting(new(big.Int).Mul(x, y))
}

func (d *decMul) sql(p *printer) string { return p.Try(d.a.sql(p) + " * " + d.b.sql(p)) }

// decAdd adds or subtracts two decimals of one scale.
type decAdd struct {
	a, b decimal
	sub  bool
}

func (d *decAdd) scale() int    { return d.a.scale() }
func (d *decAdd) digits() int   { return max(d.a.digits(), d.b.digits()) + 1 }
func (d *decAdd) parts() []part { return []part{d.a, d.b} }

func (d *decAdd) eval(env Env) (*big.Int, bool) {
	x, y, ok := evalBoth(env, d.a, d.b)
	if !ok {
		return nil, false
	}
	if d.sub {
		return fitting(new(big.Int).Sub(x, y))
	}
	return fitting(new(big.Int).Add(x, y))
}

func (d *decAdd) sql(p *printer) string {
	if d.sub {
		return p.Try(d.a.sql(p) + " - " + d.b.sql(p))
	}
	return p.Try(d.a.sql(p) + " + " + d.b.sql(p))
}

// decScale writes a decimal with more decimals, which can overflow.
type decScale struct {
	a decimal
	s int
}

func scaled(a decimal, s int) decimal {
	if a.scale() == s {
		return a
	}
	return &decScale{a, s}
}

func (d *decScale) scale() int    { return d.s }
func (d *decScale) digits() int   { return d.a.digits() + d.s - d.a.scale() }
func (d *decScale) parts() []part { return []part{d.a} }

func (d *decScale) eval(env Env) (*big.Int, bool) {
	x, ok := d.a.eval(env)
	if !ok {
		return nil, false
	}
	return fitting(new(big.Int).Mul(x, pow10(d.s-d.a.scale())))
}

func (d *decScale) sql(p *printer) string { return p.Try(p.Cast(d.a.sql(p), p.Decimal(d.s))) }

// decSigned is what the sign of a decimal gives: its negative, its absolute
// value, or the sign itself as 1 or -1, unknown for zero (a divisor).
type decSigned struct {
	a  decimal
	op signOp
}

type signOp uint8

const (
	negative signOp = iota
	absolute
	divisorSign
)

func (d *decSigned) parts() []part { return []part{d.a} }

func (d *decSigned) scale() int {
	if d.op == divisorSign {
		return 0
	}
	return d.a.scale()
}

func (d *decSigned) digits() int {
	if d.op == divisorSign {
		return 0 // a factor of 1 or -1 adds no digit
	}
	return d.a.digits()
}

func (d *decSigned) eval(env Env) (*big.Int, bool) {
	x, ok := d.a.eval(env)
	switch {
	case !ok:
		return nil, false
	case d.op == negative:
		return new(big.Int).Neg(x), true
	case d.op == absolute:
		return new(big.Int).Abs(x), true
	}
	return big.NewInt(int64(x.Sign())), x.Sign() != 0
}

func (d *decSigned) sql(p *printer) string {
	a := d.a.sql(p)
	switch d.op {
	case negative:
		return "(-" + a + ")"
	case absolute:
		return "abs(" + a + ")"
	}
	return p.DivisorSign(a)
}

// decSize counts: the code points of a text, or the changed columns.
type decSize struct{ of term[string] } // nil: the changed columns

func (d *decSize) scale() int  { return 0 }
func (d *decSize) digits() int { return 19 }

func (d *decSize) parts() []part {
	if d.of == nil {
		return nil
	}
	return []part{d.of}
}
