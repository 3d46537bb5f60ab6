package duck

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sutor/internal/plan"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// Draft is a plan in the making: one table's rows, compared and checked as far as
// they tell by themselves. Finish makes it stand, alone or together with those of
// other tables that the same change writes.
type Draft struct {
	r    *run
	made *plan.Outcome // of a small plan, which stands already
}

// Finish makes the plans of drafts stand, one outcome each, and gives the order in
// which their rows are to be written. The drafts are parents first, each in a part
// of one session ([Session.In]), all of files or all reversals.
//
// A row may need what another does: a unique value that it gives up, a new row to
// refer to, or that nothing refers any more to a row that is deleted. Rows that
// cannot be written leave the deltas (in a reversal they become impossible); and
// since one that leaves may have been what another needs, in any of the tables, this
// goes on until no more do. Rows only ever leave, so it ends.
func Finish(ctx context.Context, drafts ...*Draft) ([]*plan.Outcome, []plan.Step, error) {
	if len(drafts) == 1 && drafts[0].made != nil {
		return []*plan.Outcome{drafts[0].made}, nil, nil
	}
	runs := make([]*run, len(drafts))
	for i, d := range drafts {
		runs[i] = d.r
	}
	order, err := settle(ctx, runs)
	if err != nil {
		return nil, nil, err
	}
	out := make([]*plan.Outcome, len(runs))
	for i, r := range runs {
		judge := doing{"judging guardrails", r.judgeRows}
		if r.reversal {
			judge.do = r.judgeReversal
		} else if err := r.steps(ctx, allSteps-2, []doing{{"looking up references", r.checkReferred}}); err != nil {
			return nil, nil, err
		}
		if out[i], err = r.freeze(ctx, judge); err != nil {
			return nil, nil, err
		}
	}
	return out, order, nil
}

// settle lets the rows go that cannot be written, and gives the order of the steps.
func settle(ctx context.Context, runs []*run) (order []plan.Step, err error) {
	refs := make([][]*reference, len(runs))
	for i, r := range runs {
		r.family = runs
		r.say("looking up references", allSteps-3)
		if refs[i], err = r.references(ctx); err != nil {
			return nil, err
		}
	}
	leaving, err := leavingOf(ctx, slices.Concat(refs...))
	if err != nil {
		return nil, err
	}
	order = plan.Steps(len(runs), leaving)
	again := make([]func(context.Context) (bool, error), len(runs))
	for _, r := range runs {
		r.order = order
	}
	for i, r := range runs {
		if again[i], err = r.leavers(ctx, refs[i]); err != nil {
			return nil, err
		}
	}
	for more := true; more; {
		more = false
		for _, leave := range again {
			left, err := leave(ctx)
			if err != nil {
				return nil, err
			}
			more = more || left
		}
	}
	return order, nil
}

// leavingOf chooses between the two orders that there are (plan.Steps).
func leavingOf(ctx context.Context, refs []*reference) (bool, error) {
	leave, arrive := false, false
	for _, ref := range refs {
		l, a, err := ref.leaving(ctx)
		if err != nil {
			return false, err
		}
		leave, arrive = leave || l, arrive || a
	}
	return leave && !arrive, nil
}

// leavers gives what lets rows of the table leave, each time that it is called.
func (r *run) leavers(ctx context.Context, refs []*reference) (func(context.Context) (bool, error), error) {
	if r.reversal {
		all, err := r.hurdles(ctx, refs)
		return func(ctx context.Context) (bool, error) { return r.leaveAlone(ctx, all) }, err
	}
	all, err := r.readChecks(ctx, refs)
	return func(ctx context.Context) (bool, error) { return r.hitStanding(ctx, all) }, err
}

// relative gives the run of a table that the same plan writes, this one too; nil
// for a table that it does not write.
func (r *run) relative(table record.Table) *run {
	for _, other := range r.family {
		if other.spec.Table.Table == table {
			return other
		}
	}
	return nil
}

// deltas names the run's deltas for the other runs of the session.
func (r *run) deltas() string { return r.schema + ".deltas" }

// place is the number of the step that writes the run's rows of an operation.
func (r *run) place(op driver.Op) int { return plan.Place(r.order, slices.Index(r.family, r)+1, op) }

// sameKey is the condition that a delta of the run has the key of a row that was
// looked up as k0….
func (r *run) sameKey(delta, row string) string {
	same := make([]string, r.nk)
	for i, c := range r.spec.Key {
		same[i] = fmt.Sprintf("%s.k%d = %s", delta, i, canonicalLive(c.Type, fmt.Sprintf("%s.k%d", row, i)))
	}
	return strings.Join(same, " AND ")
}
