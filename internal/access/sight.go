package access

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Who names people, as lists of the Compact do: one person by their address, a
// role, or a department.
type Who string

// Person is the address, where one person is named.
func (w Who) Person() (Email, bool) { return Fold(string(w)), strings.Contains(string(w), "@") }

// Role is the role, where one is named.
func (w Who) Role() (Role, bool) { return Role(w), slices.Contains(Roles, Role(w)) }

// names tells whether the person is meant. A role means those who have it for the
// dataset: listed owners, managers of its department, makers who may propose.
func (w Who) names(p Principal, d Dataset) bool {
	if email, ok := w.Person(); ok {
		return email == p.Email
	}
	role, ok := w.Role()
	switch {
	case !ok:
		return p.In(Department(w))
	case role == Owner:
		return d.OwnedBy(p)
	case role == Manager:
		return p.Is(Manager) && p.In(d.Department)
	case role == Maker:
		return May(p, Propose, d)
	}
	return p.Is(role)
}

func anyOf(list []Who, p Principal, d Dataset) bool {
	return slices.ContainsFunc(list, func(w Who) bool { return w.names(p, d) })
}

// Share says who besides its department has rights to a dataset. A role means
// everybody who has it, in any department.
type Share struct {
	See     []Who // its rows and its changes
	Propose []Who // changes, where they are makers; they see it too
}

func shared(list []Who, p Principal) bool {
	return slices.ContainsFunc(list, func(w Who) bool {
		if role, ok := w.Role(); ok {
			return p.Is(role)
		}
		return w.names(p, Dataset{})
	})
}

// Mask is what somebody sees of a column whose values are not for them.
type Mask string

const (
	Hide    Mask = ""      // nothing, not even its name
	Dots    Mask = "all"   // that there is a value: •••
	Last4   Mask = "last4" // the last four characters of a long one: •••4711
	NoMask  Mask = "none"  // everything; never written in a Compact
	dots         = "•••"
	longest      = 4 // characters that Last4 shows, of a text at least twice as long
)

// Of gives what is shown of a value. A text so short that four characters would
// tell most of it shows none.
func (m Mask) Of(value string) string {
	if m == NoMask {
		return value
	}
	if n := utf8.RuneCountInString(value); m == Last4 && n >= 2*longest {
		runes := []rune(value)
		return dots + string(runes[n-longest:])
	}
	return dots
}

// Column says who sees a column's values, and what the others see of it.
type Column struct {
	VisibleTo []Who
	Mask      Mask
}

// RowRule lets people see and change only rows of which the condition holds.
type RowRule struct {
	For   []Who
	Where string // in the guardrail language, over the table's columns
}

// Sight is what one person sees of a dataset's rows, at one moment. The zero
// Sight sees all columns of all rows: ask [See].
type Sight struct {
	withheld map[string]Mask
	// Where has the conditions of which one must hold for a row to be seen, each
	// certainly: unknown counts as outside. Nil: all rows.
	Where []string
}

// Of tells what is shown of a column.
func (s Sight) Of(column string) Mask {
	if m, ok := s.withheld[column]; ok {
		return m
	}
	return NoMask
}

// Sees tells whether the person sees a column's values as they are.
func (s Sight) Sees(column string) bool { return s.Of(column) == NoMask }

// Names tells whether the person may know that there is such a column.
func (s Sight) Names(column string) bool { return s.Of(column) != Hide }

// Withheld lists the columns whose values the person does not see, by name.
func (s Sight) Withheld() []string { return slices.Sorted(maps.Keys(s.withheld)) }

// Hidden lists those of them that the person must not even know by name.
func (s Sight) Hidden() []string {
	return slices.DeleteFunc(s.Withheld(), s.Names)
}

// AllRows tells whether no row is kept from the person.
func (s Sight) AllRows() bool { return s.Where == nil }

// Whole tells whether nothing is kept from the person.
func (s Sight) Whole() bool { return len(s.withheld) == 0 && s.AllRows() }

// See gives what a person sees of a dataset. Whoever a row rule names sees only
// its rows, of several rules the rows of any; a role beside that they have does not
// lift it. Who takes somebody's place sees the columns that they see and, without a
// right of their own, their rows only. Stewards, who write the Compact, know every column by name.
func See(p Principal, d Dataset) Sight {
	s := Sight{withheld: map[string]Mask{}}
	for name, c := range d.Columns {
		sees := func(who Principal) bool { return anyOf(c.VisibleTo, who, d) }
		if sees(p) || p.granted(d.Name, name) || slices.ContainsFunc(p.places(d), sees) {
			continue
		}
		s.withheld[name] = c.Mask
		if c.Mask == Hide && p.Is(Steward) {
			s.withheld[name] = Dots
		}
	}
	for _, r := range d.Rows {
		if anyOf(r.For, p, d) {
			s.Where = append(s.Where, r.Where)
		}
	}
	if s.AllRows() && p.inPlace(d) && !May(p.alone(), SeeRows, d) {
		s.Where = rowsOf(p.places(d), d)
	}
	return s
}

// rowsOf gives the rows that any of some people see; nil for all.
func rowsOf(people []Principal, d Dataset) (where []string) {
	for _, p := range people {
		one := See(p, d)
		if one.AllRows() {
			return nil
		}
		where = append(where, one.Where...)
	}
	return where
}
