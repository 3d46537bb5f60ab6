// Package record describes typed business rows: which columns a dataset has,
// which texts are values of which type, and how rows travel in bulk.
//
// # One representation: canonical text
//
// A value is NULL or its canonical text. There is exactly one canonical text
// for every value of a type ("+007" and "7" are the integer 7; 1.5 in a column
// with two decimals is "1.50"), so two values are equal if and only if their
// canonical texts are the same bytes. Plans, digests, evidence and comparisons
// all work on canonical text; no engine's own idea of casting or equality ever
// decides, numbers of any length stay exact, and the slow Go twin and DuckDB
// can agree byte for byte. See docs/values.md.
//
// # One grammar a type
//
// [Type.Parse] is the reference for turning what a person typed into a value:
// first a regular expression (the same text is used in DuckDB, both engines are
// RE2), then the conversion, then the proof that nothing was lost. It is total:
// any text gives a value or a [Problem].
//
// # Two faces in bulk
//
// Rows move between packages as bytes in one stated CSV dialect (see [Writer]),
// or as column batches inside DuckDB; never as a Go value per cell on a hot
// path.
package record

import (
	"reflect"
	"strconv"
	"strings"
)

// Kind is a family of types that share a grammar.
type Kind uint8

// The kinds that Sutor reads and writes. Anything else a system has is refused
// when the Compact is checked.
const (
	Unsupported Kind = iota
	Bool
	Int         // Bits: 8, 16, 24, 32 or 64; Unsigned
	Decimal     // exact; Precision and Scale, both -1 when unconstrained
	Float       // Bits: 32 or 64
	Text        // MaxLen in characters, 0 for no limit; Fixed for char(n)
	Date        // years 0001 to 9999
	Timestamp   // without zone; Fraction digits of a second
	TimestampTZ // an instant; Fraction digits of a second
	UUID
	Time  // of a day, without zone; Fraction digits of a second
	Bytes // written as \x and hexadecimal digits
	Enum  // one of Labels
	// Native is any type whose grammar only the system knows: its canonical text is
	// what the system itself writes, and asks for nothing else than that (package
	// driver, Speller).
	Native
)

var kindNames = [...]string{"unsupported", "boolean", "integer", "decimal", "float", "text", "date", "timestamp", "timestamptz", "uuid", "time", "bytes", "enum", "native"}

// String gives the kind's name as it stands in manifests and JSON.
func (k Kind) String() string { return kindNames[k] }

// KindNamed is the inverse of String; Unsupported for an unknown name.
func KindNamed(name string) Kind {
	for i, n := range kindNames {
		if n == name {
			return Kind(i)
		}
	}
	return Unsupported
}

// MarshalText writes the kind's name.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads the kind's name.
func (k *Kind) UnmarshalText(b []byte) error { *k = KindNamed(string(b)); return nil }

// Type is a column's type, as exact as the system states it.
type Type struct {
	Kind      Kind   `json:"kind"`
	Bits      int    `json:"bits,omitempty"`      // Int, Float
	Unsigned  bool   `json:"unsigned,omitempty"`  // Int, Decimal, Float: from 0 on
	Precision int    `json:"precision,omitempty"` // Decimal: digits in all; -1 unconstrained
	Scale     int    `json:"scale,omitempty"`     // Decimal: digits after the point; -1 unconstrained
	MaxLen    int    `json:"max_len,omitempty"`   // Text: characters (code points); 0 no limit
	MaxBytes  int    `json:"max_bytes,omitempty"` // Text (in UTF-8), Bytes: how many a value has room for; 0 no limit
	Fixed     bool   `json:"fixed,omitempty"`     // Text: char(n), compared without trailing spaces
	Fraction  int    `json:"fraction,omitempty"`  // Timestamp, TimestampTZ, Time: digits of a second, 0 to 6
	First     string `json:"first,omitempty"`     // TimestampTZ: the first instant there is, in canonical text; "" for no limit
	Last      string `json:"last,omitempty"`      // TimestampTZ: the last one
	Native    string `json:"native"`              // as the system writes it, for people and messages

	Domain string   `json:"domain,omitempty"` // the name of the type's own kind where that narrows a Native one, which the system checks
	Labels []string `json:"labels,omitempty"` // Enum: the values there are
	Why    string   `json:"why,omitempty"`    // Unsupported: the reason, as the rest of a sentence; "" where it is just not known
}

// Unsupported says that a column of the type cannot be read or written, and why.
func (t Type) Unsupported() string {
	s := "has the type " + t.Native + ", which Sutor cannot read or write"
	if t.Why != "" {
		s += ": " + t.Why
	}
	return s
}

// Equal tells whether two types have the same values, and the same names for people.
func (t Type) Equal(other Type) bool { return reflect.DeepEqual(t, other) }

// Bounds gives the least and the greatest whole number of an Int.
func (t Type) Bounds() (low, high string) {
	bits := t.Bits
	if bits == 0 { // unknown
		bits = 64
	}
	if t.Unsigned {
		return "0", strconv.FormatUint(1<<bits-1, 10)
	}
	return strconv.FormatInt(-1<<(bits-1), 10), strconv.FormatInt(1<<(bits-1)-1, 10)
}

// Column is one column of a table, named exactly as in the system.
type Column struct {
	Name       string `json:"name"`
	Type       Type   `json:"type"`
	Nullable   bool   `json:"nullable,omitempty"`
	HasDefault bool   `json:"has_default,omitempty"` // the system fills it on insert when it is not given
	Generated  bool   `json:"generated,omitempty"`   // computed by the system, never writable
	Identity   string `json:"identity,omitempty"`    // "", "always" or "default": numbered by the system
	Label      string `json:"-"`                     // what people call it, where the Compact says so; no part of what the column is
}

// Title gives what people call the column: its label, or else its name.
func (c Column) Title() string {
	if c.Label != "" {
		return c.Label
	}
	return c.Name
}

// Schema is an ordered list of columns.
type Schema []Column

// Index gives the position of the column with exactly this name, or -1.
func (s Schema) Index(name string) int {
	for i := range s {
		if s[i].Name == name {
			return i
		}
	}
	return -1
}

// Names lists the columns' names in order.
func (s Schema) Names() []string {
	names := make([]string, len(s))
	for i := range s {
		names[i] = s[i].Name
	}
	return names
}

// Titles lists what people call the columns, in order.
func (s Schema) Titles() []string {
	titles := make([]string, len(s))
	for i := range s {
		titles[i] = s[i].Title()
	}
	return titles
}

// Pick gives the named columns in the order asked for; names that do not exist
// are left out.
func (s Schema) Pick(names []string) Schema {
	out := make(Schema, 0, len(names))
	for _, n := range names {
		if i := s.Index(n); i >= 0 {
			out = append(out, s[i])
		}
	}
	return out
}

// Table names a table exactly: case-sensitive, unquoted.
type Table struct {
	Schema string `json:"schema,omitempty"`
	Name   string `json:"name"`
}

// ParseTable splits "schema.table" at the first dot (docs/compact.md).
// Without a dot the schema is empty: the connector's default.
func ParseTable(s string) Table {
	if schema, name, ok := strings.Cut(s, "."); ok {
		return Table{Schema: schema, Name: name}
	}
	return Table{Name: s}
}

// String gives the name as people write it.
func (t Table) String() string {
	if t.Schema == "" {
		return t.Name
	}
	return t.Schema + "." + t.Name
}
