package duck

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Differences are how many rows one plan writes that another does not, and how many
// both write, otherwise or alike.
type Differences struct{ Added, Gone, Other, Same int64 }

// Differ compares what two plans of the same key would write, row by row: the
// operation, and the value of every column that either of them writes. What stands
// there now is not compared.
func (s *Session) Differ(ctx context.Context, now, then Frozen) (d Differences, err error) {
	columns := now.Manifest.JudgedSchema().Names()
	for _, name := range then.Manifest.JudgedSchema().Names() {
		if !slices.Contains(columns, name) {
			columns = append(columns, name)
		}
	}
	same := []string{}
	for i := range now.Manifest.Key {
		same = append(same, fmt.Sprintf("n.k%d = t.k%d", i, i))
	}
	if now.Manifest.Given != "" && then.Manifest.Given != "" { // rows without a key are the same where they have the same contents
		for i := range same {
			same[i] = fmt.Sprintf("n.k%d IS NOT DISTINCT FROM t.k%d", i, i)
		}
		same = append(same, "n.twin IS NOT DISTINCT FROM t.twin")
	}
	other := "n.op <> t.op"
	for i := range columns {
		other += fmt.Sprintf(" OR n.w%[1]d <> t.w%[1]d OR n.c%[1]d IS DISTINCT FROM t.c%[1]d", i)
	}
	err = s.query(ctx, `
		SELECT count(*) FILTER (then_op IS NULL), count(*) FILTER (now_op IS NULL), count(*) FILTER (other), count(*) FILTER (NOT other)
		FROM (SELECT n.op AS now_op, t.op AS then_op, CASE WHEN n.op IS NOT NULL AND t.op IS NOT NULL THEN `+other+` END AS other
			FROM `+now.writes(columns)+` n FULL JOIN `+then.writes(columns)+` t ON `+strings.Join(same, " AND ")+`)`,
		func(scan func(...any) error) error { return scan(&d.Added, &d.Gone, &d.Other, &d.Same) })
	return d, err
}

// writes is the SQL of the rows that a plan writes: op, the key, and of each of the
// columns whether it is written, w<i>, and what, c<i>.
func (f Frozen) writes(columns []string) string {
	judged := f.Manifest.JudgedSchema()
	sel := "op" + list(len(f.Manifest.Key), "k#")
	for i, name := range columns {
		j := judged.Index(name)
		if j < 0 {
			sel += fmt.Sprintf(", false AS w%d, NULL::VARCHAR AS c%d", i, i)
			continue
		}
		sel += fmt.Sprintf(", op <> 'delete' AND substr(mask, %d, 1) = '1' AS w%d, CASE WHEN w%d THEN a%d END AS c%d", j+1, i, i, j, i)
	}
	return `(SELECT *, ` + f.twins(len(columns)) + ` AS twin FROM (SELECT ` + sel + ` FROM read_parquet(` + text(f.Parquet) + `) WHERE op IN ('insert', 'update', 'delete')))`
}
