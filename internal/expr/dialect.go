package expr

import (
	"fmt"
	"strings"
)

// Dialect holds what differs between SQL engines; every function is given SQL
// and gives SQL that stands as an operand without further parentheses.
type Dialect struct {
	Name string

	Text, Double, Date, Timestamp string // names of types

	Decimal     func(scale int) string           // the type of 38 digits
	ReadDecimal func(x string, scale int) string // a text of at most scale decimals; NULL where it has over 38 digits
	Cast        func(x, typ string) string       // fails where it cannot
	TryCast     func(x, typ string) string       // NULL where it cannot
	Try         func(x string) string            // NULL where x overflows
	Finite      func(x string) string            // NULL where x is infinite or NaN
	DivisorSign func(x string) string            // 1, -1, or NULL for zero; a decimal of scale 0
	Quotient    func(a, b string) string         // of two decimals of scale 0, b positive: what stands before the point
	FullMatch   func(x, pattern string) string   // the whole text matches an RE2 pattern
	Matches     func(x, pattern string) string   // some of the text matches
	TextTest    func(test TextTest, a, b string) string
	CodePoints  func(x string) string // a text's length
	ListHas     func(list, item string) string
	ListSize    func(list string) string
	Truth       func(v bool) string
}

// DuckDB is the dialect of DuckDB from version 1.5 (TRY, lambdas by name).
func DuckDB() Dialect {
	call := func(name string) func(string, string) string {
		return func(a, b string) string { return name + "(" + a + ", " + b + ")" }
	}
	return Dialect{
		Name: "duckdb",
		Text: "VARCHAR", Double: "DOUBLE", Date: "DATE", Timestamp: "TIMESTAMP",
		Decimal:     func(scale int) string { return fmt.Sprintf("DECIMAL(38, %d)", scale) },
		ReadDecimal: duckReadDecimal,
		Cast:        func(x, typ string) string { return "CAST(" + x + " AS " + typ + ")" },
		TryCast:     func(x, typ string) string { return "TRY_CAST(" + x + " AS " + typ + ")" },
		Try:         func(x string) string { return "TRY(" + x + ")" },
		// A list of one holds x, so that it is written once however deep it stands.
		Finite:      func(x string) string { return "list_filter([" + x + "], lambda v: isfinite(v))[1]" },
		DivisorSign: func(x string) string { return "list_extract([-1, NULL, 1]::DECIMAL(1, 0)[], sign(" + x + ") + 2)" },
		Quotient:    func(a, b string) string { return "(CAST(" + a + " AS HUGEINT) // CAST(" + b + " AS HUGEINT))" },
		FullMatch:   call("regexp_full_match"),
		Matches:     call("regexp_matches"),
		TextTest: func(test TextTest, a, b string) string {
			return map[TextTest]string{StartsWith: "starts_with", EndsWith: "ends_with", Contains: "contains"}[test] + "(" + a + ", " + b + ")"
		},
		CodePoints: func(x string) string { return "length(" + x + ")" },
		ListHas:    call("list_contains"),
		ListSize:   func(list string) string { return "len(" + list + ")" },
		Truth:      func(v bool) string { return fmt.Sprint(v) },
	}
}

// duckReadDecimal reads through 18 digits where they do: version 1.5.5 is some
// hundred times slower in reading a text as DECIMAL(38, s) than as DECIMAL(18, s).
func duckReadDecimal(x string, scale int) string {
	wide := fmt.Sprintf("TRY_CAST(%s AS DECIMAL(38, %d))", x, scale)
	if scale > 18 {
		return wide
	}
	return fmt.Sprintf("COALESCE(CAST(TRY_CAST(%s AS DECIMAL(18, %d)) AS DECIMAL(38, %d)), %s)", x, scale, scale, wide)
}

// Binding says where a query has the row's values.
type Binding struct {
	// Column gives an SQL operand of type text: the value's canonical text, NULL
	// where it is NULL or the side is missing.
	Column func(side Side, name string) string
	// Op is an SQL operand that is insert, update or delete.
	Op string
	// Changed is an SQL operand: a list of texts, never NULL.
	Changed string
}

type printer struct {
	Dialect
	Binding Binding
}

// formed is a column's text where it has the form, else NULL.
func (p *printer) formed(ref Ref, form string) string {
	column := p.Binding.Column(ref.Side, ref.Name)
	return "CASE WHEN " + p.FullMatch(column, quote(form)) + " THEN " + column + " END"
}

// quote writes an SQL text literal; standard conforming, so a backslash is itself.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func join[T any](list []T, sep string, write func(T) string) string {
	texts := make([]string, len(list))
	for i, item := range list {
		texts[i] = write(item)
	}
	return strings.Join(texts, sep)
}
