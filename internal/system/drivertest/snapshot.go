package drivertest

import (
	"bytes"
	"context"
	"io"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

func (e *env) snapshot() driver.Snapshot {
	e.Helper()
	s, err := e.drv.Snapshot(e.ctx)
	if err != nil {
		e.Fatalf("Snapshot: %v", err)
	}
	return s
}

func (e *env) closed(s driver.Snapshot) {
	e.Helper()
	if err := s.Close(); err != nil {
		e.Errorf("Close of a snapshot: %v", err)
	}
}

// at fetches whole rows by their keys as of a snapshot.
func (e *env) at(s driver.Snapshot, d driver.Table, keys ...string) [][]*string {
	e.Helper()
	var out bytes.Buffer
	sent, found, err := s.Fetch(e.ctx, driver.Lookup{Table: d.Table, By: key(d), Columns: d.Columns}, asked(keys...), &out)
	if err != nil {
		e.Fatalf("Fetch of a snapshot: %v", err)
	}
	_, rows, err := decode(out.Bytes())
	if err != nil || sent != int64(len(keys)) || found != int64(len(rows)) {
		e.Fatalf("Fetch of a snapshot says %d sent and %d found of %d and %d, %v", sent, found, len(keys), len(rows), err)
	}
	return rows
}

func asked(keys ...string) *bytes.Buffer {
	var rows [][]*string
	for _, k := range keys {
		rows = append(rows, []*string{S(k)})
	}
	return numbered(rows)
}

// snapshotAgrees: another commits to both tables between the two reads, and both
// reads are of the moment before; a snapshot opened then sees it.
func snapshotAgrees(e *env) {
	first, second := e.customers(), e.customers()
	fresh := [][]*string{{S("4"), S("Dee"), nil}}
	s := e.snapshot()
	defer e.closed(s)
	e.same("before", first.Columns, e.at(s, first, "4"), nil)
	e.sys.Insert(e.T, first.Table, first.Columns, fresh)
	e.sys.Insert(e.T, second.Table, second.Columns, fresh)
	e.same("the other table", second.Columns, e.at(s, second, "4"), nil)
	e.same("the same table again", first.Columns, e.at(s, first, "4"), nil)
	later := e.snapshot()
	defer e.closed(later)
	e.same("a later snapshot", first.Columns, e.at(later, first, "4"), fresh)
	_, rows := e.fetch(first.Table, key(first), first.Columns, []*string{S("4")})
	e.same("no snapshot", first.Columns, rows, fresh)
}

// snapshotOutlives: a fetch that took too long, and one that failed, leave the moment
// as it was for the next.
func snapshotOutlives(e *env) {
	d := e.customers()
	s := e.snapshot()
	defer e.closed(s)
	e.sys.Insert(e.T, d.Table, d.Columns, [][]*string{{S("4"), S("Dee"), nil}})
	look := driver.Lookup{Table: d.Table, By: key(d), Columns: d.Columns}
	cut := func(what string, in func(cancel func()) io.Reader, out func(cancel func()) io.Writer, look driver.Lookup) {
		ctx, cancel := context.WithCancel(e.ctx)
		defer cancel()
		if _, _, err := s.Fetch(ctx, look, in(cancel), out(cancel)); err == nil {
			e.Errorf("%s: no error", what)
		}
		e.same("after "+what, d.Columns, e.at(s, d, "4"), nil)
	}
	whole := func(func()) io.Reader { return asked("1", "4") }
	nowhere := func(func()) io.Writer { return io.Discard }
	cut("its time was over before it began", func(cancel func()) io.Reader { cancel(); return asked("1") }, nowhere, look)
	cut("its time was over in the middle", func(cancel func()) io.Reader { return io.MultiReader(asked("1"), endless(cancel)) }, nowhere, look)
	cut("its rows were not in the dialect", func(func()) io.Reader { return bytes.NewBufferString("1,\"1") }, nowhere, look)
	cut("the table is not there", whole, nowhere, driver.Lookup{Table: record.Table{Schema: d.Table.Schema, Name: "no such table"}, By: key(d), Columns: d.Columns})
	cut("nobody took the rows", whole, func(func()) io.Writer { return closedPipe() }, look)
}

// endless gives keys for ever, and ends a context after some thousand.
func endless(cancel func()) io.Reader {
	r, w := io.Pipe()
	go func() {
		for i := 0; ; i++ {
			if i == 5000 {
				cancel()
			}
			if _, err := io.WriteString(w, "1,\"1\"\n"); err != nil {
				return
			}
			if i == 100_000 { // nobody has noticed that the context ended
				w.CloseWithError(nil)
				return
			}
		}
	}()
	return r
}

func closedPipe() io.Writer {
	r, w := io.Pipe()
	r.Close()
	return w
}

// snapshotFetches: where nobody writes, a snapshot's fetch is the driver's own; and
// when it is closed, writing goes on.
func snapshotFetches(e *env) {
	d := e.customers()
	s := e.snapshot()
	_, want := e.fetch(d.Table, key(d), d.Columns, []*string{S("1")})
	e.same("fetched", d.Columns, e.at(s, d, "1"), want)
	no := record.Column{Name: "no such column", Type: textType}
	_, _, err := s.Fetch(e.ctx, driver.Lookup{Table: d.Table, By: key(d), Columns: record.Schema{no}}, asked("1"), io.Discard)
	e.kind(err, errs.Changed)
	e.same("fetched again", d.Columns, e.at(s, d, "1"), want)
	e.closed(s)
	e.applied(writeOf(driver.Insert, d), row{key: []*string{S("5")}, after: []*string{S("Eve"), nil}})
	if _, _, err := s.Fetch(e.ctx, driver.Lookup{Table: d.Table, By: key(d), Columns: d.Columns}, asked("1"), io.Discard); err == nil {
		e.Error("a snapshot that is closed fetches")
	}
}
