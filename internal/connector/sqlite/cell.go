package sqlite

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"sutor/internal/record"
)

// maxArguments is how many values go into one array: below what a function of SQLite takes.
const maxArguments = 100

// rendered gives the SQL of a row as SQLite writes it fastest, in one call, and with the class
// of each value in it: a JSON array of head (SQL of the first value, or "") and of columns of
// the table, which is known by alias; where there are many, several arrays, one after the other.
func (t *table) rendered(alias, head string, columns record.Schema) string {
	var values []string
	if head != "" {
		values = append(values, head)
	}
	for _, c := range columns {
		values = append(values, t.element(alias+"."+quoted(c.Name), c.Generated))
	}
	var arrays []string
	for len(values) > maxArguments {
		arrays = append(arrays, "json_array("+strings.Join(values[:maxArguments], ",")+")")
		values = values[maxArguments:]
	}
	last := "json_array(" + strings.Join(values, ",") + ")"
	if len(arrays) == 0 {
		return last
	}
	return "concat(" + strings.Join(append(arrays, last), ",") + ")"
}

// element gives the SQL of a value in a JSON array. JSON has no bytes: they are an array
// within, of their hexadecimal digits. A text that is computed may pass for JSON itself, and
// would be put in as such; joined to another it is one like any.
func (t *table) element(col string, computed bool) string {
	if computed || t.kind != "table" {
		return "CASE typeof(" + col + ") WHEN 'text' THEN " + col + "||'' WHEN 'blob' THEN json_array(hex(" + col + ")) ELSE " + col + " END"
	}
	return "iif(+" + col + " COLLATE BINARY>=x'',json_array(hex(" + col + "))," + col + ")" // any bytes are above all else
}

// class is a storage class of SQLite (sqlite.org/datatype3.html, 2).
type class byte

const (
	null class = iota
	integer
	real
	text
	blob
)

// classes are what stands before a value of another class than its column's type has.
var classes = [...]string{integer: "integer:", real: "real:", text: "text:", blob: "blob:"}

// value is one cell as it is stored: of bytes, their hexadecimal digits.
type value struct {
	class
	escaped bool // in the row: only such a text may have quotation marks in it
	text    []byte
}

// rowReader takes the values of a row, one after the other, out of what rendered gives.
type rowReader struct {
	rest    []byte // begins with what stands before the next value
	escapes bool   // a text of the row has any
	utf8    bool   // all of the row is
	broken  bool   // this is no row that SQLite writes
	text    []byte // room for a text with escapes
}

func (r *rowReader) begin(row []byte) {
	r.rest, r.escapes, r.utf8, r.broken = row, bytes.IndexByte(row, '\\') >= 0, utf8.Valid(row), false
}

// next takes one value. It lasts until the next.
func (r *rowReader) next() (v value) {
	if len(r.rest) < len("[0]") {
		r.broken = true
		return v
	}
	if r.rest[0] == ']' {
		r.rest = r.rest[1:] // another array follows
	}
	r.rest = r.rest[1:]
	end := 0
	switch {
	case r.rest[0] == '"':
		v.class = text
		v.text, v.escaped = r.quoted()
		return v
	case r.rest[0] == '[':
		end = bytes.IndexByte(r.rest, ']') + 1
		if r.broken = end < len(`[""]`) || r.rest[1] != '"' || r.rest[end-2] != '"'; r.broken {
			return v
		}
		v.class, v.text = blob, r.rest[len(`["`):end-len(`"]`)]
	case bytes.HasPrefix(r.rest, []byte("null")):
		end = len("null")
	default:
		if v.class, end = numeral(r.rest); end == 0 {
			r.broken = true
		}
		v.text = r.rest[:end]
	}
	r.rest = r.rest[end:]
	return v
}

// numeral tells the class of a number that text begins with, and how long it is; 0 for none.
func numeral(s []byte) (c class, length int) {
	c = integer
	for i, char := range s {
		switch {
		case '0' <= char && char <= '9', char == '-', char == '+':
		case char == ',', char == ']':
			return c, i
		case char == '.', char == 'e':
			c = real
		default:
			return c, 0
		}
	}
	return c, 0
}

// end tells whether all values were taken, and there were as many.
func (r *rowReader) end() bool { return !r.broken && string(r.rest) == "]" }

// quoted takes a text.
func (r *rowReader) quoted() (_ []byte, escaped bool) {
	r.rest = r.rest[1:]
	end := bytes.IndexByte(r.rest, '"')
	if end < 0 {
		r.broken = true
		return nil, false
	}
	if whole := r.rest[:end]; !r.escapes || bytes.IndexByte(whole, '\\') < 0 {
		r.rest = r.rest[end+1:]
		return whole, false
	}
	r.text = r.text[:0]
	for {
		c := r.rest[0]
		r.rest = r.rest[1:]
		switch c {
		case '"':
			return r.text, true
		case '\\':
			c = r.escaped()
		}
		r.text = append(r.text, c)
	}
}

