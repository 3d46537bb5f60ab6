package workflow

import (
	"context"
	"slices"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/finding"
	"sutor/internal/intake"
	"sutor/internal/plan"
	"sutor/internal/recipe"
	"sutor/internal/system"
)

// tries is how many earlier ways of reading are tried on a file.
const tries = 3

// read reads a change's file and matches its columns. Where that fails and nobody
// chose how the file is read, it is tried as earlier files of the dataset were read
// by somebody's choice: such a reading counts only if it gives that file's columns,
// and it is told.
func (w *Workflow) read(ctx context.Context, c *change.Change, sys *system.System, spec *Spec, path func(name string) string) (staged, []finding.Finding, error) {
	s, found, err := w.readOnce(ctx, c, sys, spec, path)
	if errs.KindOf(err) != errs.Invalid || c.Options.File != (intake.Choice{}) || c.Options.Recipe != nil {
		return s, found, err
	}
	before, failure := w.chosenBefore(ctx, c)
	if failure != nil {
		return s, nil, failure
	}
	for _, m := range before {
		as := *c
		as.Options.File = m.Options.File
		again, found, failure := w.readOnce(ctx, &as, sys, spec, path)
		if failure == nil && recipe.HeaderOf(again.Columns) == m.Header {
			return again, append([]finding.Finding{plan.ReadAsBeforeFinding(m.Change)}, found...), nil
		}
		spec.Sources, spec.mapping = nil, nil // of a reading that does not count
		if kind := errs.KindOf(failure); failure != nil && kind != errs.Invalid && kind != errs.Usage {
			return again, nil, failure
		}
	}
	return s, nil, err
}

func (w *Workflow) readOnce(ctx context.Context, c *change.Change, sys *system.System, spec *Spec, path func(name string) string) (staged, []finding.Finding, error) {
	s, err := w.stage(ctx, c, spec.names(), path)
	if err != nil {
		return s, nil, ofFile{err}
	}
	if s.Rows == 0 {
		return s, nil, ofFile{noRows(s.Result)}
	}
	found, err := w.match(ctx, c, sys, spec, s)
	return s, found, err
}

// chosenBefore gives the earlier files of the dataset for which somebody chose how
// they are read, the maker's own first, each way once.
func (w *Workflow) chosenBefore(ctx context.Context, c *change.Change) (out []recipe.Memory, err error) {
	var list []recipe.Memory
	err = w.Store.View(ctx, func(tx Tx) (err error) {
		list, err = tx.Memories(c.Dataset, c.Maker, w.Compact().AccessDataset(c.Dataset).Department, memories)
		return err
	})
	for _, own := range []bool{true, false} {
		for _, m := range list {
			chosen := m.Options.File != (intake.Choice{}) && own == (m.Person == c.Maker) && m.Change != c.ID
			twice := slices.ContainsFunc(out, func(o recipe.Memory) bool { return o.Options.File == m.Options.File && o.Header == m.Header })
			if chosen && !twice && len(out) < tries {
				out = append(out, m)
			}
		}
	}
	return out, err
}
