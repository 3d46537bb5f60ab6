package duck

import (
	"context"
	"fmt"

	"sutor/internal/change"
	"sutor/internal/expr"
	"sutor/internal/plan"
	"sutor/internal/record"
)

// certainly prints that a condition over the columns of one row holds. key and
// judged are how the columns are called there, followed by their numbers.
func certainly(c expr.Condition, keys, columns record.Schema, key, judged string) string {
	b := expr.Binding{Column: func(_ expr.Side, name string) string {
		if i := keys.Index(name); i >= 0 {
			return fmt.Sprint(key, i)
		}
		if j := columns.Index(name); j >= 0 {
			return fmt.Sprint(judged, j)
		}
		return "NULL" // a column that the plan has not: unknown
	}, Op: "''", Changed: "[]::VARCHAR[]"}
	return "COALESCE(" + c.SQL(expr.DuckDB(), b) + ", false)"
}

// keepInside makes the view live of the live rows that the maker may see, and the
// table outside of the lines whose live row they may not.
func (r *run) keepInside(ctx context.Context) error {
	if r.spec.Only == nil {
		return r.exec(ctx, `CREATE VIEW live AS SELECT * FROM live_all`)
	}
	inside := certainly(*r.spec.Only, r.spec.Key, r.spec.Judged, "k", "l")
	return r.exec(ctx, `CREATE TABLE outside AS SELECT DISTINCT n AS line FROM live_all WHERE NOT `+inside+`;
		CREATE VIEW live AS SELECT * FROM live_all WHERE `+inside)
}

// checkOutside finds rows that the maker may not see, or would not see afterwards.
// Where nothing can be inserted, a row that is not there is told no otherwise.
func (r *run) checkOutside(ctx context.Context, sample string) error {
	where := "NOT " + certainly(*r.spec.Only, r.spec.Key, r.spec.Judged, "k", "a")
	if r.spec.Options.Mode == change.Update || !r.spec.Allow["insert"] {
		where += " OR NOT found"
	}
	if given := r.spec.GivenJudged(); given >= 0 {
		where += fmt.Sprintf(" OR NOT found AND k%d IS NULL", given)
	}
	return r.hit(ctx, plan.OutsideFinding(), "rows", "("+where+" OR NOT found AND line IN (SELECT line FROM outside))", sample)
}

// seen is the condition under which a row of a plan may be shown to somebody who
// sees some rows only: on both of its sides. Of a new row whose key the system gives
// nobody knows it, where that depends on the key.
func seen(m plan.Manifest, only expr.Condition) string {
	keys, columns := m.KeySchema(), m.JudgedSchema()
	where := "(op = 'insert' OR " + certainly(only, keys, columns, "k", "b") + ") AND (op NOT IN ('insert', 'update') OR " +
		certainly(only, keys, columns, "k", "a") + ")"
	for _, name := range only.Columns(expr.Whole) {
		if i := keys.Index(name); i >= 0 {
			where += fmt.Sprintf(" AND (op <> 'insert' OR k%d IS NOT NULL)", i)
		}
	}
	return where
}

// Outside counts the rows of a plan that are not among those of which only holds
// for certain, before and after.
func (s *Session) Outside(ctx context.Context, parquet string, m plan.Manifest, only expr.Condition) (int64, error) {
	return s.count(ctx, `SELECT count(*) FROM read_parquet(`+text(parquet)+`) WHERE NOT (`+seen(m, only)+`)`)
}
