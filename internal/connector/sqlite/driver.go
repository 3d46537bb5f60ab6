package sqlite

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"time"

	_ "github.com/mattn/go-sqlite3" // registers "sqlite3" with database/sql

	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// defaultSchema is the only one there is: databases are never attached.
const defaultSchema = "main"

// poolSize bounds the connections, and with them open files and page caches.
const poolSize = 8

// database is one SQLite file.
type database struct {
	at   address
	pool *sql.DB
}

var _ driver.Open = Open

// Open connects to the database file that dsn names and reads its header.
func Open(ctx context.Context, dsn string) (driver.Driver, error) {
	at, err := parseDSN(dsn)
	if err != nil {
		return nil, err
	}
	if err := at.present(); err != nil {
		return nil, err
	}
	pool, err := sql.Open("sqlite3", at.uri)
	if err != nil {
		return nil, explain(ctx, err)
	}
	pool.SetMaxOpenConns(poolSize)
	pool.SetMaxIdleConns(2)
	pool.SetConnMaxIdleTime(time.Minute)
	d := &database{at: at, pool: pool}
	if err := d.Ping(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return d, nil
}

// Capabilities: all or nothing, but no name for a transaction, and decimals
// only as far as binary floating point keeps them.
func (d *database) Capabilities() driver.Capabilities {
	return driver.Capabilities{Transactional: true}
}

// Ping reads the file's header.
func (d *database) Ping(ctx context.Context) error {
	if err := d.at.present(); err != nil {
		return err
	}
	var version int64
	return explain(ctx, d.pool.QueryRowContext(ctx, "PRAGMA main.schema_version").Scan(&version))
}

// Count counts the rows exactly.
func (d *database) Count(ctx context.Context, name record.Table) (int64, error) {
	t, err := inspect(ctx, d.pool, name)
	if err != nil {
		return 0, err
	}
	var n int64
	err = d.pool.QueryRowContext(ctx, "SELECT count(*) FROM "+t.sql()).Scan(&n)
	return n, explain(ctx, err)
}

// TxStatus never knows: SQLite's transactions have no names.
func (d *database) TxStatus(context.Context, string) (driver.TxState, error) {
	return driver.TxUnknown, nil
}

// Close closes all connections.
func (d *database) Close() error { return d.pool.Close() }

// pinned gives one connection to the caller alone, until release.
func (d *database) pinned(ctx context.Context) (*sql.Conn, error) {
	conn, err := d.pool.Conn(ctx)
	return conn, explain(ctx, err)
}

// release gives a connection back to the pool, or ends it where it is not
// certain to be clean.
func release(conn *sql.Conn, clean bool) error {
	if !clean {
		// The error tells the pool to throw the connection away.
		_ = conn.Raw(func(any) error { return sqldriver.ErrBadConn })
	}
	err := conn.Close()
	if err == sql.ErrConnDone {
		return nil
	}
	return err
}

// querier is what a pool and a single connection have in common.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// defaultTimeout is how long a read waits for a writer to be done.
const defaultTimeout = "PRAGMA busy_timeout = 5000"
