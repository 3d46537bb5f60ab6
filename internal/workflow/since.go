package workflow

import (
	"context"
	"slices"
	"strings"
	"sync"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/finding"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/wire"
)

// Since tells what a change would write otherwise than when somebody last decided on
// another plan of it: for those who see all of its datasets. Decision is null where
// nobody has.
func (w *Workflow) Since(ctx context.Context, p access.Principal, id change.ID) (out wire.Since, err error) {
	out.Datasets = []wire.Differences{}
	c, p, err := w.see(ctx, p, id)
	if err != nil {
		return out, err
	}
	for _, one := range c.ByDataset() {
		if !access.May(p, access.SeeValues, w.Compact().AccessDataset(one.Dataset)) {
			return out, withoutValues(one)
		}
		if s := w.sight(p, one.Dataset); !s.Whole() {
			return out, errs.New(errs.Forbidden, "You do not see all of %s, so it is not told what is different.", one.Dataset).WithMend("%s", s.ask())
		}
	}
	last := lastOnAnother(c)
	if last == nil {
		return out, nil
	}
	decided := viewDecision(*last)
	out.Decision = &decided
	if p := c.Purged; p != nil && p.Values != nil {
		return out, w.removed(c, "rows", p.Values)
	}
	for _, one := range c.ByDataset() {
		d, err := w.differences(ctx, c, one, last.Digest)
		if err != nil {
			return out, err
		}
		d.Says = differenceWords(d)
		out.Datasets = append(out.Datasets, d)
	}
	return out, nil
}

// lastOnAnother gives the last decision on another plan than the change has; nil where
// there is none, or no plan.
func lastOnAnother(c *change.Change) *change.Decision {
	for i := len(c.Decisions) - 1; i >= 0; i-- {
		if c.Plan != nil && c.Decisions[i].Digest != c.Plan.Digest {
			return &c.Decisions[i]
		}
	}
	return nil
}

// differences compares the plan of one dataset with the one that a decision was about.
func (w *Workflow) differences(ctx context.Context, c, one *change.Change, digest record.Digest) (out wire.Differences, err error) {
	out.Dataset = one.Dataset
	if c.IsFamily() {
		if digest, err = w.memberPlan(ctx, digest, one.Dataset); err != nil {
			return out, err
		}
	}
	two := [2]record.Digest{one.Plan.Digest, digest}
	if known, ok := w.compared.get(two); ok {
		return known, nil
	}
	var plans [2]duck.Frozen
	for i, digest := range two {
		m, parquet, release, err := w.openPlan(ctx, digest)
		if errs.KindOf(err) == errs.NotFound {
			out.Why = "The plan of then is not kept any more."
			return out, nil
		}
		if err != nil {
			return out, err
		}
		defer release()
		plans[i] = duck.Frozen{Manifest: m, Parquet: parquet}
	}
	if now, then := plans[0].Manifest, plans[1].Manifest; !slices.Equal(now.Key, then.Key) || now.Table != then.Table {
		out.Why = "It was planned by another key or for another table then."
		return out, nil
	}
	session, err := w.Engine.View(ctx, plans[0].Parquet, plans[1].Parquet)
	if err != nil {
		return out, err
	}
	defer session.Close()
	d, err := session.Differ(ctx, plans[0], plans[1])
	if err != nil {
		return out, err
	}
	out.Added, out.Gone, out.Other, out.Same = d.Added, d.Gone, d.Other, d.Same
	w.compared.keep(two, out)
	return out, nil
}

// differenceWords says what is different: "2 rows are new in it, 1 row is as it was."
func differenceWords(d wire.Differences) string {
	if d.Why != "" {
		return d.Why
	}
	var parts []string
	say := func(n int64, one, many string) {
		switch {
		case n == 1:
			parts = append(parts, "1 row "+one)
		case n > 1:
			parts = append(parts, finding.Grouped(n)+" rows "+many)
		}
	}
	say(d.Added, "is new in it", "are new in it")
	say(d.Gone, "is not in it any more", "are not in it any more")
	say(d.Other, "gets something else", "get something else")
	if len(parts) == 0 {
		parts = append(parts, "It would write the very same")
	}
	say(d.Same, "is as it was", "are as they were")
	return strings.Join(parts, ", ") + "."
}

// comparisons remembers what is different between two plans: neither changes any more,
// and whoever looks at a change looks often.
type comparisons struct {
	mu  sync.Mutex
	all map[[2]record.Digest]wire.Differences
}

const mostCompared = 1000

func (c *comparisons) get(two [2]record.Digest) (wire.Differences, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d, known := c.all[two]
	return d, known
}

func (c *comparisons) keep(two [2]record.Digest, d wire.Differences) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil || len(c.all) >= mostCompared {
		c.all = map[[2]record.Digest]wire.Differences{}
	}
	c.all[two] = d
}

// memberPlan gives the digest of a dataset's plan in a family's.
func (w *Workflow) memberPlan(ctx context.Context, joint record.Digest, dataset string) (record.Digest, error) {
	text, err := w.readWhole(ctx, joint)
	if err != nil {
		return "", err
	}
	j, err := plan.ParseJoint(text)
	if err != nil {
		return "", err
	}
	for _, m := range j.Members {
		if m.Dataset == dataset {
			return m.Plan, nil
		}
	}
	return "", errs.New(errs.NotFound, "The plan of then has nothing for %s.", dataset)
}
