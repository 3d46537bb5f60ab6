package workflow

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"sutor/internal/change"
	"sutor/internal/errs"
)

// Who works on a change is decided by the lease in the change itself, not by the
// queue, which only wakes somebody up. A holder renews its lease every beat; a
// lease that was not renewed for dead is taken over, with the next epoch, and
// every later write of the former holder is refused by held.
const (
	beat  = 2 * time.Second
	dead  = 10 * time.Second
	watch = 5 * time.Second  // between two looks for leases to take over
	lost  = 15 * time.Second // after which a job that nobody began is taken for lost: whoever took it may have ended before its lease
)

// claim takes the lease of a change in the given state; nil if the change is not
// there any more, or somebody works on it. To apply, it waits until no other
// process applies to the dataset.
func (w *Workflow) claim(ctx context.Context, id change.ID, state change.State) (*change.Change, error) {
	if _, busy := w.running.LoadOrStore(id, true); busy {
		return nil, nil
	}
	c, err := w.take(ctx, id, state)
	for err == errTurn && pause(ctx) {
		c, err = w.take(ctx, id, state)
	}
	if err != nil || c == nil {
		w.running.Delete(id)
		return nil, err
	}
	return c, nil
}

// errTurn: another process applies to the same dataset.
var errTurn = errors.New("workflow: another process applies to the dataset")

func (w *Workflow) take(ctx context.Context, id change.ID, state change.State) (*change.Change, error) {
	var c *change.Change
	err := w.Store.Do(ctx, func(tx Tx) error {
		c = nil
		found, err := tx.Change(id)
		if err != nil || found.State != state || w.alive(found.Lease) {
			return err
		}
		// Work goes by the Compact in force, whoever put it there. What became of an apply that
		// somebody began is found out whatever it says, and a commit asks again.
		if err := w.adopt(tx); err != nil && (state != change.Applying || found.Lease == nil) {
			return err
		}
		if state == change.Applying {
			if err := w.ourTurn(tx, found); err != nil {
				return err
			}
		}
		lease := &change.Lease{Node: w.Node, Home: w.Home, Epoch: 1, Beat: w.Now()}
		if old := found.Lease; old != nil {
			lease.Epoch, lease.Tx, lease.Committing = old.Epoch+1, old.Tx, old.Committing
		}
		found.Lease = lease
		c = found
		return tx.SaveChange(found)
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// ourTurn refuses while another process applies to the dataset; within this one
// turn keeps the order.
func (w *Workflow) ourTurn(tx Tx, c *change.Change) error {
	for _, name := range slices.Sorted(slices.Values(c.Datasets())) {
		if err := tx.TakeTurn(name); err != nil {
			return err
		}
	}
	others, err := tx.Changes(Filter{Datasets: c.Datasets(), States: []change.State{change.Applying}, Limit: 100_000})
	for _, o := range others {
		if o.ID != c.ID && o.Lease != nil && w.alive(o.Lease) {
			return errTurn
		}
	}
	if err != nil {
		return err
	}
	for _, name := range c.Datasets() {
		if err := w.nobodyTries(tx, name); err != nil {
			return err
		}
	}
	return nil
}

// alive tells whether somebody else holds the lease. Where this process is the
// only one that may own the metadata, no lease from before its start is alive;
// nor is one of its own home, where one process at a time lives. All others have
// to lapse.
func (w *Workflow) alive(l *change.Lease) bool {
	switch {
	case l == nil || l.Node == w.Node:
		return false
	case (w.Sole || w.Home != "" && l.Home == w.Home) && l.Beat.Before(w.started):
		return false
	}
	return w.Now().Sub(l.Beat) < dead
}

// held gives the change if this worker still holds its lease: the fencing that
// keeps a worker that was taken for dead from writing.
func held(tx Tx, c *change.Change, state change.State) (*change.Change, error) {
	now, err := tx.Change(c.ID)
	if err != nil {
		return nil, err
	}
	if now.State != state || now.Lease == nil || c.Lease == nil || now.Lease.Epoch != c.Lease.Epoch || now.Lease.Node != c.Lease.Node {
		return nil, nil
	}
	return now, nil
}

// keepAlive renews the lease while work goes on. The context it gives ends when
// the lease is lost: the change was withdrawn, or taken over by somebody who
// took this process for dead; or, with errStopped as its cause, when an apply is to
// be given up.
func (w *Workflow) keepAlive(ctx context.Context, c *change.Change) (context.Context, context.CancelFunc) {
	working, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(beat)
		defer ticker.Stop()
		for {
			select {
			case <-working.Done():
				return
			case <-ticker.C:
				kept, err := w.renew(working, c)
				switch {
				case errors.Is(err, errStopped):
					cancel(errStopped)
				case err == nil && !kept:
					cancel(context.Canceled)
				}
			}
		}
	}()
	return working, func() {
		cancel(context.Canceled)
		<-done
		w.running.Delete(c.ID)
		w.progress.Delete(c.ID)
	}
}

func (w *Workflow) renew(ctx context.Context, c *change.Change) (kept bool, err error) {
	err = w.Store.Do(ctx, func(tx Tx) error {
		now, err := held(tx, c, c.State)
		if kept = now != nil; err != nil || !kept {
			return err
		}
		if now.Halt != nil && now.Lease.Committing == nil {
			return errStopped
		}
		now.Lease.Beat = w.Now()
		return tx.SaveChange(now)
	})
	return kept, err
}

// Recover takes over what a server that ended in the middle left behind: it
// wakes up the work of every change that is planning or applying and that nobody
// works on. Call it at start, before the queue runs.
func (w *Workflow) Recover(ctx context.Context) error { return w.takeOver(ctx, 0) }

// Watch looks for leases to take over, for changes that nobody decided on in time,
// for those whose time to be applied has come, for what is kept too long, and for
// people to be reminded, until ctx ends.
func (w *Workflow) Watch(ctx context.Context) {
	var mailing sync.WaitGroup
	mailing.Go(func() { w.keepMailing(ctx) })
	defer mailing.Wait()
	ticker, slow := time.NewTicker(watch), time.NewTicker(12*watch)
	defer ticker.Stop()
	defer slow.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-slow.C: // what counts by the clock, and is only recorded
			w.each(ctx, "recording what has lapsed and what was read", w.lapse, w.logReads)
		case <-ticker.C:
			w.each(ctx, "looking after what was left behind", w.upToDate,
				func(ctx context.Context) error { return w.takeOver(ctx, lost) }, w.expire, w.applyDue, w.purgeInTime, w.remind)
		}
	}
}

