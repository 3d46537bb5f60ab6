package plan

import (
	"context"
	"errors"
	"maps"
	"slices"

	"sutor/internal/finding"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// checkByReading checks the system's own unique and foreign keys over the final
// values of the deltas, and what refers to the values that they change, by reading
// only; rows that are hit leave the deltas. What
// an update keeps in a column outside the judged set is fetched; an insert's is
// left to the system. A row that leaves keeps its value after all, and is not
// there to be referred to, so it goes on until no more are hit.
func (r *reference) checkByReading(ctx context.Context) error {
	var checks []func()
	for _, u := range r.uniques() {
		cols, ok, err := r.keeping(ctx, u)
		if ok && err == nil {
			var check func()
			check, err = r.checkUnique(ctx, cols)
			checks = append(checks, check)
		}
		if err != nil {
			return err
		}
	}
	for _, fk := range r.spec.Table.ForeignKeys {
		cols, ok, err := r.keeping(ctx, fk.Columns)
		if ok && err == nil {
			var check func()
			check, err = r.checkReference(ctx, fk, cols)
			checks = append(checks, check)
		}
		if err != nil {
			return err
		}
	}
	for _, ref := range r.spec.Table.ReferencedBy {
		check, err := r.checkFollowing(ctx, ref)
		if err != nil {
			return err
		}
		checks = append(checks, check)
	}
	for before := -1; before != len(r.deltas); {
		before = len(r.deltas)
		for _, check := range checks {
			check()
		}
		invalid := r.invalid()
		r.deltas = slices.DeleteFunc(r.deltas, func(d *delta) bool { return invalid[d.number] })
	}
	return nil
}

// uniques gives the unique constraints besides what rows are found by.
func (r *reference) uniques() (all [][]string) {
	names := r.spec.Table.Uniques
	if len(r.spec.Table.PrimaryKey) > 0 {
		names = append([][]string{r.spec.Table.PrimaryKey}, names...)
	}
	for _, u := range names {
		if !slices.Equal(slices.Sorted(slices.Values(u)), slices.Sorted(slices.Values(r.spec.By().Names()))) {
			all = append(all, u)
		}
	}
	return all
}

// keeping gives the named columns, and has what updates keep in those of them that
// are outside the judged set. False where no judged column is among them, or one
// cannot be read.
func (r *reference) keeping(ctx context.Context, names []string) (record.Schema, bool, error) {
	if cols, ok := r.columnsOf(names); ok {
		return cols, true, nil
	}
	cols := r.spec.Table.Columns.Pick(names)
	judged := slices.ContainsFunc(cols, func(c record.Column) bool { return r.spec.Judged.Index(c.Name) >= 0 })
	if !judged || len(cols) < len(names) || slices.ContainsFunc(cols, func(c record.Column) bool { return c.Type.Kind == record.Unsupported }) {
		return nil, false, nil
	}
	var kept record.Schema
	for _, c := range cols {
		if r.spec.Key.Index(c.Name) < 0 && r.spec.Judged.Index(c.Name) < 0 {
			kept = append(kept, c)
		}
	}
	asked := map[int64][]*string{}
	for _, d := range r.deltas {
		if _, writes := r.final(d, cols); writes && d.op == driver.Update {
			asked[d.number] = d.key
		}
	}
	live, err := r.lookup(ctx, driver.Lookup{Table: r.spec.Table.Table, By: r.spec.Key, Columns: kept}, asked)
	if r.kept == nil {
		r.kept = map[string]map[int64]*string{}
	}
	for i, c := range kept {
		if r.kept[c.Name] == nil { // else another check has asked for it, of other rows
			r.kept[c.Name] = map[int64]*string{}
		}
		for number, rows := range live {
			r.kept[c.Name][number] = rows[0][i]
		}
	}
	return cols, true, err
}

// columnsOf gives the named columns, if all of them are in the judged set.
func (r *reference) columnsOf(names []string) (record.Schema, bool) {
	cols := append(slices.Clone(r.spec.Key), r.spec.Judged...).Pick(names)
	return cols, len(cols) == len(names)
}

// final gives the values of columns after the change, and whether the delta
// writes one of them.
func (r *reference) final(d *delta, cols record.Schema) (values []*string, writes bool) {
	for _, c := range cols {
		if i := r.spec.Key.Index(c.Name); i >= 0 {
			values, writes = append(values, d.key[i]), writes || d.op == driver.Insert
		} else if j := r.spec.Judged.Index(c.Name); j < 0 {
			values = append(values, r.kept[c.Name][d.number])
		} else {
			values, writes = append(values, d.after[j]), writes || d.writes[j]
		}
	}
	return values, writes
}

// touching gives the final values of the deltas that write one of the columns
// and have a value in all of them; NULL is equal to nothing.
func (r *reference) touching(cols record.Schema) map[int64][]*string {
	out := map[int64][]*string{}
	for _, d := range r.deltas {
		if values, writes := r.final(d, cols); writes && !slices.Contains(values, nil) {
			out[d.number] = values
		}
	}
	return out
}

// checkUnique: two rows of the plan with the same values, or one with those of
// another live row that does not give them up in this plan, or not in time. What
// it gives judges the deltas as they are.
func (r *reference) checkUnique(ctx context.Context, cols record.Schema) (func(), error) {
	clashes, err := r.lookupUnique(ctx, cols)
	unique, swap := r.check(UniqueFinding(cols)), r.check(UniqueSwapFinding(cols))
	return func() {
		for d, c := range clashes() {
			values, _ := r.final(d, cols)
			if c.twin || c.taken {
				unique.hit(d.line, text(values...))
			}
			if c.early {
				swap.hit(d.line, text(values...))
			}
		}
	}, err
}

// clash says how a delta breaks a unique constraint.
type clash struct {
	twin  bool // another row of the plan would have the same
	taken bool // another live row has it, and does not give it up in this plan
	early bool // another live row gives it up, but the system would not see that in time
}

// lookupUnique asks the system which live rows have the final values of deltas.
// What it gives judges the deltas as they are when it is called.
func (r *reference) lookupUnique(ctx context.Context, cols record.Schema) (func() map[*delta]clash, error) {
	live, err := r.lookup(ctx, driver.Lookup{Table: r.spec.Table.Table, By: cols, Columns: r.spec.Key}, r.touching(cols))
	isKey := slices.Equal(slices.Sorted(slices.Values(cols.Names())), slices.Sorted(slices.Values(r.spec.Key.Names())))
	return func() map[*delta]clash {
		touching, uses, moves, stays := r.touching(cols), map[string]int{}, map[string]bool{}, map[string]bool{}
		for _, values := range touching {
			uses[identity(values)]++
		}
		for _, d := range r.deltas {
			_, writes := r.final(d, cols)
			if writes && d.op == driver.Update || d.op == driver.Delete {
				moves[identity(d.key)] = true
				stays[identity(d.key)] = d.op == driver.Update && !r.stepsAside(d, cols)
			}
		}
		out := map[*delta]clash{}
		for _, d := range r.deltas {
			values, ok := touching[d.number]
			if !ok {
				continue
			}
			another := func(is func(key string) bool) bool {
				return slices.ContainsFunc(live[d.number], func(other []*string) bool {
					return (d.op == driver.Insert || identity(other) != identity(d.key)) && is(identity(other))
				})
			}
			out[d] = clash{
				twin:  uses[identity(values)] > 1,
				taken: another(func(key string) bool { return isKey || !moves[key] }), // a plan has one row of a key: what it deletes it does not insert
				early: d.op == driver.Update && !r.spec.Table.Defers(cols.Names()) && another(func(key string) bool { return stays[key] }),
			}
		}
		return out
	}, err
}

// stepsAside tells whether an update writes a column by which the row steps aside: the
// driver empties it before another row takes its value. It knows only judged
// columns.
func (r *reference) stepsAside(d *delta, cols record.Schema) bool {
	if _, all := r.columnsOf(cols.Names()); !all {
		return false
	}
	return slices.ContainsFunc(cols, func(c record.Column) bool {
		j := r.spec.Judged.Index(c.Name)
		return j >= 0 && d.writes[j] && r.spec.Table.StepsAside(cols.Names(), c)
	})
}

// checkReference: values that refer to no live row, and to no row of this plan
// that is there in time.
func (r *reference) checkReference(ctx context.Context, fk driver.ForeignKey, cols record.Schema) (func(), error) {
	lost, err := r.lookupReference(ctx, fk, cols)
	f := ForeignKeyFinding(cols, fk.RefTable)
	if unreadable(err) {
		f, err = UncheckedFinding(cols, fk.RefTable), nil
		lost = func() (all []*delta) {
			for _, d := range r.deltas {
				if _, ok := r.touching(cols)[d.number]; ok {
					all = append(all, d)
				}
			}
			return all
		}
	}
	missing := r.check(f)
	return func() {
		for _, d := range lost() {
			values, _ := r.final(d, cols)
			missing.hit(d.line, text(values...))
		}
	}, err
}

// checkFollowing: updates that would change rows of other tables, or of this one, which
// refer to the values that they change.
func (r *reference) checkFollowing(ctx context.Context, ref driver.Reference) (func(), error) {
	h, ok, err := r.lookupFollowing(ctx, ref)
	if err != nil || !ok {
		return func() {}, err
	}
	f := FollowedFinding(ref)
	if h.why == WhyUnread(ref) {
		f = UnreadFollowedFinding(ref)
	}
	followed := r.check(f)
	return func() {
		for _, d := range h.met() {
			followed.hit(d.line, text(d.key...))
		}
	}, nil
}

// lookupReference asks the system which of the rows that deltas refer to are
// there. What it gives finds the deltas whose are not, as the deltas are then:
// inserts are the last step, after updates.
func (r *reference) lookupReference(ctx context.Context, fk driver.ForeignKey, cols record.Schema) (func() []*delta, error) {
	by := slices.Clone(cols)
	for i := range by {
		by[i].Name = fk.RefColumns[i]
	}
	live, err := r.lookup(ctx, driver.Lookup{Table: fk.RefTable, By: by, Columns: by[:1]}, r.touching(cols))
	return func() (lost []*delta) {
		touching, own, late := r.touching(cols), map[string]bool{}, map[string]bool{}
		if referred, ok := r.columnsOf(fk.RefColumns); ok && fk.RefTable == r.spec.Table.Table {
			for _, d := range r.deltas {
				values, _ := r.final(d, referred)
				switch d.op {
				case driver.Insert:
					late[identity(values)] = true
				case driver.Update:
					own[identity(values)] = true
				}
			}
		}
		for _, d := range r.deltas {
			if values, ok := touching[d.number]; ok && len(live[d.number]) == 0 && !own[identity(values)] &&
				!(late[identity(values)] && (d.op == driver.Insert || fk.Deferred)) {
				lost = append(lost, d)
			}
		}
		return lost
	}, err
}

// unreadable tells whether a system gave no right to read a table.
func unreadable(err error) bool {
	var refused *driver.Refusal
	return errors.As(err, &refused)
}

// findings gives what the checks found: blocking findings first, each with its
// lines as ranges and the first three different texts.
func (r *reference) findings() (out []finding.Finding) {
	for _, c := range r.found() {
		out = append(out, r.told(c.Finding, c.hits))
	}
	return out
}

// found gives the checks that hit any row, blocking ones first.
func (r *reference) found() (out []*check) {
	for _, severity := range []finding.Severity{finding.Block, finding.Approve, finding.Warn} {
		for _, c := range r.checks {
			if len(c.hits) > 0 && r.severity(c.Finding) == severity {
				out = append(out, c)
			}
		}
	}
	return out
}

func (r *reference) severity(f finding.Finding) finding.Severity {
	if f.Invalid && r.spec.Options.LeaveOut {
		return finding.Warn
	}
	return f.Severity
}

func (r *reference) told(f finding.Finding, hits map[int64]*string) finding.Finding {
	lines := slices.Sorted(maps.Keys(hits))
	ofFile := slices.DeleteFunc(slices.Clone(lines), func(n int64) bool { return n < 0 })
	f.Severity, f.Rows = r.severity(f), int64(len(lines))
	if r.spec.Rule == nil {
		f.Ranges = finding.Ranges(ofFile)
	}
	if len(f.Ranges) > finding.MaxRanges {
		f.Ranges = append(f.Ranges[:finding.MaxRanges:finding.MaxRanges], "…")
	}
	if f.Invalid && r.spec.Options.LeaveOut {
		f.Mend = "Left out, as chosen with --leave-out-invalid. " + f.Mend
	}
	for _, start := range samples(lines, hits) {
		f.Samples = append(f.Samples, finding.Sample(start))
	}
	lines = slices.DeleteFunc(lines, func(n int64) bool { return n <= 0 }) // rows that a sync deletes
	for _, n := range r.exemplary(lines, hits) {
		f.Examples = append(f.Examples, r.spec.Example(f, n, r.seen(n)))
	}
	return f
}

// samples gives the first three different texts: those of rows that are in no file, in
// the order of texts, then those of lines in theirs.
func samples(lines []int64, hits map[int64]*string) (texts []string) {
	seen := map[string]bool{}
	add := func(n int64) {
		if hits[n] == nil {
			return
		}
		if start := cut(*hits[n], 200); !seen[start] {
			seen[start] = true
			texts = append(texts, start)
		}
	}
	first, _ := slices.BinarySearch(lines, 1)
	for _, n := range lines[:first] {
		add(n)
	}
	slices.Sort(texts)
	for _, n := range lines[first:] {
		if len(texts) >= 3 {
			break
		}
		add(n)
	}
	return texts[:min(3, len(texts))]
}

// exemplary picks of each different text the first line, then of each the second,
// until there are enough.
func (r *reference) exemplary(lines []int64, hits map[int64]*string) (picked []int64) {
	for nth := 0; nth < finding.MaxExamples; nth++ {
		met := map[string]int{}
		for _, n := range lines {
			sample := "none"
			if hits[n] != nil {
				sample = "text " + cut(*hits[n], 200)
			}
			if met[sample]++; met[sample] == nth+1 && len(picked) < finding.MaxExamples {
				picked = append(picked, n)
			}
		}
	}
	slices.Sort(picked)
	return picked
}

// seen gives what a finding's example is made of.
func (r *reference) seen(line int64) (s Seen) {
	if r.reversal {
		for _, d := range r.deltas {
			if d.number == line {
				s.File, s.Live = map[string]*string{}, map[string]*string{}
				for i, c := range r.spec.Key {
					s.File[c.Name] = d.key[i]
				}
				for j, c := range r.spec.Judged {
					s.File[c.Name], s.Live[c.Name] = d.after[j], d.before[j]
				}
			}
		}
		return s
	}
	for _, l := range r.lines {
		if l.number == line {
			s.File = map[string]*string{}
			for name, cell := range l.cells {
				s.File[name] = cell.text
				if r.spec.Rule != nil && cell.value != nil {
					s.File[name] = cell.value
				}
			}
		}
	}
	for _, row := range r.rows {
		if row.number == line && row.found {
			s.Live = map[string]*string{}
			for j, c := range r.spec.Judged {
				s.Live[c.Name] = row.before[j]
			}
		}
	}
	return s
}

// cut gives the first characters of a text; texts that begin alike are one sample.
func cut(s string, characters int) string {
	if r := []rune(s); len(r) > characters {
		return string(r[:characters])
	}
	return s
}
