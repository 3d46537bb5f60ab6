package workflow

import (
	"context"
	"slices"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/wire"
)

const operationsDepth = 10_000 // changes that are counted, the newest

// Operations tells stewards how the server is: what is configured and answers, what
// is worked on, and how much there is.
func (w *Workflow) Operations(ctx context.Context, p access.Principal) (out wire.Operations, err error) {
	if !access.MayPutInForce(p) {
		return out, w.refused(ctx, p, "", "operations", errs.New(errs.Forbidden, "How the server is doing is for stewards."))
	}
	out = wire.Operations{Checks: []wire.Check{}, Started: w.started, Node: w.Node}
	for _, h := range w.Health(ctx) {
		out.Checks = append(out.Checks, wire.Check{Name: h.Name, OK: h.OK, Why: h.Why})
	}
	err = w.Store.View(ctx, func(tx Tx) (err error) {
		out.Jobs, out.Changes = []wire.RunningJob{}, map[string]int64{}
		if out.Leaves, err = tx.Log().Size(); err != nil {
			return err
		}
		if out.Sizes.Metadata, err = tx.Size(); err != nil {
			return err
		}
		all, err := tx.Changes(Filter{Limit: operationsDepth})
		for _, c := range all {
			out.Changes[string(c.State)]++
			if c.State == change.Planning || c.State == change.Applying {
				out.Jobs = append(out.Jobs, w.jobOf(c))
			}
		}
		slices.Reverse(out.Jobs)
		return err
	})
	kept, unknown := w.Artifacts.Size(ctx)
	if unknown != nil { // the place may be what is out of order, and the rest is wanted then most
		kept = -1
	}
	out.Sizes.Artifacts = kept
	return out, err
}

func (w *Workflow) jobOf(c *change.Change) wire.RunningJob {
	j := wire.RunningJob{Change: string(c.ID), Dataset: c.Dataset, State: string(c.State), Since: c.UpdatedAt}
	if c.Lease != nil {
		j.Node = c.Lease.Node
	}
	if run, ok := w.progress.Load(c.ID); ok {
		pr := run.(change.Progress)
		j.Progress = &wire.Progress{Step: pr.Step, Done: pr.Done, Of: pr.Of}
	}
	return j
}
