package workflow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"sutor/internal/access"
	"sutor/internal/intake"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// How much of the live table is read to tell columns by their content.
const (
	liveRows  = 2000     // the first, in key order
	liveBytes = 16 << 20 // of these rows
	askedKeys = 1000     // values looked up in a column that is unique
)

// content gives what stands in columns of the file, and in columns of the dataset
// that they could be. It reads both once, and nothing where one side is empty.
func (m *matching) content(ctx context.Context, files, targets []int) (e intake.Evidence, err error) {
	if len(files) == 0 || len(targets) == 0 {
		return e, nil
	}
	if m.samples == nil {
		if m.samples, err = sampled(m.staging, len(m.header)); err != nil {
			return e, err
		}
		if m.live, err = m.present(ctx, files, targets); err != nil {
			return e, err
		}
	}
	return intake.Evidence{Samples: m.samples, Live: m.live}, nil
}

func sampled(staging string, columns int) ([]intake.Sample, error) {
	f, err := os.Open(staging)
	if err != nil {
		return nil, diskFull(err)
	}
	defer f.Close()
	return intake.Samples(f, columns)
}

// present reads some of what stands in live columns, for somebody who may see it:
// the first rows of the table, and for columns that are unique the file's values.
func (m *matching) present(ctx context.Context, files, targets []int) (map[int]intake.Present, error) {
	var maker sight
	err := m.Store.View(ctx, func(tx Tx) (err error) {
		maker, err = m.makerSight(tx, m.c)
		return err
	})
	if err != nil || !access.May(maker.p, access.SeeValues, m.d) {
		return nil, err
	}
	var columns record.Schema
	var of []int
	for _, t := range targets {
		if c := m.spec.Table.Columns[m.spec.Table.Columns.Index(m.spec.targets[t].Name)]; c.Type.Kind != record.Float { // each system prints floats in its own way
			columns, of = append(columns, c), append(of, t)
		}
	}
	if len(columns) == 0 {
		return nil, nil
	}
	page := &bounded{left: liveBytes}
	n, err := m.first(ctx, maker, columns, page)
	if err != nil {
		return nil, err
	}
	live := map[int]intake.Present{}
	whole := n < liveRows && !page.cut
	for _, t := range of {
		live[t] = intake.Present{Values: map[string]bool{}, Whole: whole}
	}
	if err := page.each(func(values []record.Field) {
		for i, t := range of {
			p := live[t]
			p.Rows++
			if v := values[i]; !v.Null {
				p.Values[string(v.Text)] = true
			}
			live[t] = p
		}
	}); err != nil {
		return nil, err
	}
	for i, t := range of {
		// Texts of a file are no values of a Native type yet, and cannot be looked up.
		if !whole && maker.AllRows() && columns[i].Type.Kind != record.Native && m.unique(columns[i].Name) {
			if live[t], err = m.lookup(ctx, columns[i], files); err != nil {
				return nil, err
			}
		}
	}
	return live, nil
}

// first reads the first rows that the maker sees.
func (m *matching) first(ctx context.Context, maker sight, columns record.Schema, page io.Writer) (n int64, err error) {
	if maker.AllRows() {
		return m.sys.Page(ctx, m.spec.Table.Table, driver.View{Key: m.spec.Key, Limit: liveRows}, columns, page)
	}
	r, err := m.look(maker, m.sys, m.spec.Table)
	if err != nil {
		return 0, err
	}
	w := record.NewWriter(page)
	err = r.each(ctx, columns, func(fields []record.Field) error {
		if n++; n > liveRows {
			return errEnough
		}
		w.Number(n)
		for _, f := range fields {
			w.Optional(f.Ptr())
		}
		return w.End()
	})
	if errors.Is(err, errEnough) {
		n, err = liveRows, nil
	}
	return n, errors.Join(err, w.Flush())
}

// unique tells whether no two rows have the same value in the column, so that
// looking values up is cheap and finds one row each.
func (m *matching) unique(name string) bool {
	return slices.ContainsFunc(append([][]string{m.spec.Table.PrimaryKey}, m.spec.Table.Uniques...), func(u []string) bool {
		return len(u) == 1 && u[0] == name
	})
}

// lookup asks the system which of the file's values a unique column has.
func (m *matching) lookup(ctx context.Context, c record.Column, files []int) (intake.Present, error) {
	var asked []string
	var up bytes.Buffer
	w := record.NewWriter(&up)
	for _, f := range files {
		for _, text := range m.samples[f].Values {
			v, p := c.Type.Parse(text, m.spec.Location)
			if p != record.OK || len(asked) == askedKeys {
				continue
			}
			w.Number(int64(len(asked)))
			w.String(v)
			if err := w.End(); err != nil {
				return intake.Present{}, err
			}
			asked = append(asked, v)
		}
	}
	out := intake.Present{Values: map[string]bool{}, Whole: true}
	if len(asked) == 0 {
		return out, nil
	}
	if err := w.Flush(); err != nil {
		return out, err
	}
	by := record.Schema{c}
	down := &bounded{left: liveBytes}
	_, _, err := m.sys.Fetch(ctx, driver.Lookup{Table: m.spec.Table.Table, By: by, Columns: by}, &up, down)
	if err != nil {
		return out, err
	}
	return out, down.numbered(func(n int64) {
		if n >= 0 && n < int64(len(asked)) {
			out.Values[asked[n]] = true
		}
	})
}

// bounded keeps the beginning of what is written to it and lets the rest pass.
type bounded struct {
	bytes.Buffer
	left int
	cut  bool
}

// Write implements io.Writer; it takes everything.
func (b *bounded) Write(p []byte) (int, error) {
	keep := min(len(p), b.left)
	b.left -= keep
	b.cut = b.cut || keep < len(p)
	b.Buffer.Write(p[:keep])
	return len(p), nil
}

// each gives the records that were kept whole, without their numbers.
func (b *bounded) each(do func([]record.Field)) error {
	if b.cut { // the last record may be a part of one
		whole := bytes.LastIndexByte(b.Bytes(), '\n') + 1
		b.Truncate(max(whole, 0))
	}
	rows := record.NewReader(&b.Buffer)
	for {
		fields, err := rows.Read()
		if err == io.EOF || err != nil && b.cut { // a line break inside a value was taken for the end of a record
			return nil
		}
		if err != nil {
			return err
		}
		do(fields[1:])
	}
}

// numbered gives the numbers of the records that were kept whole.
func (b *bounded) numbered(do func(int64)) error {
	rows := record.NewReader(&b.Buffer)
	for {
		fields, err := rows.Read()
		if err == io.EOF || err != nil && b.cut {
			return nil
		}
		if err != nil {
			return err
		}
		var n int64
		if _, err := fmt.Sscan(string(fields[0].Text), &n); err != nil {
			return fmt.Errorf("workflow: a live row has no number: %w", err)
		}
		do(n)
	}
}
