package postgres

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sutor/internal/errs"
	"sutor/internal/store"
	"sutor/internal/workflow"
)

// Options are what the composition decides.
type Options struct {
	// Enqueue puts a job into the queue inside the given transaction. A program
	// that starts no work (the command that issues a token) leaves it nil.
	Enqueue func(context.Context, pgx.Tx, workflow.Job) error
}

// DB is the metadata in one PostgreSQL database, safe for concurrent use.
type DB struct {
	pool     *pgxpool.Pool
	enqueue  func(context.Context, pgx.Tx, workflow.Job) error
	watchers store.Watchers
	name     string // tells our own notifications from those of others
	channel  string // of notifications, one an installation
	listener *listener
}

// Open opens the database that the URL names (postgres://…, the password in it or
// in the places of libpq), bringing its tables up to date if need be. A database
// that cannot be reached is errs.Unavailable, one of a newer Sutor errs.Invalid.
func Open(ctx context.Context, dsn string, o Options) (_ *DB, err error) {
	config, err := parse(dsn)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fault(err)
	}
	db := &DB{pool: pool, enqueue: o.Enqueue, name: rand.Text()}
	defer func() {
		if err != nil {
			_ = db.Close() // nothing was written that closing could lose
		}
	}()
	if err := pool.Ping(ctx); err != nil {
		return nil, unreachable(config.ConnConfig, err)
	}
	if err := db.Alone(ctx, db.migrate); err != nil {
		return nil, fault(fmt.Errorf("migrating the metadata database: %w", err))
	}
	// The tables' own number keeps installations in other schemas apart.
	if err := pool.QueryRow(ctx, `SELECT 'sutor_commit_' || 'leaves'::regclass::oid`).Scan(&db.channel); err != nil {
		return nil, fault(err)
	}
	db.listener, err = db.listen(ctx)
	return db, err
}

// unreachable says at the start which database it is that does not answer; later
// errors, which everybody sees, do not.
func unreachable(c *pgx.ConnConfig, err error) error {
	e := errs.Public(fault(err))
	switch e.Kind {
	case errs.Unavailable:
		return errs.New(errs.Unavailable, "%s It is the database %s.", e.Message, place(c)).
			WithMend("Check the URL given with --database, and that the server there runs.").Because(err)
	case errs.Internal: // a setting in the URL that the server does not know, or refuses
		return errs.New(errs.Usage, "The metadata database %s refuses the settings of the connection.", place(c)).
			WithMend("Check what stands after the question mark in the URL given with --database.").Because(err)
	}
	return e
}

// migrationLock is the advisory lock of Alone ("sutor" in ASCII).
const migrationLock = 0x7375746f72

// Alone runs f while no other process does the same on this database: for
// everything that sets up tables, the queue's too. It waits for its turn.
func (db *DB) Alone(ctx context.Context, f func(context.Context) error) error {
	conn, err := pgx.ConnectConfig(ctx, db.pool.Config().ConnConfig)
	if err != nil {
		return fault(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // the lock ends with the session, however that ends
	if _, err := conn.Exec(ctx, `SELECT pg_catalog.pg_advisory_lock($1)`, int64(migrationLock)); err != nil {
		return fault(err)
	}
	return f(ctx)
}

// Pool gives the connections, for the queue, whose jobs commit with the changes.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// Close waits for what is running and closes every connection.
func (db *DB) Close() error {
	if db.listener != nil {
		db.listener.close()
	}
	db.pool.Close()
	return nil
}
