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
// Rows that are hit leave the deltas. One that leaves may have been what another
// needs (it keeps a value after all, or is not there to be referred to), so it
// goes on until no more are hit.
func (r *run) checkByReading(ctx context.Context) error {
	var all []standing
	for i, u := range r.uniques() {
		if cols, ok := r.finalColumns(u); ok {
			checks, err := r.checkUnique(ctx, u, cols, i)
			if err != nil {
				return err
			}
			all = append(all, checks...)
		}
	}
	for i, fk := range r.spec.Table.ForeignKeys {
		if cols, ok := r.finalColumns(fk.Columns); ok {
			check, err := r.checkReference(ctx, fk, cols, i)
			if err != nil {
				return err
			}
			all = append(all, check)
		}
	}
	left, err := r.count(ctx, `SELECT count(*) FROM deltas`)
	for before := int64(-1); err == nil && len(all) > 0 && left != before; {
		for _, c := range all {
			if err := r.exec(ctx, fmt.Sprintf(`INSERT INTO hits SELECT %d, line, %s FROM (%s)`, c.check, c.sample, c.lines)); err != nil {
				return err
			}
		}
		if err := r.exec(ctx, `DELETE FROM deltas WHERE line IN (SELECT line FROM hits WHERE f IN (`+r.invalidChecks()+`))`); err != nil {
			return err
		}
		before = left
		left, err = r.count(ctx, `SELECT count(*) FROM deltas`)
	}
	return err
}

// standing is a check by its number, and the SQL of the rows that it hits in the
// deltas as they are when it runs, as line and values u0….
type standing struct {
	check         int
	lines, sample string
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

// isInsert is when a key column is written.
const isInsert = "op = 'insert'"

// final is one column's final value within deltas.
type final struct {
	record.Column
	value, written string // SQL
}

func (r *run) finalColumns(columns []string) ([]final, bool) {
	var out []final
	for _, name := range columns {
		if i := r.spec.Key.Index(name); i >= 0 {
			out = append(out, final{r.spec.Key[i], fmt.Sprintf("k%d", i), isInsert})
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

// unique is the check of one unique constraint: SQL of the rows that are hit,
// as line and values u0….
type unique struct {
	values int
	twins  string // several rows of this plan have the same
	others string // another live row has it, and does not give it up in this plan
	taken  string // another row gives it up in this plan, but the system would not see that in time
}

// lookupUnique asks the system which live rows have the final values of deltas.
// The SQL it gives goes by the deltas as they are when it runs.
func (r *run) lookupUnique(ctx context.Context, columns []string, cols []final, no int) (u unique, err error) {
	t := touching(cols)
	n := len(cols)
	from := `SELECT line, op` + list(r.nk, "k#") + t.values + ` FROM deltas WHERE ` + t.where
	us := strings.TrimPrefix(list(n, "u#"), ", ")
	by := make(record.Schema, n)
	for i, c := range cols {
		by[i] = c.Column
	}
	table := fmt.Sprintf("unique%d", no)
	look := driver.Lookup{Table: r.spec.Table.Table, By: by, Columns: r.spec.Key}
	query := `SELECT line` + list(n, "u#") + ` FROM (` + from + `)`
	if err := r.lookup(ctx, table, look, query, names("u", n), names("k", r.nk)); err != nil {
		return u, err
	}
	same, other := []string{}, []string{}
	for i := range r.nk {
		theirs := canonicalLive(r.cols[i].Type, fmt.Sprintf("u.k%d", i))
		same = append(same, fmt.Sprintf("d.k%d = %s", i, theirs))
		other = append(other, fmt.Sprintf("o.k%d = %s", i, theirs))
	}
	had := `SELECT d.line` + list(n, "d.u#") + ` FROM (` + from + `) d JOIN ` + table + ` u ON u.n = d.line WHERE NOT (` + strings.Join(same, " AND ") + `)`
	gives := func(which string) string {
		return `EXISTS (SELECT 1 FROM (SELECT * FROM deltas WHERE ` + which + `) o WHERE ` + strings.Join(other, " AND ") + `)`
	}
	u.values = n
	u.twins = `SELECT line` + list(n, "u#") + ` FROM (SELECT *, count(*) OVER (PARTITION BY ` + us + `) AS same FROM (` + from + `)) WHERE same > 1`
	u.others = had + ` AND NOT ` + gives(`op = 'delete' OR op = 'update' AND `+t.written)
	if !r.spec.Table.Defers(columns) {
		u.taken = had + ` AND d.op = 'update' AND ` + gives(`op = 'update' AND `+t.written+` AND NOT `+stepsAside(cols))
	}
	return u, nil
}

// stepsAside is true for rows that write a column which may be NULL: the driver
// empties it first (package driver, Tx.Write).
func stepsAside(cols []final) string {
	parts := []string{"false"}
	for _, c := range cols {
		if c.Nullable && c.written != isInsert {
			parts = append(parts, c.written)
		}
	}
	return "(" + strings.Join(parts, " OR ") + ")"
}

func (r *run) checkUnique(ctx context.Context, columns []string, cols []final, no int) ([]standing, error) {
	u, err := r.lookupUnique(ctx, columns, cols, no)
	if err != nil {
		return nil, err
	}
	sample := `concat_ws(', '` + list(u.values, "u#") + `)`
	checks := []standing{{r.check(plan.UniqueFinding(columns)), u.twins + ` UNION ` + u.others, sample}}
	if u.taken != "" {
		checks = append(checks, standing{r.check(plan.UniqueSwapFinding(columns)), u.taken, sample})
	}
	return checks, nil
}

func (r *run) checkReference(ctx context.Context, fk driver.ForeignKey, cols []final, no int) (standing, error) {
	missing, err := r.lookupReference(ctx, fk, cols, no)
	return standing{r.check(plan.ForeignKeyFinding(fk.Columns, fk.RefTable)), missing, `concat_ws(', '` + list(len(cols), "u#") + `)`}, err
}

// lookupReference asks the system which of the rows that deltas refer to are
// there, and gives the SQL of those deltas, as line and values u0…, whose are not.
func (r *run) lookupReference(ctx context.Context, fk driver.ForeignKey, cols []final, no int) (string, error) {
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
		return "", err
	}
	table := fmt.Sprintf("refers%d", no)
	look := driver.Lookup{Table: fk.RefTable, By: by, Columns: by[:1]}
	if err := r.lookup(ctx, table, look, `SELECT n`+list(n, "u#")+` FROM `+distinct, names("u", n), []string{"x"}); err != nil {
		return "", err
	}
	missing := `SELECT * FROM ` + distinct + ` WHERE n NOT IN (SELECT n FROM ` + table + `)`
	if fk.RefTable == r.spec.Table.Table { // a row of this plan may be the one referred to
		if own, ok := r.finalColumns(fk.RefColumns); ok {
			var same []string
			for i, c := range own {
				same = append(same, fmt.Sprintf("%s = w.u%d", c.value, i))
			}
			missing = `SELECT w.* FROM (` + missing + `) w WHERE NOT EXISTS (SELECT 1 FROM deltas WHERE op IN ('insert', 'update') AND ` + strings.Join(same, " AND ") + `)`
		}
	}
	return `SELECT t.* FROM (` + from + `) t SEMI JOIN (` + missing + `) USING (` + us + `)`, nil
}
