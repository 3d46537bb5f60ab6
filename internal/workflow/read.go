package workflow

import (
	"context"
	"slices"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/wire"
)

// Change gives one change, at the latest when wait is over, and before that as
// soon as it is neither planning nor applying.
func (w *Workflow) Change(ctx context.Context, p access.Principal, id change.ID, wait time.Duration) (wire.Change, error) {
	committed, stop := w.Store.Watch(id) // what else it shows is asked when it answers
	defer stop()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		c, out, err := w.shown(ctx, p, id)
		if err != nil {
			return wire.Change{}, err
		}
		if wait <= 0 || c.State != change.Planning && c.State != change.Applying {
			return w.inLine(ctx, c, out)
		}
		select {
		case <-committed:
		case <-timer.C:
			return w.inLine(ctx, c, out)
		case <-ctx.Done():
			return wire.Change{}, ctx.Err()
		}
	}
}

// inLine adds to a change that nobody plans yet how many plans are before it: the
// older ones that do not stand yet, on any server.
func (w *Workflow) inLine(ctx context.Context, c *change.Change, out wire.Change) (wire.Change, error) {
	if c.State != change.Planning || c.Lease != nil || out.Progress != nil {
		return out, nil
	}
	before := 0
	err := w.Store.View(ctx, func(tx Tx) error {
		before = 0
		return pages(tx, Filter{States: []change.State{change.Planning}, Before: c.ID}, func(*change.Change) { before++ })
	})
	if err == nil {
		out.Progress = &wire.Progress{Step: placeInLine(before)}
	}
	return out, err
}

// shown reads a change that the person may see, and what they may see of it.
func (w *Workflow) shown(ctx context.Context, p access.Principal, id change.ID) (c *change.Change, out wire.Change, err error) {
	err = w.Store.View(ctx, func(tx Tx) error {
		s, err := w.judge(tx, p, id, change.ActSee)
		if err != nil {
			return err
		}
		c = s.c
		out, err = w.view(tx, s.c, s.who)
		return err
	})
	if err != nil {
		return nil, out, err
	}
	return c, w.withKept(ctx, c, out), nil
}

// see reads a change that the person may see, and gives the person as they are now.
func (w *Workflow) see(ctx context.Context, p access.Principal, id change.ID) (c *change.Change, who access.Principal, err error) {
	return w.judged(ctx, p, id, change.ActSee)
}

// judged reads a change to which the person may do something, and gives the person as they
// are now.
func (w *Workflow) judged(ctx context.Context, p access.Principal, id change.ID, a change.Act) (c *change.Change, who access.Principal, err error) {
	err = w.Store.View(ctx, func(tx Tx) error {
		s, err := w.judge(tx, p, id, a)
		if err == nil {
			c, who = s.c, s.who
		}
		return err
	})
	return c, who, err
}

// Changes lists the changes of the datasets that the person may see.
func (w *Workflow) Changes(ctx context.Context, p access.Principal, f Filter) ([]wire.Change, error) {
	wanted, out := f.Datasets, []wire.Change{}
	err := w.Store.View(ctx, func(tx Tx) error {
		p, err := w.today(tx, p)
		if err != nil {
			return err
		}
		f.Datasets, out = []string{}, out[:0]
		for _, d := range w.Compact().Datasets {
			if (len(wanted) == 0 || slices.Contains(wanted, d.Name)) && access.May(p, access.SeeChanges, w.Compact().AccessDataset(d.Name)) {
				f.Datasets = append(f.Datasets, d.Name)
			}
		}
		if f.Before != "" { // one that may not be seen is as good as none
			if _, err := w.judge(tx, p, f.Before, change.ActSee); err != nil {
				return err
			}
		}
		list, err := tx.Changes(f)
		for _, c := range list {
			one, failure := w.view(tx, c, p)
			if failure != nil {
				return failure
			}
			out = append(out, one)
		}
		return err
	})
	return out, err
}

// Me gives the person with the rights of this moment.
func (w *Workflow) Me(ctx context.Context, p access.Principal) (out wire.Person, err error) {
	err = w.Store.View(ctx, func(tx Tx) error {
		p, err := w.today(tx, p)
		if err != nil {
			return err
		}
		out = wire.Person{Email: string(p.Email), Name: p.Name, Roles: []string{}, Departments: []string{}, Means: string(p.Means)}
		for _, r := range p.Roles {
			out.Roles = append(out.Roles, string(r))
		}
		for _, d := range p.Departments {
			out.Departments = append(out.Departments, string(d))
		}
		if p.Is(access.Maker) {
			out.Level = string(p.Level)
		}
		if out.Standing, err = w.viewStanding(tx, p); err != nil {
			return err
		}
		out.Deputies, err = w.viewDeputies(tx, p, false)
		return err
	})
	return out, err
}
