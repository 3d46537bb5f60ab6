package duck

import (
	"context"
	"fmt"
	"strings"

	"sutor/internal/plan"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// reference is one foreign key of a table, with what the system says of the rows
// that the deltas refer to. The SQL that it gives goes by the deltas as they are
// when it runs, this table's and those of the table referred to, where the same
// plan writes that too.
type reference struct {
	r          *run
	fk         driver.ForeignKey
	f          finals
	t          touched
	no         int
	parent     *run // of the table referred to, where its deltas tell; this run itself for its own table
	own        []final
	unreadable bool
}

// references looks up what the deltas refer to.
func (r *run) references(ctx context.Context) (all []*reference, err error) {
	for i, fk := range r.spec.Table.ForeignKeys {
		f, ok, err := r.beside(ctx, fk.Columns, fmt.Sprintf("beside_reference%d", i))
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		ref := &reference{r: r, fk: fk, f: f, t: touching(f.cols), no: i}
		if p := r.relative(fk.RefTable); p != nil {
			if own, ok := p.finalColumns(fk.RefColumns); ok {
				ref.parent, ref.own = p, own
			}
		}
		err = ref.lookup(ctx)
		if ref.unreadable = unreadable(err); err != nil && !ref.unreadable {
			return nil, err
		}
		all = append(all, ref)
	}
	return all, nil
}

// rows are the deltas that write the key and have a value in all of its columns, as
// line, op and values u0….
func (ref *reference) rows() string {
	return `SELECT line, op` + ref.t.values + ` FROM ` + ref.f.deltas + ` WHERE ` + ref.t.where
}

func (ref *reference) us() string { return strings.TrimPrefix(list(len(ref.f.cols), "u#"), ", ") }

// lookup makes the tables wanted<no>, every value once with a number, and
// refers<no>, the numbers of those that the system has; with the keys of their rows,
// where the parent's deltas may take them away.
func (ref *reference) lookup(ctx context.Context) error {
	n := len(ref.f.cols)
	by := make(record.Schema, n)
	for i, c := range ref.f.cols {
		by[i] = c.Column
		by[i].Name = ref.fk.RefColumns[i]
	}
	wanted := fmt.Sprintf("wanted%d", ref.no)
	err := ref.r.exec(ctx, `CREATE TABLE `+wanted+` AS SELECT min(line) AS n, `+ref.us()+` FROM (`+ref.rows()+`) GROUP BY `+ref.us())
	if err != nil {
		return err
	}
	look, fields := driver.Lookup{Table: ref.fk.RefTable, By: by, Columns: by[:1]}, []string{"x"}
	if ref.other() {
		look.Columns, fields = ref.parent.spec.Key, names("k", ref.parent.nk)
	}
	return ref.r.lookup(ctx, ref.r.live, fmt.Sprintf("refers%d", ref.no), look, `SELECT n`+list(n, "u#")+` FROM `+wanted, names("u", n), fields)
}

// other tells whether the table referred to is another one of the same plan.
func (ref *reference) other() bool { return ref.parent != nil && ref.parent != ref.r }

// told gives every wanted value with what is known of it: found live; gone, where
// the same plan takes that row away; made, where it makes one by an insert or by an
// update.
func (ref *reference) told() string {
	found := fmt.Sprintf(`w.n IN (SELECT n FROM refers%d)`, ref.no)
	gone, inserted, updated := "false", "false", "false"
	if p := ref.parent; p != nil {
		made := func(op driver.Op) string {
			return `EXISTS (SELECT 1 FROM ` + p.deltas() + ` o WHERE o.op = ` + text(string(op)) + ` AND ` + ref.same("o", "w") + `)`
		}
		inserted, updated = made(driver.Insert), made(driver.Update)
	}
	if ref.other() {
		p := ref.parent
		var writes []string
		for _, c := range ref.own {
			if c.written != isInsert {
				writes = append(writes, "o."+c.written)
			}
		}
		leaves := "o.op = 'delete'"
		if len(writes) > 0 {
			leaves += ` OR o.op = 'update' AND (` + strings.Join(writes, " OR ") + `)`
		}
		gone = fmt.Sprintf(`w.n IN (SELECT r.n FROM refers%d r JOIN %s o ON %s WHERE %s)`, ref.no, p.deltas(), p.sameKey("o", "r"), leaves)
	}
	return fmt.Sprintf(`SELECT w.*, %s AS found, %s AS gone, %s AS inserted, %s AS updated FROM wanted%d w`, found, gone, inserted, updated, ref.no)
}

// same is the condition that a delta of the parent, as it is afterwards, has the
// wanted values.
func (ref *reference) same(delta, wanted string) string {
	var parts []string
	for i, c := range ref.own {
		a, b := delta+"."+c.value, fmt.Sprintf("%s.u%d", wanted, i)
		if ours := ref.f.cols[i].Type; numeric(ours) && numeric(c.Type) && !ours.Equal(c.Type) {
			a, b = plainNumber(a), plainNumber(b)
		}
		parts = append(parts, a+" = "+b)
	}
	return strings.Join(parts, " AND ")
}

// plainNumber takes the zeros after a point away, so that numbers of different
// scales are equal texts.
func plainNumber(value string) string {
	return `CASE WHEN ` + value + ` LIKE '%.%' THEN rtrim(rtrim(` + value + `, '0'), '.') ELSE ` + value + ` END`
}

// hits gives the deltas whose wanted value meets the condition, as line and values.
// In the condition, there says whether the value is there when the row is written.
func (ref *reference) hits(condition func(there string) string) string {
	var parts []string
	for _, op := range []driver.Op{driver.Update, driver.Insert} {
		there := "(found AND NOT gone"
		for _, made := range []driver.Op{driver.Insert, driver.Update} {
			if ref.parent != nil && (ref.fk.Deferred || ref.parent.place(made) <= ref.r.place(op)) {
				there += map[driver.Op]string{driver.Insert: " OR inserted", driver.Update: " OR updated"}[made]
			}
		}
		parts = append(parts, `SELECT line`+list(len(ref.f.cols), "u#")+` FROM (`+ref.rows()+` AND op = `+text(string(op))+`)
			SEMI JOIN (SELECT * FROM (`+ref.told()+`) WHERE `+condition(there+")")+`) USING (`+ref.us()+`)`)
	}
	return strings.Join(parts, ` UNION ALL `)
}

// lost are the rows that would refer to nothing.
func (ref *reference) lost() string {
	return ref.hits(func(there string) string { return "NOT " + there })
}

// checkReference makes the checks of one foreign key.
func (r *run) checkReference(ref *reference) []standing {
	columns, to := r.spec.Table.Columns.Pick(ref.fk.Columns), ref.fk.RefTable
	sample := `concat_ws(', '` + list(len(ref.f.cols), "u#") + `)`
	if ref.unreadable {
		return []standing{{r.check(plan.UncheckedFinding(columns, to)), ref.rows(), sample}}
	}
	missing := r.check(plan.ForeignKeyFinding(columns, to))
	if !ref.other() {
		return []standing{{missing, ref.lost(), sample}}
	}
	nowhere := "NOT inserted AND NOT updated"
	return []standing{
		{missing, ref.hits(func(string) string { return "NOT found AND " + nowhere }), sample},
		{r.check(plan.GoneParentFinding(columns, to)), ref.hits(func(string) string { return "found AND gone AND " + nowhere }), sample},
		{r.check(plan.LateParentFinding(columns, to)), ref.hits(func(there string) string { return "(inserted OR updated) AND NOT " + there }), sample},
	}
}

// leaving tells whether updates must come before the parent's deletes: some leave a
// row that is deleted, and none refers to a new one.
func (ref *reference) leaving(ctx context.Context) (leave, arrive bool, err error) {
	if !ref.other() || ref.fk.Deferred || ref.unreadable {
		return false, false, nil
	}
	var had []string
	for i, c := range ref.own {
		had = append(had, fmt.Sprintf("o.%s = d.%s", c.before, ref.f.cols[i].before))
	}
	left, err := ref.r.count(ctx, `SELECT count(*) FROM (SELECT * FROM `+ref.f.deltas+` WHERE op = 'update' AND `+ref.t.written+`) d
		WHERE EXISTS (SELECT 1 FROM `+ref.parent.deltas()+` o WHERE o.op = 'delete' AND `+strings.Join(had, " AND ")+`)`)
	if err != nil {
		return false, false, err
	}
	arrived, err := ref.r.count(ctx, `SELECT count(*) FROM (`+ref.rows()+` AND op = 'update')
		SEMI JOIN (SELECT * FROM (`+ref.told()+`) WHERE inserted AND NOT (found AND NOT gone)) USING (`+ref.us()+`)`)
	return left > 0, arrived > 0, err
}
