package record

import (
	"cmp"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Filter is a sieve that a system lays over the rows of a table, so that not all
// of them need to travel. It only narrows: whoever needs certainty judges the rows
// that come through. The zero Filter lets every row through; otherwise exactly one
// of the fields is set.
type Filter struct {
	All  []Filter // a row must pass each
	Any  []Filter // a row must pass one
	Test *Test
}

// Test is one test of a Filter. It lets a row through where the column's value
// meets the relation to one of Values (with Not, to none of them), and where that
// cannot be told: the value is NULL, or its text is not of the column's type.
type Test struct {
	Column Column
	Is     Relation
	Values []string // canonical texts of Column's type, numbers of any scale; none for Null
	Not    bool
}

// Relation is what a value may be to another.
type Relation string

const (
	Null       Relation = "null" // always known
	Same       Relation = "="    // of texts: byte by byte
	Less       Relation = "<"    // texts by code point, everything else by value
	AtMost     Relation = "<="
	StartsWith Relation = "starts"
	EndsWith   Relation = "ends"
	Contains   Relation = "contains"
)

// Relations lists those that columns of a kind can be tested for.
func Relations(k Kind) []Relation {
	switch k {
	case Bool:
		return []Relation{Null, Same}
	case Int, Decimal, Date, Timestamp, TimestampTZ:
		return []Relation{Null, Same, Less, AtMost}
	case Text, UUID:
		return []Relation{Null, Same, Less, AtMost, StartsWith, EndsWith, Contains}
	}
	return []Relation{Null}
}

// Lets is the meaning of a filter: whether it lets through a row, of which value
// gives the columns' canonical texts, nil for NULL. A system may let more rows
// through, never fewer.
func (f Filter) Lets(value func(column string) *string) bool {
	pass := func(part Filter) bool { return part.Lets(value) }
	switch {
	case f.Test != nil:
		return f.Test.lets(value(f.Test.Column.Name))
	case f.Any != nil:
		return slices.ContainsFunc(f.Any, pass)
	}
	return !slices.ContainsFunc(f.All, func(part Filter) bool { return !pass(part) })
}

// Columns lists the columns that a filter tests.
func (f Filter) Columns() (columns Schema) {
	if f.Test != nil {
		return Schema{f.Test.Column}
	}
	for _, part := range slices.Concat(f.All, f.Any) {
		for _, c := range part.Columns() {
			if columns.Index(c.Name) < 0 {
				columns = append(columns, c)
			}
		}
	}
	return columns
}

func (t *Test) lets(value *string) bool {
	if t.Is == Null {
		return (value == nil) != t.Not
	}
	if value == nil {
		return true
	}
	met := false
	for _, v := range t.Values {
		holds, known := t.holds(*value, v)
		if !known {
			return true
		}
		met = met || holds
	}
	return met != t.Not
}

func (t *Test) holds(value, other string) (holds, known bool) {
	switch t.Is {
	case StartsWith:
		return strings.HasPrefix(value, other), true
	case EndsWith:
		return strings.HasSuffix(value, other), true
	case Contains:
		return strings.Contains(value, other), true
	}
	order, known := orderOf(t.Column.Type, value, other)
	switch t.Is {
	case Same:
		return order == 0, known
	case Less:
		return order < 0, known
	}
	return order <= 0, known
}

// plainNumber and plainSecond take canonical texts apart: a number's decimals, and a
// second's fraction.
var (
	plainNumber = regexp.MustCompile(`^-?[0-9]+(?:\.([0-9]+))?$`)
	plainSecond = regexp.MustCompile(`^[^.+]*(?:\.[0-9]{1,6})?(?:\+00)?$`)
)

// orderOf compares two texts of a type; false where one is none of its values.
func orderOf(t Type, a, b string) (order int, known bool) {
	switch t.Kind {
	case Bool:
		is := func(s string) bool { return s == "true" || s == "false" }
		return strings.Compare(a, b), is(a) && is(b)
	case Int, Decimal:
		decimals := plainNumber.FindStringSubmatch(a)
		if decimals == nil || t.Scale >= 0 && len(decimals[1]) > t.Scale {
			return 0, false
		}
		x, ok := new(big.Rat).SetString(a)
		y, ok2 := new(big.Rat).SetString(b)
		if !ok || !ok2 {
			return 0, false
		}
		return x.Cmp(y), true
	case Date, Timestamp, TimestampTZ:
		x, ok := moment(t, a)
		y, ok2 := moment(t, b)
		return x.Compare(y), ok && ok2
	case Text, UUID:
		return cmp.Compare(a, b), true
	}
	return 0, false
}

// moment reads a canonical date or time of the years 1 to 9999.
func moment(t Type, text string) (time.Time, bool) {
	layout := map[Kind]string{Date: time.DateOnly, Timestamp: time.DateTime, TimestampTZ: time.DateTime + "-07"}[t.Kind]
	at, err := time.Parse(layout, text)
	return at, err == nil && at.Year() >= 1 && plainSecond.MatchString(text)
}
