package workflow

import (
	"context"
	"sync"
	"time"

	"sutor/internal/record"
	"sutor/internal/system"
)

// Bounds of remembered counts. Counting reads a whole table, which many looks at a
// large one would do one after the other.
const (
	countedAnew = 10_000 // up to so many rows a table is counted each time
	countShare  = 100    // a count stands for so many times as long as it took,
	countStands = 2 * time.Second
	countLasts  = time.Minute
)

// counts remembers how many rows large tables have, for those who look at them. What
// this server writes itself is counted anew; plans count for themselves.
type counts struct {
	mu  sync.Mutex
	all map[counting]*rowCount
}

type counting struct {
	sys   *system.System
	table record.Table
}

type rowCount struct {
	turn  chan struct{} // one counts, others wait for it
	rows  int64
	until time.Time
}

// of gives the rows of a table: those that it has, or had a moment ago.
func (c *counts) of(ctx context.Context, sys *system.System, table record.Table) (int64, error) {
	return c.at(ctx, counting{sys, table}, func() (int64, error) { return sys.Count(ctx, table) })
}

func (c *counts) at(ctx context.Context, at counting, count func() (int64, error)) (int64, error) {
	one := c.entry(at)
	select {
	case one.turn <- struct{}{}:
		defer func() { <-one.turn }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	if time.Now().Before(one.until) {
		return one.rows, nil
	}
	begun := time.Now()
	n, err := count()
	if err == nil && n > countedAnew {
		one.rows, one.until = n, time.Now().Add(min(max(countShare*time.Since(begun), countStands), countLasts))
	}
	return n, err
}

func (c *counts) entry(at counting) *rowCount {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil {
		c.all = map[counting]*rowCount{}
	}
	if c.all[at] == nil {
		c.all[at] = &rowCount{turn: make(chan struct{}, 1)}
	}
	return c.all[at]
}

// forget has a table counted anew.
func (c *counts) forget(sys *system.System, table record.Table) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.all, counting{sys, table})
}
