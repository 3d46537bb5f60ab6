package postgres

import (
	"fmt"
	"strings"

	"sutor/internal/record"
)

// sieve prints a filter over the table known as t. It lets at least those rows
// through that [record.Filter.Lets] does.
func sieve(f record.Filter) string {
	switch {
	case f.Test != nil:
		return tested(*f.Test)
	case f.Any != nil:
		return joined(f.Any, " OR ", "false")
	}
	return joined(f.All, " AND ", "true")
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
	column := "t." + name(t.Column.Name)
	if t.Is == record.Null {
		return "(" + column + " IS " + map[bool]string{true: "NOT "}[t.Not] + "NULL)"
	}
	if isMoney(t.Column.Type) {
		column += "::pg_catalog.numeric"
	}
	test := met(t, column)
	if t.Not {
		test = "NOT " + test
	}
	return "(" + test + " OR " + column + " IS NULL" + odd(t.Column.Type, column) + ")"
}

// met prints whether one of the values is met. A text is compared by its bytes;
// where equal is asked for, and by the column's own collation more are equal, more
// come through, and an index on the column serves.
func met(t record.Test, column string) string {
	if t.Column.Type.Kind == record.Text || t.Column.Type.Kind == record.UUID {
		if t.Is != record.Same || t.Not || t.Column.Type.Kind == record.UUID {
			column += `::pg_catalog.text COLLATE pg_catalog."C"`
		}
	}
	tests := []string{"false"}
	for _, v := range t.Values {
		literal := constant(t.Column.Type, v)
		switch t.Is {
		case record.Same:
			tests = append(tests, column+" = "+literal)
		case record.StartsWith:
			tests = append(tests, fmt.Sprintf("pg_catalog.starts_with(%s, %s)", column, literal))
		case record.EndsWith:
			tests = append(tests, fmt.Sprintf("pg_catalog.right(%s, pg_catalog.char_length(%s)) = %[2]s", column, literal))
		case record.Contains:
			tests = append(tests, fmt.Sprintf("pg_catalog.strpos(%s, %s) > 0", column, literal))
		default:
			tests = append(tests, column+" "+string(t.Is)+" "+literal)
		}
	}
	return "(" + strings.Join(tests, " OR ") + ")"
}

// constant prints a value so that an index on the column serves: of its very type,
// or of one that PostgreSQL compares with it as it stands.
func constant(t record.Type, v string) string {
	literal := "'" + strings.ReplaceAll(v, "'", "''") + "'"
	switch t.Kind {
	case record.Date:
		return literal + "::pg_catalog.date"
	case record.Timestamp:
		return literal + "::pg_catalog.timestamp"
	case record.TimestampTZ:
		return literal + "::pg_catalog.timestamptz"
	case record.Int:
		if len(v) <= 18 && strings.Trim(v, "-0123456789") == "" { // an int8 with its sign
			return "(" + v + ")"
		}
		return literal + "::pg_catalog.numeric"
	case record.Decimal:
		return literal + "::pg_catalog.numeric"
	case record.Bool:
		return literal + "::pg_catalog.bool"
	}
	return literal
}

// odd adds the values that no canonical text of the type has: NaN and infinite
// numbers, days before the year 1 or after 9999, and the infinite ones.
func odd(t record.Type, column string) string {
	switch t.Kind {
	case record.Decimal:
		return " OR " + column + " >= 'NaN'::pg_catalog.numeric" + map[bool]string{true: " OR " + column + "::pg_catalog.text LIKE '%Inf%'"}[t.Scale < 0]
	case record.Date:
		return " OR " + column + " < '0001-01-01'::pg_catalog.date OR " + column + " > '9999-12-31'::pg_catalog.date"
	case record.Timestamp:
		return " OR " + column + " < '0001-01-01'::pg_catalog.timestamp OR " + column + " >= '10000-01-01'::pg_catalog.timestamp"
	case record.TimestampTZ:
		return " OR " + column + " < '0001-01-01+00'::pg_catalog.timestamptz OR " + column + " >= '10000-01-01+00'::pg_catalog.timestamptz"
	}
	return ""
}
