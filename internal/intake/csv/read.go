package csv

import (
	"context"
	"fmt"
	"io"
	"math"
	"strconv"
)

// Read reads the CSV file in and writes its staging form to out. Errors are
// [errs.Invalid] for a file that is refused, [errs.Unavailable] where out's disk
// is full, and in's own error, wrapped, where it breaks off. After an error what
// was written to out is worth nothing.
func Read(ctx context.Context, in io.Reader, out io.Writer, o Options) (Result, error) {
	return read(ctx, in, out, o, windowSize)
}

// read is Read with a window of the given size to start from.
func read(ctx context.Context, in io.Reader, out io.Writer, o Options, window int) (Result, error) {
	if err := o.check(); err != nil {
		return Result{}, err
	}
	o.Limits = o.withDefaults()
	r := &reader{ctx: ctx, limits: o.Limits, src: newSource(in, window, o.MaxBytes), out: out, flushAt: window, line: 1}
	if err := r.begin(o.Delimiter); err != nil {
		return Result{}, err
	}
	if err := r.rows(); err != nil {
		return Result{}, err
	}
	r.res.Bytes = r.src.bytes
	r.res.Dialect = dialect(r.bom, r.res.Delimiter, r.scan.ends)
	return r.res, nil
}

// reader joins source and scanner, knows the line, and applies the limits.
type reader struct {
	ctx     context.Context
	limits  Limits
	src     *source
	scan    *scanner
	out     io.Writer
	flushAt int   // bytes of staging that are worth a write
	line    int64 // physical line where the window begins
	header  int64 // line of the header
	bom     bool
	padding int64 // missing cells so far
	res     Result
}

// begin passes byte order marks, settles the separator and reads the header.
func (r *reader) begin(delimiter byte) error {
	r.src.more(r.ctx)
	for len(r.src.window()) >= 3 && string(r.src.window()[:3]) == "\uFEFF" {
		r.src.pos += 3 // some programs put a second one before the first
		r.bom = true
	}
	if delimiter == 0 {
		var err error
		if delimiter, err = detect(r.src, r.line); err != nil {
			return err
		}
	}
	r.res.Delimiter = delimiter
	r.scan = newScanner(delimiter, r.limits.MaxColumns, r.limits.MaxCell)
	names, err := r.readHeader()
	if err != nil {
		return err
	}
	r.res.Columns, r.scan.columns, r.scan.n = names, len(names), 0
	return nil
}

// rows reads what stands below the header.
func (r *reader) rows() error {
	for {
		start := r.scan.n
		at, ok, err := r.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if r.res.Rows++; r.res.Rows > r.limits.MaxRows {
			return tooManyRows(r.limits.MaxRows)
		}
		if err := r.finish(start, at); err != nil {
			return err
		}
		if r.scan.n >= r.flushAt {
			if err := r.flush(); err != nil {
				return err
			}
		}
	}
	if r.res.Rows == 0 {
		return onlyHeader(r.header)
	}
	return r.flush()
}

// next scans the next record that is not a blank line, behind its line number
// and a comma: the place where a defect goes. It gives the place; false at the
// end of the file.
func (r *reader) next() (at int, ok bool, err error) {
	start := r.scan.n
	for {
		if r.src.pos == r.src.end && r.src.eof() {
			r.scan.n = start
			return 0, false, nil
		}
		r.scan.n = start
		r.scan.room()
		r.scan.n = len(strconv.AppendInt(r.scan.out[:start], r.line, 10))
		r.scan.out[r.scan.n] = ','
		r.scan.n++
		at = r.scan.n
		pos, st := r.scan.record(r.src.buf, r.src.pos, r.src.end, r.src.eof())
		if st != complete {
			if err := r.trouble(st); err != nil {
				return 0, false, err
			}
			continue
		}
		if pos-r.src.pos > r.limits.MaxRecord {
			return 0, false, recordTooLong(r.line, r.limits.MaxRecord)
		}
		r.src.pos = pos
		r.line += r.scan.lines
		if r.scan.cells > 0 {
			return at, true, nil
		}
		r.res.BlankLines++
	}
}

