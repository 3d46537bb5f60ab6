package app

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/identity"
	"sutor/internal/job"
	"sutor/internal/store"
	"sutor/internal/store/postgres"
	"sutor/internal/store/sqlite"
	"sutor/internal/workflow"
)

// metadata is what the server needs of the database that keeps its metadata.
type metadata interface {
	workflow.Store
	identity.Tokens
	identity.Accounts
	Sessions(now func() time.Time) *store.Sessions
	Close() error
}

// queue is the background work, in the same database.
type queue interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
}

// database is the metadata, and how its queue is made once there is somebody to
// do the work: the queue needs the database and its worker, the worker the
// metadata, and the metadata the queue, to enqueue in its own transactions.
type database struct {
	metadata
	shared bool // several servers may work on it
	queue  func(context.Context, job.Worker, job.Options) (queue, error)
}

// openDatabase opens the metadata behind a URL; for "" in the data folder.
func openDatabase(ctx context.Context, url, dir string) (*database, error) {
	if url != "" {
		return openPostgres(ctx, url)
	}
	var l late[*sql.Tx]
	db, err := sqlite.Open(ctx, filepath.Join(dir, "sutor.db"), sqlite.Options{Enqueue: l.enqueue, Enqueued: l.wake})
	if err != nil {
		return nil, err
	}
	return &database{metadata: db, queue: func(ctx context.Context, w job.Worker, o job.Options) (queue, error) {
		return l.open(ctx, job.SQLite(db.Writer()), w, o)
	}}, nil
}

func openPostgres(ctx context.Context, url string) (*database, error) {
	var l late[pgx.Tx]
	db, err := postgres.Open(ctx, url, postgres.Options{Enqueue: l.enqueue})
	if err != nil {
		return nil, err
	}
	return &database{metadata: db, shared: true, queue: func(ctx context.Context, w job.Worker, o job.Options) (q queue, err error) {
		err = db.Alone(ctx, func(ctx context.Context) error {
			q, err = l.open(ctx, job.Postgres(db.Pool()), w, o)
			return err
		})
		return q, err
	}}, nil
}

// late is a queue that is made after the store that enqueues.
type late[T any] struct{ jobs *job.Client[T] }

func (l *late[T]) enqueue(ctx context.Context, tx T, j workflow.Job) error {
	if l.jobs == nil {
		return errors.New("this program has made no queue")
	}
	return l.jobs.Enqueue(ctx, tx, j)
}

func (l *late[T]) wake(kind workflow.JobKind) {
	if l.jobs != nil {
		l.jobs.Wake(kind)
	}
}

func (l *late[T]) open(ctx context.Context, db job.Database[T], w job.Worker, o job.Options) (queue, error) {
	jobs, err := job.New(ctx, db, w, o)
	if err != nil {
		return nil, err
	}
	l.jobs = jobs
	return jobs, nil
}

// oneKey makes sure that all servers on a database sign for its log with the same
// key: the first one leaves a checkpoint, and who did not sign that is refused.
func oneKey(ctx context.Context, s workflow.Store, key *evidence.Key, file string) error {
	return s.Do(ctx, func(tx workflow.Tx) error {
		log := tx.Log()
		first, err := log.Checkpoints(0, 1)
		if err != nil {
			return err
		}
		if len(first) == 0 {
			_, err := evidence.Log{}.Checkpoint(log, key)
			return err
		}
		if _, err := evidence.OpenCheckpoint(first[0].Note, key.Verifier()); err != nil {
			return errs.New(errs.Invalid, "The evidence log in this database is signed with another key than %s.", file).
				WithMend("Give it the key of the server that was started first: log.key in that one's data folder, or what its --log-key or SUTOR_LOG_KEY has.").Because(err)
		}
		return nil
	})
}
