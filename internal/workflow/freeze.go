package workflow

import (
	"context"
	"strings"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/wire"
)

// Freeze stops a dataset at once: from now on nothing is applied to it, not even
// what is approved, and an apply that runs is taken back unless it is already at
// its commit. say tells people why, and is needed.
func (w *Workflow) Freeze(ctx context.Context, p access.Principal, name, say string) (wire.Dataset, error) {
	if say = strings.TrimSpace(say); say == "" {
		return wire.Dataset{}, errs.New(errs.Usage, "A freeze needs a reason: people who wait will read it.").WithMend("Say it with --say.")
	}
	return w.stop(ctx, p, name, "freeze", func(tx Tx, s *change.Stop) error {
		if s != nil {
			return errs.New(errs.Blocked, "%s is frozen already, by %s: %s", name, s.By, s.Say).WithMend("Lift that first: sutor unfreeze %s", name)
		}
		if err := tx.SaveStop(change.Stop{Dataset: name, By: p.Email, At: w.Now().UTC(), Say: oneLine(say, 500)}); err != nil {
			return err
		}
		return w.stopLeaf(tx, p, evidence.DatasetFrozen, name, say)
	})
}

// Unfreeze lifts the freeze of a dataset.
func (w *Workflow) Unfreeze(ctx context.Context, p access.Principal, name, say string) (wire.Dataset, error) {
	return w.stop(ctx, p, name, "unfreeze", func(tx Tx, s *change.Stop) error {
		if s == nil {
			return errs.New(errs.Blocked, "%s is not frozen.", name)
		}
		if err := tx.LiftStop(name); err != nil {
			return err
		}
		return w.stopLeaf(tx, p, evidence.DatasetThawed, name, say)
	})
}

// stop does something to a dataset's stop, for those who may.
func (w *Workflow) stop(ctx context.Context, p access.Principal, name, what string, do func(Tx, *change.Stop) error) (wire.Dataset, error) {
	err := w.Store.Do(ctx, func(tx Tx) error {
		p, err := w.today(tx, p)
		if err != nil {
			return err
		}
		d, err := w.seen(p, name)
		if err != nil {
			return err
		}
		if !access.May(p, access.Freeze, d) {
			return errs.New(errs.Forbidden, "Only owners of %s, managers of the department %s and stewards may %s it.", name, d.Department, what).
				WithMend("Ask one of them: %s.", joined(d.Owners))
		}
		s, err := tx.Stop(name)
		if err != nil {
			return err
		}
		return do(tx, s)
	})
	if err != nil {
		return wire.Dataset{}, w.refused(ctx, p, "", change.Act(what), err)
	}
	all, err := w.Datasets(ctx, p)
	for _, d := range all {
		if d.Name == name {
			return d, err
		}
	}
	return wire.Dataset{}, err
}

func joined(people []access.Email) string {
	names := make([]string, len(people))
	for i, e := range people {
		names[i] = string(e)
	}
	return strings.Join(names, ", ")
}

func (w *Workflow) stopLeaf(tx Tx, p access.Principal, kind evidence.Kind, name, say string) error {
	_, err := w.log.Append(tx.Log(), evidence.Entry{Kind: kind, At: w.Now(), Means: p.Means,
		Body: evidence.Body{Who: string(p.Email), Dataset: name, Comment: say}})
	return err
}

// frozen refuses to write where one of the datasets is frozen, by the Compact or at
// once.
func (w *Workflow) frozen(tx Tx, datasets []string) error {
	for _, name := range datasets {
		if f, frozen := w.Compact().Frozen(name, w.Now()); frozen {
			return errs.New(errs.Blocked, "Nothing is applied to %s until %s: %s", name, f.To.Format("2006-01-02 15:04 MST"), f.Say).
				WithMend("Apply it after that.")
		}
		s, err := tx.Stop(name)
		if err != nil {
			return err
		}
		if s != nil {
			return errs.New(errs.Blocked, "Nothing is applied to %s now: %s froze it: %s", name, s.By, s.Say).
				WithMend("Apply it once that is lifted.")
		}
	}
	return nil
}

// anyFrozen tells whether nothing is applied to one of some datasets now; where that
// cannot be read it is taken for frozen.
func (w *Workflow) anyFrozen(ctx context.Context, datasets []string) bool {
	return w.Store.View(ctx, func(tx Tx) error { return w.frozen(tx, datasets) }) != nil
}
