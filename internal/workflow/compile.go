package workflow

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/errs"
	"sutor/internal/expr"
	"sutor/internal/finding"
	"sutor/internal/guard"
	"sutor/internal/intake"
	"sutor/internal/plan"
	"sutor/internal/record"
	"sutor/internal/record/format"
	"sutor/internal/system/driver"
)

// Spec is a dataset's section of the Compact compiled against its live table.
// take and reverseJudged complete its judged set for one change.
type Spec struct {
	plan.Spec
	targets []intake.Target
	reads   []string        // columns that the guardrails read, besides the key
	mapping []change.Mapped // of every column of the file
}

// Compile compiles a dataset, or says what does not fit the table.
func Compile(c *compact.Compact, d *compact.Dataset, t driver.Table) (*Spec, error) {
	spec, problems := compile(c, d, t)
	for _, p := range problems {
		if !p.Warning {
			return nil, errs.New(errs.Invalid, "The Compact does not fit %s any more: %s", d.Table, p.Message).
				WithMend("The steward mends the Compact; sutor compact check shows where. %s", p.Mend)
		}
	}
	return spec, nil
}

// compiler gathers problems with their places, so that the check of a Compact
// tells them all.
type compiler struct {
	c        *compact.Compact
	d        *compact.Dataset
	t        driver.Table
	spec     *Spec
	problems []compact.Problem

	rows, changes []compiledRule
	freedoms      []compiledFreedom
}

func compile(c *compact.Compact, d *compact.Dataset, t driver.Table) (*Spec, []compact.Problem) {
	k := newCompiler(c, d, t)
	return k.spec, k.problems
}

func newCompiler(c *compact.Compact, d *compact.Dataset, t driver.Table) *compiler {
	k := &compiler{c: c, d: d, t: t, spec: &Spec{}}
	k.spec.Table, k.spec.Location = t, c.Timezone
	k.spec.Table.Columns = slices.Clone(t.Columns) // the description is others' too
	for i, column := range t.Columns {
		k.spec.Table.Columns[i].Label = d.Columns[column.Name].Label
	}
	k.t = k.spec.Table
	k.spec.Allow = map[driver.Op]bool{}
	for _, op := range d.Allow {
		k.spec.Allow[driver.Op(op)] = true
	}
	k.key()
	k.columns()
	k.given()
	k.rules()
	k.matchTargets()
	if t.ReadOnly != "" {
		k.problem(d.Path.To("table"), fmt.Sprintf("%s cannot be written: %s", d.Table, t.ReadOnly), "Name the table behind it, or give the connection the right to write.")
	}
	if t.Hidden != "" {
		k.warn(d.Path.To("table"), fmt.Sprintf("%s: %s", d.Table, t.Hidden), "Let Sutor's account see all rows of the table: rows hidden from it look as if they were missing.")
	}
	if t.HiddenReferences != "" && (k.spec.Allow[driver.Delete] || k.spec.Allow[driver.Insert]) {
		k.warn(d.Path.To("table"), fmt.Sprintf("%s: %s", d.Table, t.HiddenReferences), "Until then no row of it is deleted, neither by a change nor by an undo of new rows.")
	}
	return k
}

func (k *compiler) problem(path compact.Path, message, mend string) {
	k.problems = append(k.problems, k.c.Problem(path, message, mend))
}

func (k *compiler) warn(path compact.Path, message, mend string) {
	p := k.c.Problem(path, message, mend)
	p.Warning = true
	k.problems = append(k.problems, p)
}

// key: the columns exist, can be read, and are unique together in the system.
func (k *compiler) key() {
	path := k.d.Path.To("key")
	for i, name := range k.d.Key {
		at := path.To(fmt.Sprint(i))
		col := k.t.Columns.Index(name)
		if col < 0 {
			k.missing(at, name)
			continue
		}
		c := k.t.Columns[col]
		if c.Type.Kind == record.Unsupported {
			k.problem(at, fmt.Sprintf("The key column %s %s.", name, c.Type.Unsupported()), "Choose another unique key.")
		}
		k.spec.Key = append(k.spec.Key, c)
	}
	if !k.unique() {
		k.problem(path, fmt.Sprintf("The key %s is not unique in %s: the system has no primary key or unique constraint over exactly these columns.", strings.Join(k.d.Key, ", "), k.d.Table),
			"Name the primary key, or have a unique constraint made.")
		return
	}
	k.keyless()
}

