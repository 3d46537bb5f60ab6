package job_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"go.uber.org/goleak"

	"sutor/internal/change"
	"sutor/internal/connector/postgres/pgtest"
	"sutor/internal/errs"
	"sutor/internal/job"
	"sutor/internal/store/postgres"
	"sutor/internal/store/sqlite"
	"sutor/internal/workflow"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// limit is how long a test waits for what must happen; it only ends a test that
// would fail anyway.
const limit = 20 * time.Second

// worker tells of every call, then does what the test wants.
type worker struct {
	plan, apply func(context.Context, change.ID) error
	calls       chan workflow.Job
}

func (w *worker) Plan(ctx context.Context, id change.ID) error {
	return w.call(ctx, workflow.Job{Kind: workflow.JobPlan, Change: id}, w.plan)
}

func (w *worker) Apply(ctx context.Context, id change.ID) error {
	return w.call(ctx, workflow.Job{Kind: workflow.JobApply, Change: id}, w.apply)
}

func (w *worker) call(ctx context.Context, j workflow.Job, f func(context.Context, change.ID) error) error {
	w.calls <- j
	if f == nil {
		return nil
	}
	return f(ctx, j.Change)
}

// house is a store with a queue in it.
type house struct {
	metadata
	*worker
	jobs queue
	raw  *sql.DB      // to look at River's tables
	log  bytes.Buffer // read it after Stop only
}

type metadata interface {
	workflow.Store
	Close() error
}

type queue interface {
	Start(context.Context) error
	Stop(context.Context) error
}

// database is one kind of metadata database.
type database struct {
	// open makes a fresh one; house.make makes its queue, and can be called again.
	open func(t *testing.T, h *house) (newQueue func(job.Options) (queue, error))
}

// both runs a test on each database.
func both(t *testing.T, test func(*testing.T, database)) {
	t.Run("sqlite", func(t *testing.T) { test(t, database{openSQLite}) })
	t.Run("postgres", func(t *testing.T) { test(t, database{openPostgres}) })
}

func openSQLite(t *testing.T, h *house) func(job.Options) (queue, error) {
	t.Helper()
	var jobs *job.Client[*sql.Tx]
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "sutor.db"), sqlite.Options{
		Enqueue:  func(ctx context.Context, tx *sql.Tx, j workflow.Job) error { return jobs.Enqueue(ctx, tx, j) },
		Enqueued: func(kind workflow.JobKind) { jobs.Wake(kind) },
	})
	if err != nil {
		t.Fatal(err)
	}
	h.metadata, h.raw = db, db.Writer()
	return func(o job.Options) (queue, error) {
		jobs, err = job.New(t.Context(), job.SQLite(db.Writer()), h.worker, o)
		return jobs, err
	}
}

func openPostgres(t *testing.T, h *house) func(job.Options) (queue, error) {
	t.Helper()
	var jobs *job.Client[pgx.Tx]
	db, err := postgres.Open(t.Context(), pgtest.Database(t), postgres.Options{
		Enqueue: func(ctx context.Context, tx pgx.Tx, j workflow.Job) error { return jobs.Enqueue(ctx, tx, j) },
	})
	if err != nil {
		t.Fatal(err)
	}
	h.metadata, h.raw = db, stdlib.OpenDBFromPool(db.Pool())
	return func(o job.Options) (queue, error) {
		jobs, err = job.New(t.Context(), job.Postgres(db.Pool()), h.worker, o)
		return jobs, err
	}
}

// build makes a house; with start its workers run until the test ends.
func build(t *testing.T, on database, w worker, o job.Options, start bool) *house {
	t.Helper()
	h := &house{worker: &w}
	h.calls = make(chan workflow.Job, 1000)
	newQueue := on.open(t, h)
	t.Cleanup(func() { h.close(t) })
	o.Log = slog.New(slog.NewTextHandler(&h.log, nil))
	var err error
	if h.jobs, err = newQueue(o); err != nil {
		t.Fatal(err)
	}
	if _, err := newQueue(o); err != nil { // as a server that starts a second time does: its tables are there
		t.Fatal(err)
	}
	if start {
		h.start(t)
		t.Cleanup(func() { h.stop(t) })
	}
	return h
}

func (h *house) close(t *testing.T) {
	t.Helper()
	if err := errors.Join(h.raw.Close(), h.Close()); err != nil {
		t.Error(err)
	}
}