// escaped takes what follows a backslash. SQLite writes quotation marks, backslashes and
// control characters so, and nothing else.
func (r *rowReader) escaped() byte {
	c := r.rest[0]
	r.rest = r.rest[1:]
	if c == 'u' {
		code, _ := strconv.ParseUint(string(r.rest[:4]), 16, 8)
		r.rest = r.rest[4:]
		return byte(code)
	}
	if at := strings.IndexByte("bfnrt", c); at >= 0 {
		return "\b\f\n\r\t"[at]
	}
	return c
}

// flaw says what is in a value that no record may hold; "" for nothing.
func (r *rowReader) flaw(t record.Type, v value) string {
	switch {
	case v.class != text:
		if t.Kind == record.Text && v.class != null {
			return "bytes (a BLOB) instead of text"
		}
	case !r.utf8 && !utf8.Valid(v.text):
		return "a text that is not UTF-8"
	case r.escapes && bytes.IndexByte(v.text, 0) >= 0:
		return "a text with a NUL character in it"
	}
	return ""
}

// appendCell appends a value as a field of the canonical dialect, NULL as nothing. One that is
// of another class than this package would write, or of more digits, has its class before it.
func appendCell(out []byte, t record.Type, v value) []byte {
	switch {
	case v.class == null:
		return out
	case v.class == text:
		if t.Kind != record.Text && (!keptAsText(t.Kind) || looksClassed(v.text)) {
			v.text = append([]byte(classes[text]), v.text...)
		}
		if v.escaped {
			return record.AppendQuoted(out, v.text)
		}
		return append(append(append(out, '"'), v.text...), '"')
	}
	out = append(out, '"')
	switch {
	case v.class == blob && t.Kind == record.Bytes:
		out = append(out, `\x`...)
		for _, digit := range v.text {
			out = append(out, digit|' ') // in lower case
		}
	case v.class == integer && t.Kind == record.Int:
		out = append(out, v.text...)
	case v.class == integer && t.Kind == record.Bool && len(v.text) == 1 && v.text[0] <= '1':
		out = strconv.AppendBool(out, v.text[0] == '1')
	case v.class == integer && t.Kind == record.Decimal: // what SQLite makes of a real that is a whole number
		out = append(out, v.text...)
		if t.Scale > 0 {
			out = append(append(out, '.'), zeros[:t.Scale]...)
		}
	case v.class == real:
		out = appendReal(out, t, v.text)
	default:
		out = append(append(out, classes[v.class]...), v.text...)
	}
	return append(out, '"')
}

// zeros are as many digits as a decimal has at most.
var zeros = bytes.Repeat([]byte("0"), exactDigits)

// keptAsText tells of a type other than Text whose values are stored as texts.
func keptAsText(k record.Kind) bool {
	switch k {
	case record.Bool, record.Int, record.Float, record.Decimal, record.Bytes:
		return false
	}
	return true
}

// looksClassed tells of a text that could be taken for one with a class before it.
func looksClassed(s []byte) bool {
	return len(s) > 4 && s[4] == ':' || len(s) > 7 && s[7] == ':'
}

// infinite is how SQLite writes a number beyond all others in JSON.
const infinite = "9.0e+999"

// appendReal appends what SQLite wrote with 17 digits at most, which is exact. A decimal is
// written only where its text reads back as the very same number.
func appendReal(out []byte, t record.Type, digits []byte) []byte {
	if unsigned := bytes.TrimPrefix(digits, []byte("-")); string(unsigned) == infinite {
		digits = append(bytes.Clone(digits[:len(digits)-len(unsigned)]), "Inf"...)
	} else if t.Kind == record.Decimal {
		if decimal, ok := appendDecimal(out, t.Scale, digits); ok {
			return decimal
		}
	}
	if t.Kind != record.Float {
		out = append(out, classes[real]...)
	}
	return append(out, digits...)
}

// appendDecimal appends a number with as many digits after the point as scale says, or without
// zeros at the end where it says none; ok is false where that would be another number, or one of
// more digits than any such has that is kept exactly.
func appendDecimal(out []byte, scale int, digits []byte) (_ []byte, ok bool) {
	if len(digits) <= exactDigits+len(".") && bytes.IndexByte(digits, 'e') < 0 {
		return appendPadded(out, scale, digits) // so few digits are the fewest that tell the number
	}
	x, err := strconv.ParseFloat(string(digits), 64)
	if err != nil || math.Abs(x) >= 1e15 {
		return out, false
	}
	var room [40]byte
	if scale < 0 {
		fewest := strconv.AppendFloat(room[:0], math.Abs(x), 'e', -1, 64)
		if bytes.IndexByte(fewest, 'e') > exactDigits+len(".") {
			return out, false
		}
	}
	return appendPadded(out, scale, strconv.AppendFloat(room[:0], x, 'f', -1, 64))
}

// appendPadded appends digits with zeros at the end as scale says; ok is false where they are
// more than it has room for.
func appendPadded(out []byte, scale int, digits []byte) (_ []byte, ok bool) {
	whole, fraction, _ := bytes.Cut(digits, []byte("."))
	fraction = bytes.TrimRight(fraction, "0")
	if scale >= 0 && len(fraction) > scale {
		return out, false
	}
	out = append(out, whole...)
	if scale > 0 || len(fraction) > 0 {
		out = append(append(out, '.'), fraction...)
	}
	if scale > len(fraction) {
		out = append(out, zeros[len(fraction):scale]...)
	}
	return out, true
}
