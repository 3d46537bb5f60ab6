package expr_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"
	"pgregory.net/rapid"

	"sutor/internal/expr"
	"sutor/internal/record"
)

// TestDuckDBEqualsReference is the law of this package: the printed SQL gives
// the evaluator's answer for every expression and row.
func TestDuckDBEqualsReference(t *testing.T) {
	t.Parallel()
	db := openDuck(t)
	answers := map[expr.Truth]int{}
	rapid.Check(t, func(t *rapid.T) {
		g := newGenerator(t)
		conditions := make([]expr.Condition, 25)
		for i := range conditions {
			conditions[i] = g.condition()
		}
		rows := make([]expr.Row, 20)
		for i := range rows {
			rows[i] = g.row()
		}
		got := judgeInDuck(t, db, g.schema, conditions, rows)
		for r, row := range rows {
			for c, condition := range conditions {
				want := condition.Judge(row)
				answers[want]++
				if got[r][c] != want {
					t.Fatalf("%s\n  row %+v\n  Go %s, DuckDB %s\n%s", condition, row, want, got[r][c],
						condition.SQL(expr.DuckDB(), binding(g.schema)))
				}
			}
		}
	})
	t.Logf("answers: %v", answers)
	for _, truth := range []expr.Truth{expr.True, expr.False, expr.Unknown} {
		if answers[truth] < 1000 {
			t.Errorf("only %d answers were %s: the generator does not exercise it", answers[truth], truth)
		}
	}
}

func openDuck(t testing.TB) *sql.DB {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func binding(schema record.Schema) expr.Binding {
	return expr.Binding{
		Column: func(side expr.Side, name string) string { return fmt.Sprintf("%s_%d", side, schema.Index(name)) },
		Op:     "op", Changed: "changed",
	}
}

type fataler interface{ Fatalf(string, ...any) }

// judgeInDuck judges all conditions on all rows in one query; the rows stand in it as text.
func judgeInDuck(t fataler, db *sql.DB, schema record.Schema, conditions []expr.Condition, rows []expr.Row) [][]expr.Truth {
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
	selected := make([]string, len(conditions))
	for i, c := range conditions {
		selected[i] = c.SQL(expr.DuckDB(), binding(schema))
	}
	query := "SELECT " + strings.Join(selected, ",\n ") + "\nFROM (VALUES\n" + strings.Join(tuples, ",\n") + ") t(" + strings.Join(columns, ", ") + ") ORDER BY n"
	result, err := db.Query(query)
	if err != nil {
		t.Fatalf("%v\n%s", err, query)
	}
	defer result.Close()
	var got [][]expr.Truth
	for result.Next() {
		got = append(got, scanTruths(t, result, len(conditions)))
	}
	if err := result.Err(); err != nil || len(got) != len(rows) {
		t.Fatalf("%d rows, %v\n%s", len(got), err, query)
	}
	return got
}

func tuple(n int, schema record.Schema, row expr.Row) string {
	quoted := make([]string, len(row.Columns))
	for i, c := range row.Columns {
		quoted[i] = quoteSQL(c)
	}
	cells := []string{fmt.Sprint(n), quoteSQL(row.Operation), "[" + strings.Join(quoted, ", ") + "]::VARCHAR[]"}
	for _, side := range []expr.Side{expr.Before, expr.After} {
		for _, c := range schema {
			if text, ok := row.Column(side, c.Name); ok {
				cells = append(cells, quoteSQL(text)+"::VARCHAR")
			} else {
				cells = append(cells, "NULL::VARCHAR")
			}
		}
	}
	return "(" + strings.Join(cells, ", ") + ")"
}

func quoteSQL(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func scanTruths(t fataler, result *sql.Rows, n int) []expr.Truth {
	values := make([]sql.NullBool, n)
	into := make([]any, n)
	for i := range values {
		into[i] = &values[i]
	}
	if err := result.Scan(into...); err != nil {
		t.Fatalf("%v", err)
	}
	truths := make([]expr.Truth, n)
	for i, v := range values {
		switch {
		case !v.Valid:
			truths[i] = expr.Unknown
		case v.Bool:
			truths[i] = expr.True
		default:
			truths[i] = expr.False
		}
	}
	return truths
}
