package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"time"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// Defaults of [driver.Options], in seconds.
const (
	defaultLock      = 10
	defaultStatement = 3600
)

// maxConflicts is how many conflicts a Write names (package driver).
const maxConflicts = 10_000

// apply is the transaction of an apply, on a connection that ends with it.
type apply struct {
	session   *session
	id        string // the named lock that its session holds; "" where the server has none
	pool      *sql.DB
	statement time.Duration
	drawn     map[record.Table]span // numbers of new rows
	marked    bool
	broken    bool // something failed: the server may have rolled back already
	ended     bool
}

// Begin opens a READ COMMITTED transaction: each statement sees what others committed
// before it, and judges a row again after waiting for its lock.
func (db *database) Begin(ctx context.Context, o driver.Options) (driver.Tx, error) {
	if o.LockSeconds <= 0 {
		o.LockSeconds = defaultLock
	}
	if o.StatementSeconds <= 0 {
		o.StatementSeconds = defaultStatement
	}
	pool := sql.OpenDB(db.connector)
	pool.SetMaxOpenConns(1)
	s, err := db.session(ctx, pool)
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	a := &apply{session: s, pool: pool, statement: time.Duration(o.StatementSeconds) * time.Second, drawn: map[record.Table]span{}}
	if a.id, err = s.hold(ctx); err != nil {
		return nil, errors.Join(explain(ctx, err), a.end(ctx))
	}
	for _, sql := range []string{
		fmt.Sprintf("SET SESSION innodb_lock_wait_timeout = %d, lock_wait_timeout = %[1]d /*M!100200 , max_statement_time = %d */", o.LockSeconds, o.StatementSeconds),
		"START TRANSACTION READ WRITE",
	} {
		if _, err := s.exec(ctx, sql); err != nil {
			return nil, errors.Join(explain(ctx, err), a.end(ctx))
		}
	}
	return a, nil
}

// ID is the name of the session's lock: the server has no name for a transaction, and
// while the lock is held the transaction is open.
func (a *apply) ID() string { return a.id }

// end ends the connection.
func (a *apply) end(ctx context.Context) error {
	a.ended = true
	if a.id != "" { // the end of the connection takes it too, some time after
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), killTime)
		defer cancel()
		_, _ = a.session.conn.ExecContext(limited, "DO RELEASE_LOCK(?)", a.id)
	}
	a.session.release(ctx, false)
	return a.pool.Close()
}

func errEnded() error { return errs.New(errs.Internal, "The transaction has ended or failed before.") }

// Write compares, writes and reads back. See [driver.Tx].
func (a *apply) Write(ctx context.Context, w driver.Write, rows io.Reader, stored io.Writer) (int64, []driver.Conflict, error) {
	if a.ended || a.broken {
		return 0, nil, errEnded()
	}
	s, err := a.prepare(ctx, w)
	if err != nil {
		a.broken = true
		return 0, nil, err
	}
	written, conflicts, err := s.run(ctx, rows, stored)
	a.broken = err != nil || len(conflicts) > 0
	return written, conflicts, s.named(s.inItsWords(ctx, err))
}

// Check has nothing to do: the server judges everything when it is written.
func (a *apply) Check(context.Context) error {
	if a.ended || a.broken {
		return errEnded()
	}
	return nil
}

// Mark sets a savepoint, in place of the one before.
func (a *apply) Mark(ctx context.Context) error {
	if a.ended || a.broken {
		return errEnded()
	}
	a.marked = true
	_, err := a.exec(ctx, "SAVEPOINT sutor_mark") // one of the same name is replaced
	a.broken = err != nil
	return explain(ctx, err)
}

// Back goes to the savepoint. Where the server has taken the whole transaction back
// there is none, and the transaction stays broken: what was written next would not
// belong to what was before.
func (a *apply) Back(ctx context.Context) error {
	if a.ended || !a.marked {
		return errEnded()
	}
	_, err := a.exec(ctx, "ROLLBACK TO SAVEPOINT sutor_mark")
	a.broken = err != nil
	return explain(ctx, err)
}

// Commit makes the changes last. Where the answer is lost on the way, the error is
// Unavailable; the rows tell what became of it.
func (a *apply) Commit(ctx context.Context) error {
	if a.ended || a.broken {
		return errEnded()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	if _, err := a.exec(ctx, "COMMIT"); err != nil {
		a.broken = true
		return explain(ctx, err)
	}
	_ = a.end(ctx) // committed: nothing that fails now may look like a failure
	return nil
}

// Rollback undoes everything; after Commit it does nothing. The end of the
// connection takes the transaction back too, so its own answer decides nothing.
func (a *apply) Rollback(ctx context.Context) error {
	if a.ended {
		return nil
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), killTime)
	defer cancel()
	_, _ = a.session.exec(limited, "ROLLBACK")
	_ = a.end(ctx)
	return nil
}

// limit bounds one statement.
func (a *apply) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, a.statement+5*time.Second) // the server's own limit comes first, where it has one
}

// exec runs a statement within its time and gives the number of rows met.
func (a *apply) exec(ctx context.Context, query string) (int64, error) {
	limited, cancel := a.limit(ctx)
	defer cancel()
	n, err := a.session.exec(limited, query)
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		err = tooLong().Because(err)
	}
	return n, err
}
