package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/goleak"

	"sutor/internal/change"
	"sutor/internal/connector/postgres/pgtest"
	"sutor/internal/errs"
	"sutor/internal/identity"
	"sutor/internal/store/storetest"
	"sutor/internal/workflow"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestStore(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	admin := reopen(t, dsn, Options{})
	storetest.Run(t, func(t *testing.T) storetest.Store { // a schema each: quicker than a database
		schema := "s" + strings.ToLower(rand.Text()[:12])
		exec(t, admin, "CREATE SCHEMA "+schema)
		return reopen(t, dsn+"&search_path="+schema, Options{})
	})
}

// fresh opens a new database and closes it when the test ends.
func fresh(t *testing.T, o Options) *DB {
	t.Helper()
	return reopen(t, pgtest.Database(t), o)
}

func reopen(t *testing.T, dsn string, o Options) *DB {
	t.Helper()
	db, err := Open(t.Context(), dsn, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// propose stores a change and gives its id.
func propose(ctx context.Context, db *DB) (id change.ID, err error) {
	err = db.Do(ctx, func(tx workflow.Tx) error {
		if id, err = tx.NewID(); err != nil {
			return err
		}
		return tx.CreateChange(&change.Change{ID: id, Dataset: "customers", State: change.Planning})
	})
	return id, err
}

func exec(t *testing.T, db *DB, query string, args ...any) {
	t.Helper()
	if _, err := db.pool.Exec(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

func TestIDsStartAt1001(t *testing.T) {
	t.Parallel()
	db := fresh(t, Options{})
	for _, want := range []change.ID{"1001", "1002"} {
		if id, err := propose(t.Context(), db); err != nil || id != want {
			t.Errorf("got %s, %v, want %s", id, err, want)
		}
	}
}

func TestSessionSettings(t *testing.T) {
	t.Parallel()
	db := fresh(t, Options{}) // on a server that has synchronous_commit off
	for name, want := range map[string]string{
		"lock_timeout": "10s", "idle_in_transaction_session_timeout": "30s", "synchronous_commit": "on", "application_name": "sutor",
	} {
		var got string
		if err := db.pool.QueryRow(t.Context(), `SELECT current_setting($1)`, name).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, %v, want %s", name, got, err, want)
		}
	}
}

// Two units of work lock two changes in opposite order: PostgreSQL ends one, which
// is run again.
func TestDeadlockIsRunAgain(t *testing.T) {
	t.Parallel()
	db := fresh(t, Options{})
	a, errA := propose(t.Context(), db)
	b, errB := propose(t.Context(), db)
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	var both, all sync.WaitGroup
	both.Add(2)
	for _, order := range [][2]change.ID{{a, b}, {b, a}} {
		all.Go(func() {
			first := true
			if err := db.Do(t.Context(), func(tx workflow.Tx) error {
				if _, err := tx.Change(order[0]); err != nil {
					return err
				}
				if first { // the second run meets nobody
					first = false
					both.Done()
					both.Wait()
				}
				c, err := tx.Change(order[1])
				if err != nil {
					return err
				}
				return tx.SaveChange(c)
			}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// Only what PostgreSQL ended for another's sake is run again, and not for ever.
func TestHowOftenItIsRunAgain(t *testing.T) {
	t.Parallel()
	db := fresh(t, Options{})
	for code, want := range map[string]int{"40001": attempts, "40P01": attempts, "23505": 1} {
		runs := 0
		err := db.Do(t.Context(), func(tx workflow.Tx) error {
			runs++
			_, err := tx.(interface {
				exec(string, ...any) (int64, error)
			}).exec(fmt.Sprintf(`DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '%s'; END $$`, code))
			return fmt.Errorf("told otherwise, without %v", errs.KindOf(err)) // f hides the cause
		})
		if runs != want || err == nil {
			t.Errorf("after %s: run %d times, want %d; %v", code, runs, want, err)
		}
		if want > 1 && errs.KindOf(err) != errs.Unavailable {
			t.Errorf("after %s: %v", code, err)
		}
	}
}

// An f that goes on after a failed statement must not look like a success.
func TestSwallowedFailure(t *testing.T) {
	t.Parallel()
	db := fresh(t, Options{})
	id, err := propose(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Do(t.Context(), func(tx workflow.Tx) error {
		if err := tx.CreateChange(&change.Change{ID: id}); err == nil {
			t.Error("a change was created over another")
		}
		return nil
	})
	if err == nil {
		t.Error("Do succeeded")
	}
	err = db.Do(t.Context(), func(tx workflow.Tx) error {
		_ = tx.CreateChange(&change.Change{ID: id})
		_, err := tx.NewID()
		return err
	})
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != "23505" {
		t.Errorf("the first failure is not told: %v", err)
	}
}

// Readers wait for no writer.
func TestReadingDuringDo(t *testing.T) {
	t.Parallel()
	db := fresh(t, Options{})
	id, err := propose(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Do(t.Context(), func(tx workflow.Tx) error {
		if _, err := tx.Change(id); err != nil {
			return err
		}
		if err := tx.AddToken(identity.Token{ID: "T1"}); err != nil {
			return err
		}
		if _, err := db.Token(t.Context(), "T1"); errs.KindOf(err) != errs.NotFound {
			t.Errorf("a token not yet committed can be used: %v", err)
		}
		return db.View(t.Context(), func(tx workflow.Tx) error {
			_, err := tx.Change(id)
			return err
		})
	}); err != nil {
		t.Error(err)
	}
}

// Somebody who holds a change for too long makes others fail, not hang.
func TestHeldChange(t *testing.T) {
	t.Parallel()
	db := fresh(t, Options{})
	id, err := propose(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	read := func(tx workflow.Tx) error { _, err := tx.Change(id); return err }
	if err := db.Do(t.Context(), func(holder workflow.Tx) error {
		if err := read(holder); err != nil {
			return err
		}
		err := db.Do(t.Context(), func(waiter workflow.Tx) error {
			if err := waiter.(*tx).run(`SET LOCAL lock_timeout = '50ms'`); err != nil {
				return err
			}
			return read(waiter)
		})
		if errs.KindOf(err) != errs.Unavailable {
			t.Errorf("got %v", err)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

func TestEnqueueIsPartOfTheTransaction(t *testing.T) {
	t.Parallel()
	db := fresh(t, Options{Enqueue: func(ctx context.Context, tx pgx.Tx, j workflow.Job) error {
		_, err := tx.Exec(ctx, `INSERT INTO queue VALUES ($1, $2)`, j.Kind, j.Change)
		return err
	}})
	exec(t, db, `CREATE TABLE queue (kind text, id text)`)
	enqueue := func(outcome error) error {
		return db.Do(t.Context(), func(tx workflow.Tx) error {
			return errors.Join(tx.Enqueue(workflow.Job{Kind: workflow.JobPlan, Change: "1001"}), outcome)
		})
	}
	queued := func() (n int) {
		if err := db.pool.QueryRow(t.Context(), `SELECT count(*) FROM queue`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if err := enqueue(errors.New("no")); err == nil || queued() != 0 {
		t.Errorf("after a rollback %d jobs are queued, %v", queued(), err)
	}
	if err := enqueue(nil); err != nil || queued() != 1 {
		t.Errorf("after a commit %d jobs are queued, %v", queued(), err)
	}
}

func TestAProgramWithoutQueue(t *testing.T) {
	t.Parallel()
	db := fresh(t, Options{})
	err := db.Do(t.Context(), func(tx workflow.Tx) error { return tx.Enqueue(workflow.Job{Kind: workflow.JobPlan}) })
	if errs.KindOf(err) != errs.Internal {
		t.Errorf("got %v", err)
	}
}

func TestTheLogIsAppendOnly(t *testing.T) {
	t.Parallel()
	db := fresh(t, Options{})
	exec(t, db, `INSERT INTO leaves VALUES (0, '', '{}', NULL)`)
	exec(t, db, `INSERT INTO hashes VALUES (0, decode(repeat('00', 32), 'hex'))`)
	for _, table := range []string{"leaves", "hashes"} {
		for _, attempt := range []string{"DELETE FROM %s", "UPDATE %s SET number = 1", "TRUNCATE %s"} {
			_, err := db.pool.Exec(t.Context(), fmt.Sprintf(attempt, table))
			if err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf(attempt+" gave %v", table, err)
			}
		}
	}
}

// limit is how long a test waits for what must happen; it only ends a test that
// would fail anyway.
const limit = 20 * time.Second

func told(t *testing.T, committed <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-committed:
	case <-time.After(limit):
		t.Fatal(what)
	}
}

func TestWatchHearsOfOtherProcesses(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	here, there := reopen(t, dsn, Options{}), reopen(t, dsn, Options{})
	committed, stop := here.Watch("")
	defer stop()
	if _, err := propose(t.Context(), there); err != nil {
		t.Fatal(err)
	}
	told(t, committed, "a commit elsewhere was not told")
	if err := there.Do(t.Context(), func(tx workflow.Tx) error { _, err := tx.InForce(); return err }); err != nil {
		t.Fatal(err)
	}
	// Notifications come in order: had the reading been told, it would be first.
	if err := there.Do(t.Context(), func(tx workflow.Tx) error { return tx.AddToken(identity.Token{ID: "T1"}) }); err != nil {
		t.Fatal(err)
	}
	told(t, committed, "a second commit elsewhere was not told")
	if _, err := here.Token(t.Context(), "T1"); err != nil {
		t.Errorf("told before it was there, or of a unit of work that wrote nothing: %v", err)
	}
}

// The server cuts the listener's connection: it connects again, tells everybody
// to look, and hears of what comes then.
func TestListenerConnectsAgain(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	here, there := reopen(t, dsn, Options{}), reopen(t, dsn, Options{})
	committed, stop := here.Watch("")
	defer stop()
	exec(t, there, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'`)
	told(t, committed, "the listener did not come back")
	if _, err := propose(t.Context(), there); err != nil {
		t.Fatal(err)
	}
	told(t, committed, "the new listener hears nothing")
}

func TestCloseLeavesNothingRunning(t *testing.T) {
	dsn := pgtest.Database(t)
	before := goleak.IgnoreCurrent()
	db, err := Open(t.Context(), dsn, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := propose(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	goleak.VerifyNone(t, before)
}

// A connection that the server ends is a sentence, and the next unit of work gets
// a new one.
func TestLostConnection(t *testing.T) {
	t.Parallel()
	db := fresh(t, Options{})
	id, err := propose(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Do(t.Context(), func(work workflow.Tx) error {
		var pid int
		if err := work.(*tx).row(`SELECT pg_backend_pid()`).Scan(&pid); err != nil {
			return err
		}
		exec(t, db, `SELECT pg_terminate_backend($1)`, pid)
		c, err := work.Change(id)
		if err != nil {
			return err
		}
		return work.SaveChange(c)
	})
	if errs.KindOf(err) != errs.Unavailable {
		t.Errorf("got %v", err)
	}
	if _, err := propose(t.Context(), db); err != nil {
		t.Error(err)
	}
}

func TestCommitWithoutAnswer(t *testing.T) {
	t.Parallel()
	for _, err := range []error{&pgconn.ConnectError{Config: &pgconn.Config{}}, context.DeadlineExceeded} {
		if got := uncertain(err); errs.KindOf(got) != errs.Unavailable || !strings.Contains(got.Error(), "not known whether") {
			t.Errorf("%v gave %v", err, got)
		}
	}
	if got := uncertain(&pgconn.PgError{Code: "40001"}); strings.Contains(got.Error(), "not known whether") {
		t.Errorf("the server refused, and still: %v", got)
	}
}
