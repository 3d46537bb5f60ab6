package csv

import (
	"fmt"
	"slices"
	"strings"

	"sutor/internal/finding"
	"sutor/internal/intake/sniff"
)

// maxNoteLines bounds Note.Lines.
const maxNoteLines = 200

// note counts a line under a code; the first says what.
func (r *reader) note(code string, severity finding.Severity, line int64, say, mend string) {
	i := slices.IndexFunc(r.res.Notes, func(n Note) bool { return n.Code == code })
	if i < 0 {
		i = len(r.res.Notes)
		r.res.Notes = append(r.res.Notes, Note{Code: code, Severity: severity, Say: say, Mend: mend})
	}
	n := &r.res.Notes[i]
	n.Rows++
	if len(n.Lines) < maxNoteLines {
		n.Lines = append(n.Lines, line)
	}
}

// maxColumnNotes bounds the notes that speak of one column each.
const maxColumnNotes = 50

func (r *reader) noteColumn(code, column string, line int64, say, mend string) {
	if len(r.res.Notes) < maxColumnNotes {
		r.res.Notes = append(r.res.Notes, Note{Code: code, Severity: finding.Warn, Column: column, Lines: []int64{line}, Say: say, Mend: mend})
	}
}

// repairs says what a record was mended by.
var repairs = map[string]string{
	"quote":     "Quotes stand inside cells without being escaped; the rows were read in the one way that gives the right number of cells.",
	"escape":    "Quotes are escaped in another way than in the rest of the file; the rows were read so.",
	"delimiter": "The rows are separated by another character than the rest of the file; they were read so.",
	"quotation": "The cells stand in other quotes than in the rest of the file; the rows were read so.",
	"encoding":  "Some characters are not in the encoding of the file; they were read as Windows-1252.",
}

// noteRepair counts a mended record.
func (r *reader) noteRepair(code string, line int64) {
	r.res.Repaired++
	r.note("repaired-"+code, finding.Warn, line, repairs[code], "Look at these rows: if one is wrong, mend it in the file.")
}

// noteSurroundings says what of the file is not the table.
func (r *reader) noteSurroundings(sample []byte) {
	t := r.table
	first := int64(1)
	if r.found.SepLine {
		first = 2
	}
	if above := filledLines(sample, first, int64(t.Line)-1); len(above) > 0 && r.chosen == 0 {
		r.aside("preamble", above, "%s above the table, and %s left out: %s.", sample)
	}
	r.noteHeaderLines()
	n, end := len(r.found.Tables), int64(r.found.Lines)
	if n > 1 {
		r.res.Notes = append(r.res.Notes, Note{Code: "several-tables", Severity: finding.Warn, Lines: []int64{int64(r.found.Tables[(r.chosen+1)%n].Line)},
			Say:  fmt.Sprintf("The file has %d tables; only table %d, from line %d on, is read.", n, r.chosen+1, t.Line),
			Mend: "Choose another table, or divide the file."})
	}
	if r.chosen+1 < n {
		end = int64(r.found.Tables[r.chosen+1].Line) - 1
	}
	if t.Last > 0 {
		if below := filledLines(sample, int64(t.Last)+1, end); len(below) > 0 {
			r.aside("footnote", below, "%s below the table, and %s left out: %s.", sample)
		}
	}
	if t.Total > 0 {
		r.noteTotal(int64(t.Total))
	}
}

// noteHeaderLines says that a header of several lines was found: what was taken
// for its second line may be a damaged row.
func (r *reader) noteHeaderLines() {
	t := r.table
	if t.Header < 2 || r.headerChosen {
		return
	}
	n := Note{Code: "header-lines", Severity: finding.Warn,
		Say:  fmt.Sprintf("The header has %d lines; the names of a column are joined by a blank.", t.Header),
		Mend: "If one of them is a row, say how many lines the header has."}
	for l := int64(t.Line); l <= r.header; l++ {
		n.Lines = append(n.Lines, l)
	}
	r.res.Notes = append(r.res.Notes, n)
}

// aside notes lines that are left out.
func (r *reader) aside(code string, lines []int64, say string, sample []byte) {
	r.noteAside(code, lines, say, strings.TrimSpace(string(lineAt(sample, lines[0]))))
}

func (r *reader) noteAside(code string, lines []int64, say, text string) {
	stands, are := "One line stands", "is"
	if len(lines) > 1 {
		stands, are = fmt.Sprintf("%d lines stand", len(lines)), "are"
	}
	r.res.Notes = append(r.res.Notes, Note{Code: code, Severity: finding.Warn, Lines: lines[:min(len(lines), maxNoteLines)],
		Say:  fmt.Sprintf(say, stands, are, quote(text)),
		Mend: "If they belong to the table, say how many lines stand above its header."})
}

// filledLines gives the lines from one to another that hold something.
func filledLines(sample []byte, from, to int64) (out []int64) {
	line := int64(1)
	for pos := 0; pos < len(sample) && line <= to; line++ {
		next := sniff.LineEnd(sample, pos)
		if line >= from && strings.TrimSpace(string(sample[pos:next])) != "" {
			out = append(out, line)
		}
		pos = next
	}
	return out
}

func lineAt(sample []byte, line int64) []byte {
	pos := 0
	for ; line > 1 && pos < len(sample); line-- {
		pos = sniff.LineEnd(sample, pos)
	}
	return sample[pos:sniff.LineEnd(sample, pos)]
}

// unsure is the certainty below which the encoding is pointed at.
const unsure = 0.3

// noteEncoding shows what another encoding would make of the file, where the
// evidence is weak.
func (r *reader) noteEncoding() {
	g := r.text.Guess
	if g.Certain >= unsure {
		return
	}
	say, lines := fmt.Sprintf("The file seems to be in %s, but that is not certain.", g.Name), []int64(nil)
	for _, o := range g.Others[:min(2, len(g.Others))] {
		for _, c := range o.Cells[:min(1, len(o.Cells))] {
			say += fmt.Sprintf(" %s would be %s in %s.", quote(c.Here), quote(c.There), o.Name)
			lines = append(lines, int64(c.Line))
		}
	}
	slices.Sort(lines)
	r.res.Notes = append(r.res.Notes, Note{Code: "encoding-unsure", Severity: finding.Warn, Lines: slices.Compact(lines), Say: say, Mend: "If it is wrong, say the encoding."})
}
