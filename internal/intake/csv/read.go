package csv

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"sutor/internal/finding"
	"sutor/internal/intake/dialect"
	"sutor/internal/intake/sniff"
	"sutor/internal/intake/text"
)

// Read reads the separated text in and writes its staging form to out. Errors are
// [errs.Invalid] for a file that is refused, [errs.Unavailable] where out's disk
// is full, and in's own error, wrapped, where it breaks off. After an error what
// was written to out is worth nothing.
func Read(ctx context.Context, in io.Reader, out io.Writer, o Options) (Result, error) {
	window := windowSize
	if o.Size > 0 && o.Size < windowSize/4 { // a text is at most three times as long in UTF-8
		window = int(4 * o.Size)
	}
	return read(ctx, in, out, o, window)
}

// read is Read with a window of the given size to start from.
func read(ctx context.Context, in io.Reader, out io.Writer, o Options, window int) (Result, error) {
	if err := o.check(); err != nil {
		return Result{}, err
	}
	o.Limits = o.withDefaults()
	r := &reader{ctx: ctx, limits: o.Limits, out: out, flushAt: window, line: 1}
	var err error
	if r.text, err = text.Open(&limited{in, o.MaxBytes}, o.Encoding); err != nil {
		return Result{}, err
	}
	sample, whole, in := head(r.text, o.Size)
	r.src = newSource(in, window)
	if err := r.begin(sample, whole, o); err != nil {
		return Result{}, err
	}
	if err := r.rows(); err != nil {
		return Result{}, err
	}
	if err := r.src.drain(ctx); err != nil {
		return Result{}, r.sourceError()
	}
	r.res.Bytes = r.text.Bytes()
	if r.res.Rows == 0 {
		r.note("no-rows", finding.Block, r.header, fmt.Sprintf("The file has only a header (line %d) and no rows below it.", r.header),
			"Put the rows below the header; if the first row was meant as data, say that the file has no header.")
	}
	r.finishResult()
	return r.res, nil
}

// reader joins source and scanner, knows the line, and applies the limits.
type reader struct {
	ctx          context.Context
	limits       Limits
	text         *text.Reader
	src          *source
	scan         *scanner
	out          io.Writer
	flushAt      int   // bytes of staging that are worth a write
	line         int64 // physical line where the window begins
	header       int64 // line of the header's last record
	headerChosen bool  // how many lines the header has was not found out
	bom          bool
	padding      int64 // missing cells so far
	reread       int64 // bytes looked at again to mend records
	found        sniff.Found
	table        sniff.Table // the one that is read
	chosen       int         // its index in found
	mended       string      // what the record just read was mended by; "" for nothing
	mendedAt     int
	tail         tail
	footed       bool // footnotes were left out
	res          Result
}

// head gives the sample to look at, whether it is the whole text, and a reader
// that begins with it and goes on as in would have, its error included.
func head(in io.Reader, size int64) (sample []byte, whole bool, all io.Reader) {
	sample, whole, all = peek(in, size)
	for len(sample) >= 3 && string(sample[:3]) == bom {
		sample = sample[3:]
	}
	return sample, whole, all
}

const bom = "\uFEFF"

// begin passes byte order marks, finds out the dialect and the table, and reads
// the header.
func (r *reader) begin(sample []byte, whole bool, o Options) error {
	r.found = sniff.Find(sample, whole, o.hint())
	r.headerChosen = o.HeaderLines != nil
	r.src.nul = strings.Contains(r.found.Dialect.Escape, "\x00")
	r.src.more(r.ctx)
	for len(r.src.window()) >= 3 && string(r.src.window()[:3]) == bom {
		r.src.pos += 3 // some programs put a second one before the first
		r.bom = true
	}
	r.scan = newScanner(dialect.New(r.found.Dialect), r.limits.MaxColumns, r.limits.MaxCell)
	if len(r.found.Tables) == 0 {
		return r.nothing()
	}
	if r.chosen = max(o.Table, 1) - 1; r.chosen >= len(r.found.Tables) {
		return noSuchTable(o.Table, len(r.found.Tables))
	}
	r.table = r.found.Tables[r.chosen]
	if r.table.Columns > r.limits.MaxColumns {
		return tooManyColumns(int64(r.table.Line), r.table.Columns, r.limits.MaxColumns)
	}
	if err := r.skipTo(int64(r.table.Line)); err != nil {
		return err
	}
	r.text.Marks(r.src.place())
	if err := r.readHeader(); err != nil {
		return err
	}
	r.scan.columns, r.scan.n = r.table.Columns, 0
	r.res.Tables = len(r.found.Tables)
	told := o.SkipLines != nil && o.HeaderLines != nil && o.Table == 0
	r.tail = tail{watch: !whole && !told && r.table.Last == 0, at: -1, last: -1}
	r.noteSurroundings(sample)
	return nil
}

// nothing says why there is no table: what stops the input first, or that there
// is no text.
func (r *reader) nothing() error {
	if _, _, err := r.next(); err != nil {
		return err
	}
	return emptyFile(r.text.Bytes())
}

