package plan

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"sutor/internal/expr"
	"sutor/internal/finding"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// liveRow is one live row: key and judged columns.
type liveRow struct{ key, judged []*string }

// asRow is a row as a condition over one table sees it.
type asRow struct {
	r           *reference
	key, judged []*string
}

func (a asRow) Column(_ expr.Side, name string) (string, bool) {
	var v *string
	if i := a.r.spec.Key.Index(name); i >= 0 {
		v = a.key[i]
	} else if j := a.r.spec.Judged.Index(name); j >= 0 {
		v = a.judged[j]
	}
	if v == nil {
		return "", false
	}
	return *v, true
}

func (a asRow) Op() string        { return "" }
func (a asRow) Changed() []string { return nil }

// selectPart gives the live rows with a key for which a condition is true, in the
// order of their keys, and how many rows cannot be judged or have no key.
func (r *reference) selectPart(ctx context.Context, where expr.Condition) (inside []liveRow, unjudged int64, err error) {
	columns := slices.Concat(r.spec.Key, r.spec.Judged)
	var down bytes.Buffer
	if _, err := r.live.Select(ctx, r.spec.Table.Table, record.Filter{}, nil, columns, &down); err != nil {
		return nil, 0, err
	}
	nk := len(r.spec.Key)
	err = each(&down, 1+len(columns), func(_ int64, values []*string) {
		for i, c := range columns {
			values[i] = canonicalLive(c.Type, values[i])
		}
		row := liveRow{values[:nk], values[nk:]}
		if r.spec.Only != nil && !r.inside(row.key, row.judged) {
			return
		}
		switch truth := where.Judge(asRow{r, row.key, row.judged}); {
		case truth == expr.Unknown, truth == expr.True && slices.Contains(row.key, nil):
			unjudged++
		case truth == expr.True:
			inside = append(inside, row)
		}
	})
	slices.SortFunc(inside, func(a, b liveRow) int {
		return slices.CompareFunc(a.key, b.key, func(x, y *string) int { return strings.Compare(*x, *y) })
	})
	return inside, unjudged, err
}

func (r *reference) tellUnjudged(where expr.Condition, n int64, then string) {
	if n > 0 {
		r.notes = append(r.notes, UnjudgedFinding(where, n, then))
	}
}

// readPart reads the part of the table that a sync stands for.
func (r *reference) readPart(ctx context.Context) error {
	if r.spec.Within == nil {
		return nil
	}
	inside, unjudged, err := r.selectPart(ctx, r.spec.Within.Where)
	r.part = inside
	r.tellUnjudged(r.spec.Within.Where, unjudged, NotDeleted)
	return err
}

// checkPart: rows of the file outside the part, or that would leave it; and rows
// without a key.
func (r *reference) checkPart() {
	where := r.spec.Within.Where
	is := func(row *row, judged []*string) bool {
		return where.Judge(asRow{r, row.key, judged}) == expr.True
	}
	outside, leaves, keyless := r.check(OutsidePartFinding(where)), r.check(LeavesFinding(where)), r.check(SyncKeyFinding())
	for _, row := range r.rows {
		stays := is(row, row.after)
		switch {
		case row.found && !is(row, row.before), !row.found && !stays:
			outside.hit(row.line, row.shown())
		case row.found && !stays:
			leaves.hit(row.line, row.shown())
		}
	}
	for _, l := range r.lines {
		if _, ok := r.by(l); !ok {
			keyless.hit(l, nil)
		}
	}
}

