package system

import (
	"context"
	"hash/maphash"
	"io"
	"strconv"
	"sync"

	"golang.org/x/sync/errgroup"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// Verdict counts the rows of a step by what they are now.
type Verdict struct {
	Before  int64 // as they were: still to do
	After   int64 // as planned: done
	Neither int64 // something else
}

// Verify reads the rows of a step again, by key, and tells what they are now.
// w and rows are those of [driver.Tx.Write]. After holds where every column that
// the row writes is as after (for a delete: where the row is gone), Before where
// all columns are as before (for an insert: where there is no row). Floats are
// compared as numbers.
//
// It keeps about a hundred bytes a row in memory, hashes instead of values: two
// values that differ are taken for equal once in 2^64.
func (s *System) Verify(ctx context.Context, w driver.Write, rows io.Reader) (Verdict, error) {
	v := &verifying{write: w, seed: maphash.MakeSeed(), rows: map[int64]*expected{}, masks: map[string]string{}}
	upReader, up := io.Pipe()
	downReader, down := io.Pipe()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		err := v.send(rows, up)
		up.CloseWithError(err) // nil ends the stream
		return err
	})
	g.Go(func() error {
		columns := append(append(record.Schema{}, w.Key...), w.Columns...)
		_, _, err := s.Fetch(ctx, driver.Lookup{Table: w.Table, By: w.Key, Columns: columns}, upReader, down)
		// Each side ends the pipes with its own error, so that whichever of the three
		// is first to fail, it is this error that is told.
		down.CloseWithError(err)
		upReader.CloseWithError(err)
		return err
	})
	g.Go(func() error {
		err := v.receive(downReader)
		downReader.CloseWithError(err)
		return err
	})
	if err := g.Wait(); err != nil {
		return Verdict{}, err
	}
	return v.verdict(), nil
}

// expected is what a row was and should become, as hashes.
type expected struct {
	before, after uint64
	mask          string
	found         int // live rows with its key
	isBefore      bool
	isAfter       bool
}

type verifying struct {
	write driver.Write
	seed  maphash.Seed
	mu    sync.Mutex // rows: written while records are sent, read while they come back
	rows  map[int64]*expected
	masks map[string]string // one copy of each
}

// send remembers what every record expects and sends its number and key.
func (v *verifying) send(in io.Reader, out io.Writer) error {
	r, w := record.NewReader(in), record.NewWriter(out)
	nk, nc := len(v.write.Key), len(v.write.Columns)
	for {
		f, err := r.Read()
		if err == io.EOF {
			return w.Flush()
		}
		if err != nil {
			return err
		}
		if len(f) != 2+nk+2*nc || len(f[1].Text) != nc {
			return errs.New(errs.Internal, "A row to be verified does not have the form of one that is written.")
		}
		n, err := strconv.ParseInt(string(f[0].Text), 10, 64)
		if err != nil {
			return errs.New(errs.Internal, "A row's number is not a number.").Because(err)
		}
		v.expect(n, string(f[1].Text), f[2+nk:2+nk+nc], f[2+nk+nc:])
		w.Number(n)
		for _, key := range f[2 : 2+nk] {
			w.Optional(key.Ptr())
		}
		if err := w.End(); err != nil {
			return err
		}
	}
}

func (v *verifying) expect(n int64, mask string, before, after []record.Field) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if known, ok := v.masks[mask]; ok {
		mask = known
	} else {
		v.masks[mask] = mask
	}
	v.rows[n] = &expected{mask: mask, before: v.hash(before, ""), after: v.hash(after, mask)}
}

// receive compares the records that come back.
func (v *verifying) receive(in io.Reader) error {
	r := record.NewReader(in)
	for {
		f, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(string(f[0].Text), 10, 64)
		if err != nil {
			return errs.New(errs.Internal, "A row's number is not a number.").Because(err)
		}
		if err := v.compare(n, f[1+len(v.write.Key):]); err != nil {
			return err
		}
	}
}

func (v *verifying) compare(n int64, live []record.Field) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	e := v.rows[n]
	if e == nil || len(live) != len(v.write.Columns) {
		return errs.New(errs.Internal, "A row came back that was not asked for.")
	}
	e.found++
	e.isBefore = v.hash(live, "") == e.before
	e.isAfter = v.hash(live, e.mask) == e.after
	return nil
}

// hash sums up the columns that mask picks; all without a mask.
func (v *verifying) hash(values []record.Field, mask string) uint64 {
	var h maphash.Hash
	h.SetSeed(v.seed)
	for i, f := range values {
		switch {
		case mask != "" && mask[i] != '1':
			continue
		case f.Null:
			h.WriteByte(0) // no text begins with it
			continue
		}
		text := f.Text
		if t := v.write.Columns[i].Type; t.Kind == record.Float {
			if x, err := strconv.ParseFloat(string(text), t.Bits); err == nil {
				text = []byte(record.FormatFloat(x, t.Bits))
			}
		}
		h.WriteByte(1)
		h.WriteString(strconv.Itoa(len(text)))
		h.WriteByte(':')
		h.Write(text)
	}
	return h.Sum64()
}

func (v *verifying) verdict() (out Verdict) {
	for _, e := range v.rows {
		switch before, after := v.judge(e); {
		case after:
			out.After++
		case before:
			out.Before++
		default:
			out.Neither++
		}
	}
	return out
}

// judge says which of the two a row is; a key that is not unique tells nothing.
func (v *verifying) judge(e *expected) (before, after bool) {
	switch v.write.Op {
	case driver.Insert:
		return e.found == 0, e.found == 1 && e.isAfter
	case driver.Delete:
		return e.found == 1 && e.isBefore, e.found == 0
	}
	return e.found == 1 && e.isBefore, e.found == 1 && e.isAfter
}