// keyless warns of a unique constraint that lets rows in without a value; so does a primary
// key of SQLite's that is no INTEGER.
func (k *compiler) keyless() {
	for i, c := range k.spec.Key {
		if c.Nullable {
			k.warn(k.d.Path.To("key", fmt.Sprint(i)), fmt.Sprintf("The key column %s may be NULL: rows without a value in it cannot be named by a file, and stay as they are.", c.Name),
				"Have it made NOT NULL, if it always has a value.")
		}
	}
}

// sameNames compares two lists of columns, whatever their order.
func sameNames(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func (k *compiler) unique() bool {
	return slices.ContainsFunc(append([][]string{k.t.PrimaryKey}, k.t.Uniques...), func(u []string) bool { return sameNames(u, k.d.Key) })
}

func (k *compiler) missing(path compact.Path, name string) {
	k.noColumn(path, name, k.t)
}

// noColumn tells of a name that no column has, and which was meant perhaps.
func (k *compiler) noColumn(path compact.Path, name string, in driver.Table) {
	mend := "Names are exact. It has: " + strings.Join(in.Columns.Names(), ", ") + "."
	if near := errs.Nearest(name, in.Columns.Names()); near != "" {
		mend = fmt.Sprintf("Did you mean %s? Names are exact, upper and lower case too.", near)
	}
	k.problem(path, fmt.Sprintf("There is no column %q in %s.", name, in.Table), mend)
}

// columns compiles the column rules.
func (k *compiler) columns() {
	k.spec.Rules = map[string]plan.ColumnRule{}
	for _, name := range sortedKeys(k.d.Columns) {
		rule := k.d.Columns[name]
		i := k.t.Columns.Index(name)
		if i < 0 {
			k.missing(rule.Path, name)
			continue
		}
		c := k.t.Columns[i]
		if c.Type.Kind == record.Unsupported {
			k.problem(rule.Path, fmt.Sprintf("The column %s %s.", name, c.Type.Unsupported()), "Leave it out of the Compact; it stays as it is in every row.")
			continue
		}
		k.spec.Rules[name] = plan.ColumnRule{
			OneOf: k.oneOf(rule, c), Pattern: k.pattern(rule, c), Required: rule.Required, ReadOnly: !rule.MayWrite(),
			Min: k.limit(rule.Path.To("min"), c, rule.Min, expr.Less), Max: k.limit(rule.Path.To("max"), c, rule.Max, expr.Greater),
		}
	}
}

// oneOf makes the listed texts canonical.
func (k *compiler) oneOf(rule compact.ColumnRule, c record.Column) (out []string) {
	for i, text := range rule.OneOf {
		v, p := c.Type.Parse(text, k.c.Timezone)
		if p != record.OK {
			message, mend := p.Sentence(c.Type)
			k.problem(rule.Path.To("one_of", fmt.Sprint(i)), fmt.Sprintf("%q %s, so %s can never have it.", text, message, c.Name), mend)
			continue
		}
		out = append(out, v)
	}
	return out
}

// limit compiles a smallest or largest value.
func (k *compiler) limit(path compact.Path, c record.Column, text *string, beyond expr.Comparison) *plan.Limit {
	if text == nil {
		return nil
	}
	if c.Type.Kind == record.Timestamp || c.Type.Kind == record.TimestampTZ {
		k.problem(path, fmt.Sprintf("The column %s is %s: least and greatest values are for numbers and dates.", c.Name, c.Type.Article()),
			`Write a guardrail, as in: after.`+c.Name+` < timestamp("2026-01-31T00:00:00`+map[bool]string{true: "Z"}[c.Type.Kind == record.TimestampTZ]+`").`)
		return nil
	}
	limit, err := plan.NewLimit(c, *text, beyond)
	return k.fitting(path, limit, err)
}

func (k *compiler) pattern(rule compact.ColumnRule, c record.Column) *plan.Limit {
	if rule.Pattern == "" {
		return nil
	}
	path := rule.Path.To("pattern")
	if c.Type.Kind != record.Text {
		k.problem(path, fmt.Sprintf("The column %s is %s: a pattern is for text.", c.Name, c.Type.Article()), "Use min, max or one_of.")
		return nil
	}
	limit, err := plan.NewPattern(c, rule.Pattern)
	if limit = k.fitting(path, limit, err); limit != nil {
		limit.Say = rule.Say
	}
	return limit
}

func (k *compiler) fitting(path compact.Path, limit *plan.Limit, err error) *plan.Limit {
	if err != nil {
		public := errs.Public(err)
		k.problem(path, public.Message, public.Mend)
		return nil
	}
	return limit
}

// rules compiles the guardrails and the conditions of freedom.
func (k *compiler) rules() {
	for _, g := range k.d.Guardrails {
		rule := ruleOf(g)
		if g.Each == compact.EachChange {
			compiled, err := guard.CompileChange(rule)
			if k.ruleProblem(g.When, err) {
				k.unknowns(g, compiled.Unknowns())
				k.changes = append(k.changes, compiledRule{g, compiled.Condition(), !compiled.MayBeUnknown()})
			}
			continue
		}
		compiled, err := guard.CompileRow(rule, k.t.Columns)
		if !k.ruleProblem(g.When, err) {
			continue
		}
		k.unknowns(g, compiled.Unknowns())
		k.rows = append(k.rows, compiledRule{g, compiled.Condition(), !compiled.MayBeUnknown()})
		about := strings.Join(k.about(compiled), ", ")
		k.spec.Row = append(k.spec.Row, plan.RowRule{Hit: compiled.Condition(), Finding: func(rows, unknown int64) finding.Finding {
			f := compiled.Finding(guard.Hits{Rows: rows, Unknown: unknown})
			f.Column = about
			return f
		}})
		k.reads(compiled)
	}
	for _, im := range k.d.Impact {
		for _, ours := range im.Match {
			k.read(ours)
		}
	}
	k.rowRules()
	for _, f := range k.d.Freedom {
		compiled, err := guard.CompileChange(freedomRule(f))
		if k.ruleProblem(f.When, err) {
			k.freedoms = append(k.freedoms, compiledFreedom{f, compiled.Condition()})
		}
	}
}

func (k *compiler) reads(r *guard.RowRule) {
	for _, name := range k.about(r) {
		k.read(name)
	}
}

// about gives the columns that a rule reads, besides the key.
func (k *compiler) about(r *guard.RowRule) (names []string) {
	for _, name := range append(r.Columns(expr.After), r.Columns(expr.Before)...) {
		if !slices.Contains(names, name) && !slices.Contains(k.d.Key, name) {
			names = append(names, name)
		}
	}
	return names
}

// rowRules compiles who sees which rows: what that is judged by is judged always,
// so that every plan can be shown to everybody.
func (k *compiler) rowRules() {
	for _, r := range k.d.Rows {
		condition, err := guard.CompileTable(r.Where.Text, k.t.Columns)
		if !k.ruleProblem(r.Where, err) {
			continue
		}
		for _, name := range condition.Columns(expr.Whole) {
			k.read(name)
		}
	}
}

// read makes a column part of every judged set.
func (k *compiler) read(name string) {
	if !slices.Contains(k.spec.reads, name) && !slices.Contains(k.d.Key, name) {
		k.spec.reads = append(k.spec.reads, name)
	}
}

// ruleProblem tells whether a rule compiled, and keeps the problem at its place
// inside the expression if not.
func (k *compiler) ruleProblem(e compact.Expr, err error) bool {
	var bad *guard.Error
	if errors.As(err, &bad) {
		k.problems = append(k.problems, k.c.ProblemIn(e, bad.Line, bad.Column, bad.Message(), bad.Mend()))
	}
	return err == nil
}

func (k *compiler) unknowns(g compact.Guardrail, why []string) {
	if len(why) == 0 {
		return
	}
	mend := "Guard it, as in: before.x != null && …"
	if g.Each == compact.EachChange {
		mend = "Leave it so where a hit is right then; else ask for rows, inserts, updates or deletes, which are always known."
	}
	k.warn(g.When.Path, fmt.Sprintf("The guardrail %s can be unknown, and then counts as hit: %s.", g.Name, strings.Join(why, "; ")),
		mend)
}

func ruleOf(g compact.Guardrail) guard.Rule {
	return guard.Rule{Name: g.Name, Each: guard.Each(g.Each), When: g.When.Text, Then: g.Then, By: g.By, Needs: g.Needs, Say: g.Say}
}

func freedomRule(f compact.Freedom) guard.Rule {
	return guard.Rule{Name: "freedom", Each: guard.EachChange, When: f.When.Text, Then: finding.Warn, Say: "freedom"}
}

// matchTargets lists what columns of a file can be matched to.
func (k *compiler) matchTargets() {
	for _, c := range k.t.Columns {
		if c.Type.Kind == record.Unsupported {
			continue
		}
		rule := k.d.Columns[c.Name]
		k.spec.targets = append(k.spec.targets, intake.Target{Name: c.Name, Label: rule.Label, Also: rule.Also, Key: slices.Contains(k.d.Key, c.Name),
			Type: c.Type, OneOf: k.spec.Rules[c.Name].OneOf, ReadOnly: !rule.MayWrite() || c.Generated || c.Identity == "always"})
	}
}

// seenBy leaves of a spec what a change's maker sees: files are matched to the
// columns that are not kept from them, and they plan over their rows.
func (s *Spec) seenBy(maker sight) (err error) {
	s.targets = slices.DeleteFunc(s.targets, func(t intake.Target) bool { return !maker.Sees(t.Name) })
	s.Only, err = maker.only(s.Table.Columns)
	return err
}

// matchable lists the columns that a file can be matched to.
func (s *Spec) matchable() (names []string) {
	for _, t := range s.targets {
		names = append(names, t.Name)
	}
	return names
}

// checkFormats refuses a choice of format for a column that the dataset does not
// have, or that its type does not know. One for a column that this file does not
// have does no harm: choices are kept for the next file.
func (s *Spec) checkFormats(formats map[string]string) error {
	for _, column := range sortedKeys(formats) {
		i := s.Table.Columns.Index(column)
		if i < 0 || !slices.Contains(s.matchable(), column) {
			return errs.New(errs.Usage, "The dataset has no column %q, which --format names.", column).
				WithMend("Names in --format are those of the dataset, and exact. It has: %s.", strings.Join(s.matchable(), ", "))
		}
		if _, err := format.Named(s.Table.Columns[i].Type.Kind, formats[column]); err != nil {
			return err
		}
	}
	return nil
}

// judge sets the judged columns after the key, in the table's order.
func (s *Spec) judge(names []string) {
	s.Judged = nil
	for _, c := range s.Table.Columns {
		if slices.Contains(names, c.Name) && s.Key.Index(c.Name) < 0 {
			s.Judged = append(s.Judged, c)
		}
	}
}

// reverseJudged sets the judged set of a reversal: what the applied plan judged,
// and where rows are deleted or inserted again, the whole row. It says why rows
// that were inserted cannot be deleted: columns that cannot be read.
func (s *Spec) reverseJudged(forward plan.Manifest) (blind string) {
	names := append(forward.JudgedSchema().Names(), s.reads...)
	if forward.Counts.Insert+forward.Counts.Delete > 0 {
		for _, c := range s.Table.Columns {
			if c.Type.Kind == record.Unsupported {
				blind = fmt.Sprintf("the table has the column %s, which Sutor cannot read, so it cannot tell whether somebody changed the row since", c.Name)
				continue
			}
			names = append(names, c.Name)
		}
	}
	s.judge(names)
	return blind
}

// stored gives the columns of the rows as stored, as they stand in the artefact.
func (s *Spec) stored(names []string) record.Schema {
	out := make(record.Schema, len(names))
	for i, n := range names {
		out[i].Name = n
		if c := s.Table.Columns.Index(n); c >= 0 {
			out[i] = s.Table.Columns[c]
		}
	}
	return out
}

// judgeChange runs the guardrails over the change as a whole.
func (w *Workflow) judgeChange(d *compact.Dataset, ch *change.Change, out *plan.Outcome, risk change.Risk) (found []finding.Finding) {
	for _, g := range d.Guardrails {
		if g.Each != compact.EachChange {
			continue
		}
		rule, err := guard.CompileChange(ruleOf(g))
		if err != nil {
			continue // told by Compile already
		}
		f, hit := rule.Finding(rule.Eval(figures(ch.Maker, out.Manifest.Counts, out.Manifest.TableRows, risk)))
		if !hit {
			continue
		}
		if ch.IsReversal() {
			f.Severity, f.By, f.Needs = finding.Warn, "", 0
		}
		found = append(found, f)
	}
	return found
}
