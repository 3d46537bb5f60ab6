package duck

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sutor/internal/change"
	"sutor/internal/expr"
	"sutor/internal/finding"
	"sutor/internal/plan"
	"sutor/internal/record"
)

// check registers a finding in the making and gives its number in hits.
func (r *run) check(f finding.Finding) int {
	if f.Severity == "" {
		f.Severity, f.Invalid = finding.Block, true
	}
	r.checks = append(r.checks, f)
	return len(r.checks) - 1
}

// check is a finding, the condition under which a row is hit, and what is shown of it.
type check struct {
	f             finding.Finding
	where, sample string // SQL; no sample for ""
}

// checksAtOnce bounds how many conditions one statement has.
const checksAtOnce = 64

// hitAll runs checks over the same rows. One pass tells which of them hit any; nearly
// always few do.
func (r *run) hitAll(ctx context.Context, from string, all []check) error {
	for some := range slices.Chunk(all, checksAtOnce) {
		rows, counts, into := make([]int64, len(some)), make([]string, len(some)), make([]any, len(some))
		for i, c := range some {
			counts[i], into[i] = "count(CASE WHEN "+c.where+" THEN 1 END)", &rows[i] // unlike FILTER, looks at what follows an AND only where it must
		}
		err := r.query(ctx, `SELECT `+strings.Join(counts, ", ")+` FROM `+from, func(scan func(...any) error) error { return scan(into...) })
		if err != nil {
			return err
		}
		for i, c := range some {
			if rows[i] == 0 {
				continue
			}
			if err := r.hit(ctx, c.f, from, c.where, c.sample); err != nil {
				return err
			}
		}
	}
	return nil
}

// hit runs a check: from gives the rows, where the condition under which they
// are hit, sample the offending text.
func (r *run) hit(ctx context.Context, f finding.Finding, from, where, sample string) error {
	if sample == "" {
		sample = "NULL"
	}
	return r.exec(ctx, fmt.Sprintf(`INSERT INTO hits SELECT %d, line, %s FROM %s WHERE %s`, r.check(f), sample, from, where))
}

// checkRows runs the built-in checks over the whole file, in the order in which
// a person would mend them.
func (r *run) checkRows(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		r.checkDefects, r.checkValues, r.checkKeys, r.checkAlike, r.checkMatch, r.checkMode, r.checkWritten,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) checkDefects(ctx context.Context) error {
	cell := fmt.Sprintf("regexp_matches(defect, '^(%s):')", strings.Join(plan.CellDefects(), "|"))
	return r.hitAll(ctx, "(SELECT line, defect FROM cells WHERE defect IS NOT NULL)", []check{
		{plan.RaggedFinding(len(r.spec.Columns)), "starts_with(defect, 'cells:')", `substr(defect, 7) || if(defect = 'cells:1', ' cell', ' cells')`},
		{plan.BrokenQuoteFinding(), "NOT starts_with(defect, 'cells:') AND NOT " + cell, ""},
		{plan.BrokenCellFinding(), cell, ""},
	})
}

