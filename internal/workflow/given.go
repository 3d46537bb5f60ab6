package workflow

import (
	"context"
	"errors"
	"os"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/plan"
	"sutor/internal/system/driver"
	"sutor/internal/wire"
)

// New rows may have no key, where the Compact leaves it to the system. Their keys are
// drawn in the transaction that writes them, before anything is written: so they are
// part of the rows as stored, whose digest is noted before the commit and stands in
// the evidence, and whoever takes an apply over finds the rows by them.

// number gives the steps their files with the keys that the system gives.
func (a *transaction) number(ctx context.Context, tx driver.Drawer, steps []prepared) error {
	for _, s := range steps {
		if s.keyless == "" {
			continue
		}
		if err := s.of.number(ctx, tx, s); err != nil {
			return inDataset(a.c, s.of.c.Dataset, err)
		}
	}
	return nil
}

func (a *applying) number(ctx context.Context, tx driver.Drawer, s prepared) error {
	drawn := a.session.Path("drawn.csv")
	out, err := os.Create(drawn)
	if err != nil {
		return diskFull(err)
	}
	err = tx.Draw(ctx, a.m.Table, a.m.Given, a.given, out)
	if cerr := out.Close(); err == nil && cerr != nil {
		err = diskFull(cerr)
	}
	if err != nil {
		return err
	}
	if err := a.session.DealKeys(ctx, a.parquet, a.m, drawn, s.keys); err != nil {
		return err
	}
	path, err := withKeys(s.keyless, s.keys, a.m)
	if err != nil {
		return err
	}
	if err := os.Rename(path, s.path); err != nil {
		return diskFull(err)
	}
	return nil
}

// withKeys makes a file of the rows of an insert with keys from another; it gives its
// path.
func withKeys(rows, keys string, m plan.Manifest) (path string, err error) {
	path = rows + ".numbered"
	in, err := os.Open(rows)
	if err != nil {
		return "", diskFull(err)
	}
	defer in.Close()
	drawn, err := os.Open(keys)
	if err != nil {
		return "", diskFull(err)
	}
	defer drawn.Close()
	out, err := os.Create(path)
	if err != nil {
		return "", diskFull(err)
	}
	_, err = plan.Numbered(in, drawn, out, m.KeySchema().Index(m.Given))
	if cerr := out.Close(); cerr != nil {
		err = errors.Join(err, diskFull(cerr))
	}
	return path, err
}

// givenTwice says that the system gave new rows keys that others have; nil where the
// conflicts are not about such rows.
func (a *applying) givenTwice(ctx context.Context, conflicts []driver.Conflict) error {
	numbers := make([]int64, 0, len(conflicts))
	for _, c := range conflicts {
		numbers = append(numbers, c.Number)
	}
	rows, err := a.session.Numbered(ctx, a.parquet, a.m, numbers)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.Key[a.m.KeySchema().Index(a.m.Given)] == nil {
			return errs.New(errs.Blocked, "The system gave new rows of %s keys (%s) that other rows have already, so nothing was written: its own numbering is behind.", a.m.Table, a.m.Given).
				WithMend("The steward sets its sequence or counter past the largest %s there is; then plan the change again.", a.m.Given)
		}
	}
	return nil
}

// givenKeys gives the rows of an applied change as stored, where the keys of new rows
// stand only there; "" where there are none, or they are not kept any more.
func (w *Workflow) givenKeys(ctx context.Context, c *change.Change, m plan.Manifest) (path string, release func(), err error) {
	if m.Given == "" || c.Result == nil || c.Result.Stored == "" {
		return "", func() {}, nil
	}
	path, release, err = w.Artifacts.Local(ctx, c.Result.Stored)
	if errs.KindOf(err) == errs.NotFound {
		return "", func() {}, nil
	}
	return path, release, err
}

func viewGiven(g *change.Given, see sight) *wire.Given {
	if g == nil || !see.Sees(g.Column) {
		return nil
	}
	return &wire.Given{Column: g.Column, Rows: g.Rows}
}
