package workflow

import (
	"cmp"
	"context"
	"slices"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/plan/duck"
	"sutor/internal/wire"
)

// Search is what an auditor looks for; zero fields match all.
type Search struct {
	Person   access.Email // who made it, or decided on it
	Dataset  string
	From, To time.Time // when it was made: From counts, To does not
	Key      string    // of a row that its plan touches; parts of a key are joined by " + "
	Before   change.ID // to go on
}

// Bounds of one search: so many changes are looked at, and so many plans opened.
const (
	searchDepth = 2000
	searchPlans = 60
	searchFound = 50
)

// Searched finds changes by what their evidence says of them. It is for auditors,
// who see the changes of every dataset.
func (w *Workflow) Searched(ctx context.Context, p access.Principal, s Search) (out wire.Searched, err error) {
	if !p.Is(access.Auditor) {
		return out, w.refused(ctx, p, "", "search", errs.New(errs.Forbidden, "Searching the evidence of all changes is for auditors.").
			WithMend("A change's own page has its history."))
	}
	out.Changes = []wire.Change{}
	f := Filter{Limit: searchDepth, Before: s.Before}
	if s.Dataset != "" {
		f.Datasets = []string{s.Dataset}
	}
	var all []*change.Change
	err = w.Store.View(ctx, func(tx Tx) (err error) {
		if p, err = w.today(tx, p); err == nil {
			all, err = tx.Changes(f)
		}
		return err
	})
	if err != nil {
		return out, err
	}
	hits, last, err := w.sought(ctx, p, all, s)
	if err != nil {
		return out, err
	}
	if out.More = last != "" || len(all) == searchDepth; out.More {
		out.Before = string(cmp.Or(last, all[len(all)-1].ID))
	}
	err = w.Store.View(ctx, func(tx Tx) error {
		out.Changes = []wire.Change{}
		for _, c := range hits {
			v, err := w.view(tx, c, p)
			if err != nil {
				return err
			}
			out.Changes = append(out.Changes, v)
		}
		return nil
	})
	return out, err
}

// sought gives those that are looked for; last is the one after which the search
// stopped before its end. Who sees only some rows of a dataset does not look for keys in
// it: that nothing, or something, is found would tell of the others.
func (w *Workflow) sought(ctx context.Context, p access.Principal, all []*change.Change, s Search) (hits []*change.Change, last change.ID, err error) {
	plans := 0
	for i, c := range all {
		if (len(hits) == searchFound || plans == searchPlans) && i > 0 {
			return hits, all[i-1].ID, nil
		}
		if !s.fits(c) || s.Key != "" && (c.Plan == nil || !w.sight(p, c.Dataset).AllRows()) {
			continue
		}
		found := true
		if s.Key != "" {
			plans++
			if found, err = w.touches(ctx, c, s.Key); err != nil {
				return nil, "", err
			}
		}
		if found {
			hits = append(hits, c)
		}
	}
	return hits, "", nil
}

// fits judges what stands in the change itself.
func (s Search) fits(c *change.Change) bool {
	if !s.From.IsZero() && c.CreatedAt.Before(s.From) || !s.To.IsZero() && !c.CreatedAt.Before(s.To) {
		return false
	}
	return s.Person == "" || c.Maker == s.Person || slices.ContainsFunc(c.Decisions, func(d change.Decision) bool { return d.By == s.Person })
}

// touches tells whether a change's plan, or one of a family's, has a row with this
// key.
func (w *Workflow) touches(ctx context.Context, c *change.Change, key string) (found bool, err error) {
	for _, one := range c.ByDataset() {
		if found, err = w.touchesOn(ctx, one, key); found || err != nil {
			break
		}
	}
	return found, err
}

// touchesOn is touches over one dataset. Of a plan that is not kept any more nobody
// can tell: then it does not.
func (w *Workflow) touchesOn(ctx context.Context, c *change.Change, key string) (bool, error) {
	m, parquet, release, err := w.openPlan(ctx, c.Plan.Digest)
	if errs.KindOf(err) == errs.NotFound && err != nil {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer release()
	stored, releaseStored, err := w.givenKeys(ctx, c, m)
	if err != nil {
		return false, err
	}
	defer releaseStored()
	session, err := w.Engine.View(ctx, parquet, stored)
	if err != nil {
		return false, err
	}
	defer session.Close()
	return session.HasKey(ctx, duck.Frozen{Manifest: m, Parquet: parquet, Stored: stored}, key)
}
