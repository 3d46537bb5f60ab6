package drivertest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// errInjected is the fault of a stream.
var errInjected = errors.New("drivertest: the fault that was injected")

// stream passes small pieces on, counts them, and does something at the nth.
type stream struct {
	r     io.Reader
	w     io.Writer
	calls int
	at    int // 0 for never
	do    func() error
}

// piece is small, so that a short stream takes many calls.
const piece = 16

func (s *stream) Read(p []byte) (int, error) {
	if err := s.called(); err != nil {
		return 0, err
	}
	return s.r.Read(p[:min(len(p), piece)])
}

func (s *stream) Write(p []byte) (int, error) {
	if err := s.called(); err != nil {
		return 0, err
	}
	return s.w.Write(p)
}

func (s *stream) called() error {
	if s.calls++; s.calls == s.at {
		return s.do()
	}
	return nil
}

// streaming is a call of the driver that has streams. It leaves the table as it
// was where it fails, and rolls back where it does not.
type streaming func(e *env, ctx context.Context, in io.Reader, out io.Writer) error

// streamings gives every such call on the customers, with what it reads.
func (e *env) streamings(d driver.Table) map[string]struct {
	in   []byte
	call streaming
} {
	type s = struct {
		in   []byte
		call streaming
	}
	of := func(w driver.Write, rows ...row) s {
		return s{encode(w, rows).Bytes(), func(e *env, ctx context.Context, in io.Reader, out io.Writer) error {
			tx := e.begin()
			_, _, err := tx.Write(ctx, w, in, out)
			if rollback := tx.Rollback(e.ctx); rollback != nil {
				e.Errorf("%s: Rollback: %v", w.Op, rollback)
			}
			return err
		}}
	}
	write := func(op driver.Op, rows ...row) s { return of(writeOf(op, d), rows...) }
	all := map[string]s{
		"insert that the system fills": of(writeOf(driver.Insert, e.create(e.filledTable())), row{mask: "0000", key: []*string{S("1")}}),
		"fetch": {numbered([][]*string{{S("1")}, {S("2")}, {S("99")}}).Bytes(), func(e *env, ctx context.Context, in io.Reader, out io.Writer) error {
			_, _, err := e.drv.Fetch(ctx, driver.Lookup{Table: d.Table, By: key(d), Columns: d.Columns}, in, out)
			return err
		}},
		"export": {nil, func(e *env, ctx context.Context, _ io.Reader, out io.Writer) error {
			_, err := e.drv.Export(ctx, d.Table, key(d), d.Columns, out)
			return err
		}},
		"page": {nil, func(e *env, ctx context.Context, _ io.Reader, out io.Writer) error {
			_, err := e.drv.Page(ctx, d.Table, driver.View{Key: key(d), Limit: 2, Offset: 1}, d.Columns, out)
			return err
		}},
		"insert": write(driver.Insert, row{key: []*string{S("5")}, after: []*string{S("Eve"), nil}}, row{key: []*string{S("6")}, after: []*string{S("Fay"), S("")}}),
		"update": write(driver.Update, row{key: []*string{S("1")}, before: []*string{S("Ada"), S("NET30")}, after: []*string{S("Ada"), S("NET45")}},
			row{key: []*string{S("2")}, before: []*string{S("Bob"), nil}, after: []*string{S("Bea"), nil}}),
		"delete": write(driver.Delete, row{key: []*string{S("1")}, before: []*string{S("Ada"), S("NET30")}}),
	}
	if len(e.run.h.Natives) > 0 {
		name := d.Columns[1]
		name.Type.Kind = record.Native // a text is spelled as it is, too
		all["spell"] = s{numbered([][]*string{{S("Ada")}, {S("Bob")}}).Bytes(), func(e *env, ctx context.Context, in io.Reader, out io.Writer) error {
			_, err := e.drv.Spell(ctx, d.Table, name, in, out)
			return err
		}}
	}
	return all
}

// streamsBreak: whatever happens to a stream, at any of its calls, is told by the
// call that it belongs to, as what it was. Nothing is written, and nothing is left
// behind that another call would have to wait for.
func streamsBreak(e *env) {
	d := e.customers()
	before := e.sys.Rows(e.T, d.Table, d.Columns)
	var end context.CancelFunc
	e.ctx, end = context.WithTimeout(e.ctx, time.Minute) // a connection that was not given back is waited for
	defer end()
	for name, s := range e.streamings(d) {
		in, out := &stream{r: bytes.NewReader(s.in)}, &stream{w: io.Discard}
		if err := s.call(e, e.ctx, in, out); err != nil {
			e.Fatalf("%s: %v", name, err)
		}
		if _, quiet := map[string]bool{"insert": true, "update": true, "delete": true}[name]; out.calls == 0 && !quiet || len(s.in) > 0 && in.calls < 2 {
			e.Errorf("%s: %d reads, %d writes", name, in.calls, out.calls)
		}
		for n := 1; n <= in.calls; n++ {
			e.breaks(name, s.call, s.in, n, 0)
		}
		for n := 1; n <= out.calls; n++ {
			e.breaks(name, s.call, s.in, 0, n)
		}
		if err := s.call(e, e.ctx, bytes.NewReader(s.in), io.Discard); err != nil {
			e.Errorf("%s after faults: %v", name, err)
		}
		e.holds(d, before)
	}
}

