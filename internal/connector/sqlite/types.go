package sqlite

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sutor/internal/record"
)

// declared takes a declared type apart: its words, and up to two numbers in
// parentheses somewhere among them.
var declared = regexp.MustCompile(`^([^()]*?)\s*(?:\(\s*([0-9]{1,9})\s*(?:,\s*([0-9]{1,9})\s*)?\))?\s*([^()]*)$`)

// exactDigits is how many decimal digits a binary64 number keeps
// (sqlite.org/floatingpoint.html); wholeDigits how many any 64-bit integer has
// room for.
const (
	exactDigits = 15
	wholeDigits = 18
)

// named maps the declared types, upper case and without numbers, that have a
// meaning here. Of what is not listed, SQLite's own rules tell whole numbers and
// texts ([byAffinity]); the rest is unsupported, and so is a column without a
// declared type, and ANY.
var named = map[string]record.Type{
	"INTEGER": {Kind: record.Int, Bits: 64}, "INT": {Kind: record.Int, Bits: 64},
	"BIGINT": {Kind: record.Int, Bits: 64}, "INT8": {Kind: record.Int, Bits: 64},
	"MEDIUMINT": {Kind: record.Int, Bits: 32}, "INT4": {Kind: record.Int, Bits: 32},
	"SMALLINT": {Kind: record.Int, Bits: 16}, "INT2": {Kind: record.Int, Bits: 16}, "TINYINT": {Kind: record.Int, Bits: 16},
	"DECIMAL": {Kind: record.Decimal}, "NUMERIC": {Kind: record.Decimal}, "DEC": {Kind: record.Decimal},
	"REAL": {Kind: record.Float, Bits: 64}, "DOUBLE": {Kind: record.Float, Bits: 64}, "FLOAT": {Kind: record.Float, Bits: 64},
	"DOUBLE PRECISION": {Kind: record.Float, Bits: 64}, "FLOAT8": {Kind: record.Float, Bits: 64},
	"TEXT": {Kind: record.Text}, "CLOB": {Kind: record.Text},
	"CHAR": {Kind: record.Text}, "VARCHAR": {Kind: record.Text}, "NCHAR": {Kind: record.Text}, "NVARCHAR": {Kind: record.Text},
	"CHARACTER": {Kind: record.Text}, "CHARACTER VARYING": {Kind: record.Text}, "VARYING CHARACTER": {Kind: record.Text},
	"NATIVE CHARACTER": {Kind: record.Text},
	"BOOLEAN":          {Kind: record.Bool}, "BOOL": {Kind: record.Bool},
	"DATE":     {Kind: record.Date},
	"DATETIME": {Kind: record.Timestamp}, "TIMESTAMP": {Kind: record.Timestamp}, "TIMESTAMP WITHOUT TIME ZONE": {Kind: record.Timestamp},
	"TIMESTAMPTZ": {Kind: record.TimestampTZ}, "TIMESTAMP WITH TIME ZONE": {Kind: record.TimestampTZ},
	"UUID": {Kind: record.UUID}, "TIME": {Kind: record.Time}, "BLOB": {Kind: record.Bytes},
}

// byAffinity gives the type of a declaration that is not named, by the rules that
// SQLite has for any (sqlite.org/datatype3.html, 3.1): where it is of integer or of
// text affinity. Why tells the reason where it is of neither.
func byAffinity(words string) record.Type {
	has := func(any ...string) bool {
		return slices.ContainsFunc(any, func(part string) bool { return strings.Contains(words, part) })
	}
	switch {
	case words == "", words == "ANY":
		return record.Type{Why: "each of its cells may be of another type"}
	case has("INT"):
		if has("POINT", "INTERVAL") {
			return record.Type{Why: "SQLite keeps whole numbers in it, whatever its name says"}
		}
		return record.Type{Kind: record.Int, Bits: 64}
	case has("CHAR", "CLOB", "TEXT"):
		return record.Type{Kind: record.Text}
	case has("BLOB"):
		return record.Type{Kind: record.Bytes}
	}
	return record.Type{Why: "SQLite would turn texts of digits in it into numbers"}
}

// typeOf gives the type that a column's declaration stands for.
func typeOf(decl string) record.Type {
	native := strings.Join(strings.Fields(decl), " ")
	m := declared.FindStringSubmatch(native)
	if m == nil {
		return record.Type{Native: native}
	}
	words := strings.ToUpper(strings.TrimSpace(m[1] + " " + m[4]))
	t, ok := named[words]
	if !ok {
		t = byAffinity(words)
	}
	if t.Native = native; native == "" {
		t.Native = "of a column without a declared type"
	}
	first, second := number(m[2]), number(m[3])
	switch t.Kind {
	case record.Decimal:
		return decimalOf(t, first, second)
	case record.Text: // SQLite ignores the length; nothing longer is written
		t.MaxLen = max(first, 0)
	case record.Timestamp, record.TimestampTZ, record.Time:
		t.Fraction = 6
		if first >= 0 {
			t.Fraction = min(first, 6)
		}
	}
	return t
}

func decimalOf(t record.Type, precision, scale int) record.Type {
	if precision < 0 {
		t.Precision, t.Scale = exactDigits, -1
		return t
	}
	t.Precision, t.Scale = precision, max(scale, 0)
	if precision > exactDigits && (t.Scale > 0 || precision > wholeDigits) || t.Scale > precision {
		return record.Type{Native: t.Native, Why: "it has more digits than SQLite keeps exactly"}
	}
	return t
}

// number reads digits; -1 where there are none.
func number(digits string) int {
	if n, err := strconv.Atoi(digits); err == nil {
		return n
	}
	return -1
}

// affinity gives the column affinity that SQLite derives from the declared type
// (sqlite.org/datatype3.html, 3.1), for the types in named.
func affinity(k record.Kind) string {
	switch k {
	case record.Int:
		return "INTEGER"
	case record.Float:
		return "REAL"
	case record.Text:
		return "TEXT"
	case record.Bytes:
		return "BLOB"
	}
	return "NUMERIC"
}

// quoted writes an exact name as SQL.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
