package expr

import (
	"math/big"
	"slices"
)

// What a value may be: NULL (its side is missing, or it is empty), a value of its
// type, or neither (NaN, a text that is no value of the type, an overflow).
const (
	isNull = 1 << iota
	isValue
	isOther
	isAny = isNull | isValue | isOther
)

// variable is what is known of one value of a row.
type variable struct {
	ref Ref    // of a column; zero for a calculated value
	key string // tells variables apart
	may int

	whole bool // it is a whole number

	one    []scalar // where not nil, it is one of these
	none   []scalar // it is none of these
	lo, hi *bound
}

// bound is an end of an interval.
type bound struct {
	at   scalar
	open bool // at itself is outside
}

// answering gives what a test against written values makes of the value: an
// Equal to several means one of them.
func (v variable) answering(op Comparison, t Truth, values []scalar) variable {
	if t == Unknown {
		v.may = isNull | isOther
		return v
	}
	v.may = isValue
	if t == False {
		op = map[Comparison]Comparison{Equal: NotEqual, NotEqual: Equal, Less: GreaterOrEqual, LessOrEqual: Greater,
			Greater: LessOrEqual, GreaterOrEqual: Less}[op]
	}
	switch op {
	case Equal:
		v.one = values
	case NotEqual:
		v.none = values
	case Less, LessOrEqual:
		v.hi = &bound{values[0], op == Less}
	default:
		v.lo = &bound{values[0], op == Greater}
	}
	if v.whole {
		v.lo, v.hi = v.lo.rounded(1), v.hi.rounded(-1)
	}
	return v
}

// rounded moves a bound of whole numbers to the first that is inside, in the
// direction of the inside.
func (b *bound) rounded(direction int64) *bound {
	if b == nil {
		return nil
	}
	n := new(big.Int).Div(b.at.num.Num(), b.at.num.Denom()) // the greatest whole number that is not above
	switch exact := b.at.num.IsInt(); {
	case direction > 0 && (b.open || !exact):
		n.Add(n, big.NewInt(1))
	case direction < 0 && b.open && exact:
		n.Sub(n, big.NewInt(1))
	}
	return &bound{at: scalar{num: new(big.Rat).SetInt(n)}}
}

// narrowed adds what a test says of a value; false where nothing is left of it.
func (k known) narrowed(more variable) (known, bool) {
	i := slices.IndexFunc(k.values, func(v variable) bool { return v.key == more.key })
	if i < 0 {
		k.values = append(slices.Clip(k.values), more)
		return k, true
	}
	v := k.values[i].and(more)
	k.values = slices.Clone(k.values)
	k.values[i] = v
	return k, v.may != 0
}

// and is what two tests say together.
func (v variable) and(w variable) variable {
	v.may &= w.may
	v.none = slices.Concat(v.none, w.none)
	switch {
	case v.one == nil:
		v.one = w.one
	case w.one != nil:
		v.one = slices.DeleteFunc(slices.Clone(v.one), func(s scalar) bool { return !contains(w.one, s) })
	}
	if v.lo == nil || w.lo != nil && w.lo.inside(v.lo, 1) {
		v.lo = w.lo
	}
	if v.hi == nil || w.hi != nil && w.hi.inside(v.hi, -1) {
		v.hi = w.hi
	}
	if v.may&isValue != 0 && v.empty() {
		v.may &^= isValue
	}
	return v
}

// inside tells whether a bound cuts more off than another, in the direction of
// its end.
func (b *bound) inside(other *bound, direction int) bool {
	order := b.at.compare(other.at) * direction
	return order > 0 || order == 0 && b.open
}

func contains(list []scalar, s scalar) bool {
	return slices.ContainsFunc(list, func(other scalar) bool { return other.compare(s) == 0 })
}

// empty tells whether no value of the type is left. Between two bounds there is
// always taken to be one, unless they meet.
func (v variable) empty() bool {
	if v.one != nil {
		return !slices.ContainsFunc(v.one, v.allows)
	}
	if v.lo == nil || v.hi == nil {
		return false
	}
	order := v.lo.at.compare(v.hi.at)
	return order > 0 || order == 0 && (v.lo.open || v.hi.open || !v.allows(v.lo.at))
}

func (v variable) allows(s scalar) bool {
	above := v.lo == nil || s.compare(v.lo.at) > 0 || s.compare(v.lo.at) == 0 && !v.lo.open
	below := v.hi == nil || s.compare(v.hi.at) < 0 || s.compare(v.hi.at) == 0 && !v.hi.open
	return above && below && !contains(v.none, s)
}
