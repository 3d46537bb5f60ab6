package guard_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"

	"sutor/internal/expr"
	"sutor/internal/guard"
	"sutor/internal/record"
)

// judgedRow is a rule with a row whose answer is known.
type judgedRow struct {
	rule *guard.RowRule
	row  rowCase
}

// checkInDuck judges the same rows as SQL: a finding must be the same there.
func checkInDuck(t *testing.T, schema record.Schema, all []judgedRow) {
	t.Helper()
	if len(all) == 0 {
		return
	}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, j := range all {
		env := j.row.env()
		binding := expr.Binding{
			Column: func(side expr.Side, name string) string {
				if text, ok := env.Column(side, name); ok {
					return literal(text) + "::VARCHAR"
				}
				return "NULL::VARCHAR"
			},
			Op: literal(env.Op()), Changed: changedList(env.Changed()),
		}
		query := "SELECT " + j.rule.Condition().SQL(expr.DuckDB(), binding)
		var got sql.NullBool
		if err := db.QueryRow(query).Scan(&got); err != nil {
			t.Errorf("%s: %v\n%s", j.rule.When, err, query)
			continue
		}
		answer := "unknown"
		if got.Valid {
			answer = fmt.Sprint(got.Bool)
		}
		if answer != j.row.Is {
			t.Errorf("%s\n on %+v is %s in DuckDB, want %s\n%s", j.rule.When, env, answer, j.row.Is, query)
		}
	}
}

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func changedList(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = literal(n)
	}
	return "[" + strings.Join(quoted, ", ") + "]::VARCHAR[]"
}
