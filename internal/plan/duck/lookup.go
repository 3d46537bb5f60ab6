package duck

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// fetching is a lookup under way.
type fetching struct {
	table    string // that receive makes
	up, down string // files
	found    int64
	err      error
	done     chan struct{} // closed when found and err are set
}

// end waits until a lookup is over; whoever is in a hurry ends its context.
func (f *fetching) end() {
	if f != nil {
		<-f.done
	}
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
	f := &fetching{table: table, up: s.Path(table + "-up.csv"), down: s.Path(table + "-down.csv"), done: make(chan struct{})}
	if err := s.copyCSV(ctx, query, quoted, f.up); err != nil {
		return nil, err
	}
	written, err := s.count(ctx, `SELECT count(*) FROM (`+query+`)`)
	if err != nil {
		return nil, err
	}
	go func() {
		defer close(f.done)
		defer errs.Caught(&f.err)
		f.found, f.err = fetchFile(ctx, live, l, f.up, f.down, written)
	}()
	return f, nil
}

// receive waits for a lookup and makes its table: n and fields.
func (s *Session) receive(ctx context.Context, f *fetching, fields []string) error {
	if f.end(); f.err != nil {
		return f.err
	}
	if err := s.load(ctx, `CREATE TABLE `+f.table+` AS SELECT * FROM `+readCSV(f.down, "n", fields)); err != nil {
		return err
	}
	read, err := s.count(ctx, `SELECT count(*) FROM `+f.table)
	if err != nil {
		return err
	}
	if read != f.found {
		return fmt.Errorf("plan/duck: %d live rows were received, %d were read", f.found, read)
	}
	os.Remove(f.up)
	os.Remove(f.down)
	return nil
}

func fetchFile(ctx context.Context, live driver.Fetcher, l driver.Lookup, up, down string, written int64) (found int64, err error) {
	in, err := os.Open(up)
	if err != nil {
		return 0, diskError(err)
	}
	defer in.Close()
	out, err := os.Create(down)
	if err != nil {
		return 0, diskError(err)
	}
	sent, found, err := live.Fetch(ctx, l, in, out)
	if cerr := out.Close(); err == nil && cerr != nil {
		err = diskError(cerr)
	}
	if err == nil && sent != written {
		err = fmt.Errorf("plan/duck: %d keys were written, %d were sent", written, sent)
	}
	return found, err
}

// counting is a count of the table's rows under way.
type counting struct {
	rows int64
	err  error
	done chan struct{} // closed when rows and err are set
}

// countTable begins to count the table's rows.
func (r *run) countTable(ctx context.Context) {
	c := &counting{done: make(chan struct{})}
	r.counting = c
	go func() {
		defer close(c.done)
		defer errs.Caught(&c.err)
		c.rows, c.err = r.live.Count(ctx, r.spec.Table.Table)
	}()
}

// end waits until a count is over.
func (c *counting) end() {
	if c != nil {
		<-c.done
	}
}

// counted fetches once the table's rows are counted: a plan has one thing at a time to
// ask of the system.
type counted struct {
	driver.Fetcher
	*counting
}

// Fetch waits, then fetches.
func (c counted) Fetch(ctx context.Context, l driver.Lookup, in io.Reader, out io.Writer) (sent, found int64, err error) {
	if c.end(); c.err != nil {
		return 0, 0, c.err
	}
	return c.Fetcher.Fetch(ctx, l, in, out)
}

// askLive begins to look up the live rows of the keys that query gives, and what it
// has beside them.
func (r *run) askLive(ctx context.Context, look driver.Lookup, query string, quoted []string) (*fetching, error) {
	return r.ask(ctx, counted{r.live, r.counting}, "live_raw", look, query, quoted)
}

// fetchAhead counts the table's rows and looks up those of the file's keys while the
// other columns are read, which takes about as long. Where it takes more to know how a
// key is written (formats.go, spell.go), what rows are found by is no key, or rows
// outside of the file are read too, the fetch waits; and where the system compares.
func (r *run) fetchAhead(ctx context.Context) error {
	keys := r.cols[:r.nk]
	if r.there = r.comparesThere(); r.there || r.spec.Within != nil || r.spec.Match != nil ||
		slices.ContainsFunc(keys, func(c column) bool { return c.source < 0 || c.written.chosen || c.Type.Kind == record.Native }) {
		return nil
	}
	r.countTable(ctx)
	if err := r.load(ctx, `CREATE TABLE ahead AS `+r.cells(keys, r.staged(r.staging))); err != nil {
		return err
	}
	unlike, err := r.unlike(ctx, keys, "ahead")
	if err == nil && !slices.Contains(unlike, true) {
		r.ahead, err = r.askLive(ctx, r.lookupLive(), `SELECT line`+comma(r.asked())+` FROM ahead WHERE `+r.keyed(), r.asked())
	}
	if err != nil {
		return err
	}
	return r.exec(ctx, `DROP TABLE ahead`)
}
