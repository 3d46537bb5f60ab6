package expr

import (
	"maps"
	"slices"
)

// facts are what is certain wherever a part's answer matters.
type facts struct {
	ops   []string     // the operations a row can still have
	value map[Ref]bool // columns that cannot be NULL
}

// Unknowns says, in plain words, why the condition could be unknown for some
// row; none means that it never is. It is conservative: it knows the null tests
// and operation tests that stand beside a part, joined by && or || or ?:, and
// takes everything else for possible. nullable tells whether a column can hold
// NULL where its side exists.
func (c Condition) Unknowns(nullable func(Ref) bool) []string {
	u := &unknowns{nullable: nullable}
	u.find(c.node.cond, facts{ops: Ops(), value: map[Ref]bool{}})
	return u.why
}

type unknowns struct {
	nullable func(Ref) bool
	why      []string
}

func (u *unknowns) add(why string) {
	if !slices.Contains(u.why, why) {
		u.why = append(u.why, why)
	}
}

func (u *unknowns) find(p part, f facts) {
	if len(f.ops) == 0 {
		return // no row comes here
	}
	switch p := p.(type) {
	case *nullTest:
		return
	case *junction:
		u.junction(p, f)
		return
	case *cond[bool]:
		u.choice(p.c, p.a, p.b, f)
		return
	case *cond[float64]:
		u.choice(p.c, p.a, p.b, f)
		return
	case *cond[string]:
		u.choice(p.c, p.a, p.b, f)
		return
	case *decCond:
		u.choice(p.c, p.a, p.b, f)
		return
	}
	if ref, ok := refOf(p); ok {
		u.column(p, ref, f)
	}
	for _, sub := range p.parts() {
		u.find(sub, f)
	}
	u.result(p)
}

// junction: an && is unknown only where no side is false, so each side counts
// only where the others' certain tests hold; an || turned round.
func (u *unknowns) junction(j *junction, f facts) {
	for i, t := range j.of {
		inner := f
		for k, other := range j.of {
			if k != i {
				inner = inner.and(holds(other, !j.or))
			}
		}
		u.find(t, inner)
	}
}

func (u *unknowns) choice(c term[bool], a, b part, f facts) {
	u.find(c, f)
	u.find(a, f.and(holds(c, true)))
	u.find(b, f.and(holds(c, false)))
}

func (u *unknowns) column(p part, ref Ref, f facts) {
	name := ref.String()
	if ref.Side != Whole && slices.Contains(f.ops, missingOn(ref.Side)) {
		if missingOn(ref.Side) == Insert {
			u.add(name + " is missing on an insert")
		} else {
			u.add(name + " is missing on a delete")
		}
	}
	switch {
	case f.value[ref] || !u.nullable(ref):
	case ref.Side == Whole:
		u.add(name + " can be unknown")
	default:
		u.add(name + " can be empty (NULL)")
	}
	switch p := p.(type) {
	case *floatColumn:
		u.add(name + " can be NaN")
	case *decColumn:
		if p.open {
			u.add(name + " can have more digits than are kept")
		}
	}
}

func (u *unknowns) result(p part) {
	switch p := p.(type) {
	case *decSigned:
		if p.op == divisorSign {
			u.add("a division can be by zero")
		}
	case *floatCalc:
		u.add("a calculation with floating-point numbers can leave their range")
	case decimal:
		if p.digits() > maxDigits {
			u.add("a calculation can need more than 38 digits")
		}
	}
}

// fact is what one answer of a condition makes certain; nil ops: anything.
type fact struct {
	ops   []string
	value []Ref
}

func (f facts) and(more fact) facts {
	out := facts{ops: f.ops, value: maps.Clone(f.value)}
	if more.ops != nil {
		out.ops = slices.DeleteFunc(slices.Clone(f.ops), func(op string) bool { return !slices.Contains(more.ops, op) })
	}
	for _, ref := range more.value {
		out.value[ref] = true
	}
	return out
}

// holds gives what is certain where a condition is not the opposite of answer.
// Only tests that are never unknown make anything certain; a column that has a
// value also has its side.
func holds(t term[bool], answer bool) fact {
	switch t := t.(type) {
	case *opTest:
		if t.not != answer {
			return fact{ops: slices.Clone(t.ops)}
		}
		return fact{ops: without(Ops(), t.ops...)}
	case *nullTest:
		if t.not == answer && t.ref.Side != Whole {
			return fact{ops: without(Ops(), missingOn(t.ref.Side)), value: []Ref{t.ref}}
		}
	case *negation:
		return holds(t.a, !answer)
	case *junction:
		return t.holds(answer)
	}
	return fact{}
}

func (j *junction) holds(answer bool) fact {
	every := j.or != answer // all sides have the answer; else at least one has
	out := holds(j.of[0], answer)
	for _, t := range j.of[1:] {
		next := holds(t, answer)
		if every {
			out = fact{ops: narrow(out.ops, next.ops), value: append(out.value, next.value...)}
			continue
		}
		out.value = slices.DeleteFunc(out.value, func(r Ref) bool { return !slices.Contains(next.value, r) })
		out.ops = widen(out.ops, next.ops)
	}
	return out
}

// narrow intersects two sets of operations, widen joins them; nil is all.
func narrow(a, b []string) []string {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return slices.DeleteFunc(slices.Clone(a), func(op string) bool { return !slices.Contains(b, op) })
}

func widen(a, b []string) []string {
	if a == nil || b == nil {
		return nil
	}
	return append(slices.Clone(a), without(b, a...)...)
}