func (h *house) start(t *testing.T) {
	t.Helper()
	if err := h.jobs.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (h *house) stop(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := h.jobs.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// enqueue puts jobs into the queue in one transaction that ends with outcome.
func (h *house) enqueue(t *testing.T, kind workflow.JobKind, outcome error, ids ...change.ID) {
	t.Helper()
	err := h.Do(t.Context(), func(tx workflow.Tx) error {
		for _, id := range ids {
			if err := tx.Enqueue(workflow.Job{Kind: kind, Change: id}); err != nil {
				return err
			}
		}
		return outcome
	})
	if !errors.Is(err, outcome) {
		t.Error(err) // also called by other goroutines than the test's
	}
}

// called waits for the next call.
func (h *house) called(t *testing.T) workflow.Job {
	t.Helper()
	select {
	case j := <-h.calls:
		return j
	case <-time.After(limit):
		t.Fatal("no worker was called")
		return workflow.Job{}
	}
}

// states counts River's jobs by state.
func (h *house) states(t *testing.T) map[string]int {
	t.Helper()
	rows, err := h.raw.QueryContext(t.Context(), `SELECT CAST(state AS text), count(*) FROM river_job GROUP BY state`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all := map[string]int{}
	for rows.Next() {
		var state string
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			t.Fatal(err)
		}
		all[state] = n
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func wait(t *testing.T, ch <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-ch:
	case <-time.After(limit):
		t.Fatal(what)
	}
}

func TestCommittedJobRuns(t *testing.T) { both(t, testCommittedJobRuns) }

func testCommittedJobRuns(t *testing.T, on database) {
	t.Parallel()
	h := build(t, on, worker{}, job.Options{}, true)
	for _, kind := range []workflow.JobKind{workflow.JobPlan, workflow.JobApply} {
		h.enqueue(t, kind, nil, "1001")
		if got, want := h.called(t), (workflow.Job{Kind: kind, Change: "1001"}); got != want {
			t.Errorf("called %v, want %v", got, want)
		}
	}
}

func TestRolledBackJobNeverRuns(t *testing.T) { both(t, testRolledBackJobNeverRuns) }

func testRolledBackJobNeverRuns(t *testing.T, on database) {
	t.Parallel()
	h := build(t, on, worker{}, job.Options{Plans: 1}, true)
	h.enqueue(t, workflow.JobPlan, errors.New("no"), "1001")
	h.enqueue(t, workflow.JobPlan, nil, "1002")
	if got := h.called(t); got.Change != "1002" {
		t.Errorf("called for %s", got.Change)
	}
	h.stop(t)
	if n := len(h.calls); n != 0 {
		t.Errorf("%d more calls", n)
	}
}

// What is enqueued while no worker runs waits in the file.
func TestJobWaitsForStart(t *testing.T) { both(t, testJobWaitsForStart) }

func testJobWaitsForStart(t *testing.T, on database) {
	t.Parallel()
	h := build(t, on, worker{}, job.Options{}, false)
	h.enqueue(t, workflow.JobApply, nil, "1001")
	h.start(t)
	if got := h.called(t); got.Change != "1001" {
		t.Errorf("called for %s", got.Change)
	}
	h.stop(t)
}

func TestStopWaitsForRunningWork(t *testing.T) { both(t, testStopWaitsForRunningWork) }

func testStopWaitsForRunningWork(t *testing.T, on database) {
	t.Parallel()
	stopping, finished := make(chan struct{}), false
	var h *house
	h = build(t, on, worker{apply: func(ctx context.Context, _ change.ID) error {
		<-stopping
		for range 50 { // work that takes far longer than Stop would without waiting
			if err := h.Do(ctx, func(tx workflow.Tx) error { _, err := tx.NewID(); return err }); err != nil {
				return err
			}
		}
		finished = true
		return nil
	}}, job.Options{}, true)
	h.enqueue(t, workflow.JobApply, nil, "1001")
	h.called(t)
	close(stopping)
	h.stop(t)
	if !finished {
		t.Error("Stop returned before the work was done, or cancelled it")
	}
	if got := h.states(t); got["completed"] != 1 || len(got) != 1 {
		t.Errorf("jobs by state: %v", got)
	}
}

func TestImpatientStopCancelsWork(t *testing.T) { both(t, testImpatientStopCancelsWork) }

func testImpatientStopCancelsWork(t *testing.T, on database) {
	t.Parallel()
	cancelled := make(chan struct{})
	h := build(t, on, worker{plan: func(ctx context.Context, _ change.ID) error {
		<-ctx.Done()
		close(cancelled)
		return ctx.Err()
	}}, job.Options{}, true)
	h.enqueue(t, workflow.JobPlan, nil, "1001")
	h.called(t)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.jobs.Stop(over); err != nil {
		t.Fatal(err)
	}
	wait(t, cancelled, "the work was not cancelled")
	if text := h.log.String(); !strings.Contains(text, "level=WARN") || !strings.Contains(text, "change=1001") {
		t.Errorf("logged:\n%s", text)
	}
}

// An end of the context that Start was called with is no end of the workers:
// shutting down is Stop's, in the order that the composition wants.
func TestWorkersOutliveTheContextOfStart(t *testing.T) { both(t, testWorkersOutliveTheContextOfStart) }

func testWorkersOutliveTheContextOfStart(t *testing.T, on database) {
	t.Parallel()
	h := build(t, on, worker{}, job.Options{}, false)
	ctx, cancel := context.WithCancel(t.Context())
	if err := h.jobs.Start(ctx); err != nil {
		t.Fatal(err)
	}
	cancel()
	h.enqueue(t, workflow.JobPlan, nil, "1001")
	h.called(t)
	h.stop(t)
}

func TestFailedWorkIsLoggedAndNotRepeated(t *testing.T) {
	both(t, testFailedWorkIsLoggedAndNotRepeated)
}

func testFailedWorkIsLoggedAndNotRepeated(t *testing.T, on database) {
	t.Parallel()
	h := build(t, on, worker{
		plan: func(context.Context, change.ID) error {
			return errs.New(errs.Unavailable, "The system erp cannot be reached.").Because(errors.New("connection refused"))
		},
		apply: func(context.Context, change.ID) error { panic("a fault of ours") },
	}, job.Options{}, true)
	h.enqueue(t, workflow.JobPlan, nil, "1001")
	h.called(t)
	h.enqueue(t, workflow.JobApply, nil, "1002")
	h.called(t)
	h.stop(t)
	// Neither is to be tried again.
	if got := h.states(t); got["completed"] != 1 || got["discarded"] != 1 || len(got) != 2 {
		t.Errorf("jobs by state: %v", got)
	}
	for _, want := range []string{"job=change.plan change=1001", "connection refused", "a fault of ours"} {
		if !strings.Contains(h.log.String(), want) {
			t.Errorf("the log does not tell %q:\n%s", want, h.log.String())
		}
	}
}

// A job that was running when the process died is not run again behind the
// lease's back, however long ago that was.
func TestNoRescue(t *testing.T) { both(t, testNoRescue) }

func testNoRescue(t *testing.T, on database) {
	t.Parallel()
	h := build(t, on, worker{}, job.Options{}, false)
	h.enqueue(t, workflow.JobApply, nil, "1001")
	if _, err := h.raw.ExecContext(t.Context(), `UPDATE river_job SET state = 'running', attempt = 1, attempted_at = '2001-01-01 00:00:00.000'`); err != nil {
		t.Fatal(err)
	}
	h.start(t)
	h.enqueue(t, workflow.JobApply, nil, "1002")
	if got := h.called(t); got.Change != "1002" {
		t.Errorf("called for %s", got.Change)
	}
	h.stop(t)
	if got := h.states(t); got["completed"] != 1 || got["discarded"] != 1 || len(got) != 2 || len(h.calls) != 0 {
		t.Errorf("jobs by state: %v; %d more calls", got, len(h.calls))
	}
}

// A process discards the jobs that its home's former one left running, and not
// those that another's runs.
func TestJobsOfAFormerLifeAreDiscarded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		on   database
		home string
		left int
	}{
		"sqlite":                    {database{openSQLite}, "mine", 0},
		"postgres, same home":       {database{openPostgres}, "mine", 0},
		"postgres, another home":    {database{openPostgres}, "min", 1},
		"postgres, without a home":  {database{openPostgres}, "", 1},
		"postgres, a longer name":   {database{openPostgres}, "mine/2", 1},
		"postgres, pattern of LIKE": {database{openPostgres}, "m%", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &house{worker: &worker{calls: make(chan workflow.Job, 9)}}
			newQueue := c.on.open(t, h)
			t.Cleanup(func() { h.close(t) })
			former, err := newQueue(job.Options{Home: "mine", Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			working, die := make(chan struct{}), make(chan struct{})
			h.apply = func(context.Context, change.ID) error { close(working); <-die; return nil }
			if err := former.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			h.jobs = former
			t.Cleanup(func() { close(die); h.stop(t) })
			// Here former enqueues; what comes next makes another queue in its place.
			h.enqueue(t, workflow.JobApply, nil, "1001")
			wait(t, working, "nobody works")
			next, err := newQueue(job.Options{Home: c.home, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			if err := next.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := h.states(t)["running"]; got != c.left {
				t.Errorf("%d jobs are left running, want %d", got, c.left)
			}
			if err := next.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestPlansNeverKeepAnApplyWaiting(t *testing.T) { both(t, testPlansNeverKeepAnApplyWaiting) }

func testPlansNeverKeepAnApplyWaiting(t *testing.T, on database) {
	t.Parallel()
	release := make(chan struct{})
	h := build(t, on, worker{plan: func(context.Context, change.ID) error { <-release; return nil }}, job.Options{Plans: 2}, true)
	h.enqueue(t, workflow.JobPlan, nil, "1001", "1002", "1003", "1004")
	for range 2 {
		h.called(t)
	}
	h.enqueue(t, workflow.JobApply, nil, "1005")
	if got := h.called(t); got.Kind != workflow.JobApply {
		t.Errorf("a third plan was begun in two slots: %v", got)
	}
	close(release)
	for range 2 {
		h.called(t)
	}
}

// Workers use the store while others enqueue, all through one connection.
func TestNoDeadlockWithUnitsOfWork(t *testing.T) { both(t, testNoDeadlockWithUnitsOfWork) }

func testNoDeadlockWithUnitsOfWork(t *testing.T, on database) {
	t.Parallel()
	const each = 25
	var h *house
	done := make(chan struct{}, 2*each)
	work := func(ctx context.Context, _ change.ID) error {
		defer func() { done <- struct{}{} }()
		return h.Do(ctx, func(tx workflow.Tx) error { _, err := tx.NewID(); return err })
	}
	h = build(t, on, worker{plan: work, apply: work}, job.Options{Plans: 3, Applies: 3}, true)
	var all sync.WaitGroup
	for _, kind := range []workflow.JobKind{workflow.JobPlan, workflow.JobApply} {
		all.Go(func() {
			for i := range each {
				h.enqueue(t, kind, nil, change.ID(fmt.Sprint(i)))
			}
		})
	}
	all.Wait()
	for range 2 * each {
		wait(t, done, "the workers stand still")
	}
	var last change.ID
	if err := h.Do(t.Context(), func(tx workflow.Tx) (err error) { last, err = tx.NewID(); return err }); err != nil || last != "1051" {
		t.Errorf("after %d units of work the next id is %s, %v", 2*each, last, err)
	}
}

func TestUnknownKindIsRefused(t *testing.T) { both(t, testUnknownKindIsRefused) }

func testUnknownKindIsRefused(t *testing.T, on database) {
	t.Parallel()
	h := build(t, on, worker{}, job.Options{}, false)
	err := h.Do(t.Context(), func(tx workflow.Tx) error { return tx.Enqueue(workflow.Job{Kind: "change.guess", Change: "1001"}) })
	if err == nil || !strings.Contains(err.Error(), "change.guess") {
		t.Errorf("got %v", err)
	}
}

func TestStopLeavesNothingRunning(t *testing.T) { both(t, testStopLeavesNothingRunning) }

func testStopLeavesNothingRunning(t *testing.T, on database) {
	before := goleak.IgnoreCurrent()
	h := build(t, on, worker{}, job.Options{}, false)
	h.start(t)
	h.enqueue(t, workflow.JobPlan, nil, "1001")
	h.called(t)
	h.stop(t)
	h.close(t)
	goleak.VerifyNone(t, before)
}

// A queue whose tables a newer River made is refused, not worked on.
func TestNewerQueueIsRefused(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, on database) {
		t.Parallel()
		h := &house{worker: &worker{}}
		newQueue := on.open(t, h)
		t.Cleanup(func() { h.close(t) })
		quiet := job.Options{Log: slog.New(slog.DiscardHandler)}
		if _, err := newQueue(quiet); err != nil {
			t.Fatal(err)
		}
		if _, err := h.raw.ExecContext(t.Context(), `INSERT INTO river_migration (line, version) VALUES ('main', 9999)`); err != nil {
			t.Fatal(err)
		}
		_, err := newQueue(quiet)
		if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "made by a newer Sutor: its queue has version 9999") {
			t.Errorf("got %v", err)
		}
	})
}
