package workflow

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/wire"
)

// conflictsShown is how many rows of a conflict are looked up live.
const conflictsShown = 10

// Conflicts gives the first rows that stood in the way of the last apply, each as the
// plan knew it, as it would have become, and as it is now.
func (w *Workflow) Conflicts(ctx context.Context, p access.Principal, id change.ID) (out []wire.ConflictRow, err error) {
	c, p, err := w.see(ctx, p, id)
	if err != nil {
		return nil, err
	}
	if !access.May(p, access.SeeValues, w.Compact().AccessDataset(c.Dataset)) {
		return nil, withoutValues(c)
	}
	out = []wire.ConflictRow{}
	if c.Result == nil || len(c.Result.ConflictRows) == 0 {
		return out, nil
	}
	lines := c.Result.ConflictRows[:min(len(c.Result.ConflictRows), conflictsShown)]
	page, err := w.Browse(ctx, p, id, RowsWanted{Lines: lines, Limit: conflictsShown})
	if err != nil {
		return nil, err
	}
	for _, r := range page.Rows {
		row := wire.ConflictRow{Row: r}
		if row.Live, err = w.liveBeside(ctx, p, c.Dataset, r); err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, nil
}

// liveBeside reads a row of a plan as it is now; nil where it is not there, or not
// for the person.
func (w *Workflow) liveBeside(ctx context.Context, p access.Principal, dataset string, r wire.Row) (map[string]json.RawMessage, error) {
	want := LiveWanted{Limit: 1}
	for _, name := range slices.Sorted(maps.Keys(r.Key)) {
		var text string
		if json.Unmarshal(r.Key[name], &text) != nil {
			text = string(r.Key[name])
		}
		want.Where = append(want.Where, LiveTest{Column: name, Is: "=", Value: text})
	}
	page, err := w.Live(ctx, p, dataset, want)
	if errs.KindOf(err) == errs.Forbidden || errs.KindOf(err) == errs.Usage || err == nil && len(page.Rows) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return page.Rows[0], nil
}
