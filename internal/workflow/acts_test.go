package workflow_test

import (
	"io"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/intake"
	"sutor/internal/record"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// act is one thing that a person does to a change that is there.
type act func(w *world, p access.Principal, c wire.Change) (wire.Change, error)

var (
	replan act = func(w *world, p access.Principal, c wire.Change) (wire.Change, error) {
		return w.w.Replan(ctx, p, change.ID(c.ID), workflow.Again{})
	}
	mends act = func(w *world, p access.Principal, c wire.Change) (wire.Change, error) {
		andy := "Andy"
		return w.w.Mend(ctx, p, change.ID(c.ID), workflow.Mends{Cells: []intake.Mend{{Line: 2, Column: "name", Text: &andy}}})
	}
	submit act = func(w *world, p access.Principal, c wire.Change) (wire.Change, error) {
		return w.w.Submit(ctx, p, change.ID(c.ID), "", "please")
	}
	withdraw act = func(w *world, p access.Principal, c wire.Change) (wire.Change, error) {
		return w.w.Withdraw(ctx, p, change.ID(c.ID), "", "never mind")
	}
	approve act = func(w *world, p access.Principal, c wire.Change) (wire.Change, error) {
		return w.w.Approve(ctx, p, change.ID(c.ID), digestOf(c), "fine")
	}
	reject act = func(w *world, p access.Principal, c wire.Change) (wire.Change, error) {
		return w.w.Reject(ctx, p, change.ID(c.ID), digestOf(c), "mend it")
	}
	apply act = func(w *world, p access.Principal, c wire.Change) (wire.Change, error) {
		return w.w.Apply(ctx, p, change.ID(c.ID), "", "now")
	}
	stop act = func(w *world, p access.Principal, c wire.Change) (wire.Change, error) {
		return w.w.Stop(ctx, p, change.ID(c.ID), "wrong day")
	}
	undo act = func(w *world, p access.Principal, c wire.Change) (wire.Change, error) {
		return w.w.Undo(ctx, p, change.ID(c.ID), "it was wrong")
	}
	prove act = func(w *world, p access.Principal, c wire.Change) (wire.Change, error) {
		return c, w.w.Evidence(ctx, p, change.ID(c.ID), io.Discard)
	}
)

func digestOf(c wire.Change) record.Digest {
	if c.Plan == nil {
		return "sha256:none"
	}
	return record.Digest(c.Plan.Digest)
}

// does has somebody do something that must succeed, with the work that follows,
// and gives the change as it is then.
func (w *world) does(name string, a act, c wire.Change) wire.Change {
	w.t.Helper()
	return w.doesIn(w.t, name, a, c)
}

func (w *world) doesIn(t tb, name string, a act, c wire.Change) wire.Change {
	t.Helper()
	c, err := a(w, w.as(name), c)
	fine(t, err)
	w.work(t)
	return w.see(t, name, c)
}

// mayNot has somebody do something that must be refused.
func (w *world) mayNot(name string, a act, c wire.Change, kind errs.Kind, sentence string) {
	w.t.Helper()
	_, err := a(w, w.as(name), c)
	refused(w.t, err, kind, sentence)
}

// in wants a state.
func in(t tb, c wire.Change, want change.State) wire.Change {
	t.Helper()
	if c.State != string(want) {
		t.Fatalf("change %s is %s (%s), want %s", c.ID, c.State, c.Why, want)
	}
	return c
}

// applied takes a planned change through submission, the owner and the apply.
func (w *world) applied(t tb, maker, owner string, c wire.Change) wire.Change {
	t.Helper()
	in(t, c, change.Planned)
	c = in(t, w.doesIn(t, maker, submit, c), change.Submitted)
	c = in(t, w.doesIn(t, owner, approve, c), change.Approved)
	return in(t, w.doesIn(t, maker, apply, c), change.Applied)
}

// undone takes back an applied change as its owner alone, and gives the reversal.
func (w *world) undone(t tb, owner string, c wire.Change) wire.Change {
	t.Helper()
	r := in(t, w.doesIn(t, owner, undo, c), change.Planned)
	r = in(t, w.doesIn(t, owner, submit, r), change.Approved)
	r = in(t, w.doesIn(t, owner, apply, r), change.Applied)
	in(t, w.see(t, owner, c), change.Undone)
	return r
}
