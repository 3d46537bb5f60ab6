package workflow_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/wire"
)

// together runs all at the same moment and gives their errors.
func together(all ...func() error) []error {
	out := make([]error, len(all))
	start := make(chan struct{})
	var group sync.WaitGroup
	for i, f := range all {
		group.Go(func() {
			<-start
			out[i] = f()
		})
	}
	close(start)
	group.Wait()
	return out
}

// by makes a function of somebody's act.
func (w *world) by(name string, a act, c wire.Change) func() error {
	p := w.as(name)
	return func() error {
		_, err := a(w, p, c)
		return err
	}
}

// winners counts those that were not refused; a refusal is of one of the kinds.
func winners(t tb, errors []error, kinds ...errs.Kind) (n int) {
	t.Helper()
	for _, err := range errors {
		allowed := err == nil
		if err == nil {
			n++
		}
		for _, k := range kinds {
			allowed = allowed || errs.KindOf(err) == k
		}
		if !allowed {
			t.Errorf("refused as %s: %s", errs.KindOf(err), errs.Detail(err))
		}
	}
	return n
}

// rounds is how often each race is run.
const rounds = 3

func TestTwoDecidersAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	for range rounds {
		c := w.inState(change.Submitted)
		if n := winners(t, together(w.by("olaf", approve, c), w.by("olga", approve, c)), errs.Blocked); n != 1 {
			t.Errorf("%d of two owners decided where one was asked for", n)
		}
		if c = in(t, w.see(t, "maria", c), change.Approved); len(c.Decisions) != 1 {
			t.Errorf("decisions: %+v", c.Decisions)
		}
		c = w.inState(change.Submitted)
		if n := winners(t, together(w.by("olaf", approve, c), w.by("olga", reject, c)), errs.Blocked); n != 1 {
			t.Errorf("%d of an approval and a rejection counted", n)
		}
		c = stageForManager(w)
		if n := winners(t, together(w.by("olaf", approve, c), w.by("mona", approve, c)), errs.Blocked); n != 2 {
			t.Errorf("%d of an owner and a manager, who are both asked for, decided", n)
		}
		in(t, w.see(t, "maria", c), change.Approved)
		c = stageForManager(w)
		if n := winners(t, together(w.by("both", approve, c), w.by("both", approve, c)), errs.Blocked); n != 1 {
			t.Errorf("one person decided %d times", n)
		}
	}
}

// Two who apply and two workers who are woken up: one run, nothing twice.
func TestTwoAppliersAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain)
	w.sql(`CREATE TRIGGER count_updates AFTER UPDATE OF name ON customer BEGIN UPDATE customer SET touched = touched + 1 WHERE id = new.id; END`)
	for range rounds {
		w.sql(`UPDATE customer SET name = 'Ann', touched = 0 WHERE id = 1; UPDATE customer SET touched = 0 WHERE id = 1`)
		c := w.approvedIn("id,name\n1,Anna\n")
		winners(t, together(w.by("maria", apply, c), w.by("olaf", apply, c)), errs.Blocked)
		jobs := w.queue.take()
		if len(jobs) != 1 {
			t.Fatalf("%d jobs were enqueued", len(jobs))
		}
		do := func() error { return w.do(jobs[0]) }
		winners(t, together(do, do, do), errs.Blocked)
		c = in(t, w.see(t, "maria", c), change.Applied)
		if got := w.value("touched", 1); got != "1" || c.Result.Applied != 1 {
			t.Errorf("the row was written %s times, the result says %+v", got, c.Result)
		}
		w.mayNot("maria", apply, c, errs.Blocked, "applied already")
		fine(t, w.do(jobs[0])) // a job that comes late finds nothing to do
		if got := w.value("touched", 1); got != "1" {
			t.Errorf("a late job wrote the row again: %s", got)
		}
	}
}

// Two changes of one row: whoever is applied second meets the other's work.
func TestTwoChangesOfOneRow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	a, b := w.approvedIn("id,name\n1,Anna\n"), w.approvedIn("id,name\n1,Annabel\n")
	winners(t, together(w.by("maria", apply, a), w.by("olaf", apply, b)))
	jobs := w.queue.take()
	winners(t, together(func() error { return w.do(jobs[0]) }, func() error { return w.do(jobs[1]) }))
	states := map[string]int{w.see(t, "maria", a).State: 1}
	states[w.see(t, "maria", b).State]++
	if states["applied"] != 1 || states["planned"] != 1 {
		t.Errorf("states: %v", states)
	}
}

// Planning again while somebody approves: never is a plan approved that nobody
// decided on.
func TestReplanWhileApproving(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	for range rounds {
		c := w.inState(change.Submitted)
		w.clock.pass(time.Minute)
		winners(t, together(w.by("olaf", approve, c), w.by("maria", replan, c)), errs.Blocked, errs.Changed)
		w.work(t)
		now := w.see(t, "maria", c)
		void(t, in(t, now, change.Planned))
		if now.Plan.Digest == c.Plan.Digest {
			t.Error("the old plan stands")
		}
		w.mayNot("maria", apply, now, errs.Blocked, "")
	}
}

// A Compact put in force while somebody applies: either it was applied by the old
// rules before, or its decisions are void.
func TestCompactChangesWhileApplying(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	for _, limit := range []string{"2000", "3000", "4000"} {
		w.sql(`UPDATE customer SET name = 'Ann' WHERE id = 1`)
		c := w.inState(change.Approved)
		last := w.text
		errors := together(w.by("maria", apply, c), func() error {
			w.inForce(t, strings.Replace(company, "> 1000", "> "+limit, 1))
			return nil
		})
		if last == w.text {
			t.Fatal("the Compact did not change")
		}
		winners(t, errors, errs.Blocked)
		w.work(t)
		want, name := change.Applied, "Anna"
		if errors[0] != nil {
			want, name = change.Planned, "Ann"
		}
		in(t, w.see(t, "maria", c), want)
		if got := w.value("name", 1); got != name {
			t.Errorf("the name of a %s change is %s", want, got)
		}
	}
}

// Withdrawn while it is planned: the plan that comes late changes nothing.
func TestWithdrawWhilePlanning(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	for range rounds {
		c := w.inState(change.Planning)
		job := w.queue.take()[0]
		winners(t, together(func() error { return w.do(job) }, w.by("maria", withdraw, c)), errs.Blocked)
		in(t, w.see(t, "maria", c), change.Withdrawn)
	}
}

// What a server left behind is taken over by the next, once.
func TestTakenOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	planning, applying := w.inState(change.Planning), w.inState(change.Applying)
	w.queue.take() // the queue is lost
	next := w.restart("two")
	fine(t, next.w.Recover(ctx))
	next.work(t)
	in(t, next.see(t, "maria", planning), change.Planned)
	in(t, next.see(t, "maria", applying), change.Applied)
	fine(t, next.w.Recover(ctx))
	if jobs := w.queue.take(); len(jobs) != 0 {
		t.Errorf("there is still work: %v", jobs)
	}
}
