package sqlite

import (
	"fmt"
	"strconv"
	"strings"

	"sutor/internal/record"
)

// keyed gives the columns of the primary key.
func (t *table) keyed() record.Schema { return t.columns.Pick(t.key) }

// sieve prints a filter over the table known as t. It lets at least those rows
// through that [record.Filter.Lets] does.
func sieve(f record.Filter) string {
	switch {
	case f.Test != nil:
		return tested(*f.Test)
	case f.Any != nil:
		return joined(f.Any, " OR ", "0")
	}
	return joined(f.All, " AND ", "1")
}

func joined(parts []record.Filter, sign, none string) string {
	if len(parts) == 0 {
		return none
	}
	texts := make([]string, len(parts))
	for i, p := range parts {
		texts[i] = sieve(p)
	}
	return "(" + strings.Join(texts, sign) + ")"
}

func tested(t record.Test) string {
	column := "t." + quoted(t.Column.Name)
	if t.Is == record.Null {
		return "(" + column + " IS " + map[bool]string{true: "NOT "}[t.Not] + "NULL)"
	}
	tests := []string{"0"}
	for _, v := range t.Values {
		test, ok := met(t, column, v)
		if !ok {
			return "1"
		}
		tests = append(tests, test)
	}
	test := "(" + strings.Join(tests, " OR ") + ")"
	if t.Not {
		test = "NOT " + test
	}
	ordered := t.Is == record.Less || t.Is == record.AtMost
	if kind := t.Column.Type.Kind; ordered && (kind == record.Text || kind == record.UUID || kind == record.Time) {
		test += " OR (SELECT encoding <> 'UTF-8' FROM pragma_encoding)" // whose bytes are in another order than code points
	}
	return "(" + test + " OR " + column + " IS NULL OR " + odd(t.Column.Type, column) + ")"
}

// met prints whether a value is met; false where SQLite has no way to tell exactly.
func met(t record.Test, column, value string) (string, bool) {
	literal := "'" + strings.ReplaceAll(value, "'", "''") + "'"
	switch t.Column.Type.Kind {
	case record.Bool:
		return column + " = " + map[string]string{"true": "1", "false": "0"}[value], t.Is == record.Same
	case record.Int, record.Decimal:
		// Decimals are doubles here: two of up to fifteen digits are different doubles,
		// and lie on the same side of every whole number.
		_, err := strconv.ParseInt(value, 10, 64)
		digits := strings.TrimLeft(strings.NewReplacer("-", "", ".", "").Replace(value), "0")
		return column + " " + string(t.Is) + " " + value, len(digits) <= exactDigits || err == nil && t.Column.Type.Kind == record.Int
	case record.Date:
		return column + " " + string(t.Is) + " " + literal, true
	case record.Timestamp, record.TimestampTZ:
		// Fractions of a second may be written in several ways: seconds decide, and
		// what is equal in them may be anything.
		second := "substr(" + column + ",1,19)"
		literal = literal[:20] + "'"
		switch {
		case t.Not:
			return second + " < " + literal, t.Is != record.Same
		case t.Is == record.Same:
			return second + " = " + literal, true
		}
		return second + " <= " + literal, true
	}
	if t.Column.Type.Kind != record.Text {
		column = "+" + column // a column that is not one of texts would take a literal of digits for a number
	}
	return metText(t.Is, column, literal), true
}

// metText prints a test of texts: by bytes, except that a column's own collation
// and an index on it may serve where more rows do no harm.
func metText(is record.Relation, column, literal string) string {
	switch is {
	case record.StartsWith:
		return fmt.Sprintf("substr(%s,1,length(%s)) = %[2]s COLLATE BINARY", column, literal)
	case record.EndsWith:
		return fmt.Sprintf("(length(%[2]s) = 0 OR substr(%[1]s,-length(%[2]s)) = %[2]s COLLATE BINARY)", column, literal)
	case record.Contains:
		return fmt.Sprintf("instr(%s,%s) > 0", column, literal)
	}
	return column + " COLLATE BINARY " + string(is) + " " + literal
}

// odd prints whether a value's text is none of its type: it has another storage
// class (appendCell writes that before a colon), or more digits, or is no day or time of
// the calendar. The first year's dash keeps SQLite from taking its digits for a number, as
// it does beside a column declared DATE.
func odd(t record.Type, column string) string {
	is := "typeof(" + column + ")"
	switch t.Kind {
	case record.Text:
		return is + " <> 'text'"
	case record.Date:
		return fmt.Sprintf("%[2]s <> 'text' OR date(%[1]s) IS NOT %[1]s COLLATE BINARY OR %[1]s < '0001-'", column, is)
	case record.Timestamp:
		return is + " <> 'text' OR " + noTime(column)
	case record.TimestampTZ:
		return fmt.Sprintf("%[2]s <> 'text' OR substr(%[1]s,-3) <> '+00' OR ", column, is) + noTime("substr("+column+",1,length("+column+")-3)")
	case record.Bool:
		return is + " <> 'integer' OR " + column + " NOT IN (0,1)"
	case record.Int:
		return is + " <> 'integer'"
	case record.Float:
		return is + " <> 'real'"
	case record.Bytes:
		return is + " <> 'blob'"
	case record.Decimal:
		digits := fmt.Sprintf("printf('%%.%df',%s)", t.Scale, column)
		if t.Scale < 0 {
			digits = fmt.Sprintf("printf('%%!.%dg',%s)", exactDigits, column)
		}
		return fmt.Sprintf("%[2]s <> 'integer' AND (%[2]s <> 'real' OR CAST(%[3]s AS REAL) <> %[1]s OR abs(%[1]s) >= 1e15)", column, is, digits)
	}
	return is + " <> 'text' OR instr(" + column + ",':') > 0"
}

// noTime prints whether a text is no time of the years 1 to 9999 to at most six
// digits of a second; SQLite itself reads more forms as times.
func noTime(text string) string {
	return fmt.Sprintf("datetime(%[1]s) IS NOT substr(%[1]s,1,19) OR %[1]s < '0001-' OR length(%[1]s) NOT BETWEEN 19 AND 26"+
		" OR substr(%[1]s,20) GLOB '*[^.0-9]*' OR substr(%[1]s,20) = '.'", text)
}
