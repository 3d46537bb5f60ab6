package expr_test

import (
	"testing"

	"pgregory.net/rapid"

	"sutor/internal/expr"
)

// What the search says is impossible never happens: not on any row that can be
// drawn, for one condition or for two together.
func TestImpossibleNeverHappens(t *testing.T) {
	t.Parallel()
	impossible := 0
	rapid.Check(t, func(t *rapid.T) {
		g := newGenerator(t)
		a, b := g.condition(), g.condition()
		if g.chance(3) { // two that have something to do with each other
			b = both(t, a, b)
		}
		sets := []expr.Answers{expr.OnlyTrue, expr.OnlyFalse, expr.Hits, expr.NotTrue}
		claims := []expr.Claim{{Condition: a, Answers: pick(g, sets)}, {Condition: b, Answers: pick(g, sets)}}[:rapid.IntRange(1, 2).Draw(t, "claims")]
		if expr.Possible(expr.World{}, claims...) {
			return
		}
		impossible++
		for range 30 {
			row, met := g.row(), true
			for _, c := range claims {
				met = met && c.Answers&(1<<c.Condition.Judge(row)) != 0
			}
			if met {
				t.Fatalf("%v: it happens on %+v", claims, row)
			}
		}
	})
	if impossible == 0 {
		t.Error("nothing was impossible, so nothing was tried")
	}
}

// both gives a condition that is true where both are.
func both(t *rapid.T, a, b expr.Condition) expr.Condition {
	node, err := expr.And(a.Node(), b.Node())
	if err != nil {
		t.Fatal(err)
	}
	c, err := expr.NewCondition(node)
	if err != nil {
		return b
	}
	return c
}
