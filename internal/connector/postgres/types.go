package postgres

import "sutor/internal/record"

// Length modifiers as pg_attribute.atttypmod holds them: 4 more than the length
// for character types, the digits of a second for timestamps, and for numeric 4
// more than precision<<16 | scale, the scale being a signed number of 11 bits
// since version 15. -1 stands for none.
const headerSize = 4

// enum stands for the internal name of any type of labels.
const enum = "enum"

// typeOf maps a type of pg_catalog, by its internal name, or an enum, to ours.
// native is what format_type gives.
func typeOf(typname string, typmod int32, native string) record.Type {
	t := record.Type{Native: native}
	switch typname {
	case "bool":
		t.Kind = record.Bool
	case "int2":
		t.Kind, t.Bits = record.Int, 16
	case "int4":
		t.Kind, t.Bits = record.Int, 32
	case "int8":
		t.Kind, t.Bits = record.Int, 64
	case "numeric":
		return numeric(typmod, native)
	case "float4":
		t.Kind, t.Bits = record.Float, 32
	case "float8":
		t.Kind, t.Bits = record.Float, 64
	case "text":
		t.Kind = record.Text
	case "varchar", "bpchar":
		t.Kind, t.Fixed = record.Text, typname == "bpchar"
		if typmod >= headerSize {
			t.MaxLen = int(typmod - headerSize)
		}
	case "date":
		t.Kind = record.Date
	case "timestamp", "timestamptz":
		t.Kind, t.Fraction = record.Timestamp, 6
		if typname == "timestamptz" {
			t.Kind = record.TimestampTZ
		}
		if typmod >= 0 {
			t.Fraction = int(typmod)
		}
	case "uuid":
		t.Kind = record.UUID
	case "time":
		t.Kind, t.Fraction = record.Time, 6
		if typmod >= 0 {
			t.Fraction = int(typmod)
		}
	case "bytea":
		t.Kind = record.Bytes
	case enum:
		t.Kind = record.Enum
	}
	return t
}

func numeric(typmod int32, native string) record.Type {
	t := record.Type{Kind: record.Decimal, Precision: -1, Scale: -1, Native: native}
	if typmod < headerSize {
		return t
	}
	t.Precision = int((typmod - headerSize) >> 16 & 0xffff)
	t.Scale = int(((typmod-headerSize)&0x7ff)^1024) - 1024
	if t.Scale < 0 { // rounds to tens, hundreds, …: our grammar has no such type
		return record.Type{Native: native}
	}
	return t
}

// canonical gives the SQL that reads expr, of type t, as canonical text. COPY
// prints most types as they should be; but it prints t and f for booleans (a
// cast gives true and false), pads char(n), and keeps the trailing zeros of an
// unconstrained numeric.
func canonical(t record.Type, expr string) string {
	switch {
	case t.Kind == record.Bool, t.Kind == record.Text && t.Fixed:
		return expr + "::pg_catalog.text"
	case t.Kind == record.Decimal && t.Scale < 0:
		return "pg_catalog.trim_scale(" + expr + ")"
	}
	return expr
}

// staged gives the SQL for a column of the user's table t as a temporary table holds
// it: with the type behind a domain, whose own rules count where the value is written.
func staged(c record.Column) string {
	column := "t." + name(c.Name)
	if c.Type.Domain != "" {
		column = "(" + column + ")::" + c.Type.Native
	}
	return column
}

// equal gives the SQL that judges two values of type t: text by bytes, char(n)
// without its padding, everything else by value. NULL equals NULL.
func equal(t record.Type, a, b string) string {
	if t.Kind == record.Text {
		a += `::pg_catalog.text COLLATE pg_catalog."C"`
		b += `::pg_catalog.text COLLATE pg_catalog."C"`
	}
	return "(" + a + " IS NOT DISTINCT FROM " + b + ")"
}
