package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"time"

	"github.com/mattn/go-sqlite3"

	"sutor/internal/errs"
	"sutor/internal/system/driver"
)

// Defaults of [driver.Options].
const (
	defaultLock      = 10 * time.Second
	defaultStatement = time.Hour
)

// maxConflicts bounds what Write lists.
const maxConflicts = 10_000

// lockStep is how long SQLite itself waits for the writer's place before we look
// whether we are still wanted: its waiting cannot be interrupted.
const lockStep = 100 * time.Millisecond

// Pages of the file that are kept in memory, in KiB: SQLite's own default, and while rows are
// written. What has no room there is written to the file early, for which SQLite waits for the disk.
const (
	readingKiB = 2_000
	writingKiB = 64 << 10
)

// tx is an apply: one connection that holds the place of the writer.
type tx struct {
	db        *database
	conn      *sql.Conn
	statement time.Duration
	marked    bool
	broken    bool // something failed: SQLite may have rolled back already
	ended     bool
}

// Begin takes the place of the one writer and keeps it until the end.
func (d *database) Begin(ctx context.Context, o driver.Options) (driver.Tx, error) {
	if d.at.readOnly {
		return nil, &driver.Refusal{Message: readOnlyFile}
	}
	conn, err := d.pinned(ctx)
	if err != nil {
		return nil, err
	}
	t := &tx{db: d, conn: conn, statement: defaultStatement}
	if o.StatementSeconds > 0 {
		t.statement = time.Duration(o.StatementSeconds) * time.Second
	}
	lock := defaultLock
	if o.LockSeconds > 0 {
		lock = time.Duration(o.LockSeconds) * time.Second
	}
	if err := t.begin(ctx, lock); err != nil {
		return nil, first(explain(ctx, err), release(conn, false))
	}
	return t, nil
}

func (t *tx) begin(ctx context.Context, lock time.Duration) error {
	if _, err := t.conn.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d; PRAGMA main.cache_size = -%d", lockStep.Milliseconds(), writingKiB)); err != nil {
		return err
	}
	until := time.Now().Add(lock)
	for {
		_, err := t.conn.ExecContext(ctx, "BEGIN IMMEDIATE")
		if err == nil {
			break
		}
		if !isCode(err, sqlite3.ErrBusy) || ctx.Err() != nil || time.Now().After(until) {
			return err
		}
	}
	// From here on only readers can stand in the way, at the commit.
	_, err := t.conn.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d", lock.Milliseconds()))
	return err
}

// ID is empty: SQLite's transactions have no names.
func (t *tx) ID() string { return "" }

// Write compares, writes and reads back. See [driver.Tx].
func (t *tx) Write(ctx context.Context, w driver.Write, rows io.Reader, stored io.Writer) (int64, []driver.Conflict, error) {
	if t.ended || t.broken {
		return 0, nil, errs.New(errs.Internal, "The transaction has ended or failed before.")
	}
	s, err := t.prepare(ctx, w)
	if err != nil {
		t.broken = true
		return 0, nil, err
	}
	written, conflicts, err := s.run(ctx, rows, stored)
	t.broken = err != nil || len(conflicts) > 0
	return written, conflicts, err
}

// Mark sets a savepoint, in place of the one before.
func (t *tx) Mark(ctx context.Context) error {
	if t.ended || t.broken {
		return errs.New(errs.Internal, "The transaction has ended or failed before.")
	}
	set := "SAVEPOINT sutor_mark"
	if t.marked {
		set = "RELEASE sutor_mark; " + set
	}
	t.marked = true
	_, err := t.exec(ctx, set)
	t.broken = err != nil
	return explain(ctx, err)
}

// Back goes to the savepoint. Where a trigger has rolled the whole transaction back
// there is none, and the transaction stays broken: what was written next would be
// committed at once.
func (t *tx) Back(ctx context.Context) error {
	if t.ended || !t.marked {
		return errs.New(errs.Internal, "The transaction has ended, or has no mark.")
	}
	_, err := t.exec(ctx, "ROLLBACK TO sutor_mark")
	t.broken = err != nil
	return explain(ctx, err)
}

// Check judges deferred foreign keys. SQLite itself counts them and tells at the
// commit only whether any is broken; so broken ones are counted here, in this
// transaction and outside of it.
func (t *tx) Check(ctx context.Context) error {
	if t.ended || t.broken {
		return errs.New(errs.Internal, "The transaction has ended or failed before.")
	}
	var here, outside int64
	err := t.conn.QueryRowContext(ctx, brokenSQL).Scan(&here)
	if err == nil && here > 0 {
		var pool *sql.DB
		if pool, err = t.db.current(ctx); err == nil {
			err = pool.QueryRowContext(ctx, brokenSQL).Scan(&outside)
		}
	}
	if err != nil {
		t.broken = true
		return explain(ctx, err)
	}
	if here > outside {
		t.broken = true
		return refusal(sqlite3.Error{Code: sqlite3.ErrConstraint, ExtendedCode: sqlite3.ErrConstraintForeignKey}, "", nil)
	}
	return nil
}

// brokenSQL counts the broken references of tables that have deferred ones.
const brokenSQL = `SELECT count(*) FROM main.sqlite_schema s, pragma_foreign_key_check(s.name, 'main') WHERE s.type = 'table' AND s.sql LIKE '%DEFERRED%'`

// Commit makes the changes last. It cannot be cancelled halfway.
func (t *tx) Commit(ctx context.Context) error {
	switch {
	case t.ended || t.broken:
		return errs.New(errs.Internal, "The transaction has ended or failed before.")
	case ctx.Err() != nil:
		return ctx.Err()
	}
	ctx = context.WithoutCancel(ctx)
	if _, err := t.conn.ExecContext(ctx, "COMMIT"); err != nil {
		t.broken = true
		return explain(ctx, err)
	}
	t.ended = true
	_, err := t.conn.ExecContext(ctx, asBefore)
	_ = release(t.conn, err == nil) // committed: nothing that fails now may look like a failure
	return nil
}

// Rollback undoes everything; after Commit it does nothing.
func (t *tx) Rollback(ctx context.Context) error {
	if t.ended {
		return nil
	}
	t.ended = true
	ctx = context.WithoutCancel(ctx)
	_, err := t.conn.ExecContext(ctx, "ROLLBACK")
	if err == nil {
		_, err = t.conn.ExecContext(ctx, asBefore)
	}
	// An error here means that SQLite has rolled back by itself; ending the
	// connection makes it certain.
	return release(t.conn, err == nil)
}

// limit bounds one statement.
func (t *tx) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, t.statement)
}

// exec runs a statement within its time and gives the number of rows changed.
func (t *tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	limited, cancel := t.limit(ctx)
	defer cancel()
	res, err := t.conn.ExecContext(limited, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
