package mysql

import (
	"strings"

	"sutor/internal/record"
)

// column is a live column: what the rest of Sutor knows of it, and what a temporary
// table for its values needs to know.
type column struct {
	record.Column
	data      string // the type's bare name, as varchar
	charset   string // of texts; "" for others
	collation string
	octets    int64 // that a value takes at most, of texts and bytes
	uuids     bool  // it gives every new row a UUID
}

// wholeTexts are bounded by bytes, not characters: what is too long is refused by the
// server, never cut off.
var wholeTexts = map[string]bool{"tinytext": true, "text": true, "mediumtext": true, "longtext": true}

// typeOf maps a type of the catalogue to ours. data is its bare name, native the
// whole, as "int(10) unsigned". What is not listed cannot be read exactly.
func typeOf(data, native string, length, precision int, scale *int, fraction int) record.Type {
	t := record.Type{Native: native}
	bits := map[string]int{"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}
	switch {
	case strings.HasPrefix(native, "tinyint(1)") && !strings.Contains(native, "unsigned"), data == "bit" && precision == 1:
		t.Kind = record.Bool
	case bits[data] > 0:
		t.Kind, t.Bits, t.Unsigned = record.Int, bits[data], strings.Contains(native, "unsigned")
	case data == "decimal" && scale != nil:
		t.Kind, t.Precision, t.Scale, t.Unsigned = record.Decimal, precision, *scale, strings.Contains(native, "unsigned")
	case (data == "float" || data == "double") && scale == nil: // float(7,2) rounds
		t.Kind, t.Bits, t.Unsigned = record.Float, map[string]int{"float": 32, "double": 64}[data], strings.Contains(native, "unsigned")
	case data == "char", data == "varchar":
		t.Kind, t.Fixed, t.MaxLen = record.Text, data == "char", length
	case wholeTexts[data]:
		t.Kind = record.Text
	case data == "date":
		t.Kind = record.Date
	case data == "datetime":
		t.Kind, t.Fraction = record.Timestamp, fraction
	case data == "timestamp":
		t.Kind, t.Fraction = record.TimestampTZ, fraction
	case data == "time":
		t.Kind, t.Fraction = record.Time, fraction
	case data == "binary", data == "varbinary", strings.HasSuffix(data, "blob"):
		t.Kind = record.Bytes
	case data == "uuid":
		t.Kind = record.UUID
	case data == "enum":
		t.Kind, t.Labels = record.Enum, labels(native)
	default:
		t.Why = whyNot(data, native)
	}
	return t
}

// whyNot says why a type is not carried, and what an administrator can make of the
// column, as the rest of a sentence.
func whyNot(data, native string) string {
	switch data {
	case "year":
		return "the database reads 5 as 2005 and 70 as 1970; an administrator can make it a DATE or SMALLINT"
	case "float", "double":
		digits := strings.Fields(strings.TrimPrefix(native, data))[0]
		return "it rounds what is written to its digits in binary; an administrator can make it a DECIMAL" + digits
	case "bit":
		return "its values are bits in a row, and no number that people write; an administrator can make it an unsigned integer"
	case "set":
		return "a cell holds several values at once, in an order of the database's own; an administrator can make it a column for each"
	case "inet4", "inet6":
		return "the database writes an address otherwise than it was given; an administrator can make it a VARCHAR(45)"
	case "json": // MariaDB's is longtext
		return "the database rewrites the text; an administrator can make it a LONGTEXT with CHECK (JSON_VALID(…))"
	case "geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection", "geomcollection":
		return "the database writes shapes in a form of its own, from which the text that was given cannot be told"
	}
	return "only the types that docs/systems.md lists are carried exactly"
}

// escaped are the characters for which the catalogue writes a letter after a backslash.
var escaped = map[byte]byte{'n': '\n', 'r': '\r'}

// labels reads enum('new','It”s','a\\b').
func labels(native string) (all []string) {
	rest, ok := strings.CutPrefix(native, "enum(")
	for ok && strings.HasPrefix(rest, "'") {
		var b strings.Builder
		for rest = rest[1:]; rest != ""; rest = rest[1:] {
			c := rest[0]
			if c == '\'' {
				if !strings.HasPrefix(rest, "''") {
					break
				}
				rest = rest[1:]
			} else if c == '\\' && len(rest) > 1 {
				rest = rest[1:]
				if c = rest[0]; escaped[c] != 0 {
					c = escaped[c]
				}
			}
			b.WriteByte(c)
		}
		all = append(all, b.String())
		rest = strings.TrimPrefix(rest, "'")
		rest = strings.TrimPrefix(rest, ",")
	}
	return all
}

// staged gives the SQL type of a column that holds values of c in a temporary table:
// its own, with its own collation, so that it compares as c does. Where wide is set,
// values are kept outside the row, which a row of the server bounds to 65,535 bytes.
func (c column) staged(wide bool) string {
	native := c.Type.Native
	if wide {
		switch {
		case c.data == "char" || c.data == "varchar":
			native = "longtext"
		case c.data == "binary" || c.data == "varbinary":
			native = "longblob"
		}
	}
	if c.charset != "" {
		native += " CHARACTER SET " + c.charset + " COLLATE " + c.collation
	}
	return native + " NULL DEFAULT NULL"
}

// read gives the SQL that reads expr, of c's type, so that nothing is lost on the way:
// the server prints a FLOAT with six digits only, and a BIT as a byte.
func (c column) read(expr string) string {
	switch c.data {
	case "float":
		return "(" + expr + " + 0e0)"
	case "bit":
		return "(" + expr + " + 0)"
	}
	return expr
}

// unchanged gives the SQL that judges a live value and one of a slot for values as they
// were ([before]): texts by their bytes, whatever their collation takes for equal,
// everything else by value. NULL equals NULL.
func (c column) unchanged(live, was string) string {
	if c.Type.Kind == record.Text || c.Type.Kind == record.Enum {
		live, was = "CAST("+c.text(live)+" AS BINARY)", "CAST("+was+" AS BINARY)"
	}
	return "(" + live + " <=> " + was + ")"
}

// text gives the SQL of a value of c as [column.unchanged] compares it: a label as its text.
func (c column) text(expr string) string {
	if c.Type.Kind == record.Enum {
		return "CONVERT(" + expr + " USING utf8mb4)"
	}
	return expr
}

// reads gives the SQL that tells whether a live value is read as the given one, of a
// slot for values to compare with: texts by the bytes that come from the server, which
// are UTF-8; everything else has one text a value.
func (c column) reads(live, given string) string {
	if c.Type.Kind == record.Text || c.Type.Kind == record.Enum {
		return "CAST(CONVERT(" + live + " USING utf8mb4) AS BINARY) = CAST(" + given + " AS BINARY)"
	}
	return live + " = " + given
}
