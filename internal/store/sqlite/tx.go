package sqlite

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/identity"
	"sutor/internal/store"
	"sutor/internal/workflow"
)

// Do implements workflow.Store. A panic in f rolls back and goes on.
func (db *DB) Do(ctx context.Context, f func(workflow.Tx) error) error {
	t, err := db.inTurn(ctx, f)
	if err != nil {
		return err
	}
	db.watchers.Tell(t.saved)
	if db.enqueued != nil {
		for _, kind := range t.enqueued {
			db.enqueued(kind)
		}
	}
	return nil
}

// inTurn is run for the writer.
func (db *DB) inTurn(ctx context.Context, f func(workflow.Tx) error) (*tx, error) {
	if err := db.turn.Acquire(ctx, 1); err != nil {
		return nil, fault(err)
	}
	defer db.turn.Release(1)
	return db.run(ctx, db.writer, f)
}

// View implements workflow.Store.
func (db *DB) View(ctx context.Context, f func(workflow.Tx) error) error {
	_, err := db.run(ctx, db.reader, f)
	return err
}

// run gives the unit of work, which has committed.
func (db *DB) run(ctx context.Context, pool *sql.DB, f func(workflow.Tx) error) (*tx, error) {
	t, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return nil, fault(err)
	}
	// After a commit this does nothing. After a failed f it has nothing to add: a
	// connection that cannot roll back is thrown away, which rolls back too.
	defer func() { _ = t.Rollback() }()
	work := &tx{ctx: ctx, tx: t, enqueue: db.enqueue}
	if err := f(work); err != nil {
		return nil, err
	}
	return work, fault(t.Commit())
}

// tx is one transaction; it implements workflow.Tx.
type tx struct {
	ctx     context.Context // of the Do or View: the port's methods take none
	tx      *sql.Tx
	enqueue func(context.Context, *sql.Tx, workflow.Job) error
	// So far:
	saved    []change.ID
	enqueued []workflow.JobKind
}

// exec runs a statement and tells how many rows it touched.
func (t *tx) exec(query string, args ...any) (int64, error) {
	result, err := t.tx.ExecContext(t.ctx, query, args...)
	if err != nil {
		return 0, fault(err)
	}
	return result.RowsAffected()
}

func (t *tx) row(query string, args ...any) *sql.Row {
	return t.tx.QueryRowContext(t.ctx, query, args...)
}

// text is a text that is bound, in a query that stays prepared: where a parameter that stands
// alone could decide how SQLite goes about a query, be it compared or a LIMIT, SQLite prepares
// the query anew for each value, and for the same one too.
const text = `CAST(? AS TEXT)`

// each calls f with every row of a query; f scans it.
func (t *tx) each(f func(*sql.Rows) error, query string, args ...any) error {
	rows, err := t.tx.QueryContext(t.ctx, query, args...)
	if err != nil {
		return fault(err)
	}
	defer func() { _ = rows.Close() }() // what it could tell, rows.Err tells
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return fault(rows.Err())
}

// Enqueue implements workflow.Queue.
func (t *tx) Enqueue(j workflow.Job) error {
	if t.enqueue == nil {
		return errs.New(errs.Internal, "This program starts no work, so %s cannot be queued.", j.Kind)
	}
	if err := t.enqueue(t.ctx, t.tx, j); err != nil {
		return fault(err)
	}
	if !slices.Contains(t.enqueued, j.Kind) {
		t.enqueued = append(t.enqueued, j.Kind)
	}
	return nil
}

// AddToken implements workflow.Tx.
func (t *tx) AddToken(token identity.Token) error {
	_, err := t.exec(`INSERT INTO tokens (id, person, hash, created, expires, revoked) VALUES (?, ?, ?, ?, ?, ?)`,
		token.ID, token.Person, token.Hash[:], store.TimeText(token.Created), store.TimeText(token.Expires), store.TimeOrNull(token.Revoked))
	return err
}

// RevokeTokens implements workflow.Tx.
func (t *tx) RevokeTokens(id identity.TokenID, person access.Email, at time.Time) (ids []identity.TokenID, err error) {
	err = t.each(func(rows *sql.Rows) error {
		var id identity.TokenID
		err := rows.Scan(&id)
		ids = append(ids, id)
		return fault(err)
	}, `UPDATE tokens SET revoked = ? WHERE revoked IS NULL AND (id = CAST(? AS TEXT) OR person = CAST(? AS TEXT) AND person <> '') RETURNING id`, store.TimeText(at), id, person)
	slices.Sort(ids)
	return ids, err
}

// Size implements workflow.Tx; the write-ahead log is not counted.
func (t *tx) Size() (n int64, err error) {
	err = t.row(`SELECT page_count * page_size FROM pragma_page_count, pragma_page_size`).Scan(&n)
	return n, err
}

// Log implements workflow.Tx.
func (t *tx) Log() evidence.Store { return logTree{t} }

// Watch gives a channel that receives after commits made through Do, with an id after
// those that saved that change; several commits may become one. Look at the state after
// having called Watch, then wait on the channel: so no commit is missed. Call stop when
// done.
func (db *DB) Watch(of change.ID) (committed <-chan struct{}, stop func()) {
	return db.watchers.Watch(of)
}

var _ workflow.Store = (*DB)(nil)
