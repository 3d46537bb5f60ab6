package duck

import (
	"context"
	"fmt"
	"io"
	"os"

	"sutor/internal/plan"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// fetching is a lookup under way.
type fetching struct {
	*meanwhile
	table string // that receive makes
	down  string // file
	found int64  // rows that the system found
	aside int64  // of them, those that are not in the file
}

// end waits until a lookup is over. Nil is over.
func (f *fetching) end() error {
	if f == nil {
		return nil
	}
	return f.meanwhile.end()
}

// lookup copies the rows of query (a number and the values to look up) to the
// system and reads what it finds into a table. Rows sent are counted on both
// sides.
func (s *Session) lookup(ctx context.Context, live driver.Fetcher, table string, l driver.Lookup, query string, quoted, fields []string) error {
	f, err := s.ask(ctx, live, table, l, query, quoted)
	if err != nil {
		return err
	}
	return s.receive(ctx, f, fields)
}

// ask begins a lookup: the system works on it while the session does something else.
// It must be received or ended before the session is closed.
func (s *Session) ask(ctx context.Context, live driver.Fetcher, table string, l driver.Lookup, query string, quoted []string) (*fetching, error) {
	f, up := &fetching{table: table, down: s.Path(table + "-down.csv")}, s.Path(table+"-up.csv")
	written, err := s.writeCSV(ctx, query, quoted, up)
	if err != nil {
		return nil, err
	}
	f.meanwhile = begin(func() error {
		in, err := os.Open(up)
		if err != nil {
			return diskError(err)
		}
		defer s.remove(up)
		defer in.Close()
		return s.fetch(ctx, f, live, l, in, &written)
	})
	return f, nil
}

// receive waits for a lookup and makes its table: n and fields.
func (s *Session) receive(ctx context.Context, f *fetching, fields []string) error {
	if err := f.end(); err != nil {
		return err
	}
	if err := s.load(ctx, `CREATE TABLE `+f.table+` AS SELECT * FROM `+readCSV(f.down, "n", fields)); err != nil {
		return err
	}
	read, err := s.count(ctx, `SELECT count(*) FROM `+f.table)
	if err != nil {
		return err
	}
	if read+f.aside != f.found {
		return fmt.Errorf("plan/duck: %d live rows were received, %d were read", f.found, read+f.aside)
	}
	s.remove(f.down)
	return nil
}

// fetch looks up what it reads, so many records once it is read.
func (s *Session) fetch(ctx context.Context, f *fetching, live driver.Fetcher, l driver.Lookup, in io.Reader, written *int64) error {
	out, err := s.create(f.down)
	if err != nil {
		return err
	}
	var sent int64
	sent, f.found, err = live.Fetch(ctx, l, in, out)
	if err = out.close(err); err == nil && sent != *written {
		err = fmt.Errorf("plan/duck: %d keys were written, %d were sent", *written, sent)
	}
	return err
}

// counting is a count of the table's rows.
type counting struct {
	*meanwhile
	cancel context.CancelFunc
	table  record.Table
	rows   int64 // once that is over
}

// end waits until a count is over. Nil is over.
func (c *counting) end() error {
	if c == nil {
		return nil
	}
	return c.meanwhile.end()
}

// drop ends a count. Nil is over.
func (c *counting) drop() {
	if c != nil {
		c.cancel()
		c.end()
	}
}

// CountAhead begins to count the rows of a table for the plan of a large file that is made
// next, since the system has nothing else to do while the file is read for the first time.
func (s *Session) CountAhead(ctx context.Context, live plan.Live, table record.Table) {
	if s.later == nil {
		s.counting = count(ctx, live, table, nil)
		*s.endings = append(*s.endings, s.counting.drop)
	}
}

// count begins to count once a lookup is over.
func count(ctx context.Context, live plan.Live, table record.Table, after *fetching) *counting {
	c := &counting{table: table}
	ctx, c.cancel = context.WithCancel(ctx)
	c.meanwhile = begin(func() (err error) {
		if after.end() == nil {
			c.rows, err = live.Count(ctx, table)
		}
		return err
	})
	return c
}

// countTable begins to count the table's rows, where that did not begin before: while the
// file is gone through, when the system has little to do but to take in keys; else once
// the live rows are fetched.
func (r *run) countTable(ctx context.Context) {
	if r.counting = r.Session.counting; r.counting == nil || r.counting.table != r.spec.Table.Table {
		r.counting = count(ctx, r.live, r.spec.Table.Table, r.ahead)
	}
	r.Session.counting = nil
}

// counted waits until the table's rows are counted.
func (r *run) counted(context.Context) error {
	if err := r.counting.end(); err != nil || r.counting == nil {
		return err
	}
	r.table = r.counting.rows
	return nil
}

// askLive begins to look up the live rows of the keys that query gives, and what it
// has beside them.
func (r *run) askLive(ctx context.Context, look driver.Lookup, query string, quoted []string) (*fetching, error) {
	return r.ask(ctx, r.live, "live_raw", look, query, quoted)
}
