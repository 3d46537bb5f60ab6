package postgres

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/identity"
	"sutor/internal/store"
	"sutor/internal/workflow"
)

const (
	attempts = 3                     // of a unit of work that PostgreSQL ends for another's sake
	yield    = 50 * time.Millisecond // doubled before each attempt after the first
	ending   = 10 * time.Second      // for a commit or rollback to be answered
)

// Do implements workflow.Store. A panic in f rolls back and goes on. f is called
// again where it met another unit of work (see the package's comment).
func (db *DB) Do(ctx context.Context, f func(workflow.Tx) error) (err error) {
	for attempt := range attempts {
		if attempt > 0 && !pause(ctx, yield<<attempt) {
			return err
		}
		var done *tx
		done, err = db.run(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadWrite}, f)
		if err == nil && done.wrote {
			db.watchers.Tell(done.saved)
		}
		if !met(err) {
			return err
		}
	}
	return err
}

// pause lets the other one go first: who came back at once could take the lock
// away again from the one that waits for it. It tells whether to go on.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// met tells whether PostgreSQL ended one of two that were in each other's way.
func met(err error) bool {
	code := codeOf(err)
	return code == "40001" || code == "40P01"
}

// View implements workflow.Store.
func (db *DB) View(ctx context.Context, f func(workflow.Tx) error) error {
	_, err := db.run(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, f)
	return err
}

func (db *DB) run(ctx context.Context, o pgx.TxOptions, f func(workflow.Tx) error) (*tx, error) {
	t, err := db.pool.BeginTx(ctx, o)
	if err != nil {
		return nil, fault(err)
	}
	// Ends also when the caller's context does: a cancelled caller is no reason to
	// leave locks behind, or not to know what became of a commit.
	last := func(end func(context.Context) error) error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ending)
		defer cancel()
		return end(ctx)
	}
	// After a commit this does nothing. After a failed f it has nothing to add: a
	// connection that cannot roll back is closed, which rolls back too.
	defer func() { _ = last(t.Rollback) }()
	x := &tx{ctx: ctx, tx: t, enqueue: db.enqueue, locks: o.AccessMode == pgx.ReadWrite}
	if err := f(x); err != nil {
		return nil, x.cause(err)
	}
	if x.first != nil {
		return nil, fault(x.first) // f went on, but PostgreSQL did not
	}
	if x.wrote {
		x.run(`SELECT pg_catalog.pg_notify($1, $2)`, db.channel, db.name)
	}
	if x.first != nil {
		return nil, fault(x.first)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return x, uncertain(last(t.Commit))
}

// tx is one transaction; it implements workflow.Tx.
type tx struct {
	ctx     context.Context // of the Do or View: the port's methods take none
	tx      pgx.Tx
	enqueue func(context.Context, pgx.Tx, workflow.Job) error
	locks   bool  // a Do: what is read is locked
	logged  bool  // the log is locked
	wrote   bool  // there is something to tell others
	first   error // what ended the transaction; after it every statement fails
	saved   []change.ID
}

// note keeps the error that ended the transaction.
func (t *tx) note(err error) error {
	if err != nil && t.first == nil && !errors.Is(err, pgx.ErrNoRows) {
		t.first = err
	}
	return err
}

// cause gives what ended the transaction in place of the statement that found it
// ended, and in place of any other error where the unit of work may be repeated.
func (t *tx) cause(err error) error {
	if t.first != nil && (met(t.first) || codeOf(err) == "25P02") {
		return fault(t.first)
	}
	return err
}

// exec runs a statement that writes and tells how many rows it touched.
func (t *tx) exec(query string, args ...any) (int64, error) {
	t.wrote = true
	tag, err := t.tx.Exec(t.ctx, query, args...)
	return tag.RowsAffected(), fault(t.note(err))
}

// run runs a statement that writes nothing: a lock, a notification.
func (t *tx) run(query string, args ...any) error {
	_, err := t.tx.Exec(t.ctx, query, args...)
	return fault(t.note(err))
}

// row reads one row; its Scan gives pgx's errors.
func (t *tx) row(query string, args ...any) pgx.Row {
	return noted{t, t.tx.QueryRow(t.ctx, query, args...)}
}

type noted struct {
	tx  *tx
	row pgx.Row
}

// Scan implements pgx.Row.
func (n noted) Scan(into ...any) error { return n.tx.note(n.row.Scan(into...)) }

// each calls f with every row of a query; f scans it.
func (t *tx) each(f func(pgx.Row) error, query string, args ...any) error {
	rows, err := t.tx.Query(t.ctx, query, args...)
	if err != nil {
		return fault(t.note(err))
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return fault(t.note(rows.Err()))
}

// Enqueue implements workflow.Queue.
func (t *tx) Enqueue(j workflow.Job) error {
	if t.enqueue == nil {
		return errs.New(errs.Internal, "This program starts no work, so %s cannot be queued.", j.Kind)
	}
	t.wrote = true
	err := t.enqueue(t.ctx, t.tx, j)
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		t.note(err)
	}
	return fault(err)
}

// AddToken implements workflow.Tx.
func (t *tx) AddToken(token identity.Token) error {
	_, err := t.exec(`INSERT INTO tokens (id, person, hash, created, expires, revoked) VALUES ($1, $2, $3, $4, $5, $6)`,
		token.ID, token.Person, token.Hash[:], store.TimeText(token.Created), store.TimeText(token.Expires), store.TimeOrNull(token.Revoked))
	return err
}

// RevokeTokens implements workflow.Tx.
func (t *tx) RevokeTokens(id identity.TokenID, person access.Email, at time.Time) (ids []identity.TokenID, err error) {
	t.wrote = true
	err = t.each(func(row pgx.Row) error {
		var id identity.TokenID
		err := row.Scan(&id)
		ids = append(ids, id)
		return fault(err)
	}, `UPDATE tokens SET revoked = $1 WHERE revoked IS NULL AND (id = $2 OR person = $3 AND person <> '') RETURNING id`, store.TimeText(at), text(id), text(person))
	slices.Sort(ids)
	return ids, err
}

// Size implements workflow.Tx, for the tables of the schema that the metadata is in.
func (t *tx) Size() (n int64, err error) {
	err = t.row(`SELECT coalesce(sum(pg_catalog.pg_total_relation_size(oid)), 0)::bigint FROM pg_catalog.pg_class
		WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace`).Scan(&n)
	return n, err
}

// Log implements workflow.Tx. Inside Do it locks the log: where that fails, the
// transaction has ended and every statement after it says so.
func (t *tx) Log() evidence.Store {
	if t.locks && !t.logged {
		t.logged = true
		t.run(`SELECT pg_catalog.pg_advisory_xact_lock('leaves'::regclass::oid::bigint)`)
	}
	return logTree{t}
}

// Watch gives a channel that receives after commits made through Do, by this
// process and by others, with an id after those of this process that saved that
// change, and all of others; several commits may become one. Look at the state after
// having called Watch, then wait on the channel: so no commit is missed. Call stop
// when done.
func (db *DB) Watch(of change.ID) (committed <-chan struct{}, stop func()) {
	return db.watchers.Watch(of)
}

var _ workflow.Store = (*DB)(nil)
