package plan

import (
	"fmt"
	"slices"
	"strings"

	"sutor/internal/change"
	"sutor/internal/expr"
	"sutor/internal/finding"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// check is a finding in the making: the lines it hit and, of each, the
// offending text.
type check struct {
	finding.Finding
	hits map[int64]*string
}

// check makes a check that has hit nothing yet. The order of the checks is the
// order of the findings.
func (r *reference) check(f finding.Finding) *check {
	c := &check{f, map[int64]*string{}}
	r.checks = append(r.checks, c)
	return c
}

func (c *check) hit(l *line, sample *string) { c.hits[l.number] = sample }

// text gives what several values are shown as.
func text(values ...*string) *string {
	var parts []string
	for _, v := range values {
		if v != nil {
			parts = append(parts, *v)
		}
	}
	s := strings.Join(parts, ", ")
	return &s
}

// invalid gives the lines that some check made invalid.
func (r *reference) invalid() map[int64]bool {
	out := map[int64]bool{}
	for _, c := range r.checks {
		for n := range c.hits {
			if c.Invalid {
				out[n] = true
			}
		}
	}
	return out
}

// checkRows runs the built-in checks in the order in which a person would mend
// what they find.
func (r *reference) checkRows() {
	r.checkDefects()
	r.checkValues()
	r.checkKeys()
	r.checkAlike()
	r.checkMatch()
	r.checkMode()
	for i, c := range r.spec.Key {
		if c.Identity == "always" || c.Generated {
			numbered := r.check(NumberedFinding(c))
			r.rowsWhere(func(row *row) bool { return !row.found && row.key[i] != nil }, func(row *row) { numbered.hit(row.line, row.key[i]) })
		}
		r.checkKeyRules(c, i)
	}
	for j, c := range r.spec.Judged {
		r.checkColumn(c, j)
	}
	r.checkInserts()
}

// rowsWhere does something with the rows under a condition.
func (r *reference) rowsWhere(condition func(*row) bool, do func(*row)) {
	for _, row := range r.rows {
		if condition(row) {
			do(row)
		}
	}
}

func (r *reference) checkDefects() {
	ragged, broken, cell := r.check(RaggedFinding(len(r.spec.Columns))), r.check(BrokenQuoteFinding()), r.check(BrokenCellFinding())
	for _, l := range r.lines {
		if l.defect == nil {
			continue
		}
		if cells, ok := strings.CutPrefix(*l.defect, "cells:"); ok {
			sample := cells + " cells"
			if cells == "1" {
				sample = "1 cell"
			}
			ragged.hit(l, &sample)
		} else if code, _, _ := strings.Cut(*l.defect, ":"); slices.Contains(CellDefects(), code) {
			cell.hit(l, nil)
		} else {
			broken.hit(l, nil)
		}
	}
}

func (r *reference) checkValues() {
	for _, c := range append(slices.Clone(r.spec.Key), r.spec.Judged...) {
		byProblem := map[record.Problem][]*line{}
		var problems []record.Problem
		for _, l := range r.lines {
			p := l.cells[c.Name].problem
			if l.defect != nil || p == record.OK {
				continue
			}
			if byProblem[p] == nil {
				problems = append(problems, p)
			}
			byProblem[p] = append(byProblem[p], l)
		}
		slices.Sort(problems)
		for _, p := range problems {
			value := r.check(r.problem(c, p))
			for _, l := range byProblem[p] {
				value.hit(l, l.cells[c.Name].shown())
			}
		}
		r.tellFormat(c)
	}
}

func (r *reference) checkKeys() {
	for _, c := range r.spec.By() {
		missing := r.check(MissingKeyFinding(c))
		for _, l := range r.lines {
			if cell := l.cells[c.Name]; l.defect == nil && !r.unnumbered(l) && (cell.empty || c.Type.Kind == record.Text && cell.value != nil && *cell.value == "") {
				missing.hit(l, nil)
			}
		}
	}
	duplicate, twins := r.check(DuplicateFinding(r.spec.By())), map[string][]*row{}
	for _, row := range r.rows {
		if row.by != nil {
			id := fmt.Sprint(row.found, identity(row.by))
			twins[id] = append(twins[id], row)
		}
	}
	for _, rows := range twins {
		for _, row := range rows {
			if len(rows) > 1 {
				duplicate.hit(row.line, text(row.by...))
			}
		}
	}
}

// checkMatch checks the keys of rows that are found by something else, and tells of
// new rows whose key the system gives.
func (r *reference) checkMatch() {
	if r.spec.Match != nil {
		for i, c := range r.spec.Key {
			other := r.check(OtherKeyFinding(c))
			for _, row := range r.rows {
				if given := row.cells[c.Name].value; row.found && r.spec.Match.Index(c.Name) < 0 && !blank(given) && !same(given, row.key[i]) {
					other.hit(row.line, given)
				}
			}
			nameless := r.check(NamelessFinding(c))
			r.rowsWhere(func(row *row) bool { return row.found && row.key[i] == nil }, func(row *row) { nameless.hit(row.line, row.shown()) })
		}
	}
	if r.spec.Match == nil && !r.spec.Unnumbered() || r.spec.Options.Mode == change.Update || !r.spec.Allow[driver.Insert] {
		return
	}
	for i, c := range r.spec.Key {
		f := KeylessFinding(c)
		if c.Name == r.spec.Given {
			f = GivenFinding(c)
		}
		keyless := r.check(f)
		r.rowsWhere(func(row *row) bool { return !row.found && row.key[i] == nil }, func(row *row) { keyless.hit(row.line, row.shown()) })
	}
}

// shown is the sample of a row: what it is found by, or nothing.
func (r *row) shown() *string {
	if r.by == nil {
		return nil
	}
	return text(r.by...)
}

// checkAlike finds new keys that only look different.
func (r *reference) checkAlike() {
	folded := func(row *row) []*string {
		var out []*string
		for i, c := range r.spec.By() {
			v := *row.by[i]
			if c.Type.Kind == record.Text {
				v = fold(v)
			}
			out = append(out, &v)
		}
		return out
	}
	alike, keys := r.check(AlikeKeysFinding(r.spec.By())), map[string]map[string]bool{}
	for _, row := range r.rows {
		if row.by == nil {
			continue
		}
		id := identity(folded(row))
		if keys[id] == nil {
			keys[id] = map[string]bool{}
		}
		keys[id][identity(row.by)] = true
	}
	r.rowsWhere(func(row *row) bool { return !row.found && row.by != nil && len(keys[identity(folded(row))]) > 1 }, func(row *row) { alike.hit(row.line, row.shown()) })
}

// identity gives a text that equal values share, and no others.
func identity(values []*string) string {
	var b strings.Builder
	for _, v := range values {
		if v == nil {
			b.WriteString("NULL,")
		} else {
			fmt.Fprintf(&b, "%q,", *v)
		}
	}
	return b.String()
}

// checkMode: keys that must, or must not, be in the system already.
func (r *reference) checkMode() {
	is := func(found bool) func(*row) bool { return func(row *row) bool { return row.found == found } }
	all := func(f finding.Finding, which func(*row) bool) {
		c := r.check(f)
		r.rowsWhere(which, func(row *row) { c.hit(row.line, row.shown()) })
	}
	mode := r.spec.Options.Mode
	if r.spec.Only != nil {
		all(OutsideFinding(), r.outside)
	} else if mode == change.Update {
		all(UnknownKeyFinding(), is(false))
	}
	if mode == change.Insert {
		all(ExistingKeyFinding(), is(true))
	}
	if r.spec.Within != nil {
		r.checkPart()
	}
	if r.spec.Only == nil && mode != change.Update && !r.spec.Allow[driver.Insert] {
		all(NotAllowedFinding("insert"), is(false))
	}
	if mode != change.Insert && !r.spec.Allow[driver.Update] {
		all(NotAllowedFinding("update"), func(row *row) bool { return row.found && slices.Contains(row.writes, true) })
	}
}

// checkColumn checks what rows would write to the judged column j.
func (r *reference) checkColumn(c record.Column, j int) {
	if !r.reversal && !slices.ContainsFunc(r.spec.Sources, func(s Source) bool { return s.Column == c.Name }) {
		return
	}
	rule := r.spec.Rules[c.Name]
	written := func(f finding.Finding, bad func(*row, *string) bool) {
		check := r.check(f)
		r.rowsWhere(func(row *row) bool { return row.writes[j] && bad(row, row.after[j]) }, func(row *row) { check.hit(row.line, row.after[j]) })
	}
	if !r.reversal && (c.Generated || c.Identity == "always" || rule.ReadOnly) {
		written(NotWritableFinding(c), func(*row, *string) bool { return true })
		return
	}
	if !r.reversal {
		if c.Type.Kind == record.Text {
			written(UnseenFinding(c), func(_ *row, v *string) bool { return v != nil && unseen.MatchString(*v) })
			written(PaddedFinding(c), func(_ *row, v *string) bool { return v != nil && padded(*v) })
			written(LookAlikeFinding(c), func(_ *row, v *string) bool { return v != nil && lookAlike.MatchString(*v) })
		}
		written(EmptiedFinding(c), func(row *row, v *string) bool { return row.found && blank(v) && !blank(row.before[j]) })
	}
	if !c.Nullable {
		written(NotNullFinding(c), func(_ *row, v *string) bool { return v == nil })
	}
	if rule.Required {
		written(RequiredFinding(c), func(_ *row, v *string) bool { return blank(v) })
	}
	values(c, rule, func(f finding.Finding, bad func(string) bool) {
		written(f, func(_ *row, v *string) bool { return v != nil && bad(*v) })
	})
}

// values hands over what a column's rules want of a value.
func values(c record.Column, rule ColumnRule, check func(f finding.Finding, bad func(string) bool)) {
	if len(rule.OneOf) > 0 {
		check(OneOfFinding(c, rule.OneOf), func(v string) bool { return !slices.Contains(rule.OneOf, v) })
	}
	for _, l := range []struct {
		limit   *Limit
		finding func(record.Column, *Limit) finding.Finding
	}{{rule.Pattern, PatternFinding}, {rule.Min, MinFinding}, {rule.Max, MaxFinding}} {
		if l.limit != nil {
			check(l.finding(c, l.limit), func(v string) bool { return l.limit.Beyond.Judge(only{v}).Hit() })
		}
	}
}

// checkKeyRules: of a key's columns only new rows write a value.
func (r *reference) checkKeyRules(c record.Column, i int) {
	if r.reversal || r.spec.Options.Mode == change.Update { // which brings back what stood there; which writes none
		return
	}
	values(c, r.spec.Rules[c.Name], func(f finding.Finding, bad func(string) bool) {
		check := r.check(f)
		r.rowsWhere(func(row *row) bool { return !row.found && row.key[i] != nil && bad(*row.key[i]) }, func(row *row) { check.hit(row.line, row.key[i]) })
	})
}

// only is the row of a limit, which has one value.
type only struct{ value string }

func (o only) Column(expr.Side, string) (string, bool) { return o.value, true }
func (o only) Op() string                              { return expr.Update }
func (o only) Changed() []string                       { return nil }

// checkInserts: columns that every new row needs and this file does not give.
func (r *reference) checkInserts() {
	for _, c := range r.spec.Table.Columns {
		var f finding.Finding
		switch {
		case r.spec.Key.Index(c.Name) >= 0 || c.Generated || c.Identity != "" || c.HasDefault:
			continue
		case !c.Nullable:
			f = NotNullFinding(c)
		case r.spec.Rules[c.Name].Required:
			f = RequiredFinding(c)
		default:
			continue
		}
		needs, j := r.check(f), r.spec.Judged.Index(c.Name)
		r.rowsWhere(func(row *row) bool {
			given := j >= 0 && (row.writes[j] || row.cells[c.Name].problem != record.OK)
			return !row.found && !given
		}, func(row *row) { needs.hit(row.line, nil) })
	}
}

// judgeRows runs the row guardrails over the deltas. Unknown counts as a hit.
func (r *reference) judgeRows() {
	for _, rule := range r.spec.Row {
		var hit []*delta
		var unknown int64
		for _, d := range r.deltas {
			if d.op == Kept || d.op == Impossible {
				continue
			}
			truth := rule.Hit.Judge(sides{r, d})
			if truth.Hit() {
				hit = append(hit, d)
			}
			if truth == expr.Unknown {
				unknown++
			}
		}
		if len(hit) == 0 {
			continue
		}
		f := rule.Finding(int64(len(hit)), unknown)
		f.Invalid = false
		c := r.check(f)
		for _, d := range hit {
			var sample *string
			if slices.ContainsFunc(d.key, func(v *string) bool { return v != nil }) {
				sample = text(d.key...)
			}
			c.hit(d.line, sample)
		}
	}
}

// sides is a delta as a rule sees it.
type sides struct {
	r *reference
	d *delta
}

func (s sides) Column(side expr.Side, name string) (string, bool) {
	var v *string
	if side == expr.Before && s.d.op == driver.Insert || side == expr.After && s.d.op == driver.Delete {
		return "", false
	}
	if i := s.r.spec.Key.Index(name); i >= 0 {
		v = s.d.key[i]
	} else if j := s.r.spec.Judged.Index(name); j >= 0 && side == expr.Before {
		v = s.d.before[j]
	} else if j >= 0 {
		v = s.d.after[j]
	}
	if v == nil {
		return "", false
	}
	return *v, true
}

func (s sides) Op() string { return string(s.d.op) }

func (s sides) Changed() (names []string) {
	for j, c := range s.r.spec.Judged {
		if s.d.writes[j] {
			names = append(names, c.Name)
		}
	}
	return names
}
