package expr

import (
	"math"
	"slices"

	"sutor/internal/errs"
)

// Limits of one condition, far above what a person writes and below what
// engines refuse: how many parts its SQL has, and how deep they stand.
const (
	maxParts = 5_000
	maxDepth = 150
)

// Condition is a finished yes-or-no expression. It is immutable.
type Condition struct{ node Node }

// NewCondition makes a condition of a Bool node; it refuses other types and
// expressions too large to print as SQL.
func NewCondition(n Node) (Condition, error) {
	if n.kind != Bool {
		return Condition{}, errs.New(errs.Invalid, "%s is %s, and a rule must be a yes or no.", n, n.kind.Article()).WithMend("Compare it with something.")
	}
	w := weigher{seen: map[part]weight{}}
	if total := w.of(n.cond); total.parts > maxParts || total.depth > maxDepth {
		return Condition{}, errs.New(errs.Invalid, "The rule is too large to be judged.").WithMend("Split it into several rules, with fewer divisions and choices in one another.")
	}
	return Condition{n}, nil
}

// String writes the condition in the guardrail language.
func (c Condition) String() string { return c.node.text }

// Node gives the condition back as a part of another.
func (c Condition) Node() Node { return c.node }

// Judge is the reference: the condition's answer for one row.
func (c Condition) Judge(env Env) Truth { return truthOf(c.node.cond.eval(env)) }

// SQL prints the condition as an SQL operand that is true, false, or NULL for
// unknown. It never raises an error for any row.
func (c Condition) SQL(d Dialect, b Binding) string {
	return c.node.cond.sql(&printer{d, b})
}

// Refs lists the columns that the condition reads, in order of appearance.
func (c Condition) Refs() []Ref { return refsOf(c.node.cond) }

func refsOf(root part) []Ref {
	var refs []Ref
	seen := map[part]bool{}
	var walk func(p part)
	walk = func(p part) {
		if seen[p] {
			return
		}
		seen[p] = true
		if ref, ok := refOf(p); ok && !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
		for _, sub := range p.parts() {
			walk(sub)
		}
	}
	walk(root)
	return refs
}

// Columns lists the columns read on one side, in order of appearance.
func (c Condition) Columns(side Side) []string { return columnsOf(c.node.cond, side) }

func columnsOf(root part, side Side) []string {
	var names []string
	for _, ref := range refsOf(root) {
		if ref.Side == side {
			names = append(names, ref.Name)
		}
	}
	return names
}

// Written lists the texts with which a text column is compared for being the same.
func (c Condition) Written(ref Ref) (texts []string) {
	seen := map[part]bool{}
	var walk func(p part)
	walk = func(p part) {
		if seen[p] {
			return
		}
		seen[p] = true
		switch p := p.(type) {
		case *comparison[string]:
			for _, sides := range [][2]part{{p.a, p.b}, {p.b, p.a}} {
				column, ok := sides[0].(*textColumn)
				text, written := sides[1].(*textLiteral)
				if ok && written && column.ref == ref && (p.op == Equal || p.op == NotEqual) {
					texts = append(texts, text.s)
				}
			}
		case *inList:
			if column, ok := p.a.(*textColumn); ok && column.ref == ref {
				for _, item := range p.list {
					texts = append(texts, item.str.(*textLiteral).s)
				}
			}
		}
		for _, sub := range p.parts() {
			walk(sub)
		}
	}
	walk(c.node.cond)
	return texts
}

func refOf(p part) (Ref, bool) {
	switch p := p.(type) {
	case *decColumn:
		return p.ref, true
	case *floatColumn:
		return p.ref, true
	case *textColumn:
		return p.ref, true
	case *timeColumn:
		return p.ref, true
	case *boolColumn:
		return p.ref, true
	case *nullTest:
		return p.ref, true
	}
	return Ref{}, false
}

// weight is how large a part is when printed. Parts are shared in Go (a
// denominator stands in several products) and written out in SQL, so the count
// can explode; it stops at the largest int32.
type weight struct{ parts, depth int }

type weigher struct{ seen map[part]weight }

func (w weigher) of(p part) weight {
	if known, ok := w.seen[p]; ok {
		return known
	}
	total := weight{parts: 1}
	for _, sub := range p.parts() {
		inner := w.of(sub)
		total.parts = min(total.parts+inner.parts, math.MaxInt32)
		total.depth = max(total.depth, inner.depth)
	}
	total.depth++
	if choice, ok := p.(interface{ choosing() part }); ok { // printed twice
		total.parts = min(total.parts+w.of(choice.choosing()).parts, math.MaxInt32)
	}
	w.seen[p] = total
	return total
}
