package duck

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sutor/internal/plan"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// hurdle is a reason why the system would not take back rows, or would take
// others with them, and the SQL of these rows' lines.
type hurdle struct{ why, lines string }

// leaveAlone makes the rows of a reversal impossible that meet a hurdle. One row
// left alone may stand in the way of another, so it goes on until there are no
// more.
func (r *run) leaveAlone(ctx context.Context) error {
	var all []hurdle
	for _, find := range []func(context.Context) ([]hurdle, error){r.valuesInUse, r.valuesGone, r.referredTo} {
		found, err := find(ctx)
		if err != nil {
			return err
		}
		all = append(all, found...)
	}
	for again := len(all) > 0; again; {
		again = false
		for _, h := range all {
			n, err := r.count(ctx, `SELECT count(*) FROM deltas WHERE `+h.met())
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			again = true
			if err := r.exec(ctx, `UPDATE deltas SET op = 'impossible', why = `+text(h.why)+list(r.nj, "a# = b#")+list(r.nj, "m# = false")+` WHERE `+h.met()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h hurdle) met() string {
	return `op IN ('insert', 'update', 'delete') AND line IN (SELECT line FROM (` + h.lines + `))`
}

// valuesInUse: a unique value that another row has now.
func (r *run) valuesInUse(ctx context.Context) (all []hurdle, err error) {
	for i, columns := range r.uniques() {
		f, ok, err := r.beside(ctx, columns, fmt.Sprintf("beside_unique%d", i))
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		u, err := r.lookupUnique(ctx, columns, f, i)
		if err != nil {
			return nil, err
		}
		lines := u.others
		if u.taken != "" {
			lines += ` UNION ` + u.taken
		}
		all = append(all, hurdle{plan.WhyTaken(columns), lines}, hurdle{plan.WhyTwins(columns), u.twins})
	}
	return all, nil
}

// valuesGone: a reference to a row that is not there any more.
func (r *run) valuesGone(ctx context.Context) (all []hurdle, err error) {
	for i, fk := range r.spec.Table.ForeignKeys {
		f, ok, err := r.beside(ctx, fk.Columns, fmt.Sprintf("beside_reference%d", i))
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		missing, err := r.lookupReference(ctx, fk, f, i)
		if unreadable(err) {
			continue // the system itself decides
		}
		if err != nil {
			return nil, err
		}
		all = append(all, hurdle{plan.WhyLost(fk.Columns, fk.RefTable), missing})
	}
	return all, nil
}

// referredTo: a row to be deleted that other rows refer to, which the system
// would refuse, or delete or change with it.
func (r *run) referredTo(ctx context.Context) (all []hurdle, err error) {
	if n, err := r.count(ctx, `SELECT count(*) FROM deltas WHERE op = 'delete'`); err != nil || n == 0 {
		return nil, err
	}
	for i, ref := range r.spec.Table.ReferencedBy {
		h, err := r.lookupReferring(ctx, ref, i)
		if err != nil {
			return nil, err
		}
		if h.lines != "" {
			all = append(all, h)
		}
	}
	return all, nil
}

// lookupReferring asks the system which rows of deltas that are to be deleted
// others refer to. Others that are deleted too are in nobody's way. Where the
// other table cannot be read, a delete that the system would refuse is left to
// it, and one that would do more is not risked.
func (r *run) lookupReferring(ctx context.Context, ref driver.Reference, no int) (h hurdle, err error) {
	values, ok := r.deletedValues(ref.RefColumns)
	deleted := `SELECT line` + values + ` FROM deltas WHERE op = 'delete'`
	unread := hurdle{plan.WhyUnread(ref), `SELECT line FROM deltas WHERE op = 'delete'`}
	if ref.OnDelete == "" {
		unread = hurdle{}
	}
	readable := !slices.ContainsFunc(ref.Columns, func(c record.Column) bool { return c.Type.Kind == record.Unsupported })
	if !ok || !readable {
		return unread, nil
	}
	own := ref.Table == r.spec.Table.Table
	look := driver.Lookup{Table: ref.Table, By: ref.Columns, Columns: ref.Columns[:1]}
	fields := []string{"x"}
	if own {
		look.Columns, fields = r.spec.Key, names("k", r.nk)
	}
	table := fmt.Sprintf("referring%d", no)
	err = r.lookup(ctx, table, look, deleted, names("u", len(ref.RefColumns)), fields)
	if unreadable(err) {
		return unread, nil
	}
	h.why = plan.WhyReferred(ref)
	h.lines = `SELECT n AS line FROM ` + table
	if own {
		same := []string{}
		for i := range r.nk {
			same = append(same, fmt.Sprintf("d.k%d = %s", i, canonicalLive(r.cols[i].Type, fmt.Sprintf("u.k%d", i))))
		}
		h.lines += ` u WHERE NOT EXISTS (SELECT 1 FROM (SELECT * FROM deltas WHERE op = 'delete') d WHERE ` + strings.Join(same, " AND ") + `)`
	}
	return h, err
}

// unreadable tells whether a system gave no right to read a table.
func unreadable(err error) bool {
	var refused *driver.Refusal
	return errors.As(err, &refused)
}

// deletedValues gives the values u0… that rows to be deleted have in columns.
func (r *run) deletedValues(columns []string) (values string, ok bool) {
	for n, name := range columns {
		if i := r.spec.Key.Index(name); i >= 0 {
			values += fmt.Sprintf(", k%d AS u%d", i, n)
		} else if j := r.spec.Judged.Index(name); j >= 0 {
			values += fmt.Sprintf(", b%d AS u%d", j, n)
		} else {
			return "", false
		}
	}
	return values, true
}
