package duck

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"sutor/internal/errs"
	"sutor/internal/expr"
	"sutor/internal/plan"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// Touched looks up the rows of a related table that belong to the updated and
// deleted rows of a plan, in one reading of that table, and adds them up. no
// tells the impacts of one session apart.
func (s *Session) Touched(ctx context.Context, out *plan.Outcome, im plan.Impact, live driver.Fetcher, no int) (t plan.Touched, err error) {
	if s.rows != nil {
		measure := func() { t, err = s.rows.Touched(ctx, im, live) }
		if s.later == nil { // has no place to lend any more
			measure()
		} else {
			s.engine.small.lend(patience, measure)
		}
		if !errors.Is(err, plan.ErrMeasure) {
			return t, err
		}
	}
	n := len(im.By)
	var values, present []string
	for i, name := range im.Of {
		column, ok := before(out.Manifest, name)
		if !ok {
			return t, errs.New(errs.Invalid, "The column %s is not part of the plan.", name).WithMend("Match another column.")
		}
		values = append(values, fmt.Sprintf("%s AS u%d", column, i))
		present = append(present, fmt.Sprintf("u%d IS NOT NULL", i))
	}
	us := strings.Join(names("u", n), ", ")
	rows := `op IN ('update', 'delete')`
	if im.Deletes != nil {
		rows = `(op = 'delete' OR why = ` + text(plan.WhyReferred(*im.Deletes)) + `)`
	}
	query := `SELECT min(n) AS line, ` + us + ` FROM (SELECT n, ` + strings.Join(values, ", ") + ` FROM read_parquet(` + text(out.Parquet) + `)
		WHERE ` + rows + `) WHERE ` + strings.Join(present, " AND ") + ` GROUP BY ` + us
	table, look := fmt.Sprintf("impact%d", no), im.Lookup()
	columns := look.Columns
	if err := s.lookup(ctx, live, table, look, query, names("u", n), names("r", len(columns))); err != nil {
		return t, err
	}
	hit := "true"
	if im.Where != nil {
		hit = im.Where.SQL(expr.DuckDB(), expr.Binding{Op: "NULL", Column: func(_ expr.Side, name string) string {
			i := columns.Index(name)
			return canonicalLive(columns[i].Type, fmt.Sprintf("r%d", i))
		}})
	}
	err = s.query(ctx, `SELECT count(*) FILTER (hit), count(*) FILTER (hit IS NULL), `+measured(im, columns)+` FROM (SELECT *, `+hit+` AS hit FROM `+table+`)`,
		func(scan func(...any) error) error { return scan(&t.Rows, &t.Unknown, &t.Sum) })
	return t, err
}

// before gives the column of plan.parquet with a column's value before the
// change.
func before(m plan.Manifest, name string) (string, bool) {
	if i := m.KeySchema().Index(name); i >= 0 {
		return fmt.Sprintf("k%d", i), true
	}
	if j := m.JudgedSchema().Index(name); j >= 0 {
		return fmt.Sprintf("b%d", j), true
	}
	return "", false
}

// measured sums the measure over the rows that count: exactly, but for floats.
func measured(im plan.Impact, columns record.Schema) string {
	if im.Measure == "" {
		return `''`
	}
	i := columns.Index(im.Measure)
	kind := "DOUBLE"
	switch c := columns[i]; {
	case c.Type.Kind == record.Int:
		kind = "DECIMAL(38, 0)"
	case c.Type.Kind == record.Decimal && c.Type.Scale >= 0 && c.Type.Scale <= 38:
		kind = fmt.Sprintf("DECIMAL(38, %d)", c.Type.Scale)
	}
	return fmt.Sprintf(`COALESCE(CAST(sum(TRY_CAST(r%d AS %s)) FILTER (hit) AS VARCHAR), '0')`, i, kind)
}
