package expr_test

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sutor/internal/expr"
)

func must(t interface{ Fatalf(string, ...any) }, n expr.Node, err error) expr.Node {
	if err != nil {
		t.Fatalf("%v", err)
	}
	return n
}

// TestArithmeticIsExact holds fractions of decimals against rational numbers,
// an independent oracle. Small literals never overflow.
func TestArithmeticIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, x, okA := rational(t, 3)
		b, y, okB := rational(t, 3)
		for _, op := range []expr.Comparison{expr.Equal, expr.NotEqual, expr.Less, expr.LessOrEqual, expr.Greater, expr.GreaterOrEqual} {
			node, err := expr.Compare(op, a, b)
			if err != nil {
				continue // more than 38 decimals
			}
			condition, err := expr.NewCondition(node)
			if err != nil {
				t.Fatalf("%v", err)
			}
			want := expr.Unknown
			if okA && okB {
				want = expr.False
				if holds(op, x.Cmp(y)) {
					want = expr.True
				}
			}
			if got := condition.Judge(expr.Row{}); got != want && !(got == expr.Unknown && large(node)) {
				t.Fatalf("%s is %s, want %s", condition, got, want)
			}
		}
	})
}

// large tells whether an expression multiplies so many literals that 38 digits may not do.
func large(n expr.Node) bool {
	condition, err := expr.NewCondition(n)
	if err != nil {
		return true
	}
	why := condition.Unknowns(func(expr.Ref) bool { return false })
	for _, w := range why {
		if strings.Contains(w, "38 digits") {
			return true
		}
	}
	return false
}

func holds(op expr.Comparison, order int) bool {
	return map[expr.Comparison]bool{expr.Equal: order == 0, expr.NotEqual: order != 0, expr.Less: order < 0,
		expr.LessOrEqual: order <= 0, expr.Greater: order > 0, expr.GreaterOrEqual: order >= 0}[op]
}

// rational draws a calculation with its exact value; false for a division by zero.
func rational(t *rapid.T, depth int) (expr.Node, *big.Rat, bool) {
	if depth == 0 || rapid.Bool().Draw(t, "leaf") {
		text := fmt.Sprintf("%d.%d", rapid.IntRange(-9, 9).Draw(t, "whole"), rapid.IntRange(0, 9).Draw(t, "tenth"))
		node, err := expr.Number(text)
		value, _ := new(big.Rat).SetString(text)
		return must(t, node, err), value, true
	}
	a, x, okA := rational(t, depth-1)
	b, y, okB := rational(t, depth-1)
	op := rapid.SampledFrom([]byte("+-*/")).Draw(t, "op")
	node, err := expr.Calculate(expr.Arithmetic(op), a, b)
	if err != nil {
		return a, x, okA // divided by a written zero, or more than 38 decimals
	}
	z := new(big.Rat)
	switch op {
	case '+':
		z.Add(x, y)
	case '-':
		z.Sub(x, y)
	case '*':
		z.Mul(x, y)
	default:
		if y.Sign() == 0 {
			return node, z, false
		}
		z.Quo(x, y)
	}
	return node, z, okA && okB
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	n := must1(t)(expr.Number("1"))
	for range 40 { // every level writes its condition twice
		c := must1(t)(expr.Compare(expr.Less, n, n))
		n = must1(t)(expr.If(c, n, must1(t)(expr.Number("2")))).Named("n") // the text would grow as the SQL does
	}
	_, err := expr.NewCondition(must1(t)(expr.Compare(expr.Less, n, n)))
	if err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("got %v", err)
	}
}

func must1(t *testing.T) func(expr.Node, error) expr.Node {
	return func(n expr.Node, err error) expr.Node {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
}

func TestOverflowIsUnknown(t *testing.T) {
	t.Parallel()
	nines := must1(t)(expr.Number(strings.Repeat("9", 38)))
	one := must1(t)(expr.Number("1"))
	tenth := must1(t)(expr.Number("0.1"))
	for name, c := range map[string]struct {
		op   expr.Arithmetic
		with expr.Node
		want expr.Truth
	}{
		"38 digits fit":      {'*', one, expr.True},
		"39 do not":          {'+', one, expr.Unknown},
		"nor with a decimal": {'+', tenth, expr.Unknown},
	} {
		sum := must1(t)(expr.Calculate(c.op, nines, c.with))
		condition, err := expr.NewCondition(must1(t)(expr.Compare(expr.Greater, sum, one)))
		if err != nil {
			t.Fatal(err)
		}
		if got := condition.Judge(expr.Row{}); got != c.want {
			t.Errorf("%s: %s is %s, want %s", name, condition, got, c.want)
		}
	}
}