// breaks makes a call whose stream fails at the nth read or write, and one that is
// cancelled there.
func (e *env) breaks(name string, call streaming, text []byte, read, write int) {
	e.Helper()
	fail := func() error { return errInjected }
	err := call(e, e.ctx, &stream{r: bytes.NewReader(text), at: read, do: fail}, &stream{w: io.Discard, at: write, do: fail})
	if !errors.Is(err, errInjected) {
		e.Errorf("%s, fault at read %d, write %d: the error is %v", name, read, write, err)
	}
	ctx, cancel := context.WithCancel(e.ctx)
	defer cancel()
	gone := func() error { cancel(); return ctx.Err() }
	err = call(e, ctx, &stream{r: bytes.NewReader(text), at: read, do: gone}, &stream{w: io.Discard, at: write, do: gone})
	if !errors.Is(err, context.Canceled) {
		e.Errorf("%s, cancelled at read %d, write %d: the error is %v", name, read, write, err)
	}
}

// Fault makes a driver fail at one of its calls: for tests of what stands on a
// driver. Its zero value counts only.
type Fault struct {
	mu    sync.Mutex
	calls []string
	at    int
	after bool
}

// Arm makes the nth call from now fail as unavailable: before it reaches the
// system, or after, as if the answer had been lost. A rollback always reaches it.
func (f *Fault) Arm(n int, after bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls, f.at, f.after = nil, n, after
}

// Calls names the calls since Arm.
func (f *Fault) Calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// Open wraps a connector.
func (f *Fault) Open(open driver.Open) driver.Open {
	return func(ctx context.Context, dsn string) (driver.Driver, error) {
		d, err := open(ctx, dsn)
		if err != nil {
			return nil, err
		}
		return faultyDriver{d, f}, nil
	}
}

// call makes a call, or not, and lets it fail where it is the one.
func (f *Fault) call(name string, call func() error) error {
	f.mu.Lock()
	f.calls = append(f.calls, name)
	struck, after := len(f.calls) == f.at, f.after || name == "Rollback"
	f.mu.Unlock()
	if !struck {
		return call()
	}
	if after {
		if err := call(); err != nil {
			return err
		}
	}
	return errs.New(errs.Unavailable, "The line to the database was cut.").Because(errInjected)
}

type faultyDriver struct {
	driver.Driver
	f *Fault
}

func (d faultyDriver) Describe(ctx context.Context, t record.Table) (out driver.Table, err error) {
	err = d.f.call("Describe", func() error { out, err = d.Driver.Describe(ctx, t); return err })
	return out, err
}

func (d faultyDriver) Count(ctx context.Context, t record.Table) (n int64, err error) {
	err = d.f.call("Count", func() error { n, err = d.Driver.Count(ctx, t); return err })
	return n, err
}

func (d faultyDriver) Fetch(ctx context.Context, l driver.Lookup, in io.Reader, out io.Writer) (sent, found int64, err error) {
	err = d.f.call("Fetch", func() error { sent, found, err = d.Driver.Fetch(ctx, l, in, out); return err })
	return sent, found, err
}

func (d faultyDriver) Spell(ctx context.Context, table record.Table, c record.Column, in io.Reader, out io.Writer) (n int64, err error) {
	err = d.f.call("Spell", func() error { n, err = d.Driver.Spell(ctx, table, c, in, out); return err })
	return n, err
}

func (d faultyDriver) Snapshot(ctx context.Context) (s driver.Snapshot, err error) {
	err = d.f.call("Snapshot", func() error { s, err = d.Driver.Snapshot(ctx); return err })
	if err != nil && s != nil { // the answer was lost, and the connection with it
		return nil, errors.Join(err, s.Close())
	}
	return s, err
}

func (d faultyDriver) TxStatus(ctx context.Context, id string) (state driver.TxState, err error) {
	err = d.f.call("TxStatus", func() error { state, err = d.Driver.TxStatus(ctx, id); return err })
	return state, err
}

func (d faultyDriver) Begin(ctx context.Context, o driver.Options) (driver.Tx, error) {
	var tx driver.Tx
	err := d.f.call("Begin", func() (err error) { tx, err = d.Driver.Begin(ctx, o); return err })
	if err != nil && tx != nil { // the answer was lost, and the connection with it
		err = errors.Join(err, tx.Rollback(ctx))
	}
	if err != nil {
		return nil, err
	}
	return faultyTx{tx, d.f}, nil
}

type faultyTx struct {
	driver.Tx
	f *Fault
}

func (t faultyTx) Write(ctx context.Context, w driver.Write, rows io.Reader, stored io.Writer) (n int64, conflicts []driver.Conflict, err error) {
	err = t.f.call("Write", func() error { n, conflicts, err = t.Tx.Write(ctx, w, rows, stored); return err })
	return n, conflicts, err
}

func (t faultyTx) Draw(ctx context.Context, table record.Table, column string, n int64, out io.Writer) error {
	return t.f.call("Draw", func() error { return t.Tx.(driver.Drawer).Draw(ctx, table, column, n, out) })
}

func (t faultyTx) Commit(ctx context.Context) error {
	return t.f.call("Commit", func() error { return t.Tx.Commit(ctx) })
}

func (t faultyTx) Rollback(ctx context.Context) error {
	return t.f.call("Rollback", func() error { return t.Tx.Rollback(ctx) })
}
