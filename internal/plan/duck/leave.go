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
// others with them, and the SQL of these rows' lines, as the deltas are then.
type hurdle struct{ why, lines string }

// hurdles gives what may stand in the way of a reversal's rows.
func (r *run) hurdles(ctx context.Context, refs []*reference) (all []hurdle, err error) {
	if all, err = r.valuesInUse(ctx); err != nil {
		return nil, err
	}
	for _, ref := range refs { // a reference to a row that is not there any more
		if !ref.unreadable { // else the system itself decides
			all = append(all, hurdle{plan.WhyLost(r.spec.Table.Columns.Pick(ref.fk.Columns), ref.fk.RefTable), ref.lost()})
		}
	}
	more, err := r.referredTo(ctx)
	return append(all, more...), err
}

// leaveAlone makes the rows of a reversal impossible that meet a hurdle, and tells
// whether there were any.
func (r *run) leaveAlone(ctx context.Context, all []hurdle) (left bool, err error) {
	for _, h := range all {
		n, err := r.count(ctx, `SELECT count(*) FROM deltas WHERE `+h.met())
		if err != nil {
			return left, err
		}
		if n == 0 {
			continue
		}
		left = true
		if err := r.changeDeltas(ctx); err != nil {
			return left, err
		}
		if err := r.exec(ctx, `UPDATE deltas SET op = 'impossible', why = `+text(h.why)+list(r.nj, "a# = b#")+list(r.nj, "m# = false")+` WHERE `+h.met()); err != nil {
			return left, err
		}
	}
	return left, nil
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
		all = append(all, hurdle{plan.WhyTaken(r.spec.Table.Columns.Pick(columns)), lines}, hurdle{plan.WhyTwins(r.spec.Table.Columns.Pick(columns)), u.twins})
	}
	return all, nil
}

// referredTo: a row to be deleted that other rows refer to, which the system
// would refuse, or delete or change with it; or one whose values would change with the
// rows that refer to them.
func (r *run) referredTo(ctx context.Context) (all []hurdle, err error) {
	deletes, err := r.count(ctx, `SELECT count(*) FROM deltas WHERE op = 'delete'`)
	if err != nil {
		return nil, err
	}
	if deletes > 0 && r.spec.Table.HiddenReferences != "" {
		all = append(all, hurdle{plan.WhyHidden, `SELECT line FROM deltas WHERE op = 'delete'`})
	}
	for i, ref := range r.spec.Table.ReferencedBy {
		var some []hurdle
		if deletes > 0 {
			h, err := r.lookupReferring(ctx, ref, i)
			if err != nil {
				return nil, err
			}
			some = append(some, h)
		}
		h, err := r.lookupFollowing(ctx, ref, i)
		if err != nil {
			return nil, err
		}
		all = append(all, slices.DeleteFunc(append(some, h), func(h hurdle) bool { return h.lines == "" })...)
	}
	return all, nil
}

// lookupReferring asks the system which rows of deltas that are to be deleted
// others refer to. Where the other table cannot be read, a delete that the system
// would refuse is left to it, and one that would do more is not risked.
func (r *run) lookupReferring(ctx context.Context, ref driver.Reference, no int) (hurdle, error) {
	values, ok := r.deletedValues(ref.RefColumns)
	deleted := `SELECT line` + values + ` FROM deltas WHERE op = 'delete'`
	unread := hurdle{plan.WhyUnread(ref), `SELECT line FROM deltas WHERE op = 'delete'`}
	if ref.OnDelete == "" {
		unread = hurdle{}
	}
	if !ok {
		return unread, nil
	}
	lines, ok, err := r.referring(ctx, ref, driver.Delete, deleted, fmt.Sprintf("referring%d", no))
	if !ok {
		return unread, err
	}
	return hurdle{plan.WhyReferred(ref), lines}, err
}

// lookupFollowing asks the system which rows of deltas change values that others refer
// to, where that would change those too. No hurdle where it would not, or nothing of the
// kind changes.
func (r *run) lookupFollowing(ctx context.Context, ref driver.Reference, no int) (h hurdle, err error) {
	var written []string
	for _, name := range ref.RefColumns {
		if j := r.spec.Judged.Index(name); j >= 0 {
			written = append(written, fmt.Sprintf("m%d", j))
		}
	}
	if ref.OnUpdate == "" || len(written) == 0 {
		return h, nil
	}
	changed := `op = 'update' AND (` + strings.Join(written, " OR ") + `)`
	if n, err := r.count(ctx, `SELECT count(*) FROM deltas WHERE `+changed); err != nil || n == 0 {
		return h, err
	}
	unread := hurdle{plan.WhyUnread(ref), `SELECT line FROM deltas WHERE ` + changed}
	f, ok, err := r.beside(ctx, ref.RefColumns, fmt.Sprintf("beside_following%d", no))
	if err != nil || !ok {
		return unread, err
	}
	values := ""
	for i, c := range f.cols {
		values += fmt.Sprintf(", %s AS u%d", c.before, i)
	}
	lines, ok, err := r.referring(ctx, ref, driver.Update, `SELECT line`+values+` FROM `+f.deltas+` WHERE `+changed, fmt.Sprintf("following%d", no))
	if !ok {
		return unread, err
	}
	return hurdle{plan.WhyFollowed(ref), lines}, err
}

// referring gives the SQL of the lines of rows that others refer to, by the values that
// query gives as line and u0…; table is made for what the system says. Rows that do not
// refer to them any more, by the time that op is done to them, are in nobody's way. False
// where the other table cannot be read.
func (r *run) referring(ctx context.Context, ref driver.Reference, op driver.Op, query, table string) (lines string, ok bool, err error) {
	if slices.ContainsFunc(ref.Columns, func(c record.Column) bool { return c.Type.Kind == record.Unsupported }) {
		return "", false, nil
	}
	child := r.relative(ref.Table)
	look := driver.Lookup{Table: ref.Table, By: ref.Columns, Columns: ref.Columns[:1]}
	fields := []string{"x"}
	if child != nil {
		look.Columns, fields = child.spec.Key, names("k", child.nk)
	}
	err = r.lookup(ctx, r.live, table, look, query, names("u", len(ref.RefColumns)), fields)
	if unreadable(err) {
		return "", false, nil
	}
	lines = `SELECT n AS line FROM ` + table
	if child != nil {
		lines += ` u WHERE NOT EXISTS (SELECT 1 FROM (SELECT * FROM ` + child.deltas() + ` WHERE ` + r.lettingGo(child, ref, op) + `) d WHERE ` + child.sameKey("d", "u") + `)`
	}
	return lines, true, err
}

// lettingGo is the condition under which a row of a relative, or of the table
// itself, does not refer to rows of this table any more by the time that op is done to
// them.
func (r *run) lettingGo(child *run, ref driver.Reference, op driver.Op) string {
	then := r.place(op)
	atCommit := slices.ContainsFunc(child.spec.Table.ForeignKeys, func(fk driver.ForeignKey) bool {
		return fk.Deferred && fk.RefTable == r.spec.Table.Table && slices.Equal(fk.Columns, ref.Columns.Names())
	})
	condition := "false"
	if child.place(driver.Delete) <= then || atCommit {
		condition = "op = 'delete'"
	}
	if child == r || child.place(driver.Update) > then && !atCommit {
		return condition
	}
	for _, c := range ref.Columns {
		if j := child.spec.Judged.Index(c.Name); j >= 0 {
			condition += fmt.Sprintf(" OR op = 'update' AND m%d", j)
		}
	}
	return condition
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
