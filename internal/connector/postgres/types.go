package postgres

import (
	"fmt"
	"strings"

	"sutor/internal/record"
)

// Length modifiers as pg_attribute.atttypmod holds them: 4 more than the length
// for character types, the digits of a second for timestamps, and for numeric 4
// more than precision<<16 | scale, the scale being a signed number of 11 bits
// since version 15. -1 stands for none.
const headerSize = 4

// Names for types that are not in pg_catalog: any type of labels, and the extension
// of texts in any case.
const (
	enum   = "enum"
	citext = "citext"
)

// catalogued is what the catalog says of a column's type.
type catalogued struct {
	name    string  // in pg_catalog, or one of the above; "" for any other
	element *string // of an array, likewise
	class   string  // pg_type.typtype
	typmod  int32
	native  string // what format_type gives
	cents   int32  // decimals of money
}

// typeOf maps a type to ours.
func typeOf(of catalogued) record.Type {
	t := record.Type{Native: of.native}
	switch {
	case of.element != nil && elements[*of.element], natives[of.name]:
		t.Kind = record.Native
		return t
	case of.name == "numeric":
		return numeric(of.typmod, of.native)
	case of.name == "money": // as a number: its text is for people, and different in each country
		return record.Type{Kind: record.Decimal, Precision: moneyDigits, Scale: int(of.cents), Native: of.native}
	}
	if simple, ok := simples[of.name]; ok {
		simple.Native = of.native
		return withModifier(simple, of.typmod)
	}
	t.Why = of.whyNot()
	return t
}

// moneyDigits is how many digits any money has room for: it is a 64-bit integer of
// the smallest unit.
const moneyDigits = 18

// simples are the types with a grammar of their own.
var simples = map[string]record.Type{
	"bool": {Kind: record.Bool},
	"int2": {Kind: record.Int, Bits: 16}, "int4": {Kind: record.Int, Bits: 32}, "int8": {Kind: record.Int, Bits: 64},
	"float4": {Kind: record.Float, Bits: 32}, "float8": {Kind: record.Float, Bits: 64},
	"text": {Kind: record.Text}, "varchar": {Kind: record.Text}, "bpchar": {Kind: record.Text, Fixed: true}, citext: {Kind: record.Text},
	"date": {Kind: record.Date}, "timestamp": {Kind: record.Timestamp}, "timestamptz": {Kind: record.TimestampTZ}, "time": {Kind: record.Time},
	"uuid": {Kind: record.UUID}, "bytea": {Kind: record.Bytes}, enum: {Kind: record.Enum},
}

func withModifier(t record.Type, typmod int32) record.Type {
	switch t.Kind {
	case record.Text:
		if typmod >= headerSize {
			t.MaxLen = int(typmod - headerSize)
		}
	case record.Timestamp, record.TimestampTZ, record.Time:
		t.Fraction = 6
		if typmod >= 0 {
			t.Fraction = int(typmod)
		}
	}
	return t
}

// natives are the types whose values only the system writes; spell.go says which
// texts are taken for them.
var natives = set("interval", "json", "jsonb", "inet", "cidr", "macaddr", "macaddr8", "bit", "varbit",
	"int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange",
	"int4multirange", "int8multirange", "nummultirange", "datemultirange", "tsmultirange", "tstzmultirange")

// elements are the types of which arrays are Native, as docs/values.md says. JSON is none:
// a list stands in one jsonb. Ranges are none: in a list their bounds are within two kinds
// of quotes, which no shape looks through.
var elements = set("bool", "int2", "int4", "int8", "numeric", "float4", "float8", "text", "varchar", "bpchar", citext,
	"date", "timestamp", "timestamptz", "time", "uuid", enum, "interval", "inet", "cidr", "macaddr", "macaddr8")

func set(names ...string) map[string]bool {
	m := map[string]bool{}
	for _, n := range names {
		m[n] = true
	}
	return m
}

// whyNot says why a type is not carried, as the rest of a sentence.
func (of catalogued) whyNot() string {
	switch {
	case of.element != nil:
		return "it is a list of values of a type that Sutor does not know in lists"
	case of.class == "c":
		return "its values have several parts"
	case of.class == "r", of.class == "m":
		return "it is a range of values that are not numbers, dates or times"
	}
	switch of.name {
	case "point", "line", "lseg", "box", "path", "polygon", "circle":
		return "the database compares shapes only roughly"
	case "timetz":
		return "a time of day with an offset, and without a day, is no certain time"
	case "xml":
		return "the database cannot tell whether two XML texts are the same"
	case "tsvector", "tsquery":
		return "it is made for searching, from other columns"
	}
	return "only the types that docs/values.md lists are carried exactly"
}

func numeric(typmod int32, native string) record.Type {
	t := record.Type{Kind: record.Decimal, Precision: -1, Scale: -1, Native: native}
	if typmod < headerSize {
		return t
	}
	t.Precision = int((typmod - headerSize) >> 16 & 0xffff)
	t.Scale = int(((typmod-headerSize)&0x7ff)^1024) - 1024
	if t.Scale < 0 { // rounds to tens, hundreds, …: our grammar has no such type
		return record.Type{Native: native, Why: "it rounds to tens, hundreds or more, so that what is read is not what was written"}
	}
	return t
}

// isMoney and isCitext tell of two types whose names tell more than their kinds; a
// type of that name elsewhere than in pg_catalog has its schema before it.
func isMoney(t record.Type) bool { return t.Native == "money" }