// skipTo passes lines up to the given one.
func (r *reader) skipTo(to int64) error {
	for r.line < to {
		w := r.src.window()
		text, behind := line(w, 0, r.scan.parser.End)
		if text == behind || behind == len(w) && !r.src.eof() {
			if r.src.eof() {
				r.src.pos = r.src.end
				return nil
			}
			if len(w) > r.limits.MaxRecord {
				return recordTooLong(r.line, r.limits.MaxRecord)
			}
			if r.src.err != nil {
				return r.sourceError()
			}
			r.src.more(r.ctx)
			continue
		}
		if behind <= 2 && text == 0 {
			r.res.BlankLines++
		}
		r.src.pos += behind
		r.line++
	}
	return nil
}

// rows reads what stands below the header, up to the table's end.
func (r *reader) rows() error {
	for {
		start := r.scan.n
		at, ok, err := r.next()
		if err != nil {
			return err
		}
		if !ok {
			r.endTail()
			break
		}
		if r.res.Rows++; r.res.Rows > r.limits.MaxRows {
			return tooManyRows(r.limits.MaxRows)
		}
		if err := r.finish(start, at); err != nil {
			return err
		}
		r.watchTail(start)
		if r.scan.n >= r.flushAt {
			if err := r.flush(); err != nil {
				return err
			}
		}
	}
	return r.flush()
}

// ended tells whether the table ends above the line that comes next.
func (r *reader) ended() bool {
	return r.src.pos == r.src.end && r.src.eof() || r.table.Last > 0 && r.line > int64(r.table.Last)
}

// next scans the next record that is not a blank line, behind its line number
// and a comma: the place where a defect goes. It gives the place; false at the
// end of the file.
func (r *reader) next() (at int, ok bool, err error) {
	start := r.scan.n
	for {
		if r.ended() {
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
		if r.suspect(st) {
			if st != cut && r.src.err == nil && r.src.end-min(pos, r.src.end) < mendAhead {
				r.src.more(r.ctx) // what follows must be seen, too
				continue
			}
			if behind, ok := r.mend(at, min(pos, r.src.end), st); ok {
				pos, st = behind, complete
			}
		}
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
	lost, foreign := 0, 0
	if r.text.Marked() {
		lost, foreign = r.marked()
	}
	switch {
	case lost > 0:
		r.defect(at, "encoding", lost)
		r.mended = ""
	case r.mended == "" && foreign > 0 && s.broken == 0 && (s.cells == s.columns || missing == 0 && !s.surplus):
		r.noteRepair("encoding", r.line-s.lines)
		r.mark(at, "~encoding", foreign)
	case r.mended != "":
		r.noteRepair(r.mended, r.line-s.lines)
		r.mark(at, "~"+r.mended, r.mendedAt)
		r.mended = ""
	case s.broken > 0:
		r.defect(at, "quote", s.broken)
	case s.cells != s.columns && (missing > 0 || s.surplus):
		r.defect(at, "cells", s.cells)
	case s.across || s.cells > s.columns:
		r.tellAside(r.line - s.lines)
	}
	return nil
}

// marked counts the characters up to the window's start that were not valid:
// those that are lost, and those read as Windows-1252.
func (r *reader) marked() (lost, foreign int) {
	for _, m := range r.text.Marks(r.src.place()) {
		if m.Lost {
			lost++
		} else {
			foreign++
		}
	}
	return lost, foreign
}

// defect marks the record as invalid.
func (r *reader) defect(at int, code string, detail int) {
	r.res.Defects++
	r.mark(at, code, detail)
}

// mark inserts a defect's text at out[at:].
func (r *reader) mark(at int, code string, detail int) {
	s := r.scan
	text := strconv.AppendInt([]byte(`"`+code+`:`), int64(detail), 10)
	text = append(text, '"')
	s.room()
	copy(s.out[at+len(text):], s.out[at:s.n])
	s.n += copy(s.out[at:], text)
}

// flush writes the finished records.
func (r *reader) flush() error {
	whole := r.flushable()
	n, err := r.out.Write(r.scan.out[:whole])
	if err == nil && n < whole {
		err = io.ErrShortWrite
	}
	if r.scan.n = copy(r.scan.out, r.scan.out[whole:r.scan.n]); r.scan.n > 0 {
		r.tail.at = 0
	}
	if err != nil {
		return writeError(err)
	}
	return nil
}

// requoted tells whether the record just read looks as if it stood in single
// quotes throughout.
func (r *reader) requoted() bool {
	return r.scan.single > 1 && 2*r.scan.single >= r.scan.cells && r.scan.cells == r.table.Columns
}

// finishResult says how the file was read.
func (r *reader) finishResult() {
	d := r.found.Dialect
	skip, lines := r.table.Line-1, r.table.Header
	r.res.Found = Options{Encoding: r.text.Label, Delimiter: d.Delimiter, Quote: orNone(d.Quote), Escape: orNone(d.Escape), SkipLines: &skip, HeaderLines: &lines}
	if r.table.Last > 0 || r.footed || len(r.found.Tables) > 1 {
		r.res.Found.Table = 1 // with the lines above it skipped, and more below
	}
	r.noteEncoding()
	r.sameForAll()
	r.res.Dialect = describe(r.text.Name, r.bom, d, r.scan.ends)
}

func orNone(s string) string {
	if s == "" {
		return sniff.None
	}
	return s
}