func (r *run) checkValues(ctx context.Context) error {
	problems, err := r.problems(ctx)
	if err != nil {
		return err
	}
	for i, c := range r.cols {
		if c.source < 0 {
			continue
		}
		for _, p := range problems[i] {
			if err := r.hit(ctx, r.problem(c, p), "cells", fmt.Sprintf("p%d = %s AND defect IS NULL", i, text(string(p))), sample(i, p)); err != nil {
				return err
			}
		}
		if err := r.tellFormat(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// troubled counts for each column the cells that are a problem, of records of which a
// condition holds.
func (r *run) troubled(ctx context.Context, where string) ([]int64, error) {
	counts, into, cells := []string{"count(*)"}, []any{new(int64)}, make([]int64, len(r.cols))
	for i, c := range r.cols {
		if c.source >= 0 {
			counts, into = append(counts, fmt.Sprintf("count(p%d)", i)), append(into, &cells[i])
		}
	}
	err := r.query(ctx, `SELECT `+strings.Join(counts, ", ")+` FROM `+r.unknown()+` WHERE `+where, func(scan func(...any) error) error { return scan(into...) })
	return cells, err
}

// problems gives the different problems that the cells of each column have.
func (r *run) problems(ctx context.Context) ([][]record.Problem, error) {
	all := make([][]record.Problem, len(r.cols))
	some, err := r.troubled(ctx, sound)
	for i := 0; i < len(r.cols) && err == nil; i++ {
		if some[i] == 0 {
			continue
		}
		err = r.query(ctx, fmt.Sprintf(`SELECT DISTINCT p%d FROM cells WHERE p%d IS NOT NULL AND defect IS NULL ORDER BY 1`, i, i),
			func(scan func(...any) error) error {
				var p string
				defer func() { all[i] = append(all[i], record.Problem(p)) }()
				return scan(&p)
			})
	}
	return all, err
}

func (r *run) checkKeys(ctx context.Context) error {
	for _, i := range r.by() {
		if r.cols[i].source < 0 {
			continue // new rows only, whose keys the system gives
		}
		where := fmt.Sprintf("defect IS NULL AND e%d", i)
		if r.cols[i].Type.Kind == record.Text {
			where = fmt.Sprintf("defect IS NULL AND (e%d OR v%d = '')", i, i)
		}
		where += r.andNumbered()
		if err := r.hit(ctx, plan.MissingKeyFinding(r.cols[i].Column), "cells", where, ""); err != nil {
			return err
		}
	}
	if all, err := r.different(ctx); err != nil || all {
		return err
	}
	keys := strings.Join(r.foundBy(), ", ")
	return r.hit(ctx, plan.DuplicateFinding(r.spec.By()), `(SELECT line, `+keys+`, count(*) OVER (PARTITION BY found, `+keys+`) AS same FROM `+r.metBySome()+`)`,
		"same > 1", `concat_ws(', ', `+keys+`)`)
}

// different tells whether no two rows that are met have the same key, which nearly always
// is so and takes less than to find those that have. It may not know of some.
func (r *run) different(ctx context.Context) (bool, error) {
	live, keys := make([]string, len(r.by())), r.foundBy()
	for n, i := range r.by() {
		live[n] = r.liveName(i)
	}
	double := func(columns []string, from string) string {
		return `(SELECT count(*) FROM ` + from + `) - (SELECT count(*) FROM (SELECT DISTINCT ` + strings.Join(columns, ", ") + ` FROM ` + from + `))`
	}
	n, err := r.count(ctx, `SELECT `+double(live, "live")+` + `+double(keys, `rows WHERE NOT found AND `+strings.Join(keys, " IS NOT NULL AND ")+` IS NOT NULL`))
	return n == 0, err
}

// checkMode: keys that must, or must not, be in the system already.
func (r *run) checkMode(ctx context.Context) error {
	sample := r.shown()
	mode := r.spec.Options.Mode
	if r.spec.Only != nil {
		if err := r.checkOutside(ctx, sample); err != nil {
			return err
		}
	} else if mode == change.Update {
		if err := r.hit(ctx, plan.UnknownKeyFinding(), "rows", "NOT found", sample); err != nil {
			return err
		}
	}
	if mode == change.Insert {
		if err := r.hit(ctx, plan.ExistingKeyFinding(), "met", "found", sample); err != nil {
			return err
		}
	}
	if r.spec.Within != nil {
		if err := r.checkPart(ctx); err != nil {
			return err
		}
	}
	if r.spec.Only == nil && !r.spec.Allow["insert"] && mode != change.Update {
		if err := r.hit(ctx, plan.NotAllowedFinding("insert"), "rows", "NOT found", sample); err != nil {
			return err
		}
	}
	if !r.spec.Allow["update"] && mode != change.Insert {
		return r.hit(ctx, plan.NotAllowedFinding("update"), "rows", "found AND "+r.anyMask(), sample)
	}
	return nil
}

// checkWritten runs the checks on values that would be written.
func (r *run) checkWritten(ctx context.Context) error {
	var all []check
	for i := range r.nk {
		all = append(all, r.keyRules(r.cols[i], fmt.Sprintf("k%d", i))...)
	}
	for j := range r.nj {
		all = append(all, r.columnRules(r.cols[r.nk+j], j)...)
	}
	if err := r.hitAll(ctx, "rows", all); err != nil {
		return err
	}
	return r.checkInserts(ctx)
}

// keyRules check what new rows write to a column of the key; others write none.
// A reversal brings back what stood there, whatever the rules are now.
func (r *run) keyRules(c column, value string) (rules []check) {
	if c.Identity == "always" || c.Generated {
		rules = append(rules, check{plan.NumberedFinding(c.Column), "NOT found AND " + value + " IS NOT NULL", value})
	}
	if r.reversal || r.spec.Options.Mode == change.Update {
		return rules
	}
	return append(rules, valueRules(c, "NOT found", value)...)
}

// valueRules are what a column's rules want of a value of the rows that write one.
func valueRules(c column, writes, a string) (rules []check) {
	if len(c.rule.OneOf) > 0 {
		values := make([]string, len(c.rule.OneOf))
		for i, v := range c.rule.OneOf {
			values[i] = text(v)
		}
		rules = append(rules, check{plan.OneOfFinding(c.Column, c.rule.OneOf), writes + " AND " + a + " NOT IN (" + strings.Join(values, ", ") + ")", a})
	}
	for _, l := range []struct {
		limit   *plan.Limit
		finding func(record.Column, *plan.Limit) finding.Finding
	}{{c.rule.Pattern, plan.PatternFinding}, {c.rule.Min, plan.MinFinding}, {c.rule.Max, plan.MaxFinding}} {
		if l.limit != nil {
			rules = append(rules, check{l.finding(c.Column, l.limit), writes + " AND " + a + " IS NOT NULL AND " + beyond(l.limit, a), a})
		}
	}
	return rules
}

// columnRules check what rows write to a judged column.
func (r *run) columnRules(c column, j int) (rules []check) {
	if c.source < 0 {
		return nil
	}
	a, m := fmt.Sprintf("a%d", j), fmt.Sprintf("m%d", j)
	if !r.reversal && (c.Generated || c.Identity == "always" || c.rule.ReadOnly) {
		return []check{{plan.NotWritableFinding(c.Column), m, a}}
	}
	if !r.reversal && c.Type.Kind == record.Text {
		rules = append(rules, check{plan.UnseenFinding(c.Column), m + " AND " + unseen(a), a}, check{plan.PaddedFinding(c.Column), m + " AND " + padded(a), a},
			check{plan.LookAlikeFinding(c.Column), m + " AND " + lookAlike(a), a})
	}
	if !r.reversal {
		rules = append(rules, check{plan.EmptiedFinding(c.Column), fmt.Sprintf("found AND %s AND COALESCE(%s, '') = '' AND COALESCE(l%d, '') <> ''", m, a, j), a})
	}
	if !c.Nullable {
		rules = append(rules, check{plan.NotNullFinding(c.Column), m + " AND " + a + " IS NULL", a})
	}
	if c.rule.Required {
		rules = append(rules, check{plan.RequiredFinding(c.Column), m + " AND COALESCE(" + a + ", '') = ''", a})
	}
	return append(rules, valueRules(c, m, a)...)
}

// beyond prints a limit in the guardrail language's own meaning: exact, and a hit
// where it cannot be judged.
func beyond(l *plan.Limit, value string) string {
	b := expr.Binding{Column: func(expr.Side, string) string { return value }, Op: "'update'", Changed: "[]::VARCHAR[]"}
	return "COALESCE(" + l.Beyond.SQL(expr.DuckDB(), b) + ", true)"
}

// checkInserts: columns that every new row needs and this file does not give.
func (r *run) checkInserts(ctx context.Context) error {
	var all []check
	for _, c := range r.spec.Table.Columns {
		if r.spec.Key.Index(c.Name) >= 0 || c.Generated || c.Identity != "" {
			continue
		}
		where := "NOT found"
		if j := r.spec.Judged.Index(c.Name); j >= 0 {
			where += fmt.Sprintf(" AND NOT m%d", j)
			if r.cols[r.nk+j].source >= 0 {
				where += fmt.Sprintf(" AND line NOT IN (SELECT line FROM cells WHERE p%d IS NOT NULL)", r.nk+j)
			}
		}
		rule := r.spec.Rules[c.Name]
		f := plan.NotNullFinding(c)
		switch {
		case !c.Nullable && !c.HasDefault:
		case rule.Required && !c.HasDefault:
			f = plan.RequiredFinding(c)
		default:
			continue
		}
		all = append(all, check{f, where, ""})
	}
	return r.hitAll(ctx, "rows", all)
}

// judgeRows runs the row guardrails over the deltas. Unknown counts as a hit.
func (r *run) judgeRows(ctx context.Context) error {
	err := r.judge(ctx)
	if err == nil {
		err = r.hitJudged(ctx)
	}
	return err
}

// judge makes the table judged of the deltas that hit a row guardrail, in one pass.
func (r *run) judge(ctx context.Context) error {
	if len(r.spec.Row) == 0 {
		return nil
	}
	binding := expr.Binding{Column: r.side, Op: "op", Changed: r.changed()}
	hits, some := "", []string{}
	for i, rule := range r.spec.Row {
		hits += fmt.Sprintf(", %s AS hit%d", rule.Hit.SQL(expr.DuckDB(), binding), i)
		some = append(some, hitBy(i))
	}
	return r.exec(ctx, `CREATE OR REPLACE TABLE judged AS SELECT * FROM (SELECT line, `+r.shownKey()+` AS sample`+hits+`
		FROM deltas WHERE op IN ('insert', 'update', 'delete')) WHERE `+strings.Join(some, " OR "))
}

func hitBy(rule int) string { return fmt.Sprintf("hit%d IS NOT FALSE", rule) }

// hitJudged finds the hits of the row guardrails.
func (r *run) hitJudged(ctx context.Context) error {
	n := len(r.spec.Row)
	if n == 0 {
		return nil
	}
	counts, rows, unknown, into := make([]string, n), make([]int64, n), make([]int64, n), []any{}
	for i := range n {
		counts[i] = fmt.Sprintf("count(*) FILTER (%s), count(*) FILTER (hit%d IS NULL)", hitBy(i), i)
		into = append(into, &rows[i], &unknown[i])
	}
	err := r.query(ctx, `SELECT `+strings.Join(counts, ", ")+` FROM judged`, func(scan func(...any) error) error { return scan(into...) })
	for i, rule := range r.spec.Row {
		if err != nil || rows[i] == 0 {
			continue
		}
		f := rule.Finding(rows[i], unknown[i])
		f.Invalid = false
		err = r.hit(ctx, f, "judged", hitBy(i), "sample")
	}
	if err == nil {
		err = r.exec(ctx, `DROP TABLE judged`)
	}
	return err
}

// side gives a column's canonical text on one side of a delta, NULL where that
// side is missing.
func (r *run) side(side expr.Side, name string) string {
	if i := r.spec.Key.Index(name); i >= 0 {
		if side == expr.Before {
			return fmt.Sprintf("CASE WHEN op = 'insert' THEN NULL ELSE k%d END", i)
		}
		return fmt.Sprintf("CASE WHEN op = 'delete' THEN NULL ELSE k%d END", i)
	}
	if j := r.spec.Judged.Index(name); j >= 0 {
		if side == expr.Before {
			return fmt.Sprintf("b%d", j)
		}
		return fmt.Sprintf("CASE WHEN op = 'delete' THEN NULL ELSE a%d END", j)
	}
	return "NULL"
}

// changed gives the list of the names of the columns that a row writes.
func (r *run) changed() string {
	parts := make([]string, r.nj)
	for j, c := range r.spec.Judged {
		parts[j] = fmt.Sprintf("CASE WHEN m%d THEN %s END", j, text(c.Name))
	}
	return "list_filter([" + strings.Join(parts, ", ") + "]::VARCHAR[], lambda name: name IS NOT NULL)"
}
