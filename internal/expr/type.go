package expr

import "slices"

// Type is what kind of value an expression gives.
type Type uint8

// The types of the guardrail language.
const (
	Bool Type = iota + 1
	NumberType
	Float
	Text
	Date
	Timestamp // without zone
	Instant   // a point in time
)

// Article names the type with its article, in plain words.
func (t Type) Article() string {
	switch t {
	case Bool:
		return "a yes or no"
	case NumberType:
		return "a number"
	case Float:
		return "a floating-point number"
	case Text:
		return "a text"
	case Date:
		return "a date"
	case Timestamp:
		return "a date with a time, without an offset"
	case Instant:
		return "an instant"
	}
	return "nothing"
}

// Side says where a column's value is read.
type Side string

const (
	Before Side = "before" // the live row; missing on an insert
	After  Side = "after"  // the row as it would be; missing on a delete
	Whole  Side = "change" // a figure of the change as a whole, not of a row
)

// The operations a row can have, as [Env.Op] gives them.
const (
	Insert = "insert"
	Update = "update"
	Delete = "delete"
)

// Ops lists the operations.
func Ops() []string { return []string{Insert, Update, Delete} }

// Ref names one column on one side.
type Ref struct {
	Side Side
	Name string
}

// Env is one row (or one change) that a condition is judged on.
type Env interface {
	// Column gives a value's canonical text; false for NULL and where the side is missing.
	Column(side Side, name string) (text string, ok bool)
	// Op is insert, update or delete.
	Op() string
	// Changed names the columns that differ between before and after.
	Changed() []string
}

// Row is an Env made of plain data.
type Row struct {
	Operation string
	Values    map[Ref]string // canonical text; an absent entry is NULL
	Columns   []string       // the changed columns
}

// Column implements [Env].
func (r Row) Column(side Side, name string) (string, bool) {
	text, ok := r.Values[Ref{side, name}]
	return text, ok
}

// Op implements [Env].
func (r Row) Op() string { return r.Operation }

// Changed implements [Env].
func (r Row) Changed() []string { return r.Columns }

// Truth is the answer of a condition. The zero Truth is Unknown, so that a
// forgotten answer is the careful one.
type Truth uint8

// The three truth values.
const (
	Unknown Truth = iota
	False
	True
)

// String gives true, false or unknown.
func (t Truth) String() string { return [...]string{"unknown", "false", "true"}[t] }

// Hit tells whether a guardrail with this answer counts as hit: unknown does.
func (t Truth) Hit() bool { return t != False }

func truthOf(value, known bool) Truth {
	switch {
	case !known:
		return Unknown
	case value:
		return True
	}
	return False
}

// part is any place in a tree, whatever its type.
type part interface {
	sql(p *printer) string
	parts() []part
}

// term is a part that gives a value of Go type T; false is unknown.
type term[T any] interface {
	part
	eval(env Env) (T, bool)
}

func missingOn(side Side) string {
	if side == Before {
		return Insert
	}
	return Delete
}

func without(list []string, drop ...string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(drop, s) })
}
