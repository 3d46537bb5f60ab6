package drivertest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

var (
	int64Type = record.Type{Kind: record.Int, Bits: 64}
	textType  = record.Type{Kind: record.Text}
)

// env is what one test works with.
type env struct {
	*testing.T
	run *run
	ctx context.Context
	sys System
	drv driver.Driver
}

func newEnv(t *testing.T, r *run) *env {
	e := &env{T: t, run: r, ctx: context.Background(), sys: r.h.New(t)}
	e.drv = e.sys.Open(t)
	t.Cleanup(func() {
		if err := e.drv.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return e
}

// create creates the table under a fresh name, unless it has one, and describes
// it through the driver.
func (e *env) create(table Table) driver.Table {
	e.Helper()
	if table.Name.Name == "" {
		table.Name = e.run.fresh("t")
	}
	name := e.sys.Create(e.T, table)
	d, err := e.drv.Describe(e.ctx, name)
	if err != nil {
		e.Fatalf("Describe(%s): %v", name, err)
	}
	return d
}

// customers is the table most tests use, with four rows.
func (e *env) customers() driver.Table {
	e.Helper()
	d := e.create(Table{
		Columns: []Column{
			{Name: "id", Type: int64Type},
			{Name: "name", Type: textType, Nullable: true},
			{Name: "terms", Type: textType, Nullable: true},
		},
		Key: []string{"id"},
	})
	e.sys.Insert(e.T, d.Table, d.Columns, [][]*string{
		{S("1"), S("Ada"), S("NET30")},
		{S("2"), S("Bob"), nil},
		{S("3"), nil, S("")},
		{S("20"), S("Zoë"), S("NET60")},
	})
	return d
}

func key(d driver.Table) record.Schema { return d.Columns.Pick(d.PrimaryKey) }

// others gives the columns that are not in the primary key.
func others(d driver.Table) record.Schema {
	var out record.Schema
	for _, c := range d.Columns {
		if key(d).Index(c.Name) < 0 {
			out = append(out, c)
		}
	}
	return out
}

// show writes rows one a line, for comparison and for people.
func show(columns record.Schema, rows [][]*string) string {
	var b strings.Builder
	for _, row := range rows {
		for i, v := range row {
			switch {
			case v == nil:
				b.WriteString("NULL ")
			case i < len(columns) && columns[i].Type.Kind == record.Float:
				b.WriteString(canonicalFloat(*v, columns[i].Type.Bits) + " ")
			default:
				b.WriteString(shorten(strconv.Quote(*v)) + " ")
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func shorten(s string) string {
	if len(s) <= 10_000 {
		return s
	}
	return s[:100] + "…" + strconv.Itoa(len(s))
}

func canonicalFloat(text string, bits int) string {
	v, err := strconv.ParseFloat(text, bits)
	if err != nil {
		return text
	}
	return record.FormatFloat(v, bits)
}

// same fails the test where got is not want.
func (e *env) same(what string, columns record.Schema, got, want [][]*string) {
	e.Helper()
	if diff := cmp.Diff(show(columns, want), show(columns, got)); diff != "" {
		e.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// holds fails the test where the table, read from outside, is not want.
func (e *env) holds(d driver.Table, want [][]*string) {
	e.Helper()
	e.same("the table holds", d.Columns, e.sys.Rows(e.T, d.Table, d.Columns), want)
}

// kind fails the test where err has not one of the kinds.
func (e *env) kind(err error, kinds ...errs.Kind) {
	e.Helper()
	for _, k := range kinds {
		if errs.As(err) != nil && errs.KindOf(err) == k {
			return
		}
	}
	e.Errorf("got the error %v; want a public one of kind %v", err, kinds)
}

// refused fails the test where err is not a Refusal, or tells a value.
func (e *env) refused(err error, secret string) *driver.Refusal {
	e.Helper()
	var r *driver.Refusal
	if !errors.As(err, &r) {
		e.Fatalf("got %v, want a *driver.Refusal", err)
	}
	if r.Message == "" || strings.Contains(errs.Detail(err), secret) { // its causes go to the log
		e.Errorf("the refusal %q should be a sentence and not tell the value %q", errs.Detail(err), secret)
	}
	return r
}

// decode reads records "number, values…".
func decode(b []byte) (numbers []int64, rows [][]*string, err error) {
	r := record.NewReader(bytes.NewReader(b))
	for {
		fields, err := r.Read()
		if err == io.EOF {
			return numbers, rows, nil
		}
		if err != nil {
			return nil, nil, err
		}
		n, err := strconv.ParseInt(string(fields[0].Text), 10, 64)
		if err != nil {
			return nil, nil, err
		}
		numbers = append(numbers, n)
		row := make([]*string, 0, len(fields)-1)
		for _, f := range fields[1:] {
			row = append(row, f.Ptr())
		}
		rows = append(rows, row)
	}
}

// numbered writes records "number, values…", numbers from 1.
func numbered(rows [][]*string) *bytes.Buffer {
	var b bytes.Buffer
	w := record.NewWriter(&b)
	for i, row := range rows {
		w.Number(int64(i + 1))
		for _, v := range row {
			w.Optional(v)
		}
		if err := w.End(); err != nil {
			panic(err) // a bytes.Buffer does not fail
		}
	}
	if err := w.Flush(); err != nil {
		panic(err)
	}
	return &b
}

// writing is a writer of one function.
type writing func([]byte) (int, error)

func (w writing) Write(p []byte) (int, error) { return w(p) }

// fetch fetches columns by the rows' values of the columns by; it gives the
// found rows with their numbers in front, sorted by the driver's order.
func (e *env) fetch(table record.Table, by, columns record.Schema, ask ...[]*string) (numbers []int64, rows [][]*string) {
	e.Helper()
	in, out := numbered(ask), bytes.Buffer{}
	early := 0
	sent, found, err := e.drv.Fetch(e.ctx, driver.Lookup{Table: table, By: by, Columns: columns}, in, writing(func(p []byte) (int, error) {
		early = max(early, in.Len())
		return out.Write(p)
	}))
	if err != nil {
		e.Fatalf("Fetch: %v", err)
	}
	if early > 0 {
		e.Errorf("Fetch wrote rows with %d bytes of its input unread", early)
	}
	if numbers, rows, err = decode(out.Bytes()); err != nil {
		e.Fatalf("Fetch wrote what is not the dialect: %v", err)
	}
	if sent != int64(len(ask)) || found != int64(len(rows)) {
		e.Errorf("Fetch says %d sent and %d found; it was %d and %d", sent, found, len(ask), len(rows))
	}
	return numbers, rows
}

// export reads the whole table through the driver.
func (e *env) export(d driver.Table) [][]*string {
	e.Helper()
	var out bytes.Buffer
	n, err := e.drv.Export(e.ctx, d.Table, key(d), d.Columns, &out)
	if err != nil {
		e.Fatalf("Export: %v", err)
	}
	numbers, rows, err := decode(out.Bytes())
	if err != nil {
		e.Fatalf("Export wrote what is not the dialect: %v", err)
	}
	if n != int64(len(rows)) {
		e.Errorf("Export says %d rows, wrote %d", n, len(rows))
	}
	for i, number := range numbers {
		if number != int64(i+1) {
			e.Fatalf("Export numbers record %d as %d", i+1, number)
		}
	}
	return rows
}