// deleteOthers adds the rows inside the part that are not in the file, valid or not.
func (r *reference) deleteOthers() {
	if r.spec.Within == nil {
		return
	}
	met := map[string]bool{}
	for _, row := range r.rows {
		if row.found {
			met[identity(row.key)] = true
		}
	}
	gone := slices.DeleteFunc(slices.Clone(r.part), func(l liveRow) bool { return met[identity(l.key)] })
	var deletes []*delta
	for i, l := range gone {
		n := len(r.spec.Judged)
		deletes = append(deletes, &delta{op: driver.Delete, row: &row{line: &line{number: int64(i - len(gone))}, key: l.key, found: true,
			before: l.judged, after: make([]*string, n), writes: make([]bool, n)}})
	}
	r.deltas = append(r.deltas, deletes...)
	all := func(c *check) {
		for _, d := range deletes {
			c.hit(d.line, text(d.key...))
		}
	}
	if !r.spec.Allow[driver.Delete] {
		all(r.check(DeleteNotAllowedFinding()))
	}
	if most := r.spec.Within.MaxDeletes; len(gone)*100 > len(r.part)*most {
		all(r.check(SyncShareFinding(int64(len(gone)), int64(len(r.part)), most)))
	}
}

// checkReferred: rows to be deleted that others refer to.
func (r *reference) checkReferred(ctx context.Context) error {
	if r.spec.Table.HiddenReferences != "" {
		hidden := r.check(HiddenReferencesFinding())
		for _, d := range r.deltas {
			if d.op == driver.Delete {
				hidden.hit(d.line, text(d.key...))
			}
		}
	}
	for _, ref := range r.spec.Table.ReferencedBy {
		if !slices.ContainsFunc(r.deltas, func(d *delta) bool { return d.op == driver.Delete }) {
			return nil
		}
		h, err := r.lookupReferring(ctx, ref)
		if err != nil {
			return err
		}
		f := ReferredFinding(ref)
		if h.why == WhyUnread(ref) {
			f = UnreadFinding(ref)
		}
		referred := r.check(f)
		for _, d := range h.met() {
			referred.hit(d.line, text(d.key...))
		}
	}
	return nil
}

// pickRows makes the lines of a rule: one for each row that it is for, beside it.
func (r *reference) pickRows(ctx context.Context) (err error) {
	if r.table, err = r.live.Count(ctx, r.spec.Table.Table); err != nil {
		return err
	}
	inside, unjudged, err := r.selectPart(ctx, r.spec.Rule.Where)
	r.tellUnjudged(r.spec.Rule.Where, unjudged, NotChanged)
	if err == nil {
		err = r.spellComputed(ctx, inside)
	}
	for i, l := range inside {
		r.met = append(r.met, l.judged)
		line := &line{number: int64(i + 1), cells: map[string]cell{}}
		for k, c := range r.spec.Key {
			line.cells[c.Name] = r.cell(c, l.key[k])
		}
		for _, set := range r.spec.Rule.Set {
			line.cells[set.Column] = r.computed(set, l)
		}
		r.lines = append(r.lines, line)
		if by, ok := r.by(line); ok {
			r.rows = append(r.rows, r.beside(line, by, [][]*string{slices.Concat(l.key, l.judged)}))
		}
	}
	return err
}

// computed gives the cell that a rule gives for one row.
func (r *reference) computed(set Assign, l liveRow) cell {
	if set.Null {
		return cell{}
	}
	value, ok := set.To.Text(asRow{r, l.key, l.judged})
	switch {
	case !ok && set.To.Copies():
		return cell{}
	case !ok:
		return cell{problem: Uncomputed}
	}
	in := r.cell(r.spec.Judged[r.spec.Judged.Index(set.Column)], &value)
	if in.empty {
		in = cell{problem: Uncomputed}
	}
	return in
}

// problem words a problem of a column's cells.
func (r *reference) problem(c record.Column, p record.Problem) finding.Finding {
	if r.spec.Rule == nil {
		return r.read[c.Name].finding(c, p)
	}
	i := slices.IndexFunc(r.spec.Rule.Set, func(s Assign) bool { return s.Column == c.Name })
	switch {
	case i < 0:
		return ValueFinding(c, p)
	case p == Uncomputed:
		return UncomputedFinding(c, r.spec.Rule.Set[i].To)
	}
	return ComputedFinding(c, p, r.spec.Rule.Set[i].To)
}
