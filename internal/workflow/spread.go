package workflow

import (
	"context"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/wire"
)

// mostSpreads is how many columns are drawn of one change.
const mostSpreads = 4

// Spreads gives how the values of each number column that a plan changes lie before
// and after, over the rows that the person sees: at most [mostSpreads] columns, in
// the plan's order. It is a picture: counts are exact, edges are rounded.
func (w *Workflow) Spreads(ctx context.Context, p access.Principal, id change.ID) (out []wire.Spread, err error) {
	c, p, err := w.see(ctx, p, id)
	if err != nil {
		return nil, err
	}
	if !access.May(p, access.SeeValues, w.Compact().AccessDataset(c.Dataset)) {
		return nil, withoutValues(c)
	}
	if c.Plan == nil {
		return nil, errs.New(errs.Blocked, "Change %s has no plan: it is %s.", id, c.State.Words())
	}
	if p := c.Purged; p != nil && p.Values != nil {
		return nil, w.removed(c, "rows", p.Values)
	}
	m, parquet, release, err := w.openPlan(ctx, c.Plan.Digest)
	if err != nil {
		return nil, err
	}
	defer release()
	see := w.sight(p, c.Dataset)
	only, err := see.only(m.Columns)
	if err != nil {
		return nil, err
	}
	out = []wire.Spread{}
	frozen := duck.Frozen{Manifest: m, Parquet: parquet}
	for _, column := range m.JudgedSchema() {
		if len(out) == mostSpreads || !drawable(column.Type) || !see.Sees(column.Name) {
			continue
		}
		s, err := w.Engine.Spread(ctx, frozen, duck.Selection{Changed: column.Name, Only: only}, column.Name)
		if err != nil {
			return nil, err
		}
		if s.Rows > 0 && len(s.Before) > 0 {
			out = append(out, viewSpread(column, s))
		}
	}
	return out, nil
}

// drawable tells whether values of a type can be drawn on a line.
func drawable(t record.Type) bool {
	return t.Kind == record.Int || t.Kind == record.Decimal || t.Kind == record.Float
}

func viewSpread(c record.Column, s duck.Spread) wire.Spread {
	side := func(of duck.Summary) wire.SpreadSide {
		return wire.SpreadSide{Values: of.Values, Least: of.Least, Middle: of.Middle, Most: of.Most}
	}
	out := wire.Spread{Column: c.Name, Rows: s.Rows, Before: side(s.BeforeAll), After: side(s.AfterAll), Bins: []wire.SpreadBin{}}
	for i := range s.Before {
		from := s.From + float64(i)*s.Width
		out.Bins = append(out.Bins, wire.SpreadBin{From: from, To: from + s.Width, Before: s.Before[i], After: s.After[i]})
	}
	return out
}
