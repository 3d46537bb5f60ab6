package expr

import (
	"math/big"
	"slices"
	"strings"
)

// Answers is a set of answers that a condition may give.
type Answers uint8

// Sets of answers.
const (
	OnlyTrue  Answers = 1 << True
	OnlyFalse Answers = 1 << False
	Hits      Answers = 1<<True | 1<<Unknown // what counts as a hit
	NotTrue   Answers = 1<<False | 1<<Unknown
	never     Answers = 0
	anyAnswer         = Hits | OnlyFalse
)

func (a Answers) has(t Truth) bool { return a&(1<<t) != 0 }

// turned is what an operand may answer for its negation to give one of a.
func (a Answers) turned() Answers {
	out := a & (1 << Unknown)
	if a.has(True) {
		out |= OnlyFalse
	}
	if a.has(False) {
		out |= OnlyTrue
	}
	return out
}

// Claim says of a condition that it gives one of these answers.
type Claim struct {
	Condition Condition
	Answers   Answers
}

// World is what is known of all rows, or of all changes, before any condition is
// looked at.
type World struct {
	Ops      []string       // the operations a row can have; nil: any
	Nullable func(Ref) bool // whether a column can be NULL where its side exists; nil: any can
}

// mostSteps bounds the search: rules that people write take some dozens.
const mostSteps = 20_000

// Possible tells whether some row can meet all claims at once. That none can is
// certain; that one can is not: what the search does not understand counts as
// possible. It understands the tests of a column, or of any one calculated value,
// against written values, of the operation, of NULL and of the changed columns; two
// parts that are printed alike have one answer.
func Possible(w World, claims ...Claim) bool {
	s := &search{world: w, print: printer{DuckDB(), Binding{Op: "op", Changed: "changed",
		Column: func(side Side, name string) string { return quote(string(side) + "." + name) }}}}
	todo := make([]demand, len(claims))
	for i, c := range claims {
		todo[i] = demand{c.Condition.node.cond, c.Answers}
	}
	ops := w.Ops
	if ops == nil {
		ops = Ops()
	}
	return s.met(todo, known{ops: ops})
}

// demand is a claim on a part of a condition.
type demand struct {
	part    term[bool]
	answers Answers
}

// known is what the demands looked at so far make of the row. It is never
// changed, only copied.
type known struct {
	ops     []string
	changed []string // columns that have changed, each with a sign: "+x", "-x"
	values  []variable
	answers []opaque
}

// opaque is a part that is not understood, by what it prints, with what it may
// still answer.
type opaque struct {
	sql     string
	answers Answers
}

type search struct {
	world World
	print printer
	steps int
}

// met tells whether all demands can be met beside what is known.
func (s *search) met(todo []demand, k known) bool {
	if s.steps++; s.steps > mostSteps {
		return true
	}
	if len(todo) == 0 {
		return s.exists(k)
	}
	d, rest := todo[0], todo[1:]
	if d.answers == never {
		return false
	}
	if d.answers == anyAnswer {
		return s.met(rest, k)
	}
	switch p := d.part.(type) {
	case *boolLiteral:
		return d.answers.has(truthOf(p.v, true)) && s.met(rest, k)
	case *negation:
		return s.met(with(rest, demand{p.a, d.answers.turned()}), k)
	case *junction:
		return s.junction(p, d.answers, rest, k)
	case *cond[bool]:
		return s.met(with(rest, demand{p.c, OnlyTrue}, demand{p.a, d.answers}), k) ||
			s.met(with(rest, demand{p.c, OnlyFalse}, demand{p.b, d.answers}), k) ||
			d.answers.has(Unknown) && s.met(with(rest, demand{p.c, 1 << Unknown}), k)
	}
	return s.test(d, rest, k)
}

func with(rest []demand, more ...demand) []demand { return slices.Concat(more, rest) }

// junction: an && is false where one side is, true where all are, and not false
// where none is; an || turned round.
func (s *search) junction(j *junction, a Answers, rest []demand, k known) bool {
	strong, weak := OnlyFalse, OnlyTrue // one side with the strong answer decides
	if j.or {
		strong, weak = weak, strong
	}
	unknown := a & (1 << Unknown)
	if a&strong != 0 || unknown != 0 && a&weak == 0 { // some side must have one of these
		one := a & (strong | unknown)
		for i, t := range j.of {
			more := []demand{{t, one}}
			if one == unknown { // and no other decides
				for l, other := range j.of {
					if l != i {
						more = append(more, demand{other, unknown | weak})
					}
				}
			}
			if s.met(with(rest, more...), k) {
				return true
			}
		}
	}
	if a&weak == 0 {
		return false
	}
	all := make([]demand, len(j.of)) // no side decides
	for i, t := range j.of {
		all[i] = demand{t, weak | unknown}
	}
	return s.met(with(rest, all...), k)
}

// test looks at a test that is made of no others.
func (s *search) test(d demand, rest []demand, k known) bool {
	for _, t := range []Truth{True, False, Unknown} {
		if !d.answers.has(t) {
			continue
		}
		next, ok := s.answer(d.part, t, k)
		if ok && s.met(rest, next) {
			return true
		}
	}
	return false
}

