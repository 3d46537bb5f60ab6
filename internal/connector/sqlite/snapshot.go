package sqlite

import (
	"context"
	"database/sql"
	"io"

	"github.com/mattn/go-sqlite3"

	"sutor/internal/errs"
	"sutor/internal/system/driver"
)

// snapshot is one read transaction on a connection of its own.
type snapshot struct {
	d      *database
	conn   *sql.Conn
	failed bool // a fetch did, and what it left behind is not known
}

// Snapshot begins a transaction and reads once: SQLite takes the moment, and its lock,
// with the first reading.
func (d *database) Snapshot(ctx context.Context) (driver.Snapshot, error) {
	conn, err := d.pinned(ctx)
	if err != nil {
		return nil, err
	}
	s := &snapshot{d: d, conn: conn}
	if _, err = conn.ExecContext(ctx, "BEGIN"); err == nil {
		var tables int64
		err = conn.QueryRowContext(ctx, "SELECT count(*) FROM main.sqlite_schema").Scan(&tables)
	}
	if err != nil {
		return nil, first(explain(ctx, err), release(conn, false))
	}
	return s, nil
}

// Fetch is never interrupted while it loads what is asked for: SQLite would take the
// whole transaction back, and with it the moment (sqlite.org/c3ref/interrupt.html).
// The rows that are loaded end with the context instead.
func (s *snapshot) Fetch(ctx context.Context, l driver.Lookup, in io.Reader, out io.Writer) (sent, found int64, err error) {
	if err := s.lasts(); err != nil {
		return 0, 0, err
	}
	defer func() { s.failed = s.failed || err != nil }()
	f, err := s.d.newFetch(ctx, s.conn, l)
	if err != nil {
		return 0, 0, err
	}
	loading := context.WithoutCancel(ctx)
	if sent, err = load(loading, s.conn, f.into, lastingReader{ctx, in}, nil); err != nil {
		return sent, 0, err
	}
	if err = f.inOrder(loading, sent); err != nil {
		return sent, 0, err
	}
	if found, err = f.stream(ctx, out); err != nil {
		return sent, found, err
	}
	_, err = s.conn.ExecContext(loading, "DROP TABLE "+staged)
	return sent, found, first(explain(ctx, err), s.lasts())
}

// lasts fails where SQLite has taken the transaction back by itself, as it does when
// the disk is full: what is read then is of another moment.
func (s *snapshot) lasts() error {
	ended := false
	err := s.conn.Raw(func(c any) error {
		ended = c.(*sqlite3.SQLiteConn).AutoCommit()
		return nil
	})
	if err != nil || ended {
		return errs.New(errs.Unavailable, "The moment of the database that is looked at is past.").WithMend("Try again.").Because(err)
	}
	return nil
}

// Close takes the transaction back, and ends the connection where a fetch failed: not
// every way in which it does leaves it clean.
func (s *snapshot) Close() error {
	if s.failed || s.lasts() != nil {
		return release(s.conn, false)
	}
	_, err := s.conn.ExecContext(context.Background(), "ROLLBACK")
	return first(err, release(s.conn, err == nil))
}

// lastingReader reads for as long as a context lasts.
type lastingReader struct {
	ctx context.Context
	io.Reader
}

func (r lastingReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}
