package duck

import (
	"context"
	"fmt"
	"strings"

	"sutor/internal/expr"
	"sutor/internal/plan"
	"sutor/internal/system/driver"
)

// selectPart makes the table part of the live rows that the maker sees and for
// which a condition is true or unknown: k0…, l0…, and inside, which is true or NULL.
func (r *run) selectPart(ctx context.Context, where expr.Condition) error {
	down := r.Path("part-down.csv")
	out, err := r.create(down)
	if err != nil {
		return err
	}
	defer r.remove(down)
	columns := append(r.spec.Key[:r.nk:r.nk], r.spec.Judged...)
	n, err := r.live.Select(ctx, r.spec.Table.Table, where.Narrow(expr.Whole, r.spec.Table.Columns), nil, columns, out)
	if err = out.close(err); err != nil {
		return err
	}
	if err := r.enough(down)(ctx); err != nil {
		return err
	}
	from := readCSV(down, "n", append(names("k", r.nk), names("l", r.nj)...))
	seen := "true"
	if r.spec.Only != nil {
		seen = certainly(*r.spec.Only, r.spec.Key, r.spec.Judged, "k", "l")
	}
	err = r.load(ctx, `CREATE TABLE part AS SELECT * FROM (SELECT *, `+r.inside(where, "k#", "l#")+` AS inside FROM (SELECT n`+r.canonical()+` FROM `+from+`))
		WHERE inside IS DISTINCT FROM false AND `+seen)
	if err != nil {
		return err
	}
	read, err := r.count(ctx, `SELECT count(*) FROM `+from)
	if err == nil && read != n {
		err = fmt.Errorf("plan/duck: %d live rows were received, %d were read", n, read)
	}
	return err
}

// inside is a condition over rows whose key and judged columns are called so: true,
// false, or NULL for unknown.
func (r *run) inside(where expr.Condition, key, judged string) string {
	return where.SQL(expr.DuckDB(), r.row(key, judged))
}

// row says where a query has the columns of one row.
func (r *run) row(key, judged string) expr.Binding {
	return expr.Binding{Op: "NULL", Column: func(_ expr.Side, name string) string {
		if i := r.spec.Key.Index(name); i >= 0 {
			return strings.ReplaceAll(key, "#", fmt.Sprint(i))
		}
		return strings.ReplaceAll(judged, "#", fmt.Sprint(r.spec.Judged.Index(name)))
	}}
}

// keyless is true for live rows without a whole key, which no file can name.
func (r *run) keyless() string {
	return "(" + strings.Join(names("k", r.nk), " IS NULL OR ") + " IS NULL)"
}

// tellUnjudged tells of rows of the table for which the condition is unknown.
func (r *run) tellUnjudged(ctx context.Context, where expr.Condition, then string) error {
	n, err := r.count(ctx, `SELECT count(*) FROM part WHERE inside IS NULL OR `+r.keyless())
	if err == nil && n > 0 {
		r.told = append(r.told, plan.UnjudgedFinding(where, n, then))
	}
	return err
}

// readPart reads the part of the table that a sync stands for.
func (r *run) readPart(ctx context.Context) error {
	if r.spec.Within == nil {
		return nil
	}
	if err := r.selectPart(ctx, r.spec.Within.Where); err != nil {
		return err
	}
	return r.tellUnjudged(ctx, r.spec.Within.Where, plan.NotDeleted)
}

// checkPart: every row of the file is inside the part, and stays there; and all
// have a key, for nothing is deleted else.
func (r *run) checkPart(ctx context.Context) error {
	where, sample, by := r.spec.Within.Where, r.shown(), comma(r.foundBy())
	was, will := r.inside(where, "k#", "l#"), r.inside(where, "k#", "a#")
	outside := `SELECT line` + by + ` FROM met SEMI JOIN (SELECT n AS line FROM live WHERE ` + was + ` IS DISTINCT FROM true) USING (line)
		UNION ALL SELECT line` + by + ` FROM rows WHERE NOT found AND ` + will + ` IS DISTINCT FROM true`
	if err := r.hit(ctx, plan.OutsidePartFinding(where), "("+outside+")", "true", sample); err != nil {
		return err
	}
	leaves := "found AND " + was + " AND " + will + " IS DISTINCT FROM true"
	if err := r.hit(ctx, plan.LeavesFinding(where), "rows", leaves, sample); err != nil {
		return err
	}
	return r.hit(ctx, plan.SyncKeyFinding(), "cells", "NOT ("+r.keyed()+")", "")
}

// deleteOthers adds the rows inside the part that are not in the file to the deltas,
// numbered below zero in the order of their keys.
func (r *run) deleteOthers(ctx context.Context) error {
	same := make([]string, r.nk)
	for i := range same {
		same[i] = fmt.Sprintf("f.k%d = p.k%d", i, i)
	}
	order := strings.TrimPrefix(list(r.nk, "k#"), ", ")
	err := r.exec(ctx, `INSERT INTO deltas SELECT row_number() OVER (ORDER BY `+order+`) - count(*) OVER () - 1, 'delete', NULL`+list(r.nk, "k#")+
		list(r.nj, "l#")+list(r.nj, "NULL")+list(r.nj, "false")+` FROM part p
		WHERE inside AND NOT `+r.keyless()+` AND NOT EXISTS (SELECT 1 FROM live f WHERE `+strings.Join(same, " AND ")+`)`)
	if err != nil {
		return err
	}
	var inside, deletes int64
	err = r.query(ctx, `SELECT (SELECT count(*) FROM part WHERE inside), (SELECT count(*) FROM deltas WHERE op = 'delete')`,
		func(scan func(...any) error) error { return scan(&inside, &deletes) })
	if err != nil {
		return err
	}
	sample := `concat_ws(', '` + list(r.nk, "k#") + `)`
	if !r.spec.Allow[driver.Delete] {
		if err := r.hit(ctx, plan.DeleteNotAllowedFinding(), "deltas", "op = 'delete'", sample); err != nil {
			return err
		}
	}
	if most := r.spec.Within.MaxDeletes; deletes*100 > inside*int64(most) {
		return r.hit(ctx, plan.SyncShareFinding(deletes, inside, most), "deltas", "op = 'delete'", sample)
	}
	return nil
}

// checkReferred: rows to be deleted that other rows refer to, which the system would
// refuse, delete or change with them.
func (r *run) checkReferred(ctx context.Context) error {
	if n, err := r.count(ctx, `SELECT count(*) FROM deltas WHERE op = 'delete'`); err != nil || n == 0 {
		return err
	}
	if r.spec.Table.HiddenReferences != "" {
		if err := r.hit(ctx, plan.HiddenReferencesFinding(), "deltas", "op = 'delete'", `concat_ws(', '`+list(r.nk, "k#")+`)`); err != nil {
			return err
		}
	}
	for i, ref := range r.spec.Table.ReferencedBy {
		h, err := r.lookupReferring(ctx, ref, i)
		if err != nil {
			return err
		}
		if h.lines == "" {
			continue
		}
		f := plan.ReferredFinding(ref)
		if h.why == plan.WhyUnread(ref) {
			f = plan.UnreadFinding(ref)
		}
		if err := r.hit(ctx, f, "deltas", "op = 'delete' AND line IN (SELECT line FROM ("+h.lines+"))", `concat_ws(', '`+list(r.nk, "k#")+`)`); err != nil {
			return err
		}
	}
	return nil
}