func isCitext(t record.Type) bool {
	return t.Kind == record.Text && (t.Native == citext || strings.HasSuffix(t.Native, "."+citext))
}

// isJSON tells of the one Native type that the system has no equality for: it keeps
// every text as it is.
func isJSON(t record.Type) bool { return t.Native == "json" }

// canonical gives the SQL that reads expr, of type t, as canonical text. COPY
// prints most types as they should be; but it prints t and f for booleans (a
// cast gives true and false), pads char(n), and keeps the trailing zeros of an
// unconstrained numeric.
func canonical(t record.Type, expr string) string {
	switch {
	case t.Kind == record.Bool, t.Kind == record.Text && t.Fixed:
		return expr + "::pg_catalog.text"
	case isMoney(t):
		return expr + "::pg_catalog.numeric"
	case t.Kind == record.Decimal && t.Scale < 0:
		return "pg_catalog.trim_scale(" + expr + ")"
	}
	return expr
}

// staged gives the SQL for a column of the user's table t as a temporary table holds
// it: with the type behind a domain, whose own rules count where the value is
// written, and money as a number, for its texts are read as each country writes them.
func staged(c record.Column) string {
	column := "t." + name(c.Name)
	switch {
	case isMoney(c.Type):
		return "(" + column + ")::pg_catalog.numeric"
	case c.Type.Domain != "":
		return "(" + column + ")::" + c.Type.Native
	}
	return column
}

// unlimited is staged for a value that is to be written: it is held as it came, without
// the limits by which its column rounds or cuts off, so that what the column makes of it
// shows.
func unlimited(c record.Column) string {
	open := ""
	switch {
	case c.Type.Kind == record.Decimal:
		open = "numeric"
	case c.Type.Kind == record.Text && c.Type.MaxLen > 0:
		open = map[bool]string{true: "bpchar", false: "varchar"}[c.Type.Fixed]
	case c.Type.Kind == record.Timestamp:
		open = "timestamp"
	case c.Type.Kind == record.TimestampTZ:
		open = "timestamptz"
	case c.Type.Kind == record.Time:
		open = "time"
	default:
		return staged(c)
	}
	return "(" + staged(c) + ")::pg_catalog." + open
}

// assigned gives the SQL of a staged value as the user's column takes it.
func assigned(t record.Type, expr string) string {
	if isMoney(t) {
		return expr + "::pg_catalog.money"
	}
	return expr
}

// same gives the SQL of the system's own equality of a live value and a staged one,
// as its unique indexes have it.
func same(t record.Type, live, given string) string {
	operator, live := "pg_catalog", bare(t, live)
	switch {
	case isMoney(t):
		live += "::pg_catalog.numeric"
	case isJSON(t):
		live, given = byBytes(live), byBytes(given)
	case isCitext(t) && t.Native != citext:
		operator = strings.TrimSuffix(t.Native, "."+citext)
	}
	return fmt.Sprintf("%s OPERATOR(%s.=) %s", live, operator, given)
}

// bare gives a live value as one of the type behind its domain, where the system does not
// look there by itself: for the equality of labels it does not.
func bare(t record.Type, live string) string {
	if t.Kind == record.Enum && t.Domain != "" {
		return "(" + live + ")::" + t.Native
	}
	return live
}

func byBytes(expr string) string { return inBytes(expr + "::pg_catalog.text") }

func inBytes(expr string) string { return expr + ` COLLATE pg_catalog."C"` }

// equal gives the SQL that judges two values of type t: text by bytes, char(n)
// without its padding, Native types by what the system writes, everything else by
// value. NULL equals NULL.
func equal(t record.Type, a, b string) string {
	switch {
	case t.Kind == record.Text && t.Fixed: // whose own equality passes over the padding
		a, b = inBytes(a), inBytes(b)
	case t.Kind == record.Text, t.Kind == record.Native:
		a, b = byBytes(a), byBytes(b)
	case isMoney(t):
		a += "::pg_catalog.numeric"
	default:
		a = bare(t, a)
	}
	return "(" + a + " IS NOT DISTINCT FROM " + b + ")"
}

// compared gives the SQL for a column of a temporary table with values that live ones
// are compared with ([reads]): texts, which are not made values of the column, and so
// neither refused nor rounded; but floats, whose texts are not what the server writes.
func compared(c record.Column) string {
	if c.Type.Kind == record.Float {
		return staged(c)
	}
	return "''::pg_catalog.text"
}

// asWritten gives the SQL of the canonical text of a live value, as COPY gives it: a cast
// writes an address otherwise than the server does.
func asWritten(t record.Type, live string) string {
	if t.Kind == record.Native && !isMoney(t) {
		return fmt.Sprintf("(CASE WHEN %s IS NOT NULL THEN pg_catalog.concat(%[1]s) END)", live)
	}
	return canonical(t, live) + "::pg_catalog.text"
}

// reads gives the SQL that tells whether a live value of type t is read as a given
// canonical text, to the byte. What equal values may be written as does not count.
func reads(t record.Type, live, given string) string {
	switch t.Kind {
	case record.Float: // of which 0 and -0 have one canonical text
		return same(t, live, given)
	case record.Native:
		return inBytes(asWritten(t, live)) + " OPERATOR(pg_catalog.=) " + given
	}
	return byBytes("("+canonical(t, live)+")") + " OPERATOR(pg_catalog.=) " + given
}
