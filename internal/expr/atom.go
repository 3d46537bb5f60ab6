package expr

import "slices"

// The tests a condition is made of. Each prints in parentheses.

type boolLiteral struct{ v bool }

func (b *boolLiteral) parts() []part         { return nil }
func (b *boolLiteral) eval(Env) (bool, bool) { return b.v, true }
func (b *boolLiteral) sql(p *printer) string { return p.Truth(b.v) }

type boolColumn struct{ ref Ref }

func (b *boolColumn) parts() []part { return nil }

func (b *boolColumn) eval(env Env) (bool, bool) {
	text, _ := env.Column(b.ref.Side, b.ref.Name)
	return text == "true", text == "true" || text == "false"
}

func (b *boolColumn) sql(p *printer) string {
	return "(CASE " + p.Binding.Column(b.ref.Side, b.ref.Name) + " WHEN 'true' THEN " + p.Truth(true) + " WHEN 'false' THEN " + p.Truth(false) + " END)"
}

// comparison compares two terms of one type by an order.
type comparison[T any] struct {
	op    Comparison
	a, b  term[T]
	order func(T, T) int
}

func (c *comparison[T]) parts() []part { return []part{c.a, c.b} }

func (c *comparison[T]) eval(env Env) (bool, bool) {
	x, y, ok := evalBoth(env, c.a, c.b)
	if !ok {
		return false, false
	}
	return c.op.holds(c.order(x, y)), true
}

func (c *comparison[T]) sql(p *printer) string {
	return "(" + c.a.sql(p) + " " + c.op.sql() + " " + c.b.sql(p) + ")"
}

// inList tests a text against written ones.
type inList struct {
	a    term[string]
	list []Node
}

func (i *inList) parts() []part { return []part{i.a} }

func (i *inList) eval(env Env) (bool, bool) {
	s, ok := i.a.eval(env)
	return ok && slices.ContainsFunc(i.list, func(n Node) bool { return n.str.(*textLiteral).s == s }), ok
}

func (i *inList) sql(p *printer) string {
	return "(" + i.a.sql(p) + " IN (" + join(i.list, ", ", func(n Node) string { return n.str.sql(p) }) + "))"
}

// opTest tests the row's operation, which is always known.
type opTest struct {
	ops []string
	not bool
}

func (o *opTest) parts() []part { return nil }

func (o *opTest) eval(env Env) (bool, bool) { return slices.Contains(o.ops, env.Op()) != o.not, true }

func (o *opTest) sql(p *printer) string {
	in := " IN ("
	if o.not {
		in = " NOT IN ("
	}
	return "(" + p.Binding.Op + in + join(o.ops, ", ", quote) + "))"
}

// nullTest tests a column for NULL, which is always known.
type nullTest struct {
	ref Ref
	not bool
}

func (n *nullTest) parts() []part { return nil }

func (n *nullTest) eval(env Env) (bool, bool) {
	_, ok := env.Column(n.ref.Side, n.ref.Name)
	return ok == n.not, true
}

func (n *nullTest) sql(p *printer) string {
	is := " IS NULL)"
	if n.not {
		is = " IS NOT NULL)"
	}
	return "(" + p.Binding.Column(n.ref.Side, n.ref.Name) + is
}

// changeTest tests whether a column is among the changed ones.
type changeTest struct{ column string }

func (c *changeTest) parts() []part { return nil }

func (c *changeTest) eval(env Env) (bool, bool) {
	return slices.Contains(env.Changed(), c.column), true
}

func (c *changeTest) sql(p *printer) string { return p.ListHas(p.Binding.Changed, quote(c.column)) }

// junction joins tests by and, or by or.
type junction struct {
	of []term[bool]
	or bool
}

func (j *junction) parts() []part {
	all := make([]part, len(j.of))
	for i, t := range j.of {
		all[i] = t
	}
	return all
}

func (j *junction) eval(env Env) (bool, bool) {
	known := true
	for _, t := range j.of {
		v, ok := t.eval(env)
		if ok && v == j.or {
			return j.or, true
		}
		known = known && ok
	}
	return !j.or, known
}

func (j *junction) sql(p *printer) string {
	sign := " AND "
	if j.or {
		sign = " OR "
	}
	return "(" + join(j.of, sign, func(t term[bool]) string { return t.sql(p) }) + ")"
}

type negation struct{ a term[bool] }

func (n *negation) parts() []part { return []part{n.a} }

func (n *negation) eval(env Env) (bool, bool) {
	v, ok := n.a.eval(env)
	return !v, ok
}

func (n *negation) sql(p *printer) string { return "(NOT " + n.a.sql(p) + ")" }