// trouble settles a record that is not complete: by more input, or an error.
func (r *reader) trouble(st status) error {
	switch st {
	case open:
		return neverClosed(r.line + r.scan.opened)
	case cellTooLong:
		return cellTooLarge(r.line, r.line+r.scan.opened, r.scan, r.limits.MaxCell)
	}
	if len(r.src.window()) > r.limits.MaxRecord {
		return recordTooLong(r.line, r.limits.MaxRecord)
	}
	if r.src.err != nil {
		return r.sourceError()
	}
	r.src.more(r.ctx)
	return nil
}

// sourceError says why the input ends at the window's end.
func (r *reader) sourceError() error {
	line, column := position(r.line, r.src.window())
	switch r.src.err {
	case errNotUTF8:
		return notUTF8(line, column)
	case errNUL:
		return nulByte(line, column)
	case errTooLarge:
		return tooLarge(r.limits.MaxBytes)
	}
	return fmt.Errorf("csv: reading the file, line %d: %w", line, r.src.err)
}

// position gives the line, and the byte in it from 1, that follow before, which
// begins at the start of a line.
func position(line int64, before []byte) (int64, int) {
	start := 0
	for i, c := range before {
		if c == '\n' || c == '\r' && (i+1 == len(before) || before[i+1] != '\n') {
			line++
			start = i + 1
		}
	}
	return line, len(before) - start + 1
}

// finish completes the record that begins at out[start:]: missing cells, the
// defect at out[at:], the LF.
func (r *reader) finish(start, at int) error {
	s := r.scan
	missing := max(s.columns-s.cells, 0)
	if r.padding += int64(missing); r.padding > maxPadding {
		return tooRagged(r.line-s.lines, s.columns)
	}
	for range missing {
		s.put(',')
	}
	s.put('\n')
	switch {
	case s.broken > 0:
		r.defect(at, "quote", s.broken)
	case s.cells != s.columns && (missing > 0 || s.surplus):
		r.defect(at, "cells", s.cells)
	}
	return nil
}

// defect inserts a defect's text at out[at:].
func (r *reader) defect(at int, code string, detail int) {
	r.res.Defects++
	s := r.scan
	text := strconv.AppendInt([]byte(`"`+code+`:`), int64(detail), 10)
	text = append(text, '"')
	s.room()
	copy(s.out[at+len(text):], s.out[at:s.n])
	s.n += copy(s.out[at:], text)
}

// flush writes the finished records.
func (r *reader) flush() error {
	n, err := r.out.Write(r.scan.out[:r.scan.n])
	if err == nil && n < r.scan.n {
		err = io.ErrShortWrite
	}
	r.scan.n = 0
	if err != nil {
		return writeError(err)
	}
	return nil
}

// detect chooses the separator by the header line and the first records of the
// window; line is where the window begins.
func detect(src *source, line int64) (byte, error) {
	best, tied := trial{delimiter: ',', columns: 1}, byte(0)
	for _, d := range []byte{',', ';', '\t'} {
		t := try(src, d)
		switch {
		case t.columns < 2:
		case best.columns < 2 || t.agree > best.agree || t.agree == best.agree && t.columns > best.columns:
			best, tied = t, 0
		case t.agree == best.agree && t.columns == best.columns:
			tied = d
		}
	}
	if tied != 0 {
		return 0, ambiguousSeparator(line+best.above, best.delimiter, tied)
	}
	return best.delimiter, nil
}

// trial is what a separator makes of the first records.
type trial struct {
	delimiter byte
	columns   int   // cells of the header
	agree     int   // records with just as many
	above     int64 // blank lines above the header
}

const triedRecords = 100

func try(src *source, delimiter byte) trial {
	t := trial{delimiter: delimiter}
	s := newScanner(delimiter, 0, math.MaxInt)
	pos := src.pos
	for records := 0; records <= triedRecords && pos < src.end; {
		next, st := s.record(src.buf, pos, src.end, src.eof())
		s.n, pos = 0, next
		switch {
		case st == complete && s.cells == 0:
			if records == 0 {
				t.above++
			}
			continue
		case records == 0:
			t.columns = s.cells
		case st == complete && s.cells == t.columns:
			t.agree++
		}
		if st != complete {
			break
		}
		records++
	}
	return t
}
