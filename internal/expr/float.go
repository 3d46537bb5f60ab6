package expr

import (
	"math"
	"regexp"
	"strconv"
)

// floatForm is the form of a float's canonical text; nan is left out, so that
// it is unknown.
const floatForm = `-?(?:inf|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?)`

var floatText = regexp.MustCompile(`^(?:` + floatForm + `)$`)

// parseFloat is total on floatForm: what is too large is infinite.
func parseFloat(text string) float64 {
	v, _ := strconv.ParseFloat(text, 64) // the only possible error is the range, and v is ±Inf then
	return v
}

type floatColumn struct{ ref Ref }

func (f *floatColumn) parts() []part { return nil }

func (f *floatColumn) eval(env Env) (float64, bool) {
	text, ok := env.Column(f.ref.Side, f.ref.Name)
	if !ok || !floatText.MatchString(text) {
		return 0, false
	}
	return parseFloat(text), true
}

func (f *floatColumn) sql(p *printer) string { return p.TryCast(p.formed(f.ref, floatForm), p.Double) }

// asFloat turns a number into a float where it stands beside one.
func (n Node) asFloat() term[float64] {
	if n.kind == Float {
		return n.float
	}
	num := &floatOf{n.num.num}
	if n.num.den == nil {
		return num
	}
	return &floatCalc{'/', num, &floatOf{n.num.den}}
}

// floatOf is the double nearest to a decimal. SQL goes through the decimal's
// text, because an engine's own cast need not round correctly.
type floatOf struct{ d decimal }

func (f *floatOf) parts() []part { return []part{f.d} }

func (f *floatOf) eval(env Env) (float64, bool) {
	v, ok := f.d.eval(env)
	if !ok {
		return 0, false
	}
	return parseFloat(plain(v, f.d.scale())), true
}

func (f *floatOf) sql(p *printer) string { return p.Cast(p.Cast(f.d.sql(p), p.Text), p.Double) }

// floatCalc calculates with doubles; a result that is not finite is unknown.
type floatCalc struct {
	op   Arithmetic
	a, b term[float64]
}

func (f *floatCalc) parts() []part { return []part{f.a, f.b} }

func (f *floatCalc) eval(env Env) (v float64, ok bool) {
	x, y, ok := evalBoth(env, f.a, f.b)
	if !ok {
		return 0, false
	}
	switch f.op {
	case '+':
		v = x + y
	case '-':
		v = x - y
	case '*':
		v = x * y
	default:
		v = x / y
	}
	return v, !math.IsInf(v, 0) && !math.IsNaN(v)
}

func (f *floatCalc) sql(p *printer) string {
	return p.Finite(f.a.sql(p) + " " + string(f.op) + " " + f.b.sql(p))
}

// floatSigned is a float's negative or absolute value.
type floatSigned struct {
	a  term[float64]
	op signOp
}

func (f *floatSigned) parts() []part { return []part{f.a} }

func (f *floatSigned) eval(env Env) (float64, bool) {
	x, ok := f.a.eval(env)
	if f.op == absolute {
		return math.Abs(x), ok
	}
	return -x, ok
}

func (f *floatSigned) sql(p *printer) string {
	if f.op == absolute {
		return "abs(" + f.a.sql(p) + ")"
	}
	return "(-" + f.a.sql(p) + ")"
}
