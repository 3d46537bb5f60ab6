package workflow_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"sutor/internal/change"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// leaves makes a change look as a process leaves it that ends in the middle.
func (w *world) leaves(c wire.Change, l change.Lease) wire.Change {
	w.t.Helper()
	fine(w.t, w.deps.Store.Do(ctx, func(tx workflow.Tx) error {
		stored, err := tx.Change(change.ID(c.ID))
		if err != nil {
			return err
		}
		stored.Lease = &l
		return tx.SaveChange(stored)
	}))
	w.queue.take() // the wake-up was delivered
	return c
}

// A process takes over at once what a former one of its home left behind; what
// another's did, when its lease has lapsed.
func TestOwnHomeIsTakenOverAtOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		mine       string // the next process's home
		beatsLater bool   // the former one lives on, in a copy of its home
		atOnce     bool
	}{
		{"same home", "folder", false, true},
		{"another home", "elsewhere", false, false},
		{"none", "", false, false},
		{"a copy of the home, whose process lives", "folder", true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, company)
			planning, applying := w.inState(change.Planning), w.inState(change.Applying)
			lease := change.Lease{Node: "former", Home: "folder", Epoch: 1, Beat: w.clock.Now()}
			if c.mine == "" {
				lease.Home = ""
			}
			w.clock.pass(time.Second)
			w.deps.Home = c.mine
			next := w.restart("next")
			if c.beatsLater {
				w.clock.pass(time.Second)
				lease.Beat = w.clock.Now()
			}
			w.leaves(planning, lease)
			w.leaves(applying, lease)
			fine(t, next.w.Recover(ctx))
			if jobs := len(next.queue.jobs); jobs != 0 != c.atOnce {
				t.Fatalf("%d changes are taken over at once", jobs)
			}
			w.clock.pass(10 * time.Second)
			fine(t, next.w.Recover(ctx))
			next.work(t)
			in(t, next.see(t, "maria", planning), change.Planned)
			in(t, next.see(t, "maria", applying), change.Applied)
		})
	}
}

// frozen leaves a change whose apply has written its row in a transaction that
// nobody ends, and gives that transaction.
func (b *busy) frozen(noted bool) (wire.Change, pgx.Tx) {
	b.t.Helper()
	c := b.approvedIn("id,name\n1,Anna\n")
	_, err := apply(b.world, b.as("maria"), c)
	fine(b.t, err)
	zombie := b.begin(`UPDATE customer SET name = 'Anna' WHERE id = 1`)
	l := change.Lease{Node: "frozen", Epoch: 1, Beat: b.clock.Now()}
	fine(b.t, zombie.QueryRow(ctx, `SELECT pg_current_xact_id()::text`).Scan(&l.Tx))
	if noted {
		l.Committing = &change.Committing{Tx: l.Tx, Rows: 1}
	}
	b.leaves(c, l)
	b.clock.pass(time.Minute)
	fine(b.t, b.w.Recover(ctx))
	return c, zombie
}

// The transaction of a server that is frozen, or that the network has cut off, is
// ended after a while, and the rows are written by who took over: once.
func TestOpenTransactionOfALostServerIsEnded(t *testing.T) {
	t.Parallel()
	for name, noted := range map[string]bool{"before it noted its commit": false, "before its commit": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBusy(t, customers)
			c, zombie := b.frozen(noted)
			b.work(t)
			if c = in(t, b.see(t, "maria", c), change.Applied); c.Result.Applied != 1 {
				t.Errorf("result %+v", c.Result)
			}
			if err := zombie.Commit(ctx); err == nil {
				t.Error("the lost server could commit")
			}
			if dump := b.dump("customer"); !strings.Contains(dump, "(1,Anna,") {
				t.Errorf("the table is\n%s", dump)
			}
			b.undone(t, "olaf", c)
			if dump := b.dump("customer"); !strings.Contains(dump, "(1,Ann,") {
				t.Errorf("after the undo the table is\n%s", dump)
			}
		})
	}
}

// Where the account may not end the transaction, that is said, and waited for.
func TestOpenTransactionThatMayNotBeEnded(t *testing.T) {
	t.Parallel()
	b := newBusy(t, customers)
	b.asClerk("customer", "country") // who is nobody to the zombie's account
	c, zombie := b.frozen(false)
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.work(t)
	}()
	for until := time.Now().Add(30 * time.Second); ; {
		if now := b.see(t, "maria", c); now.Progress != nil && strings.Contains(now.Progress.Step, "may not end it") {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("it says %+v", b.see(t, "maria", c).Progress)
		}
	}
	fine(t, zombie.Rollback(ctx))
	<-done
	in(t, b.see(t, "maria", c), change.Applied)
}

// Where only the rows tell what became of an apply, and the plan is not what it was any
// more, nobody says that they were written, or that they were not.
func TestFateByAnAlteredPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain)
	other := w.propose("maria", "id,name\n1,Eve\n", upsert)
	c := w.approvedIn("id,name\n1,Anna\n")
	_, err := apply(w, w.as("maria"), c)
	fine(t, err)
	w.sql(`UPDATE customer SET name = 'Anna' WHERE id = 1`) // committed, and nobody heard of it
	w.leaves(c, change.Lease{Node: "former", Epoch: 1, Beat: w.clock.Now(), Committing: &change.Committing{Rows: 1}})
	back := w.instead(w.planFile(c), w.planFile(other))
	w.clock.pass(time.Minute)
	fine(t, w.w.Recover(ctx))
	w.work(t)
	if c = in(t, w.see(t, "maria", c), change.Failed); !strings.Contains(c.Why, "cannot be told") || strings.Contains(c.Why, "nothing") {
		t.Errorf("it says %q", c.Why)
	}
	told(t, c.Why)
	back()
}
