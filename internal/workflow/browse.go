package workflow

import (
	"context"
	"strings"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/system/driver"
	"sutor/internal/wire"
)

// RowsWanted picks rows of a plan, and a page of them; zero fields pick all.
type RowsWanted struct {
	Op            string
	Finding       string  // the name of a guardrail or check: rows that it hit
	Changed       string  // a column: rows in which it changes
	Column        string  // a column: rows in which, before or after,…
	Has           string  // …this text stands in it, in capitals or not; or…
	Is            string  // …it is exactly this; or…
	Empty         bool    // …it is empty
	Lines         []int64 // rows of the file; nil for all
	Limit, Offset int64
}

// Rows gives a page of a plan's rows, in the file's order.
func (w *Workflow) Rows(ctx context.Context, p access.Principal, id change.ID, op string, limit, offset int64) (wire.Rows, error) {
	return w.Browse(ctx, p, id, RowsWanted{Op: op, Limit: limit, Offset: offset})
}

// Browse gives a page of the rows of a plan that are wanted, in the file's order.
// Stewards see changes without values: they have no right to rows.
func (w *Workflow) Browse(ctx context.Context, p access.Principal, id change.ID, want RowsWanted) (out wire.Rows, err error) {
	id, dataset := id.Split()
	c, p, err := w.see(ctx, p, id)
	if err == nil {
		c, err = w.one(c, p, dataset)
	}
	if err != nil {
		return out, err
	}
	if !access.May(p, access.SeeValues, w.Compact().AccessDataset(c.Dataset)) {
		return out, withoutValues(c)
	}
	if c.Plan == nil {
		return out, errs.New(errs.Blocked, "Change %s has no plan: it is %s.", id, c.State.Words())
	}
	if p := c.Purged; p != nil && p.Values != nil {
		return out, w.removed(c, "rows", p.Values)
	}
	m, parquet, release, err := w.openPlan(ctx, c.Plan.Digest)
	if err != nil {
		return out, err
	}
	defer release()
	selection, err := w.selection(p, c, m, want)
	if err != nil {
		return out, err
	}
	frozen := duck.Frozen{Manifest: m, Parquet: parquet}
	if c.Plan.Hits != "" {
		hits, releaseHits, err := w.Artifacts.Local(ctx, c.Plan.Hits)
		if err != nil && errs.KindOf(err) != errs.NotFound {
			return out, err
		}
		if err == nil {
			defer releaseHits()
			frozen.Hits = hits
		}
	}
	stored, releaseStored, err := w.givenKeys(ctx, c, m)
	if err != nil {
		return out, err
	}
	defer releaseStored()
	frozen.Stored = stored
	if len(selection.Findings) > 0 && frozen.Hits == "" {
		return out, errs.New(errs.Blocked, "Which rows the findings of change %s are about is not kept any more.", id)
	}
	rows, total, err := w.Engine.Browse(ctx, frozen, selection, want.Limit, want.Offset)
	if err != nil {
		return out, err
	}
	if c.Maker != p.Email {
		if err := w.countRead(ctx, Read{Person: p.Email, Dataset: c.Dataset, Change: c.ID, Rows: int64(len(rows))}); err != nil {
			return out, err
		}
	}
	out = wire.Rows{Rows: []wire.Row{}, Total: total, Offset: want.Offset}
	for _, r := range rows {
		out.Rows = append(out.Rows, row(r, m, w.sight(p, c.Dataset)))
	}
	return out, nil
}

// selection checks what is wanted against the plan, and against what the asker may
// see: by a column that is not for them nothing is found, or found out.
func (w *Workflow) selection(p access.Principal, c *change.Change, m plan.Manifest, want RowsWanted) (s duck.Selection, err error) {
	s = duck.Selection{Op: driver.Op(want.Op), Changed: want.Changed, Column: want.Column, Has: want.Has, Is: want.Is, Empty: want.Empty, Lines: want.Lines}
	see := w.sight(p, c.Dataset)
	sees := see.Sees
	if s.Only, err = see.only(m.Columns); err != nil {
		return s, err
	}
	for _, of := range []struct {
		name    string
		columns record.Schema
	}{{want.Changed, m.JudgedSchema()}, {want.Column, m.Columns}} {
		if of.name != "" && (of.columns.Index(of.name) < 0 || !sees(of.name)) {
			return s, noColumn(of.name, of.columns, sees)
		}
	}
	if (want.Has != "" || want.Is != "" || want.Empty) && want.Column == "" {
		return s, errs.New(errs.Usage, "A value is looked for in one column, but none is named.").WithMend("Name it with --column.")
	}
	if want.Column != "" && want.Has == "" && want.Is == "" && !want.Empty {
		return s, errs.New(errs.Usage, "It is not said what to look for in the column %s.", want.Column).WithMend("Say it with --has, --is or --empty.")
	}
	if want.Finding == "" {
		return s, nil
	}
	var names []string
	for i, f := range c.Plan.Findings {
		names = append(names, f.Guardrail)
		if f.Guardrail == want.Finding && !see.hides(f.Column) && !see.judgesWithheld(f) {
			s.Findings = append(s.Findings, i)
		}
	}
	if len(s.Findings) == 0 {
		e := errs.New(errs.Usage, "The plan of change %s has no finding %q whose rows you may see.", c.ID, want.Finding)
		if len(names) > 0 {
			e.WithMend("It has: %s.", strings.Join(names, ", "))
		}
		return s, e
	}
	return s, nil
}

func noColumn(name string, all record.Schema, sees func(string) bool) error {
	var names []string
	for _, c := range all {
		if sees(c.Name) {
			names = append(names, c.Name)
		}
	}
	return errs.New(errs.Usage, "The plan has no column %q to look in.", name).WithMend("It has: %s.", strings.Join(names, ", "))
}

// withoutValues refuses the values of a change to those who see it without them.
func withoutValues(c *change.Change) error {
	return errs.New(errs.Forbidden, "Your roles see the changes of %s without their values.", c.Dataset).
		WithMend("Ask somebody of its department, an owner or an auditor.")
}
