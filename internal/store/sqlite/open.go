package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	_ "github.com/mattn/go-sqlite3" // registers "sqlite3"
	"golang.org/x/sync/semaphore"

	"sutor/internal/errs"
	"sutor/internal/store"
	"sutor/internal/workflow"
)

const (
	readers    = 8    // snapshots that can be read at once
	statements = "64" // compiled ones that a connection keeps: to compile one takes as long as to run it
)

// Options are what the composition decides.
type Options struct {
	// Enqueue puts a job into the queue inside the given transaction. A program
	// that starts no work (the command that issues a token) leaves it nil.
	Enqueue func(context.Context, *sql.Tx, workflow.Job) error
	// Enqueued is called with the kinds of jobs that a unit of work enqueued, when it
	// has committed: SQLite tells nobody. It may be nil.
	Enqueued func(workflow.JobKind)
}

// DB is the metadata in one SQLite file, safe for concurrent use.
type DB struct {
	writer   *sql.DB             // one connection
	turn     *semaphore.Weighted // for it: who came first is next, where a pool gives it to any of those who wait
	reader   *sql.DB             // read-only
	enqueue  func(context.Context, *sql.Tx, workflow.Job) error
	enqueued func(workflow.JobKind)
	watchers store.Watchers
}

// Open opens the file at path, making it (readable by its owner only) and
// bringing it up to date if need be. A file of a newer Sutor, or one that is no
// SQLite database, is errs.Invalid.
func Open(ctx context.Context, path string, o Options) (_ *DB, err error) {
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("sqlite.Open: %w", err)
	}
	if err := create(path); err != nil {
		return nil, errs.New(errs.Unavailable, "The metadata database %s cannot be opened.", path).
			WithMend("Its folder must exist, and Sutor must be allowed to write there.").Because(err)
	}
	db := &DB{turn: semaphore.NewWeighted(1), enqueue: o.Enqueue, enqueued: o.Enqueued}
	defer func() {
		if err != nil {
			_ = db.Close() // nothing was written that closing could lose
		}
	}()
	if db.writer, err = pool(path, 1, url.Values{
		"_txlock": {"immediate"}, "_journal_mode": {"WAL"}, "_synchronous": {"FULL"}, "_foreign_keys": {"on"},
		"_secure_delete": {"on"}, // what is erased is overwritten
	}); err != nil {
		return nil, err
	}
	if err := migrate(ctx, db.writer); err != nil {
		return nil, fault(fmt.Errorf("migrating %s: %w", path, err))
	}
	db.reader, err = pool(path, readers, url.Values{"mode": {"ro"}, "_txlock": {"deferred"}, "_query_only": {"on"}})
	return db, err
}

// create makes an empty file if there is none, which SQLite takes for an empty
// database; the write-ahead log gets the same permissions. A file that is there is
// not touched: closing it would drop the locks that this process may hold on it
// (https://sqlite.org/howtocorrupt.html, 2.2).
func create(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// pool opens connections with a URI filename (https://sqlite.org/uri.html).
func pool(path string, size int, options url.Values) (*sql.DB, error) {
	options.Set("_busy_timeout", "10000") // milliseconds
	options.Set("_stmt_cache_size", statements)
	name := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: options.Encode()}
	db, err := sql.Open("sqlite3", name.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db, nil
}

// Writer gives the connection pool, of one connection, through which everything
// is written: for the queue, whose jobs commit with the changes. Never wait for
// it inside a unit of work.
func (db *DB) Writer() *sql.DB { return db.writer }

// Close waits for what is running and closes the file.
func (db *DB) Close() error {
	var err error
	for _, p := range []*sql.DB{db.reader, db.writer} { // the last writer out cleans up the log
		if p != nil {
			err = errors.Join(err, p.Close())
		}
	}
	return err
}
