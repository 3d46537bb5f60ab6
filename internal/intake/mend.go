package intake

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"sutor/internal/errs"
	"sutor/internal/record"
)

// Mend is one cell of a file as a person has it mended: instead of what stands in
// the file, this counts. Mends are kept as records "line,column,text" in the
// canonical dialect of package record, in the order of lines and then of columns'
// names, each cell once.
type Mend struct {
	Line   int64   // as in staging
	Column string  // as in the file's header ([Result].Columns)
	Text   *string // as a cell of staging: nil for nothing
}

// MendWriter writes mends, which must come in order.
type MendWriter struct {
	w     *record.Writer
	cells int64
}

// NewMendWriter makes a MendWriter; call Flush at the end.
func NewMendWriter(out io.Writer) *MendWriter { return &MendWriter{w: record.NewWriter(out)} }

// Write writes the mends of one line, putting them in order.
func (w *MendWriter) Write(mends []Mend) error {
	slices.SortFunc(mends, func(a, b Mend) int { return cmp.Compare(a.Column, b.Column) })
	for _, m := range mends {
		w.w.Number(m.Line)
		w.w.String(m.Column)
		w.w.Optional(m.Text)
		if err := w.w.End(); err != nil {
			return err
		}
		w.cells++
	}
	return nil
}

// Cells is how many cells were written.
func (w *MendWriter) Cells() int64 { return w.cells }

// Flush writes what is buffered.
func (w *MendWriter) Flush() error { return w.w.Flush() }

// MendReader reads mends line by line.
type MendReader struct {
	r    *record.Reader
	next *Mend
}

// NewMendReader makes a MendReader.
func NewMendReader(in io.Reader) *MendReader { return &MendReader{r: record.NewReader(in)} }

// Of gives the mends of a line; lines are asked for in ascending order. A mend of
// a line that was passed over means a row which is not there, and is refused.
func (r *MendReader) Of(line int64) (mends []Mend, err error) {
	for {
		if r.next == nil {
			if r.next, err = r.read(); err != nil || r.next == nil {
				return mends, err
			}
		}
		switch {
		case r.next.Line < line:
			return nil, noRow(r.next.Line)
		case r.next.Line > line:
			return mends, nil
		}
		mends = append(mends, *r.next)
		r.next = nil
	}
}

// End refuses mends of lines after the last.
func (r *MendReader) End() error {
	if _, err := r.Of(1<<63 - 1); err != nil {
		return err
	}
	return nil
}

func (r *MendReader) read() (*Mend, error) {
	f, err := r.r.Read()
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if len(f) != 3 {
		return nil, fmt.Errorf("intake: a mend has %d fields", len(f))
	}
	line, err := strconv.ParseInt(string(f[0].Text), 10, 64)
	return &Mend{Line: line, Column: string(f[1].Text), Text: f[2].Ptr()}, err
}

func noRow(line int64) error {
	return errs.New(errs.Invalid, "The file has no row %d, whose cells are mended.", line).WithMend("Take the rows out again: the file is read in another way than before.")
}

// Overlay writes the staging file with mends in the place of cells; columns are
// the file's. Records without a mend pass byte for byte. A record's defect is
// lifted where every cell of it is mended: only then has somebody said what
// stands where. Lines must ascend, as they do in staging.
func Overlay(staging io.Reader, columns []string, mends io.Reader, out io.Writer) error {
	return OverlayUpTo(staging, columns, mends, math.MaxInt64, out)
}

// OverlayUpTo is Overlay of a staging file that goes up to a line, by [ReadUpTo]: mends
// of later lines are left alone.
func OverlayUpTo(staging io.Reader, columns []string, mends io.Reader, last int64, out io.Writer) error {
	r, w := NewMendReader(mends), bufio.NewWriterSize(out, 256<<10)
	mended := record.NewWriter(w)
	err := EachRecord(staging, func(line int64, raw []byte) error {
		cells, err := r.Of(line)
		if err != nil {
			return err
		}
		if len(cells) == 0 {
			_, err := w.Write(raw)
			return err
		}
		fields, err := Cells(raw)
		if err != nil {
			return err
		}
		if err := Lay(fields, columns, cells); err != nil {
			return err
		}
		mended.Number(line)
		for _, f := range fields {
			mended.Optional(f)
		}
		return errors.Join(mended.End(), mended.Flush())
	})
	if err != nil {
		return err
	}
	if _, err := r.Of(last); err != nil { // of rows that are not there
		return err
	}
	return w.Flush()
}

// Lay puts the mends of one line over a record's fields: defect, cells….
func Lay(fields []*string, columns []string, mends []Mend) error {
	for _, m := range mends {
		i := slices.Index(columns, m.Column)
		if i < 0 || i+1 >= len(fields) {
			return errs.New(errs.Invalid, "The file has no column %s, in which row %d is mended.", show(m.Column), m.Line).
				WithMend("Take the rows out again: the file is read in another way than before.")
		}
		fields[i+1] = m.Text
	}
	if len(mends) == len(columns) {
		fields[0] = nil
	}
	return nil
}

// Cells gives the fields of a raw record after its line: defect, cells….
func Cells(raw []byte) ([]*string, error) {
	f, err := record.NewReader(bytes.NewReader(raw)).Read()
	if err != nil {
		return nil, err
	}
	out := make([]*string, len(f)-1)
	for i, field := range f[1:] {
		out[i] = field.Ptr()
	}
	return out, nil
}

// EachRecord gives each record of a staging file as its bytes, which are valid
// until the next, with its line.
func EachRecord(staging io.Reader, do func(line int64, raw []byte) error) error {
	in := bufio.NewReaderSize(staging, 1<<20)
	var raw []byte
	open := false // inside quotes
	for {
		piece, err := in.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) && !errors.Is(err, io.EOF) {
			return err
		}
		if errors.Is(err, io.EOF) && len(raw)+len(piece) == 0 {
			return nil
		}
		if bytes.Count(piece, []byte{'"'})%2 == 1 {
			open = !open
		}
		whole := err == nil && !open
		if whole && len(raw) == 0 {
			raw = piece
		} else {
			raw = append(raw, piece...)
		}
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		if !whole {
			continue
		}
		digits, _, _ := bytes.Cut(raw, []byte{','})
		line, err := strconv.ParseInt(string(digits), 10, 64)
		if err != nil {
			return fmt.Errorf("intake: a staging record does not begin with its line: %w", err)
		}
		if err := do(line, raw); err != nil {
			return err
		}
		raw = nil
	}
}
