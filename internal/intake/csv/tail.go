package csv

import (
	"bytes"
	"fmt"
	"slices"

	"sutor/internal/finding"
	"sutor/internal/intake/sniff"
	"sutor/internal/record"
)

// maxTail is how many lines below a table may be footnotes.
const maxTail = 10

// tail watches the end of a table that goes on behind the sample: rows of one cell
// at its very end are footnotes, and a row of totals may stand above them.
type tail struct {
	watch bool
	at    int     // where the rows of one cell begin in the output; -1 for none
	lines []int64 // theirs
	last  int     // where the last other row begins in the output; -1 if it is in kept
	kept  []byte  // the last other row, once it is written
}

// watchTail looks at the record that was just finished; it begins at out[start:].
func (r *reader) watchTail(start int) {
	t, s := &r.tail, r.scan
	if !t.watch {
		return
	}
	if s.cells != 1 || r.table.Columns < 3 || s.broken > 0 || len(t.lines) == maxTail {
		t.at, t.lines, t.last = -1, t.lines[:0], start
		return
	}
	if t.at < 0 {
		t.at = start
	}
	t.lines = append(t.lines, r.line-s.lines)
}

// flushable gives how much of the output can be written: what may be footnotes
// stays.
func (r *reader) flushable() int {
	t, n := &r.tail, r.scan.n
	if !t.watch {
		return n
	}
	if t.at >= 0 {
		n = t.at
	}
	if t.last >= 0 && n > 0 {
		t.kept, t.last = append(t.kept[:0], r.scan.out[t.last:n]...), -1
	}
	return n
}

// endTail drops footnotes at the end of the file, and points at totals.
func (r *reader) endTail() {
	t := &r.tail
	if !t.watch {
		return
	}
	end := r.scan.n
	if n := int64(len(t.lines)); t.at >= 0 && n < r.res.Rows {
		end = t.at
		_, text := firstCell(r.scan.out[t.at:r.scan.n])
		r.scan.n = t.at
		r.res.Rows -= n
		r.res.Defects -= n
		r.footed = true
		r.noteAside("footnote", slices.Clone(t.lines), "%s below the table, and %s left out: %s.", text)
	}
	row := t.kept
	if t.last >= 0 {
		row = r.scan.out[t.last:end]
	}
	if line, text := firstCell(row); sniff.IsTotal([]byte(text)) {
		r.noteTotal(line)
	}
}

// firstCell gives the line of a staged record, and its first cell that holds
// anything.
func firstCell(staged []byte) (line int64, text string) {
	fields, err := record.NewReader(bytes.NewReader(staged)).Read()
	if err != nil || len(fields) < 3 {
		return 0, ""
	}
	fmt.Sscan(string(fields[0].Text), &line)
	for _, f := range fields[2:] {
		if len(f.Text) > 0 {
			return line, string(f.Text)
		}
	}
	return line, ""
}

func (r *reader) noteTotal(line int64) {
	r.res.Notes = append(r.res.Notes, Note{Code: "total", Severity: finding.Warn, Rows: 1, Lines: []int64{line},
		Say: fmt.Sprintf("The last row, line %d, looks like totals.", line), Mend: "If it is no row of data, take it out of the file."})
}
