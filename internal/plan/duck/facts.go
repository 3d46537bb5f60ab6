package duck

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"sutor/internal/plan"
	"sutor/internal/record"
)

// facts counts for each judged column the rows that write it, and the updates
// that are jumps: by more than half of what the number was, and by more than three
// times what is usual. For the changes that come after, it takes the distance between
// the quartiles of the live rows met.
func (r *run) facts(ctx context.Context) ([]plan.Facts, error) {
	if r.nj == 0 {
		return nil, nil
	}
	spreads, counts := []string{"count(*) AS met"}, []string{}
	spread := func(j int) string {
		return fmt.Sprintf("COALESCE(any_value(quartiles%[1]d[2] - quartiles%[1]d[1]), 0)", j)
	}
	for j, c := range r.spec.Judged {
		counts = append(counts, fmt.Sprintf("count(*) FILTER (m%d)", j), fmt.Sprintf("count(*) FILTER (op = 'update' AND m%d)", j))
		if !numeric(c.Type) {
			counts = append(counts, "0", "0.0::DOUBLE")
			continue
		}
		value := fmt.Sprintf("TRY_CAST(l%d AS DOUBLE)", j)
		spreads = append(spreads, fmt.Sprintf("quantile_cont(%s, [0.25, 0.75]) AS quartiles%d", value, j))
		counts = append(counts, fmt.Sprintf(`count(*) FILTER (op = 'update' AND m%[1]d AND abs(TRY_CAST(a%[1]d AS DOUBLE) - TRY_CAST(b%[1]d AS DOUBLE))
			> greatest(abs(TRY_CAST(b%[1]d AS DOUBLE)) / 2, %[2]s))`, j, number(3*r.spec.Spread[c.Name])), spread(j))
	}
	all := make([]plan.Facts, r.nj)
	into := make([]any, 0, 4*r.nj)
	for j, c := range r.spec.Judged {
		all[j].Column = c.Name
		into = append(into, &all[j].Written, &all[j].Updated, &all[j].Jumps, &all[j].Spread)
	}
	err := r.query(ctx, `SELECT `+strings.Join(counts, ", ")+` FROM (SELECT `+strings.Join(spreads, ", ")+` FROM live)
		LEFT JOIN (SELECT * FROM deltas WHERE op IN ('insert', 'update', 'delete')) ON true`, func(scan func(...any) error) error { return scan(into...) })
	return all, err
}

// number prints a float for SQL, exactly.
func number(f float64) string {
	return "CAST('" + strconv.FormatFloat(f, 'g', -1, 64) + "' AS DOUBLE)"
}

// numeric tells whether a column's values can jump.
func numeric(t record.Type) bool {
	return t.Kind == record.Int || t.Kind == record.Decimal || t.Kind == record.Float
}

// Overlap counts the rows of a plan that another plan of the same key writes too.
func (s *Session) Overlap(ctx context.Context, parquet, other string, nk int) (int64, error) {
	keys := strings.TrimPrefix(list(nk, "k#"), ", ")
	written := func(path string) string {
		return `(SELECT ` + keys + ` FROM read_parquet(` + text(path) + `) WHERE op IN ('insert', 'update', 'delete'))`
	}
	return s.count(ctx, `SELECT count(*) FROM `+written(parquet)+` SEMI JOIN `+written(other)+` USING (`+keys+`)`)
}
