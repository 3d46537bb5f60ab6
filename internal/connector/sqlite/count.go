package sqlite

import (
	"context"
	"database/sql"
	"sync"

	"sutor/internal/record"
)

// counts are how many rows tables had when they were last counted. SQLite reads a
// whole table to count it, and tells a connection whether another one has committed
// since it last asked (PRAGMA data_version): one connection that never writes does
// nothing but ask that.
type counts struct {
	mu    sync.Mutex
	asker *sql.Conn // nil until the first count
	at    version
	of    map[record.Table]int64 // as counted at that version
}

// version is what a connection was told; another one counts by itself.
type version struct {
	asker *sql.Conn
	v     int64
}

// Count counts the rows exactly, once for as long as nobody writes.
func (d *database) Count(ctx context.Context, name record.Table) (n int64, err error) {
	before, err := d.version(ctx)
	if err != nil {
		return 0, explain(ctx, err)
	}
	conn, t, err := d.pinnedTo(ctx, name)
	if err != nil {
		return 0, err
	}
	defer func() { err = first(err, release(conn, err == nil)) }()
	if n, known := d.counts.find(before, t.name); known {
		return n, nil
	}
	if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM "+t.sql()).Scan(&n); err != nil {
		return 0, explain(ctx, err)
	}
	d.counts.keep(ctx, before, t.name, n)
	return n, nil
}

// version tells which version of the file is there. It is asked before a connection is
// taken: the first time it needs one itself.
func (d *database) version(ctx context.Context) (version, error) {
	pool, err := d.current(ctx)
	if err != nil {
		return version{}, err
	}
	c := &d.counts
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asker == nil {
		if c.asker, err = pool.Conn(ctx); err != nil {
			return version{}, err
		}
	}
	return c.ask(ctx)
}

// ask asks; c.mu is held. A connection that fails is not asked again.
func (c *counts) ask(ctx context.Context) (version, error) {
	now := version{asker: c.asker}
	err := c.asker.QueryRowContext(ctx, "PRAGMA main.data_version").Scan(&now.v)
	if err != nil {
		_ = release(c.asker, false)
		c.asker = nil
	}
	return now, err
}

func (c *counts) find(now version, t record.Table) (n int64, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, known = c.of[t]
	return n, known && now == c.at
}

// keep keeps a count that began at a version, if that still is the version.
func (c *counts) keep(ctx context.Context, began version, t record.Table, n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asker != began.asker {
		return
	}
	if now, err := c.ask(ctx); err != nil || now != began {
		return
	}
	if c.at != began {
		c.at, c.of = began, map[record.Table]int64{}
	}
	c.of[t] = n
}

// forget lets the connection go: the file is another one now, or is closed.
func (c *counts) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asker != nil {
		_ = release(c.asker, false)
		c.asker = nil
	}
}
