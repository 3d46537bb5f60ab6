package mysql

import (
	"fmt"
	"strings"

	"sutor/internal/record"
)

// sieve prints a filter over the table known as t. It lets at least those rows
// through that [record.Filter.Lets] does.
func (t *table) sieve(f record.Filter) string {
	switch {
	case f.Test != nil:
		return t.tested(*f.Test)
	case f.Any != nil:
		return t.joinedTests(f.Any, " OR ", "FALSE")
	}
	return t.joinedTests(f.All, " AND ", "TRUE")
}

func (t *table) joinedTests(parts []record.Filter, sign, none string) string {
	if len(parts) == 0 {
		return none
	}
	texts := make([]string, len(parts))
	for i, p := range parts {
		texts[i] = t.sieve(p)
	}
	return "(" + strings.Join(texts, sign) + ")"
}

func (t *table) tested(test record.Test) string {
	column := "t." + quoted(test.Column.Name)
	if test.Is == record.Null {
		return "(" + column + " IS " + map[bool]string{true: "NOT "}[test.Not] + "NULL)"
	}
	c := t.all[t.columns.Index(test.Column.Name)]
	tests := []string{"FALSE"}
	for _, v := range test.Values {
		one, ok := c.met(test, column, v)
		if !ok {
			return "TRUE"
		}
		tests = append(tests, one)
	}
	met := "(" + strings.Join(tests, " OR ") + ")"
	if test.Not {
		met = "NOT " + met
	}
	return "(" + met + " OR " + column + " IS NULL" + c.odd(column) + ")"
}

// met prints whether a value is met; false where the server has no way to tell
// exactly, or the column is of another type than was asked for.
func (c column) met(test record.Test, name, value string) (string, bool) {
	literal := string(appendLiteral(nil, []byte(value)))
	if c.Type.Kind != test.Column.Type.Kind {
		return "", false
	}
	switch c.Type.Kind {
	case record.Bool:
		return name + " = " + map[string]string{"true": "1", "false": "0"}[value], test.Is == record.Same
	case record.Int, record.Decimal:
		return name + " " + string(test.Is) + " " + value, strings.Trim(value, "-.0123456789") == "" && len(value) <= 60
	case record.Date:
		return name + " " + string(test.Is) + " DATE " + literal, true
	case record.Timestamp:
		return name + " " + string(test.Is) + " TIMESTAMP " + literal, true
	case record.TimestampTZ:
		// As texts: literals may be of years that no TIMESTAMP has.
		return "CAST(" + name + " AS DATETIME(6)) " + string(test.Is) + " TIMESTAMP " + strings.Replace(literal, "+00'", "'", 1), true
	case record.Text:
		return c.metText(test, name, literal), true
	}
	return "", false
}

// metText prints a test of texts: by code points, except that the column's own
// collation and an index on it may serve where more rows do no harm.
func (c column) metText(test record.Test, name, literal string) string {
	if test.Is == record.Same && !test.Not {
		if c.charset != "utf8mb4" { // what it has not becomes a question mark, which meets more
			literal = "CONVERT(" + literal + " USING " + c.charset + ") COLLATE " + c.collation
		}
		return name + " = " + literal
	}
	text, bytes := "CONVERT("+name+" USING utf8mb4)", "CAST("+literal+" AS BINARY)"
	text = "CAST(" + text + " AS BINARY)"
	switch test.Is {
	case record.StartsWith:
		return fmt.Sprintf("LEFT(%s, LENGTH(%s)) = %[2]s", text, bytes)
	case record.EndsWith:
		return fmt.Sprintf("RIGHT(%s, LENGTH(%s)) = %[2]s", text, bytes)
	case record.Contains:
		return fmt.Sprintf("LOCATE(%s, %s) > 0", bytes, text)
	}
	return text + " " + string(test.Is) + " " + bytes
}

// odd adds the values that no canonical text of the type has: days that there are
// not, and numbers that are neither yes nor no.
func (c column) odd(name string) string {
	switch c.Type.Kind {
	case record.Bool:
		return " OR " + name + " NOT IN (0, 1)"
	case record.Date, record.Timestamp:
		return fmt.Sprintf(" OR %[1]s < '0001-01-01' OR NOT (FROM_DAYS(TO_DAYS(%[1]s)) <=> DATE(%[1]s))", name)
	case record.TimestampTZ:
		return " OR YEAR(" + name + ") = 0"
	}
	return ""
}
