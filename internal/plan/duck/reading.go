package duck

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sutor/internal/plan"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// checkByReading checks the system's own unique and foreign keys over the final
// values of the deltas, by reading only. A constraint with a column outside the
// judged set is left to the system itself, which rolls the whole apply back.
// Rows that are hit leave the deltas.
func (r *run) checkByReading(ctx context.Context) error {
	for i, u := range r.uniques() {
		if cols, ok := r.finalColumns(u); ok {
			if err := r.checkUnique(ctx, u, cols, i); err != nil {
				return err
			}
		}
	}
	for i, fk := range r.spec.Table.ForeignKeys {
		if cols, ok := r.finalColumns(fk.Columns); ok {
			if err := r.checkReference(ctx, fk, cols, i); err != nil {
				return err
			}
		}
	}
	return r.exec(ctx, `DELETE FROM deltas WHERE line IN (SELECT line FROM hits WHERE f IN (`+r.invalidChecks()+`))`)
}

// uniques gives the unique constraints besides the dataset's key.
func (r *run) uniques() [][]string {
	all := r.spec.Table.Uniques
	if len(r.spec.Table.PrimaryKey) > 0 {
		all = append([][]string{r.spec.Table.PrimaryKey}, all...)
	}
	key := sorted(r.spec.Key.Names())
	return slices.DeleteFunc(slices.Clone(all), func(u []string) bool { return slices.Equal(sorted(u), key) })
}

func sorted(names []string) []string {
	out := slices.Clone(names)
	slices.Sort(out)
	return out
}

// final is one column's final value within deltas.
type final struct {
	record.Column
	value, written string // SQL
}

func (r *run) finalColumns(columns []string) ([]final, bool) {
	var out []final
	for _, name := range columns {
		if i := r.spec.Key.Index(name); i >= 0 {
			out = append(out, final{r.spec.Key[i], fmt.Sprintf("k%d", i), "op = 'insert'"})
		} else if j := r.spec.Judged.Index(name); j >= 0 {
			out = append(out, final{r.spec.Judged[j], fmt.Sprintf("a%d", j), fmt.Sprintf("m%d", j)})
		} else {
			return nil, false
		}
	}
	return out, true
}

// touched describes the rows of deltas that write one of the columns and have a
// value in all of them (NULL is never equal to anything).
type touched struct{ values, written, where string }

func touching(cols []final) (t touched) {
	var written, present []string
	for i, c := range cols {
		t.values += fmt.Sprintf(", %s AS u%d", c.value, i)
		written = append(written, c.written)
		present = append(present, c.value+" IS NOT NULL")
	}
	t.written = "(" + strings.Join(written, " OR ") + ")"
	t.where = t.written + " AND " + strings.Join(present, " AND ")
	return t
}

func (r *run) checkUnique(ctx context.Context, columns []string, cols []final, no int) error {
	t := touching(cols)
	n := len(cols)
	from := `SELECT line` + list(r.nk, "k#") + t.values + ` FROM deltas WHERE ` + t.where
	us := strings.TrimPrefix(list(n, "u#"), ", ")
	f := plan.UniqueFinding(columns)
	sample := `concat_ws(', '` + list(n, "u#") + `)`
	twins := `SELECT line` + list(n, "u#") + ` FROM (SELECT *, count(*) OVER (PARTITION BY ` + us + `) AS same FROM (` + from + `)) WHERE same > 1`
	by := make(record.Schema, n)
	for i, c := range cols {
		by[i] = c.Column
	}
	table := fmt.Sprintf("unique%d", no)
	look := driver.Lookup{Table: r.spec.Table.Table, By: by, Columns: r.spec.Key}
	query := `SELECT line` + list(n, "u#") + ` FROM (` + from + `)`
	if err := r.lookup(ctx, table, look, query, names("u", n), names("k", r.nk)); err != nil {
		return err
	}
	// Another live row has the value, and it does not give it up in this plan.
	same, movesAway := []string{}, []string{}
	for i := range r.nk {
		same = append(same, fmt.Sprintf("d.k%d = u.k%d", i, i))
		movesAway = append(movesAway, fmt.Sprintf("o.k%d = u.k%d", i, i))
	}
	others := `SELECT d.line` + list(n, "d.u#") + ` FROM (` + from + `) d JOIN ` + table + ` u ON u.n = d.line
		WHERE NOT (` + strings.Join(same, " AND ") + `)
		AND NOT EXISTS (SELECT 1 FROM (SELECT * FROM deltas WHERE op = 'update' AND ` + t.written + `) o WHERE ` + strings.Join(movesAway, " AND ") + `)`
	return r.hit(ctx, f, `(`+twins+` UNION `+others+`)`, "true", sample)
}

func (r *run) checkReference(ctx context.Context, fk driver.ForeignKey, cols []final, no int) error {
	t := touching(cols)
	n := len(cols)
	from := `SELECT line` + t.values + ` FROM deltas WHERE ` + t.where
	us := strings.TrimPrefix(list(n, "u#"), ", ")
	by := make(record.Schema, n)
	for i, c := range cols {
		by[i] = c.Column
		by[i].Name = fk.RefColumns[i]
	}
	distinct := fmt.Sprintf("wanted%d", no)
	err := r.exec(ctx, `CREATE TABLE `+distinct+` AS SELECT min(line) AS n, `+us+` FROM (`+from+`) GROUP BY `+us)
	if err != nil {
		return err
	}
	table := fmt.Sprintf("refers%d", no)
	look := driver.Lookup{Table: fk.RefTable, By: by, Columns: by[:1]}
	if err := r.lookup(ctx, table, look, `SELECT n`+list(n, "u#")+` FROM `+distinct, names("u", n), []string{"x"}); err != nil {
		return err
	}
	missing := `SELECT * FROM ` + distinct + ` WHERE n NOT IN (SELECT n FROM ` + table + `)`
	if fk.RefTable == r.spec.Table.Table { // a row of this plan may be the one referred to
		if own, ok := r.finalColumns(fk.RefColumns); ok {
			var same []string
			for i, c := range own {
				same = append(same, fmt.Sprintf("%s = w.u%d", c.value, i))
			}
			missing = `SELECT w.* FROM (` + missing + `) w WHERE NOT EXISTS (SELECT 1 FROM deltas WHERE ` + strings.Join(same, " AND ") + `)`
		}
	}
	f := plan.ForeignKeyFinding(fk.Columns, fk.RefTable)
	return r.hit(ctx, f, `(SELECT t.* FROM (`+from+`) t SEMI JOIN (`+missing+`) USING (`+us+`))`, "true", `concat_ws(', '`+list(n, "u#")+`)`)
}
