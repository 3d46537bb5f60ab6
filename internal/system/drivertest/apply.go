package drivertest

import (
	"bytes"
	"slices"
	"strings"

	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// row is one record of a Write. Missing sides are NULL throughout, a missing
// mask writes every column; its number is its place in the list, from 1.
type row struct {
	mask               string
	key, before, after []*string
}

// writeOf describes a Write over all columns outside the key.
func writeOf(op driver.Op, d driver.Table) driver.Write {
	return driver.Write{Op: op, Table: d.Table, Key: key(d), Columns: others(d)}
}

func encode(w driver.Write, rows []row) *bytes.Buffer {
	side := func(values []*string) []*string {
		if values == nil {
			return make([]*string, len(w.Columns))
		}
		return values
	}
	var b bytes.Buffer
	out := record.NewWriter(&b)
	for i, r := range rows {
		mask := r.mask
		if mask == "" {
			mask = strings.Repeat("1", len(w.Columns))
		}
		out.Number(int64(i + 1))
		out.String(mask)
		for _, values := range [][]*string{r.key, side(r.before), side(r.after)} {
			for _, v := range values {
				out.Optional(v)
			}
		}
		if err := out.End(); err != nil {
			panic(err) // a bytes.Buffer does not fail
		}
	}
	if err := out.Flush(); err != nil {
		panic(err)
	}
	return &b
}

// outcome is what a Write came to.
type outcome struct {
	written   int64
	stored    [][]*string // key…, columns… of each row: as told, or as it says where nothing is told of it
	conflicts []driver.Conflict
	err       error
}

func (e *env) begin() driver.Tx {
	e.Helper()
	tx, err := e.drv.Begin(e.ctx, driver.Options{LockSeconds: 5})
	if err != nil {
		e.Fatalf("Begin: %v", err)
	}
	return tx
}

// step writes rows within tx.
func (e *env) step(tx driver.Tx, w driver.Write, rows ...row) outcome {
	e.Helper()
	var (
		o   outcome
		out bytes.Buffer
	)
	o.written, o.conflicts, o.err = tx.Write(e.ctx, w, encode(w, rows), &out)
	if o.err != nil || len(o.conflicts) > 0 {
		return o
	}
	numbers, told, err := decode(out.Bytes())
	if err != nil {
		e.Fatalf("Write stored what is not the dialect: %v", err)
	}
	if o.written != int64(len(rows)) {
		e.Errorf("Write wrote %d of %d rows without a conflict", o.written, len(rows))
	}
	for _, r := range rows {
		o.stored = append(o.stored, r.says(w))
	}
	seen := map[int64]bool{}
	for i, n := range numbers {
		if seen[n] || n < 1 || n > int64(len(rows)) {
			e.Fatalf("Write gave back the number %d, twice or never given", n)
		}
		seen[n], o.stored[n-1] = true, told[i]
	}
	return o
}

// says is what a row says that is stored of it; of a delete, what it was.
func (r row) says(w driver.Write) []*string {
	values := slices.Clone(r.key)
	for i := range w.Columns {
		side := r.before
		if w.Op != driver.Delete && (r.mask == "" || r.mask[i] == '1') {
			side = r.after
		}
		if side == nil {
			side = make([]*string, len(w.Columns))
		}
		values = append(values, side[i])
	}
	return values
}

// apply writes one step in a transaction of its own: it is committed, or rolled
// back where the step has conflicts or fails.
func (e *env) apply(w driver.Write, rows ...row) outcome {
	e.Helper()
	tx := e.begin()
	o := e.step(tx, w, rows...)
	end, name := tx.Commit, "Commit"
	if o.err != nil || len(o.conflicts) > 0 {
		end, name = tx.Rollback, "Rollback"
	}
	if err := end(e.ctx); err != nil {
		e.Fatalf("%s: %v", name, err)
	}
	return o
}

// applied is apply where nothing may go wrong.
func (e *env) applied(w driver.Write, rows ...row) outcome {
	e.Helper()
	o := e.apply(w, rows...)
	if o.err != nil || len(o.conflicts) > 0 {
		e.Fatalf("%s: conflicts %v, error %v", w.Op, o.conflicts, o.err)
	}
	return o
}

// storedSchema is the schema of stored rows.
func storedSchema(w driver.Write) record.Schema {
	return append(append(record.Schema{}, w.Key...), w.Columns...)
}

// conflicted fails the test where the conflicts are not exactly these.
func (e *env) conflicted(o outcome, want ...driver.Conflict) {
	e.Helper()
	if o.err != nil {
		e.Fatalf("got the error %v, want conflicts", o.err)
	}
	if len(o.conflicts) != len(want) {
		e.Fatalf("got the conflicts %v, want %v", o.conflicts, want)
	}
	for i, c := range o.conflicts {
		if c != want[i] {
			e.Errorf("got the conflict %v, want %v", c, want[i])
		}
	}
}
