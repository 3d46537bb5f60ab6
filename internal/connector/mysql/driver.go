package mysql

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// estimateFrom is the number of rows from which the engine's estimate replaces a
// count that would read the whole table.
const estimateFrom = 20_000_000

// database is a connected database.
type database struct {
	connector sqldriver.Connector
	pool      *sql.DB
	name      string // where a table without a schema stands

	lastInstant string // that a TIMESTAMP can hold
}

var _ driver.Open = Open

// Open connects to the database that dsn names and makes sure that it answers.
func Open(ctx context.Context, dsn string) (driver.Driver, error) {
	config, err := parse(dsn)
	if err != nil {
		return nil, err
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, errs.New(errs.Invalid, "The connection string for MySQL or MariaDB cannot be used.").Because(errors.New("mysql: the configuration is refused"))
	}
	db := &database{connector: dialer{connector}, name: config.DBName}
	db.pool = sql.OpenDB(db.connector)
	db.pool.SetMaxOpenConns(poolSize)
	db.pool.SetMaxIdleConns(poolSize)
	db.pool.SetConnMaxIdleTime(idleTime)
	if err := db.check(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// check refuses servers that are too old.
func (db *database) check(ctx context.Context) error {
	var version string
	if err := db.pool.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version); err != nil {
		return explain(ctx, err)
	}
	db.lastInstant = lastInstant(version)
	if tooOld(version) {
		return errs.New(errs.Invalid, "The server is %s; Sutor needs MariaDB 10.4 or MySQL 8.0, or newer.", version).
			WithMend("Its administrator can upgrade it.")
	}
	return nil
}

// Capabilities: all or nothing, and decimals as they are; but a transaction that has
// ended cannot be asked for.
func (db *database) Capabilities() driver.Capabilities {
	return driver.Capabilities{Transactional: true, ExactDecimals: true, Compares: true}
}

func (db *database) Ping(ctx context.Context) error { return explain(ctx, db.pool.PingContext(ctx)) }

func (db *database) Close() error { return db.pool.Close() }

func (db *database) Count(ctx context.Context, name record.Table) (int64, error) {
	name = db.withSchema(name)
	var n sql.NullInt64
	err := db.pool.QueryRowContext(ctx, "SELECT TABLE_ROWS FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?", name.Schema, name.Name).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, gone(name)
	}
	if err == nil && n.Int64 < estimateFrom {
		err = db.pool.QueryRowContext(ctx, "SELECT count(*) FROM "+quotedTable(name)).Scan(&n)
	}
	return n.Int64, explain(ctx, err)
}

// withSchema completes a table's name: without a schema it stands in the database
// that the connection string names.
func (db *database) withSchema(t record.Table) record.Table {
	if t.Schema == "" {
		t.Schema = db.name
	}
	return t
}

// quoted writes a name in SQL.
func quoted(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// quotedTable writes a table's full name in SQL.
func quotedTable(t record.Table) string { return quoted(t.Schema) + "." + quoted(t.Name) }

// session is one connection to the caller alone, until release.
type session struct {
	db   *database
	conn *sql.Conn
	id   int64 // by which the server knows it
	// lasting: the session must outlive a statement that is given up, so that
	// is ended by the server and not by closing the connection.
	lasting bool
}

// session takes a connection from a pool.
func (db *database) session(ctx context.Context, pool *sql.DB) (*session, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, explain(ctx, err)
	}
	s := &session{db: db, conn: conn}
	if err := conn.QueryRowContext(ctx, "SELECT CONNECTION_ID()").Scan(&s.id); err != nil {
		s.release(ctx, false)
		return nil, explain(ctx, err)
	}
	return s, nil
}

// release gives the connection back, or ends it where it is not certain to be clean:
// the server may not have noticed yet that nobody waits for its statement any more.
func (s *session) release(ctx context.Context, clean bool) {
	if !clean {
		// The error tells the pool to throw the connection away.
		_ = s.conn.Raw(func(any) error { return sqldriver.ErrBadConn })
		if s.id != 0 {
			s.db.kill(ctx, "", s.id)
		}
	}
	_ = s.conn.Close() // whether it had gone already tells nothing
}

// killTime bounds how long the ending of something is waited for.
const killTime = 3 * time.Second

// kill ends a connection, or with "QUERY" its statement; an account may end its own.
// Where the connection has gone already nothing happens.
func (db *database) kill(ctx context.Context, what string, id int64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), killTime)
	defer cancel()
	_, _ = db.pool.ExecContext(ctx, "KILL "+what+" ?", id) // "no such thread" is what is wanted
}

// guard gives the context for one statement and its result; stop ends it.
// In a lasting session the server is asked to end the statement when ctx ends; only
// where it does not within a while the connection is closed.
func (s *session) guard(ctx context.Context) (inner context.Context, stop func()) {
	if !s.lasting {
		return ctx, func() {}
	}
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done, over := make(chan struct{}), make(chan struct{})
	killed := false
	go func() {
		defer close(over)
		select {
		case <-done:
			return
		case <-ctx.Done():
		}
		killed = true
		s.db.kill(ctx, "QUERY", s.id)
		select {
		case <-done:
		case <-time.After(killTime):
			cancel()
		}
	}()
	return inner, func() {
		close(done)
		<-over
		if killed { // it may have come too late, and would strike the next statement
			_, _ = s.conn.ExecContext(inner, "DO 0")
		}
		cancel()
	}
}

// exec runs a statement and gives the number of rows it met.
func (s *session) exec(ctx context.Context, query string) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	inner, stop := s.guard(ctx)
	defer stop()
	result, err := s.conn.ExecContext(inner, query)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
