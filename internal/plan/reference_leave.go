package plan

import (
	"context"
	"slices"

	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// hurdle is a reason why the system would not take back rows of a reversal, or
// would take others with them; met finds those rows in the deltas as they are.
type hurdle struct {
	why string
	met func() []*delta
}

// leaveAlone makes the rows that meet a hurdle impossible. One that is left alone
// may be in the way of another, so it goes on until no more meet any.
func (r *reversal) leaveAlone(ctx context.Context) error {
	var all []hurdle
	for _, find := range []func(context.Context) ([]hurdle, error){r.valuesInUse, r.valuesGone, r.referredTo} {
		found, err := find(ctx)
		if err != nil {
			return err
		}
		all = append(all, found...)
	}
	for again := true; again; {
		again = false
		for _, h := range all {
			for _, d := range h.met() {
				d.op, d.why, again = Impossible, h.why, true
				copy(d.after, d.before)
				clear(d.writes)
			}
		}
	}
	return nil
}

// valuesInUse: a unique value that another row has, or would have.
func (r *reversal) valuesInUse(ctx context.Context) (all []hurdle, err error) {
	for _, names := range r.uniques() {
		cols, ok, err := r.keeping(ctx, names)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		clashes, err := r.lookupUnique(ctx, cols)
		if err != nil {
			return nil, err
		}
		with := func(is func(clash) bool) func() []*delta {
			return func() (met []*delta) {
				for d, c := range clashes() {
					if is(c) {
						met = append(met, d)
					}
				}
				return met
			}
		}
		all = append(all, hurdle{WhyTaken(cols), with(func(c clash) bool { return c.taken || c.early })},
			hurdle{WhyTwins(cols), with(func(c clash) bool { return c.twin })})
	}
	return all, nil
}

// valuesGone: a reference to a row that is not there. Where that cannot be read,
// the system itself decides.
func (r *reversal) valuesGone(ctx context.Context) (all []hurdle, err error) {
	for _, fk := range r.spec.Table.ForeignKeys {
		cols, ok, err := r.keeping(ctx, fk.Columns)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		lost, err := r.lookupReference(ctx, fk, cols)
		if unreadable(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, hurdle{WhyLost(cols, fk.RefTable), lost})
	}
	return all, nil
}

// referredTo: a row to be deleted that other rows refer to, or one whose values would
// change with the rows that refer to them.
func (r *reversal) referredTo(ctx context.Context) (all []hurdle, err error) {
	if r.spec.Table.HiddenReferences != "" {
		all = append(all, hurdle{WhyHidden, r.where(func(d *delta) bool { return d.op == driver.Delete })})
	}
	for _, ref := range r.spec.Table.ReferencedBy {
		h, err := r.lookupReferring(ctx, ref)
		if err != nil {
			return nil, err
		}
		all = append(all, h)
		h, ok, err := r.lookupFollowing(ctx, ref)
		if err != nil {
			return nil, err
		}
		if ok {
			all = append(all, h)
		}
	}
	return all, nil
}

// lookupReferring asks the system who refers to the rows to be deleted. Others
// that are deleted too are in nobody's way. Where the other table cannot be read,
// a delete that the system would refuse is left to it, and one that would do more
// is not risked.
func (r *reference) lookupReferring(ctx context.Context, ref driver.Reference) (hurdle, error) {
	deleted := r.where(func(d *delta) bool { return d.op == driver.Delete })
	unread := hurdle{WhyUnread(ref), deleted}
	if ref.OnDelete == "" {
		unread.met = func() []*delta { return nil }
	}
	cols, ok := r.columnsOf(ref.RefColumns)
	if !ok {
		return unread, nil
	}
	return r.referring(ctx, ref, cols, hurdle{WhyReferred(ref), deleted}, unread)
}

// lookupFollowing asks the system who refers to values that updates change, where that
// would change those rows too. False where it would not, or nothing of the kind changes.
func (r *reference) lookupFollowing(ctx context.Context, ref driver.Reference) (hurdle, bool, error) {
	writes := func(d *delta) bool {
		return d.op == driver.Update && slices.ContainsFunc(r.spec.Judged.Pick(ref.RefColumns), func(c record.Column) bool { return d.writes[r.spec.Judged.Index(c.Name)] })
	}
	if ref.OnUpdate == "" || !slices.ContainsFunc(r.deltas, writes) {
		return hurdle{}, false, nil
	}
	changed := r.where(writes)
	unread := hurdle{WhyUnread(ref), changed}
	cols, ok, err := r.keeping(ctx, ref.RefColumns)
	if err != nil || !ok {
		return unread, true, err
	}
	h, err := r.referring(ctx, ref, cols, hurdle{WhyFollowed(ref), changed}, unread)
	return h, true, err
}

// where gives the deltas, as they are then, of which a condition holds.
func (r *reference) where(condition func(*delta) bool) func() []*delta {
	return func() []*delta {
		return slices.DeleteFunc(slices.Clone(r.deltas), func(d *delta) bool { return !condition(d) })
	}
}

// referring is a hurdle for those of its rows that others refer to by the values that
// they have; unread where that cannot be read.
func (r *reference) referring(ctx context.Context, ref driver.Reference, cols record.Schema, h, unread hurdle) (hurdle, error) {
	if slices.ContainsFunc(ref.Columns, func(c record.Column) bool { return c.Type.Kind == record.Unsupported }) {
		return unread, nil
	}
	look := driver.Lookup{Table: ref.Table, By: ref.Columns, Columns: ref.Columns[:1]}
	own := ref.Table == r.spec.Table.Table
	if own {
		look.Columns = r.spec.Key
	}
	asked := map[int64][]*string{}
	for _, d := range h.met() {
		asked[d.number] = r.held(d, cols)
	}
	found, err := r.lookup(ctx, look, asked)
	if unreadable(err) {
		return unread, nil
	}
	deleted := r.where(func(d *delta) bool { return d.op == driver.Delete })
	return hurdle{h.why, func() (met []*delta) {
		gone := map[string]bool{}
		for _, d := range deleted() {
			gone[identity(d.key)] = own
		}
		for _, d := range h.met() {
			if slices.ContainsFunc(found[d.number], func(key []*string) bool { return !gone[identity(key)] }) {
				met = append(met, d)
			}
		}
		return met
	}}, err
}

// held gives the values that the live row of a delta has.
func (r *reference) held(d *delta, cols record.Schema) (values []*string) {
	for _, c := range cols {
		if i := r.spec.Key.Index(c.Name); i >= 0 {
			values = append(values, d.key[i])
		} else if j := r.spec.Judged.Index(c.Name); j >= 0 {
			values = append(values, d.before[j])
		} else {
			values = append(values, r.kept[c.Name][d.number])
		}
	}
	return values
}
