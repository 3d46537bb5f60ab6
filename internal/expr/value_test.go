package expr_test

import (
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sutor/internal/expr"
	"sutor/internal/record"
)

// TestValuesInDuckDBEqualReference: what an expression gives for a row is the same
// text in SQL and in Go, whatever the row; floats the same number.
func TestValuesInDuckDBEqualReference(t *testing.T) {
	t.Parallel()
	db := openDuck(t)
	known, unknown, rounded := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		g := newGenerator(t)
		values := make([]expr.Value, 15)
		for i := range values {
			values[i] = g.value2()
		}
		rows := make([]expr.Row, 10)
		for i := range rows {
			rows[i] = g.row()
		}
		got := computeInDuck(t, db, g.schema, values, rows)
		for r, row := range rows {
			for v, value := range values {
				want, ok := value.Text(row)
				if ok {
					known++
				} else {
					unknown++
				}
				if strings.Contains(value.String(), "round(") && ok {
					rounded++
				}
				if have := got[r][v]; have.Valid != ok || ok && !sameText(value, have.String, want) {
					t.Fatalf("%s\n  row %+v\n  Go %q %t, DuckDB %+v\n%s", value, row, want, ok, have, value.SQL(expr.DuckDB(), binding(g.schema)))
				}
			}
		}
	})
	t.Logf("%d known, %d unknown, %d rounded", known, unknown, rounded)
	if min(known, unknown, rounded) < 500 {
		t.Errorf("%d known, %d unknown, %d rounded: the generator does not exercise it", known, unknown, rounded)
	}
}

func sameText(v expr.Value, got, want string) bool {
	if v.Type() != expr.Float {
		return got == want
	}
	x, err := strconv.ParseFloat(got, 64)
	y, err2 := strconv.ParseFloat(want, 64)
	return err == nil && err2 == nil && x == y || got == want
}

// value2 draws an expression of any type.
func (g *generator) value2() expr.Value {
	for {
		g.size = rapid.IntRange(1, 8).Draw(g.t, "size")
		node, err := g.anything()
		if err != nil {
			continue
		}
		if v, err := expr.NewValue(node); err == nil {
			return v
		}
	}
}

func (g *generator) anything() (expr.Node, error) {
	switch rapid.IntRange(0, 7).Draw(g.t, "kind of value") {
	case 0:
		return g.boolean()
	case 1:
		return two(func(a, b expr.Node) (expr.Node, error) { return expr.Calculate('+', a, b) }, g.text, g.text)
	case 2:
		a, err := g.text()
		if err != nil {
			return a, err
		}
		if g.chance(2) {
			return expr.Trim(a)
		}
		from, _ := expr.String(pick(g, []string{"a", "NET", "'", "b", " "}))
		to, _ := expr.String(pick(g, texts))
		return expr.Replace(a, from, to)
	case 3:
		return g.time(pick(g, []record.Kind{record.Date, record.Timestamp, record.TimestampTZ}))
	case 4:
		return g.number()
	}
	a, err := g.number()
	if err != nil {
		return a, err
	}
	decimals, err := expr.Number(fmt.Sprint(rapid.IntRange(0, 6).Draw(g.t, "decimals")))
	if err != nil {
		return a, err
	}
	return expr.Round(a, decimals)
}

func computeInDuck(t fataler, db *sql.DB, schema record.Schema, values []expr.Value, rows []expr.Row) [][]sql.NullString {
	columns := []string{"n", "op", "changed"}
	for _, side := range []expr.Side{expr.Before, expr.After} {
		for i := range schema {
			columns = append(columns, fmt.Sprintf("%s_%d", side, i))
		}
	}
	tuples := make([]string, len(rows))
	for i, row := range rows {
		tuples[i] = tuple(i, schema, row)
	}
	selected := make([]string, len(values))
	for i, v := range values {
		selected[i] = v.SQL(expr.DuckDB(), binding(schema))
	}
	query := "SELECT " + strings.Join(selected, ",\n ") + "\nFROM (VALUES\n" + strings.Join(tuples, ",\n") + ") t(" + strings.Join(columns, ", ") + ") ORDER BY n"
	result, err := db.Query(query)
	if err != nil {
		t.Fatalf("%v\n%s", err, query)
	}
	defer result.Close()
	var got [][]sql.NullString
	for result.Next() {
		row := make([]sql.NullString, len(values))
		into := make([]any, len(values))
		for i := range row {
			into[i] = &row[i]
		}
		if err := result.Scan(into...); err != nil {
			t.Fatalf("%v", err)
		}
		got = append(got, row)
	}
	if err := result.Err(); err != nil || len(got) != len(rows) {
		t.Fatalf("%d rows, %v\n%s", len(got), err, query)
	}
	return got
}

// TestRound: a half goes away from zero, and nothing is lost on the way.
func TestRound(t *testing.T) {
	t.Parallel()
	price := record.Column{Name: "price", Type: record.Type{Kind: record.Decimal, Precision: 12, Scale: 4}}
	col := must1(t)(expr.Col(expr.Whole, price))
	for _, c := range []struct{ price, by, want string }{
		{"2.3450", "1", "2.35"}, {"-2.3450", "1", "-2.35"}, {"2.3449", "1", "2.34"}, {"119", "1.19", "100"}, {"10", "3", "3.33"}, {"-20", "3", "-6.67"}, {"0.0049", "1", "0"},
	} {
		quotient := must1(t)(expr.Calculate('/', col, must1(t)(expr.Number(c.by))))
		v, err := expr.NewValue(must1(t)(expr.Round(quotient, must1(t)(expr.Number("2")))))
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := v.Text(expr.Row{Values: map[expr.Ref]string{{Side: expr.Whole, Name: "price"}: c.price}}); got != c.want || !ok {
			t.Errorf("round(%s / %s, 2) is %s, want %s", c.price, c.by, got, c.want)
		}
		if _, err := expr.NewValue(quotient); err == nil && c.by != "1" {
			t.Errorf("%s is a value as it stands", quotient)
		}
	}
}
