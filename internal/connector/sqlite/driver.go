package sqlite

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	_ "github.com/mattn/go-sqlite3" // registers "sqlite3" with database/sql

	"sutor/internal/system/driver"
)

// defaultSchema is the only one there is: databases are never attached.
const defaultSchema = "main"

// poolSize bounds the connections, and with them open files and page caches.
const poolSize = 8

// database is one SQLite file, by its path. If another file stands there, as
// after a backup was restored, that one is opened: the connections would go on
// reading and writing the file they once opened, which nobody uses any more.
type database struct {
	at address

	mu   sync.Mutex
	pool *sql.DB
	file os.FileInfo // what pool has opened

	tables structures
	counts counts
}

var _ driver.Open = Open

// Open connects to the database file that dsn names and reads its header.
func Open(ctx context.Context, dsn string) (driver.Driver, error) {
	at, err := parseDSN(dsn)
	if err != nil {
		return nil, err
	}
	d := &database{at: at}
	if err := d.Ping(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// current gives the connections to the file that stands at the path now.
func (d *database) current(ctx context.Context) (*sql.DB, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for {
		file, err := d.at.present()
		if err != nil {
			return nil, err
		}
		if d.pool != nil && os.SameFile(file, d.file) {
			return d.pool, nil
		}
		d.counts.forget()
		if d.pool != nil { // work under way on the other file ends there
			if err := d.pool.Close(); err != nil {
				return nil, explain(ctx, err)
			}
		}
		d.pool, d.file = nil, file
		d.tables.forget()
		if d.pool, err = d.open(ctx); err != nil {
			return nil, explain(ctx, err)
		}
	}
}

// open opens the file, and reads it so that it is opened now and not later.
func (d *database) open(ctx context.Context) (*sql.DB, error) {
	pool, err := sql.Open("sqlite3", d.at.uri)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(poolSize + 1) // one more, which only asks (counts)
	pool.SetMaxIdleConns(poolSize)     // to open one reads the whole catalogue
	pool.SetConnMaxIdleTime(time.Minute)
	if err := pool.PingContext(ctx); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return pool, nil
}

// Capabilities: all or nothing, but no name for a transaction, and decimals
// only as far as binary floating point keeps them.
func (d *database) Capabilities() driver.Capabilities {
	return driver.Capabilities{Transactional: true}
}

// Ping reads the file's header.
func (d *database) Ping(ctx context.Context) error {
	pool, err := d.current(ctx)
	if err != nil {
		return err
	}
	var version int64
	return explain(ctx, pool.QueryRowContext(ctx, "PRAGMA main.schema_version").Scan(&version))
}

// TxStatus never knows: SQLite's transactions have no names.
func (d *database) TxStatus(context.Context, string) (driver.TxState, error) {
	return driver.TxUnknown, nil
}

// EndTx finds nothing to end, for the same reason.
func (d *database) EndTx(context.Context, string) (bool, error) { return false, nil }

// Close closes all connections.
func (d *database) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.pool == nil {
		return nil
	}
	d.counts.forget()
	return d.pool.Close()
}

// pinned gives one connection to the caller alone, until release.
func (d *database) pinned(ctx context.Context) (*sql.Conn, error) {
	pool, err := d.current(ctx)
	if err != nil {
		return nil, err
	}
	conn, err := pool.Conn(ctx)
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

// asBefore takes back what an apply has set.
var asBefore = fmt.Sprint(defaultTimeout, "; PRAGMA main.cache_size = -", readingKiB)
