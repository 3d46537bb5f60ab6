package duck

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sutor/internal/expr"
	"sutor/internal/finding"
	"sutor/internal/plan"
	"sutor/internal/record"
)

// pickRows makes the table live of the rows that a rule is for, numbered in the
// order of their keys.
func (r *run) pickRows(ctx context.Context) (err error) {
	if r.table, err = r.live.Count(ctx, r.spec.Table.Table); err != nil {
		return err
	}
	if err := r.selectPart(ctx, r.spec.Rule.Where); err != nil {
		return err
	}
	if err := r.tellUnjudged(ctx, r.spec.Rule.Where, plan.NotChanged); err != nil {
		return err
	}
	order := strings.TrimPrefix(list(r.nk, "k#"), ", ")
	return r.exec(ctx, `CREATE TABLE outside (line BIGINT);
		CREATE TABLE live AS SELECT row_number() OVER (ORDER BY `+order+`) AS n`+list(r.nk, "k#")+list(r.nj, "l#")+`
		FROM part WHERE inside AND NOT `+r.keyless())
}

// computeCells makes the table cells of the values that a rule gives, read by the
// grammar of their columns like those of a file. A cell is never empty: what has no
// value is NULL where the rule says so or copies one, and else a problem.
func (r *run) computeCells(ctx context.Context) error {
	sel, fix := "", []string{}
	for i := range r.nk {
		sel += fmt.Sprintf(", k%d AS s%d", i, i)
	}
	for _, set := range r.spec.Rule.Set {
		i := r.nk + r.spec.Judged.Index(set.Column)
		value, problem := "NULL::VARCHAR", "NULL"
		if !set.Null {
			value = set.To.SQL(expr.DuckDB(), r.row("k#", "l#"))
			if !set.To.Copies() {
				problem = text(string(plan.Uncomputed))
			}
		}
		sel += fmt.Sprintf(", %s AS s%d", value, i)
		fix = append(fix, fmt.Sprintf("UPDATE cells SET e%d = false, p%d = %s WHERE e%d", i, i, problem, i))
	}
	if err := r.readCells(ctx, `(SELECT n AS line, NULL::VARCHAR AS defect`+sel+` FROM live)`); err != nil {
		return err
	}
	return r.exec(ctx, strings.Join(fix, "; "))
}

// problem words a problem of a column's cells.
func (r *run) problem(c column, p record.Problem) finding.Finding {
	if r.spec.Rule == nil {
		return c.formatProblem(p)
	}
	i := slices.IndexFunc(r.spec.Rule.Set, func(s plan.Assign) bool { return s.Column == c.Name })
	switch {
	case i < 0:
		return plan.ValueFinding(c.Column, p)
	case p == plan.Uncomputed:
		return plan.UncomputedFinding(c.Column, r.spec.Rule.Set[i].To)
	}
	return plan.ComputedFinding(c.Column, p, r.spec.Rule.Set[i].To)
}