// each does one after the other, whatever becomes of those before, and tells the log what failed.
func (w *Workflow) each(ctx context.Context, what string, all ...func(context.Context) error) {
	for _, do := range all {
		err := func() (err error) {
			defer errs.Caught(&err)
			return do(ctx)
		}()
		if err != nil && ctx.Err() == nil {
			w.Log.Error(what, "error", errs.Detail(err))
		}
	}
}

// upToDate takes up the Compact that another process put in force.
func (w *Workflow) upToDate(ctx context.Context) error {
	return w.Store.View(ctx, w.adopt)
}

// takeOver enqueues the work of changes whose lease is dead, and of those that
// nobody has begun to work on for the given time.
func (w *Workflow) takeOver(ctx context.Context, waited time.Duration) error {
	var woken []change.ID
	err := w.Store.Do(ctx, func(tx Tx) error {
		woken = nil
		for state, kind := range map[change.State]JobKind{change.Planning: JobPlan, change.Applying: JobApply} {
			left, err := tx.Changes(Filter{States: []change.State{state}, Limit: 100_000})
			if err != nil {
				return err
			}
			for _, c := range left {
				if !w.orphan(c, waited) {
					continue
				}
				if err := tx.Enqueue(Job{Kind: kind, Change: c.ID}); err != nil {
					return err
				}
				woken = append(woken, c.ID)
			}
		}
		return nil
	})
	if err == nil {
		for _, id := range woken {
			w.woken.Store(id, w.Now())
		}
	}
	return err
}

// orphan tells whether nobody works on the change. A change is woken up at most
// once in the time after which a job counts as lost, so that a long queue is not
// filled with repetitions.
func (w *Workflow) orphan(c *change.Change, waited time.Duration) bool {
	if _, here := w.running.Load(c.ID); here || w.alive(c.Lease) {
		return false
	}
	if c.Lease == nil && w.Now().Sub(c.UpdatedAt) < waited {
		return false
	}
	last, told := w.woken.Load(c.ID)
	return !told || waited == 0 || w.Now().Sub(last.(time.Time)) >= lost
}
