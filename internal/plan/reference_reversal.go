package plan

import (
	"context"
	"slices"

	"sutor/internal/finding"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// Applied is an applied plan as rows: what [ReferenceReversal] takes back.
type Applied struct {
	Manifest Manifest
	Rows     []AppliedRow
	Columns  record.Schema // that the system gave back, besides the key
	Blind    string        // why rows that were inserted cannot be deleted; "" if nothing is in the way
}

// AppliedRow is one row of an applied plan, and what the system stored of it.
type AppliedRow struct {
	Op     driver.Op
	Line   int64
	Mask   string
	Key    []*string
	Before []*string // over the manifest's judged columns
	Stored []*string // key and Columns as the system gave them back; nil of a delete
}

// ReferenceReversal makes the plan that undoes an applied one, the slow and
// obvious way; it is to duck's Reverse what [Reference] is to its Build. It gives
// the canonical rows CSV too, and for each of its rows why it is left alone, ""
// for those that are written.
func ReferenceReversal(ctx context.Context, spec Spec, applied Applied, live Live) (*Outcome, *ByRow, []string, error) {
	r := &reversal{reference: reference{spec: spec, live: live, reversal: true}, applied: applied}
	if err := r.compare(ctx); err != nil {
		return nil, nil, nil, err
	}
	if err := r.leaveAlone(ctx); err != nil {
		return nil, nil, nil, err
	}
	r.check()
	out, rows, err := r.freeze()
	var why []string
	for _, d := range r.deltas {
		why = append(why, d.why)
	}
	return out, rows, why, err
}

type reversal struct {
	reference
	applied Applied
}

// compare puts each applied row beside the live one.
func (r *reversal) compare(ctx context.Context) (err error) {
	if r.table, err = r.live.Count(ctx, r.spec.Table.Table); err != nil {
		return err
	}
	asked := map[int64][]*string{}
	var done []AppliedRow
	for _, a := range r.applied.Rows {
		if a.Op == Kept || a.Op == Impossible {
			continue // was not written
		}
		for i, c := range slices.Concat(r.spec.Key, r.applied.Columns) {
			if a.Stored != nil {
				a.Stored[i] = canonicalLive(c.Type, a.Stored[i])
			}
		}
		if a.Stored != nil { // the key is the system's
			a.Key = a.Stored[:len(r.spec.Key)]
		}
		asked[a.Line], done = a.Key, append(done, a)
		r.lines = append(r.lines, &line{number: a.Line})
	}
	found, err := r.fetch(ctx, asked)
	if err != nil {
		return err
	}
	r.keepInside(found)
	r.meet(found)
	for i, a := range done {
		if d := r.takenBack(a, r.lines[i], found[a.Line]); d != nil {
			r.deltas = append(r.deltas, d)
		}
	}
	return nil
}

// takenBack makes the delta that takes one applied row back; nil if there is
// nothing to do.
func (r *reversal) takenBack(a AppliedRow, l *line, live [][]*string) *delta {
	n := len(r.spec.Judged)
	d := &delta{row: &row{line: l, key: a.Key, before: make([]*string, n), after: make([]*string, n), writes: make([]bool, n)}}
	if len(live) > 0 {
		d.found, d.key, d.before = true, live[0][:len(a.Key)], live[0][len(a.Key):]
	}
	if a.Op == driver.Insert && !d.found {
		return nil // gone already
	}
	d.op, d.why = r.leave(a, d.row)
	copy(d.after, d.before)
	if d.op != "" {
		return d
	}
	switch a.Op {
	case driver.Insert:
		d.op, d.after = driver.Delete, make([]*string, n)
		return d
	case driver.Delete:
		d.op = driver.Insert
	default:
		d.op = driver.Update
	}
	for j, c := range r.spec.Judged {
		was, known := r.was(a, c)
		switch {
		case !known, d.op == driver.Insert && c.Generated:
		case d.op == driver.Insert, r.wrote(a, c) && !same(was, d.before[j]):
			d.after[j], d.writes[j] = was, true
		}
	}
	if d.op == driver.Update && !slices.Contains(d.writes, true) {
		return nil
	}
	return d
}

// was gives what a column held before the plan was applied; false if the plan
// did not know it.
func (r *reversal) was(a AppliedRow, c record.Column) (*string, bool) {
	j := r.applied.Manifest.JudgedSchema().Index(c.Name)
	if j < 0 {
		return nil, false
	}
	return a.Before[j], true
}

// wrote tells whether the plan wrote a column of the row.
func (r *reversal) wrote(a AppliedRow, c record.Column) bool {
	j := r.applied.Manifest.JudgedSchema().Index(c.Name)
	return j >= 0 && a.Mask[j] == '1'
}

// leave says whether a row is left alone, and why: the first reason counts.
func (r *reversal) leave(a AppliedRow, now *row) (driver.Op, string) {
	for _, c := range r.applied.Manifest.JudgedSchema() {
		if r.wrote(a, c) && r.spec.Table.Columns.Index(c.Name) < 0 {
			return Impossible, WhyDropped
		}
	}
	switch {
	case a.Op == driver.Delete && (now.found || r.beyond[a.Line]): // by a row that the maker may not see, too
		return Impossible, WhyReused
	case a.Op == driver.Update && !now.found:
		return Impossible, WhyGone
	case a.Op == driver.Insert && r.applied.Blind != "":
		return Impossible, r.applied.Blind
	case a.Op == driver.Update && r.changed(a, now, func(c record.Column) bool { return r.wrote(a, c) }),
		a.Op == driver.Insert && (r.changed(a, now, func(record.Column) bool { return true }) || now.found && !slices.EqualFunc(a.Key, now.key, same)):
		return Kept, WhyChanged
	case a.Op == driver.Insert && r.added(now):
		return Kept, WhyAdded
	}
	for _, c := range r.spec.Table.Columns {
		if r.needs(a, now, c) {
			return Impossible, WhyNeeded(c)
		}
	}
	return "", ""
}

// changed tells whether one of the columns does not hold what was stored.
func (r *reversal) changed(a AppliedRow, now *row, of func(record.Column) bool) bool {
	for i, c := range r.applied.Columns {
		j := r.spec.Judged.Index(c.Name)
		if j >= 0 && of(c) && !same(a.Stored[len(r.spec.Key)+i], now.before[j]) {
			return true
		}
	}
	return false
}

// added tells whether a column that the system did not give back when the row
// was stored has a value. What the system computes is nobody's.
func (r *reversal) added(now *row) bool {
	for j, c := range r.spec.Judged {
		if r.applied.Columns.Index(c.Name) < 0 && !c.Generated && now.before[j] != nil {
			return true
		}
	}
	return false
}

// needs tells whether the system would refuse the row for want of a value.
func (r *reversal) needs(a AppliedRow, now *row, c record.Column) bool {
	if c.Nullable || c.Generated || a.Op == driver.Insert || r.spec.Key.Index(c.Name) >= 0 {
		return false
	}
	was, known := r.was(a, c)
	if a.Op == driver.Update {
		return r.wrote(a, c) && was == nil && now.before[r.spec.Judged.Index(c.Name)] != nil
	}
	return known && was == nil || !known && !c.HasDefault && c.Identity == ""
}

// check runs the column checks over the rows that are written back, names those
// that are left alone, and judges the row guardrails. All of it is told, nothing
// stands in the way: what was there before is let back in.
func (r *reversal) check() {
	for _, d := range r.deltas {
		if d.op == driver.Insert || d.op == driver.Update {
			r.rows = append(r.rows, d.row)
		}
	}
	for j, c := range r.spec.Judged {
		r.checkColumn(c, j)
	}
	kept, impossible := r.reference.check(KeptFinding()), r.reference.check(ImpossibleFinding())
	for _, d := range r.deltas {
		switch d.op {
		case Kept:
			kept.hit(d.line, text(d.key...))
		case Impossible:
			impossible.hit(d.line, text(d.key...))
		}
	}
	r.judgeRows()
	for _, c := range r.checks {
		c.Severity, c.Invalid, c.By, c.Needs = finding.Warn, false, "", 0
	}
}
