package workflow_test

import (
	"strings"
	"testing"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

var holds act = func(w *world, p access.Principal, c wire.Change) (wire.Change, error) {
	return w.w.Hold(ctx, p, change.ID(c.ID), "not this week")
}

// dated proposes a change that is to be applied later.
func (w *world) dated(later time.Duration) wire.Change {
	w.t.Helper()
	at := w.clock.Now().Add(later)
	return in(w.t, w.propose("maria", edit, change.Options{Mode: change.Upsert, ApplyAt: &at}), change.Planned)
}

// approvedFor gives one that is approved.
func (w *world) approvedFor(later time.Duration) wire.Change {
	w.t.Helper()
	c := in(w.t, w.does("maria", submit, w.dated(later)), change.Submitted)
	return in(w.t, w.does("olaf", approve, c), change.Approved)
}

// looks is what a server does every few seconds.
func (w *world) looks() {
	w.t.Helper()
	fine(w.t, workflow.ApplyDue(w.w, ctx))
	w.work(w.t)
}

func TestAppliedAtItsTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	before := w.dump("customer")
	c := w.approvedFor(48 * time.Hour)
	if m := w.manifest(t, c); m.Options.ApplyAt == nil || !m.Options.ApplyAt.Equal(*c.ApplyAt) {
		t.Errorf("the time is not part of what was approved: %+v", m.Options)
	}
	if !strings.HasPrefix(c.Next, "It is applied by itself at ") {
		t.Errorf("next: %s", c.Next)
	}
	w.mayNot("olaf", apply, c, errs.Blocked, "is applied then by itself")
	w.clock.pass(47 * time.Hour)
	w.looks()
	in(t, w.see(t, "maria", c), change.Approved)
	if w.dump("customer") != before {
		t.Fatal("it was written before its time")
	}

	w = w.restart("another")
	w.clock.pass(time.Hour)
	w.looks()
	c = in(t, w.see(t, "maria", c), change.Applied)
	w.looks() // another server
	if w.dump("customer") == before || !strings.Contains(w.inbox("maria"), "applied") {
		t.Errorf("not written, or its maker was not told: %s", w.inbox("maria"))
	}
	for _, s := range w.proves(t, c).Steps {
		if string(s.Kind) == "apply.intended" && s.Who != "maria@example.test" {
			t.Errorf("who asked for it: %+v", s)
		}
	}
	in(t, w.undone(t, "olaf", c), change.Applied)
}

// What stands in the way at its time sends a change back, with a reason.
func TestNotAppliedAtItsTime(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		meanwhile func(*world)
		after     time.Duration
		says      string
	}{
		"frozen":        {func(w *world) { fine(w.t, w.freeze("olaf", "customers")) }, 24 * time.Hour, "olaf@example.test froze it"},
		"another rule":  {func(w *world) { w.amend("one_of: [NET30, NET60, NET90]", "one_of: [NET30, NET60, NET91]") }, 24 * time.Hour, "rules for"},
		"late":          {func(*world) {}, 26 * time.Hour, "No server applied it within an hour"},
		"other rows":    {func(w *world) { w.sql("UPDATE customer SET name = 'other' WHERE id = 1") }, 24 * time.Hour, "not what was approved"},
		"a little late": {func(*world) {}, 24*time.Hour + 50*time.Minute, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, company)
			c := w.approvedFor(24 * time.Hour)
			tt.meanwhile(w)
			before := w.dump("customer")
			w.clock.pass(tt.after)
			w.looks()
			c = w.see(t, "maria", c)
			if tt.says == "" {
				in(t, c, change.Applied)
				return
			}
			if in(t, c, change.Planned); !strings.Contains(c.Why, tt.says) {
				t.Errorf("why: %s", c.Why)
			}
			if w.dump("customer") != before || len(w.inbox("maria")) == 0 {
				t.Error("it was written, or its maker was not told")
			}
		})
	}
}

func TestTimesThatAreNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	for days, says := range map[int]string{-1: "is past", 400: "more than a year"} {
		at := w.clock.Now().Add(time.Duration(days) * 24 * time.Hour)
		_, err := w.w.Propose(ctx, w.as("maria"), workflow.Proposal{Dataset: "customers", Name: "f.csv", File: strings.NewReader(edit),
			Options: change.Options{Mode: change.Upsert, ApplyAt: &at}})
		refused(t, err, errs.Usage, says)
	}
	// Nobody approves for a time that is past, or submits for one.
	c, d := w.does("maria", submit, w.dated(time.Hour)), w.dated(time.Hour)
	w.clock.pass(2 * time.Hour)
	w.mayNot("olaf", approve, c, errs.Blocked, "which is past")
	w.mayNot("maria", submit, d, errs.Blocked, "is past")
	in(t, w.does("olaf", reject, c), change.Rejected)
}

// Its maker and every owner may hold back what is approved; nobody else may.
func TestHeldBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	for _, who := range []string{"maria", "olga"} {
		c := w.approvedFor(24 * time.Hour)
		w.mayNot("eva", holds, c, errs.Forbidden, "held back by its maker or by an owner")
		w.mayNot("mona", holds, c, errs.Forbidden, "")
		w.mayNot("fred", holds, c, errs.NotFound, "")
		c = in(t, w.does(who, holds, c), change.Planned)
		if !strings.Contains(c.Why, "not this week") || len(c.Decisions) != 1 || c.Decisions[0].Void == "" {
			t.Errorf("why %q, decisions %+v", c.Why, c.Decisions)
		}
		w.mayNot(who, holds, c, errs.Blocked, "cannot be held back now")
		w.clock.pass(25 * time.Hour)
		w.looks()
		in(t, w.see(t, "maria", c), change.Planned)
	}
}

// Threat: what an owner holds back goes again with the maker's freedom, for nobody
// else is asked.
func TestHeldBackIsDecidedOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, strings.Replace(company, "    guardrails:\n", "    freedom: [{level: expert, when: 'rows <= 5'}]\n    guardrails:\n", 1))
	at := w.clock.Now().Add(24 * time.Hour)
	c := in(t, w.propose("eva", edit, change.Options{Mode: change.Upsert, ApplyAt: &at}), change.Planned)
	c = in(t, w.does("eva", submit, c), change.Approved)
	c = in(t, w.does("eva", holds, c), change.Planned)
	c = in(t, w.does("eva", submit, c), change.Approved) // her own hold is hers to end
	c = in(t, w.does("olga", holds, c), change.Planned)
	c = in(t, w.does("eva", submit, w.does("eva", replan, c)), change.Submitted)
	in(t, w.does("olaf", approve, c), change.Approved)
}

// A change that was stopped at its time does not begin again because a server had
// found it due before.
func TestStoppedDatedStaysStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.approvedFor(24 * time.Hour)
	w.clock.pass(24 * time.Hour)
	found, err := workflow.Due(w.w, ctx)
	fine(t, err)
	fine(t, workflow.ApplyDue(w.w, ctx))
	in(t, w.does("olaf", stop, c), change.Approved)
	for _, due := range found { // by a server that looked at the same time
		fine(t, workflow.ApplyAtItsTime(w.w, ctx, due))
	}
	if len(found) != 1 || in(t, w.see(t, "maria", c), change.Approved).State == "" {
		t.Errorf("%d were due", len(found))
	}
}

// The time to expire counts from when it was to be applied.
func TestExpiryOfDated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.does("maria", submit, w.dated(30*24*time.Hour))
	w.clock.pass(40 * 24 * time.Hour)
	fine(t, workflow.Expire(w.w, ctx))
	fine(t, workflow.Remind(w.w, ctx))
	if c = in(t, w.see(t, "maria", c), change.Submitted); strings.Contains(w.inbox("maria"), "expire") {
		t.Errorf("its maker is told too early that it expires: %s", w.inbox("maria"))
	}
	w.clock.pass(4*24*time.Hour - time.Hour)
	fine(t, workflow.Remind(w.w, ctx))
	if !strings.Contains(w.inbox("maria"), "expir") {
		t.Errorf("its maker is not told that it expires: %s", w.inbox("maria"))
	}
	w.clock.pass(time.Hour + 24*24*time.Hour)
	fine(t, workflow.Expire(w.w, ctx))
	in(t, w.see(t, "maria", c), change.Expired)
}
