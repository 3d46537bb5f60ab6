package xlsx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"syscall"

	"sutor/internal/errs"
)

const (
	flushSize = 256 << 10

	// What comes out may be freeOut bytes, and outRatio times the sheet: a few
	// long texts that a million cells point at must not fill the disk.
	freeOut  = 512 << 20
	outRatio = 16

	maxRecord = 64 << 20 // bytes of one row
)

// stager writes the staging form of the rows of a table.
type stager struct {
	converter
	rows   *rows
	layout layout
	limits Limits
	out    io.Writer
	buf    []byte
	last   int // where the last row that was taken begins in buf
	total  int64
	notes  notes

	taken      int64
	defects    int64
	blankLines int64
	sums       bool // the last row that was taken adds up others
	lastLine   int
}

// table stages all rows of the table.
func (t *stager) table() error {
	for {
		ok, err := t.rows.nextRow()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if t.rows.row < t.layout.area.firstRow || t.rows.row > t.layout.area.lastRow {
			err = t.pass()
		} else {
			err = t.row()
		}
		if err != nil {
			return err
		}
	}
	t.pointAtTotals()
	return t.flush()
}

// pass counts the cells of a row that is not part of the table, unless a note
// speaks of all of it.
func (t *stager) pass() error {
	l := &t.layout
	known := l.nextFrom > 0 || t.rows.row <= l.area.lastRow+l.totals
	if t.rows.row < l.area.firstRow {
		known = !l.chosen
	}
	for {
		ok, err := t.rows.nextCell()
		if err != nil || !ok {
			return err
		}
		if t.rows.filled && !known && !t.inHeader() {
			t.notes.outside.add(int64(t.rows.row))
		}
	}
}

// inHeader tells whether the current cell belongs to the header of a table that
// was chosen.
func (t *stager) inHeader() bool {
	for _, line := range t.layout.header {
		if t.rows.row == line {
			return t.rows.col >= t.layout.area.firstCol && t.rows.col <= t.layout.area.lastCol
		}
	}
	return false
}

// row stages a row of the table.
func (t *stager) row() error {
	if len(t.buf) > flushSize {
		if err := t.flush(); err != nil {
			return err
		}
	}
	begin := len(t.buf)
	t.buf = strconv.AppendInt(t.buf, int64(t.rows.row), 10)
	t.buf = append(t.buf, ',')
	r := rowState{at: len(t.buf), next: t.layout.area.firstCol}
	for {
		ok, err := t.rows.nextCell()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if err := t.cell(&r); err != nil {
			return err
		}
		if len(t.buf)-begin > maxRecord {
			return rowTooLong(t.rows.row)
		}
	}
	if !r.filled {
		t.buf = t.buf[:begin]
		t.blankLines++
		return nil
	}
	for ; r.next <= t.layout.area.lastCol; r.next++ {
		t.buf = append(t.buf, ',')
	}
	t.buf = append(t.buf, '\n')
	t.last, t.sums, t.lastLine = begin, r.sums, t.rows.row
	return t.taking(&r)
}

// rowState is what is known of a row while its cells are staged.
type rowState struct {
	at      int // where the defect stands in buf
	next    int // column that is staged next
	filled  bool
	sums    bool
	code    string // the first defect
	detail  int
	surplus int // the last column beyond the table that holds something
}

// cell stages the current cell.
func (t *stager) cell(r *rowState) error {
	a, col := t.layout.area, t.rows.col
	if col < a.firstCol || col > a.lastCol {
		switch {
		case !t.rows.filled:
		case col < a.firstCol || t.layout.chosen:
			t.notes.outside.add(int64(t.rows.row))
		default:
			r.surplus, r.filled = col, true
		}
		return nil
	}
	for ; r.next <= col; r.next++ {
		t.buf = append(t.buf, ',')
	}
	var o outcome
	var err error
	if t.buf, o, err = t.append(t.buf, t.rows); err != nil {
		return err
	}
	if o.sort == empty {
		return nil
	}
	if !t.rows.formula || len(t.rows.value) > 0 || o.defect != "" {
		r.filled = true
	}
	r.sums = r.sums || t.rows.totals
	if o.marks != 0 {
		t.notes.cell(col-a.firstCol, int64(t.rows.row), o)
	}
	if o.defect != "" && r.code == "" {
		r.code, r.detail = o.defect, col-a.firstCol+1
	}
	return nil
}

// taking counts the row that was staged, with its defect.
func (t *stager) taking(r *rowState) error {
	if t.taken++; t.taken > t.limits.MaxRows {
		return tooManyRows(t.limits.MaxRows)
	}
	if t.rows.rowHidden {
		t.notes.hiddenRows.add(int64(t.rows.row))
	}
	if r.code == "" && r.surplus > 0 {
		r.code, r.detail = "cells", r.surplus-t.layout.area.firstCol+1
		t.notes.surplus.add(int64(t.rows.row))
	}
	if r.code != "" {
		t.defects++
		text := `"` + defectText(r.code, r.detail) + `"`
		t.buf = append(t.buf, text...)
		copy(t.buf[r.at+len(text):], t.buf[r.at:])
		copy(t.buf[r.at:], text)
	}
	return nil
}

func (t *stager) flush() error {
	t.total += int64(len(t.buf))
	w := &t.rows.x.win
	if t.total > freeOut+outRatio*(w.start+int64(w.pos)) {
		return growsTooMuch(t.rows.row)
	}
	n, err := t.out.Write(t.buf)
	if err == nil && n < len(t.buf) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return writeError(err)
	}
	t.buf = t.buf[:0]
	return nil
}

// totalWords begin rows that add up those above, in the languages of the pages.
var totalWords = []string{"total", "totals", "grand total", "sum", "sums", "summe", "gesamt", "gesamtsumme", "totaal", "som", "totale", "totaux", "somme"}

// pointAtTotals notes a last row that looks as if it added up the others. It is
// taken all the same: only a person can tell.
func (t *stager) pointAtTotals() {
	if t.taken < 2 {
		return
	}
	cells := bytes.SplitN(t.buf[t.last:], []byte(`"`), 3)
	first := ""
	if len(cells) == 3 {
		first, _, _ = strings.Cut(string(cells[1]), `"`)
	}
	first = strings.ToLower(strings.TrimRight(strings.TrimSpace(first), " :"))
	for _, word := range totalWords {
		t.sums = t.sums || first == word
	}
	if t.sums {
		t.notes.totals = int64(t.lastLine)
	}
}

// writeError tells a full disk, which people can do something about, from faults.
func writeError(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return errs.New(errs.Unavailable, "The disk of the server is full, so the file could not be stored.").
			WithMend("Nothing was changed. Tell the steward to make room, then try again.").Because(err)
	}
	return fmt.Errorf("xlsx: writing the staging file: %w", err)
}
