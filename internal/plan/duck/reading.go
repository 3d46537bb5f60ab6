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

// readChecks makes the checks of the system's own unique and foreign keys over the
// final values of the deltas, and of what refers to the values that they change, by
// reading only. What a row keeps in a column outside
// the judged set is fetched for the check and goes no further; what a new row gets
// there is for the system to say, so such rows are left to it, and it rolls the
// whole apply back.
func (r *run) readChecks(ctx context.Context, refs []*reference) (all []standing, err error) {
	for i, u := range r.uniques() {
		f, ok, err := r.beside(ctx, u, fmt.Sprintf("beside_unique%d", i))
		if ok && err == nil {
			var checks []standing
			checks, err = r.checkUnique(ctx, u, f, i)
			all = append(all, checks...)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, ref := range refs {
		all = append(all, r.checkReference(ref)...)
	}
	for i, ref := range r.spec.Table.ReferencedBy {
		h, err := r.lookupFollowing(ctx, ref, i)
		if err != nil {
			return nil, err
		}
		if h.lines == "" {
			continue
		}
		f := plan.FollowedFinding(ref)
		if h.why == plan.WhyUnread(ref) {
			f = plan.UnreadFollowedFinding(ref)
		}
		all = append(all, standing{r.check(f), `SELECT * FROM deltas WHERE ` + h.met(), `concat_ws(', '` + list(r.nk, "k#") + `)`})
	}
	return all, nil
}

// hitStanding lets the rows leave the deltas that standing checks hit, and tells
// whether there were any.
func (r *run) hitStanding(ctx context.Context, all []standing) (left bool, err error) {
	before, err := r.count(ctx, `SELECT count(*) FROM deltas`)
	if err != nil || len(all) == 0 {
		return false, err
	}
	hits := make([]string, len(all))
	for i, c := range all {
		hits[i] = fmt.Sprintf(`SELECT %d, line, %s FROM (%s)`, c.check, c.sample, c.lines)
	}
	// All at once: what one check hits stays in the deltas for the others.
	if err := r.exec(ctx, `INSERT INTO hits `+strings.Join(hits, " UNION ALL ")); err != nil {
		return false, err
	}
	if r.spec.Within == nil {
		err = r.freezeDeltas(ctx)
	} else {
		err = r.exec(ctx, `DELETE FROM deltas WHERE line IN (SELECT line FROM hits WHERE f IN (`+r.invalidChecks()+`))`)
	}
	if err != nil {
		return false, err
	}
	after, err := r.count(ctx, `SELECT count(*) FROM deltas`)
	return after != before, err
}

// standing is a check by its number, and the SQL of the rows that it hits in the
// deltas as they are when it runs, as line and values u0….
type standing struct {
	check         int
	lines, sample string
}

// uniques gives the unique constraints besides what rows are found by.
func (r *run) uniques() [][]string {
	all := r.spec.Table.Uniques
	if len(r.spec.Table.PrimaryKey) > 0 {
		all = append([][]string{r.spec.Table.PrimaryKey}, all...)
	}
	key := sorted(r.spec.By().Names())
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
	value, before, written string // SQL
}

// finals are the final values of some columns.
type finals struct {
	cols   []final
	deltas string // SQL: the deltas, with the values that they do not hold themselves
}

// beside gives the final values of columns of which some may be outside the judged
// set: those are fetched into the table, for the rows that keep them. False where
// none of the columns can be written, or one cannot be read.
func (r *run) beside(ctx context.Context, columns []string, table string) (f finals, ok bool, err error) {
	var outside record.Schema
	var touched []string
	for _, name := range columns {
		i := r.spec.Table.Columns.Index(name)
		cols, held := r.finalColumns([]string{name})
		switch {
		case held:
			f.cols = append(f.cols, cols[0])
			if cols[0].written != isInsert {
				touched = append(touched, cols[0].written)
			}
		case i < 0 || r.spec.Table.Columns[i].Type.Kind == record.Unsupported:
			return f, false, nil
		default:
			f.cols = append(f.cols, final{r.spec.Table.Columns[i], fmt.Sprintf("x%d", len(outside)), fmt.Sprintf("x%d", len(outside)), kept})
			outside = append(outside, r.spec.Table.Columns[i])
		}
	}
	if f.deltas = "deltas"; len(outside) == 0 {
		return f, true, nil
	}
	if len(touched) == 0 {
		return f, false, nil
	}
	look := driver.Lookup{Table: r.spec.Table.Table, By: r.spec.Key, Columns: outside}
	query := `SELECT line` + list(r.nk, "k#") + ` FROM deltas WHERE op = 'update' AND (` + strings.Join(touched, " OR ") + `)`
	if err := r.lookup(ctx, r.live, table, look, query, names("k", r.nk), names("x", len(outside))); err != nil {
		return f, false, err
	}
	values := ""
	for i, c := range outside {
		values += fmt.Sprintf(", %s AS x%d", canonicalLive(c.Type, fmt.Sprintf("b.x%d", i)), i)
	}
	f.deltas = `(SELECT d.*` + values + ` FROM deltas d LEFT JOIN ` + table + ` b ON b.n = d.line)`
	return f, true, nil
}

func (r *run) finalColumns(columns []string) ([]final, bool) {
	var out []final
	for _, name := range columns {
		if i := r.spec.Key.Index(name); i >= 0 {
			out = append(out, final{r.spec.Key[i], fmt.Sprintf("k%d", i), fmt.Sprintf("k%d", i), isInsert})
		} else if j := r.spec.Judged.Index(name); j >= 0 {
			out = append(out, final{r.spec.Judged[j], fmt.Sprintf("a%d", j), fmt.Sprintf("b%d", j), fmt.Sprintf("m%d", j)})
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
func (r *run) lookupUnique(ctx context.Context, columns []string, f finals, no int) (u unique, err error) {
	t, cols, n := touching(f.cols), f.cols, len(f.cols)
	from := `SELECT line, op` + list(r.nk, "k#") + t.values + ` FROM ` + f.deltas + ` WHERE ` + t.where
	us := strings.TrimPrefix(list(n, "u#"), ", ")
	by := make(record.Schema, n)
	for i, c := range cols {
		by[i] = c.Column
	}
	table := fmt.Sprintf("unique%d", no)
	look := driver.Lookup{Table: r.spec.Table.Table, By: by, Columns: r.spec.Key}
	query := `SELECT line` + list(n, "u#") + ` FROM (` + from + `)`
	if err := r.lookup(ctx, r.live, table, look, query, names("u", n), names("k", r.nk)); err != nil {
		return u, err
	}
	same, other := []string{}, []string{}
	for i := range r.nk {
		theirs := canonicalLive(r.cols[i].Type, fmt.Sprintf("u.k%d", i))
		same = append(same, fmt.Sprintf("d.k%d = %s", i, theirs))
		other = append(other, fmt.Sprintf("o.k%d = %s", i, theirs))
	}
	had := `SELECT d.line` + list(n, "d.u#") + ` FROM (` + from + `) d JOIN ` + table + ` u ON u.n = d.line WHERE (d.op = 'insert' OR NOT (` + strings.Join(same, " AND ") + `))`
	gives := func(which string) string {
		return `EXISTS (SELECT 1 FROM (SELECT * FROM deltas WHERE ` + which + `) o WHERE ` + strings.Join(other, " AND ") + `)`
	}
	u.values = n
	u.twins = `SELECT line` + list(n, "u#") + ` FROM (SELECT *, count(*) OVER (PARTITION BY ` + us + `) AS same FROM (` + from + `)) WHERE same > 1`
	u.others = had
	if !r.isKey(columns) { // a plan has one row of a key: what it deletes it does not insert
		u.others += ` AND NOT ` + gives(`op = 'delete' OR op = 'update' AND `+t.written)
	}
	if !r.spec.Table.Defers(columns) {
		u.taken = had + ` AND d.op = 'update' AND ` + gives(`op = 'update' AND `+t.written+` AND NOT `+r.stepsAside(columns, cols))
	}
	return u, nil
}

func (r *run) isKey(columns []string) bool {
	return slices.Equal(sorted(columns), sorted(r.spec.Key.Names()))
}

// kept is when a column outside the judged set is written.
const kept = "false"

// stepsAside is true for rows that write a column by which they step aside: the driver
// empties it first (package driver, Tx.Write). It knows only judged columns.
func (r *run) stepsAside(columns []string, cols []final) string {
	parts := []string{"false"}
	if slices.ContainsFunc(cols, func(c final) bool { return c.written == kept }) {
		return parts[0]
	}
	for _, c := range cols {
		if c.written != isInsert && r.spec.Table.StepsAside(columns, c.Column) {
			parts = append(parts, c.written)
		}
	}
	return "(" + strings.Join(parts, " OR ") + ")"
}

func (r *run) checkUnique(ctx context.Context, columns []string, f finals, no int) ([]standing, error) {
	u, err := r.lookupUnique(ctx, columns, f, no)
	if err != nil {
		return nil, err
	}
	sample := `concat_ws(', '` + list(u.values, "u#") + `)`
	checks := []standing{{r.check(plan.UniqueFinding(r.spec.Table.Columns.Pick(columns))), u.twins + ` UNION ` + u.others, sample}}
	if u.taken != "" {
		checks = append(checks, standing{r.check(plan.UniqueSwapFinding(r.spec.Table.Columns.Pick(columns))), u.taken, sample})
	}
	return checks, nil
}
