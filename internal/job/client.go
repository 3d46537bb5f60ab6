package job

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/riverqueue/river"

	"sutor/internal/change"
	"sutor/internal/workflow"
)

// Worker does the work; *workflow.Workflow is one. Both methods must bear being
// called again for the same change.
type Worker interface {
	// Plan plans the change.
	Plan(ctx context.Context, id change.ID) error
	// Apply applies the change.
	Apply(ctx context.Context, id change.ID) error
}

// Options are what the composition decides; zero fields have a default.
type Options struct {
	Log     *slog.Logger // nil for slog.Default
	Plans   int          // plans worked on at once, those too that wait for a slot; 0 for 8
	Applies int          // applies at once; 0 for 4 (on one dataset they wait for each other anyway)
	Home    string       // names what outlives the process and has one process at a time; "" for nothing
}

const (
	planQueue  = "plan"
	applyQueue = "apply"

	poll     = time.Second           // between two looks for work that nobody told of
	cooldown = 10 * time.Millisecond // between two fetches when jobs come one after the other
	patience = 5 * time.Second       // for cancelled workers to return
	never    = time.Duration(math.MaxInt64)
)

// Client is the queue and, once started, its workers. T is the transaction of the
// metadata database.
type Client[T any] struct {
	river *river.Client[T]
	db    Database[T]
	home  string
}

// New makes the queue in the metadata database, bringing River's tables up to
// date; one process at a time may do that. It starts nothing: Enqueue works at
// once, workers run after Start. Tables of a newer River are errs.Invalid.
func New[T any](ctx context.Context, db Database[T], w Worker, o Options) (*Client[T], error) {
	log := o.Log
	if log == nil {
		log = slog.Default()
	}
	quiet := slog.New(spare(atLeast{log.Handler(), slog.LevelWarn}))
	if err := migrate(ctx, db, quiet); err != nil {
		return nil, fmt.Errorf("job.New: %w", err)
	}
	workers := river.NewWorkers()
	if err := errors.Join(
		river.AddWorkerSafely(workers, river.WorkFunc(logged[planArgs](log, w.Plan))),
		river.AddWorkerSafely(workers, river.WorkFunc(logged[applyArgs](log, w.Apply))),
	); err != nil {
		return nil, fmt.Errorf("job.New: %w", err)
	}
	client, err := river.NewClient(db.driver, &river.Config{
		ID:     o.Home + "/" + rand.Text(),
		Logger: quiet,
		Queues: map[string]river.QueueConfig{
			planQueue:  {MaxWorkers: orElse(o.Plans, 8)},
			applyQueue: {MaxWorkers: orElse(o.Applies, 4)},
		},
		Workers:              workers,
		FetchPollInterval:    poll,
		FetchCooldown:        cooldown,
		MaxAttempts:          1,
		JobTimeout:           -1,
		RescueStuckJobsAfter: never,
	})
	if err != nil {
		return nil, fmt.Errorf("job.New: %w", err)
	}
	return &Client[T]{client, db, o.Home}, nil
}

func orElse(n, other int) int {
	if n <= 0 {
		return other
	}
	return n
}

// Enqueue puts a job into the queue, inside tx: it will run if tx commits, and
// was never there if tx is rolled back.
func (c *Client[T]) Enqueue(ctx context.Context, tx T, j workflow.Job) error {
	args, err := argsOf(j)
	if err != nil {
		return err
	}
	if _, err := c.river.InsertTx(ctx, tx, args, nil); err != nil {
		return fmt.Errorf("enqueue %s of change %s: %w", j.Kind, j.Change, err)
	}
	return nil
}

// Wake has idle workers look for jobs of a kind at once: to be called when a
// transaction that enqueued one on SQLite has committed. On PostgreSQL the commit does.
func (c *Client[T]) Wake(kind workflow.JobKind) {
	if c.db.ring == nil {
		return
	}
	if args, err := argsOf(workflow.Job{Kind: kind}); err == nil {
		c.db.ring(args.InsertOpts().Queue)
	}
}

// Start discards the jobs that a process which ended left running, and starts the
// workers. They run until Stop, also if ctx ends before.
func (c *Client[T]) Start(ctx context.Context) error {
	if err := c.db.driver.GetExecutor().Exec(ctx, c.db.left, c.db.about(c.home)...); err != nil {
		return fmt.Errorf("discarding the jobs of a process that ended: %w", err)
	}
	return c.river.Start(context.WithoutCancel(ctx))
}

// Stop fetches no more jobs and waits for those that run. When ctx ends first,
// their contexts are cancelled, and Stop waits a little for them to return; what
// they leave undone is taken over by lease.
func (c *Client[T]) Stop(ctx context.Context) error {
	err := c.river.Stop(ctx)
	if err == nil || ctx.Err() == nil {
		return err
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	return c.river.StopAndCancel(last)
}
