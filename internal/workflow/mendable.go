package workflow

import (
	"context"
	"errors"
	"slices"
	"strings"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/wire"
)

// errEnough ends a walk over rows before its end.
var errEnough = errors.New("workflow: enough rows were read")

// Mendable gives the first rows of a change's file that cannot be taken, with the
// cells that are to be mended, to be shown. (BadRows takes all of them out.) Cells
// that the asker may not see are left out; of a file of somebody else's that has such
// rows or columns, all.
func (w *Workflow) Mendable(ctx context.Context, p access.Principal, id change.ID, limit int) (out wire.Mendable, err error) {
	id, dataset := id.Split()
	c, p, err := w.see(ctx, p, id)
	if err == nil {
		c, err = w.one(c, p, dataset)
	}
	if err != nil {
		return out, err
	}
	d := w.Compact().AccessDataset(c.Dataset)
	if !access.May(p, access.SeeValues, d) {
		return out, errs.New(errs.Forbidden, "Your roles see the changes of %s without their values.", c.Dataset).
			WithMend("Ask somebody of its department, an owner or an auditor.")
	}
	if c.Plan == nil || c.Plan.Hits == "" || c.Input == nil || c.Plan.Counts.Invalid == 0 {
		return out, nil
	}
	see := w.sight(p, c.Dataset)
	if c.Maker != p.Email && see.keepsFromFile(c) {
		return out, nil
	}
	select { // each reads a file again
	case w.looks <- struct{}{}:
		defer func() { <-w.looks }()
	case <-ctx.Done():
		return out, ctx.Err()
	}
	b := &badRows{c: c, see: see}
	if b.last, err = b.lineOf(ctx, w, limit+1); err != nil {
		return out, err
	}
	if err := b.open(ctx, w); err != nil {
		return out, err
	}
	defer b.close()
	out.Columns = b.file.Columns
	err = b.each(func(r bad) error {
		if len(out.Rows) == limit {
			out.More = true
			return errEnough
		}
		out.Rows = append(out.Rows, b.mendable(r, see.Sees))
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return out, err
}

// lineOf gives the line of the nth row that cannot be taken; of the last where there
// are fewer.
func (b *badRows) lineOf(ctx context.Context, w *Workflow, nth int) (line int64, err error) {
	in, err := w.Artifacts.Open(ctx, b.c.Plan.Hits)
	if err != nil {
		return 0, b.notKept(err)
	}
	defer in.Close()
	hits := record.NewReader(in)
	for next, err := b.next(hits); next != nil || err != nil; next, err = b.next(hits) {
		switch {
		case err != nil:
			return 0, err
		case !b.c.Plan.Findings[next.finding].Invalid || next.line == line:
		case nth == 0:
			return line, nil
		default:
			line, nth = next.line, nth-1
		}
	}
	return line, nil
}

func (b *badRows) mendable(r bad, sees func(string) bool) wire.MendableRow {
	row := wire.MendableRow{Row: r.line, Why: r.reasons()}
	for i, text := range r.cells {
		cell := wire.MendableCell{}
		for _, s := range b.mapping {
			if s.File != i {
				continue
			}
			cell.Hidden = !sees(s.Column)
			for _, f := range r.found {
				cell.Bad = cell.Bad || slices.Contains(strings.Split(f.Column, ", "), s.Column)
			}
		}
		if !cell.Hidden {
			cell.Text = text
		}
		row.Cells = append(row.Cells, cell)
	}
	return row
}