// answer gives what is known once a test has an answer; false where it cannot.
func (s *search) answer(p term[bool], t Truth, k known) (known, bool) {
	yes := t == True
	switch p := p.(type) {
	case *opTest:
		if t == Unknown {
			return k, false
		}
		k.ops = slices.DeleteFunc(slices.Clone(k.ops), func(op string) bool { return (slices.Contains(p.ops, op) != p.not) != yes })
		return k, len(k.ops) > 0
	case *changeTest:
		sign, other := "+", "-"
		if !yes {
			sign, other = other, sign
		}
		if t == Unknown || slices.Contains(k.changed, other+p.column) {
			return k, false
		}
		k.changed = append(slices.Clip(k.changed), sign+p.column)
		return k, true
	case *nullTest:
		if t == Unknown {
			return k, false
		}
		v := variable{ref: p.ref, key: p.ref.String(), may: isNull}
		if p.not == yes {
			v.may = isValue | isOther
		}
		return k.narrowed(v)
	case *boolColumn:
		return k.narrowed(variable{ref: p.ref, key: p.ref.String()}.answering(Equal, t, []scalar{{text: "true"}}))
	case *inList:
		values := make([]scalar, len(p.list))
		for i, item := range p.list {
			values[i] = scalar{text: item.str.(*textLiteral).s}
		}
		return s.compared(p.a, Equal, values, p, t, k)
	case *comparison[string]:
		return s.comparison(p.op, p.a, p.b, p, t, k)
	case *comparison[*big.Int]:
		return s.comparison(p.op, p.a, p.b, p, t, k)
	}
	return s.opaque(p, t, k)
}

// comparison understands one value beside a written one.
func (s *search) comparison(op Comparison, a, b part, whole term[bool], t Truth, k known) (known, bool) {
	if value, ok := scalarIn(b); ok {
		return s.compared(a, op, []scalar{value}, whole, t, k)
	}
	if value, ok := scalarIn(a); ok {
		return s.compared(b, op.turned(), []scalar{value}, whole, t, k)
	}
	return s.opaque(whole, t, k)
}

func (s *search) compared(a part, op Comparison, values []scalar, whole term[bool], t Truth, k known) (known, bool) {
	if _, literal := scalarIn(a); literal {
		return s.opaque(whole, t, k)
	}
	k, ok := k.narrowed(s.variable(a).answering(op, t, values))
	if !ok || t == Unknown {
		return k, ok
	}
	return k.needing(a)
}

// variable names the value of a part: a column's, or that of whatever is printed
// alike.
func (s *search) variable(p part) variable {
	for {
		scale, ok := p.(*decScale)
		if !ok {
			break
		}
		p = scale.a
	}
	if ref, ok := refOf(p); ok {
		column, number := p.(*decColumn)
		return variable{ref: ref, key: ref.String(), whole: number && column.s == 0}
	}
	return variable{key: p.sql(&s.print)}
}

// opaque keeps the answer of what is not understood.
func (s *search) opaque(p part, t Truth, k known) (known, bool) {
	sql := p.sql(&s.print)
	i := slices.IndexFunc(k.answers, func(o opaque) bool { return o.sql == sql })
	if i >= 0 {
		return k, k.answers[i].answers.has(t)
	}
	k.answers = append(slices.Clip(k.answers), opaque{sql, 1 << t})
	if t == Unknown {
		return k, true
	}
	return k.needing(p)
}

// needing makes every column known that a part reads, whose value is: no test but
// those of NULL, of the operation and of what changed knows its answer without.
// What stands in a choice may be passed over.
func (k known) needing(p part) (known, bool) {
	if _, choice := p.(interface{ choosing() part }); choice {
		return k, true
	}
	if ref, ok := refOf(p); ok {
		return k.narrowed(variable{ref: ref, key: ref.String(), may: isValue})
	}
	ok := true
	for _, sub := range p.parts() {
		if k, ok = k.needing(sub); !ok {
			break
		}
	}
	return k, ok
}

// exists tells whether there is a row, of some operation, with such values.
func (s *search) exists(k known) bool {
	return slices.ContainsFunc(k.ops, func(op string) bool {
		return !slices.ContainsFunc(k.values, func(v variable) bool { return !s.fits(v, op) })
	})
}

// fits tells whether a value can be what is known of it in a row of an operation.
func (s *search) fits(v variable, op string) bool {
	if v.ref != (Ref{}) && v.ref.Side != Whole && missingOn(v.ref.Side) == op {
		return v.may&isNull != 0
	}
	nullable := v.ref == (Ref{}) || s.world.Nullable == nil || s.world.Nullable(v.ref)
	return v.may&isOther != 0 || v.may&isNull != 0 && nullable || v.may&isValue != 0 && !v.empty()
}

// scalar is a written value: a number, or a text that orders as its type does.
type scalar struct {
	text string
	num  *big.Rat
}

func (a scalar) compare(b scalar) int {
	if a.num != nil && b.num != nil {
		return a.num.Cmp(b.num)
	}
	return strings.Compare(a.text, b.text)
}

// scalarIn gives the written value that a part is.
func scalarIn(p part) (scalar, bool) {
	text, ok := literalIn(p)
	if !ok {
		return scalar{}, false
	}
	if _, isText := p.(*textLiteral); isText {
		return scalar{text: text}, true
	}
	num, ok := new(big.Rat).SetString(text)
	return scalar{num: num}, ok
}
