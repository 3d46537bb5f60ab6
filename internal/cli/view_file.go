package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"sutor/internal/finding"
	"sutor/internal/intake"
)

// fileDoc is what --json prints of a file: all of it for inspect, without the
// rows for convert.
type fileDoc struct {
	File       string          `json:"file"`
	Kind       string          `json:"kind"`
	Dialect    string          `json:"dialect"`
	Found      intake.Choice   `json:"found"`
	Bytes      int64           `json:"bytes"`
	Rows       int64           `json:"rows"`
	Defects    int64           `json:"defects"`
	BlankLines int64           `json:"blank_lines"`
	Columns    []fileColumnDoc `json:"columns"`
	Parts      []filePartDoc   `json:"parts,omitempty"`
	First      []fileRowDoc    `json:"first,omitempty"`
	Defective  []fileRowDoc    `json:"defective,omitempty"`
	Notes      []fileNoteDoc   `json:"notes"`
}

type fileColumnDoc struct {
	Name    string   `json:"name"`
	Type    string   `json:"type,omitempty"`
	Filled  *int64   `json:"filled,omitempty"`
	Longest int      `json:"longest,omitempty"`
	Samples []string `json:"samples,omitempty"`
}

type filePartDoc struct {
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	Rows   int64  `json:"rows,omitempty"`
	Hidden bool   `json:"hidden,omitempty"`
	Read   bool   `json:"read"`
}

type fileRowDoc struct {
	Line   int64     `json:"line"`
	Defect string    `json:"defect,omitempty"`
	Cells  []*string `json:"cells,omitempty"`
}

type fileNoteDoc struct {
	Code     string           `json:"code"`
	Severity finding.Severity `json:"severity"`
	Column   string           `json:"column,omitempty"`
	Rows     int64            `json:"rows"`
	Lines    []int64          `json:"lines,omitempty"`
	Say      string           `json:"say"`
	Mend     string           `json:"mend,omitempty"`
}

func resultDoc(name string, r intake.Result) fileDoc {
	d := fileDoc{File: name, Kind: r.Kind, Dialect: r.Dialect, Found: r.Found, Bytes: r.Bytes, Rows: r.Rows, Defects: r.Defects,
		BlankLines: r.BlankLines, Columns: []fileColumnDoc{}, Notes: []fileNoteDoc{}}
	for _, n := range r.Notes {
		d.Notes = append(d.Notes, fileNoteDoc(n))
	}
	for _, p := range r.Parts {
		d.Parts = append(d.Parts, filePartDoc(p))
	}
	return d
}

func inspected(name string, r intake.Report) fileDoc {
	d := resultDoc(name, r.Result)
	for _, c := range r.Profiles {
		d.Columns = append(d.Columns, fileColumnDoc{c.Name, c.Type, &c.Filled, c.Longest, c.Samples})
	}
	for _, row := range r.First {
		d.First = append(d.First, fileRowDoc(row))
	}
	for _, row := range r.Defective {
		d.Defective = append(d.Defective, fileRowDoc(row))
	}
	return d
}

func converted(name string, r intake.Result, bad defects) fileDoc {
	d := resultDoc(name, r)
	for _, c := range r.Columns {
		d.Columns = append(d.Columns, fileColumnDoc{Name: c})
	}
	for _, row := range bad.rows {
		d.Defective = append(d.Defective, fileRowDoc{Line: row.Line, Defect: row.Defect})
	}
	return d
}

// showReport prints what is understood of a file.
func showReport(p *page, name string, r intake.Report) {
	p.line("%s: %s.", name, r.Dialect)
	p.line("%s of %s%s.", count(r.Rows, "row", "rows"), count(int64(len(r.Columns)), "column", "columns"), blankLines(r.BlankLines))
	showParts(p, r.Parts)
	p.line("")
	columns := table{head: []string{"COLUMN", "LOOKS LIKE", "FILLED", "FOR EXAMPLE"}, right: map[int]bool{2: true}}
	for _, c := range r.Profiles {
		columns.row(c.Name, orDash(c.Type), fmt.Sprint(c.Filled), shortened(strings.Join(c.Samples, " · "), 60))
	}
	columns.write(p)
	if len(r.First) > 0 {
		p.line("\nFirst rows, as read")
		showRead(p, r.Columns, r.First)
	}
	showNotes(p, r.Notes)
	var bad defects
	for _, row := range r.Defective {
		bad.add(row.Line, row.Defect)
	}
	bad.show(p)
}

func blankLines(n int64) string {
	if n == 0 {
		return ""
	}
	return ", " + count(n, "blank line", "blank lines") + " left out"
}

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

func showParts(p *page, parts []intake.Part) {
	for _, part := range parts {
		read := ""
		if part.Read {
			read = ", the one read here"
		}
		hidden := ""
		if part.Hidden {
			hidden = " (hidden)"
		}
		p.line("  %s %s%s%s", part.Kind, part.Name, hidden, read)
	}
}

// showRead prints rows with their lines, wide texts cut.
func showRead(p *page, names []string, rows []intake.FirstRow) {
	const most = 12 // columns that a screen bears
	t := table{head: append([]string{"LINE"}, names[:min(len(names), most)]...), right: map[int]bool{0: true}}
	for i := range t.head {
		t.head[i] = shortened(t.head[i], 24)
	}
	for _, r := range rows {
		cells := []string{fmt.Sprint(r.Line)}
		for _, c := range r.Cells[:min(len(r.Cells), most)] {
			text := "–"
			if c != nil {
				text = shortened(*c, 24)
			}
			cells = append(cells, text)
		}
		t.row(cells...)
	}
	t.write(p)
	if len(names) > most {
		p.line("  and %s more", count(int64(len(names)-most), "column", "columns"))
	}
}

func shortened(text string, most int) string {
	text = strings.NewReplacer("\r\n", "⏎", "\n", "⏎", "\r", "⏎").Replace(text)
	var out strings.Builder
	_, _ = io.WriteString(clean{&out}, text) // before its width counts; a Builder takes all
	if r := []rune(out.String()); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return out.String()
}

// showNotes prints what must be known about how a file was read.
func showNotes(p *page, notes []intake.Note) {
	if len(notes) > 0 {
		p.line("\nTo know")
	}
	for _, n := range notes {
		where := ""
		if n.Column != "" {
			where = " Column " + n.Column + "."
		}
		if len(n.Lines) > 0 {
			where += " " + onLines(n.Lines, n.Rows)
		}
		p.line("  %s%s", n.Say, where)
		if n.Mend != "" {
			p.line("    %s", n.Mend)
		}
	}
}

// onLines names lines: "Lines 3, 7-9."
func onLines(lines []int64, all int64) string {
	const most = 20
	ranges := finding.Ranges(lines)
	more := ""
	if len(ranges) > most || int64(len(lines)) < all {
		ranges, more = ranges[:min(len(ranges), most)], ", …"
	}
	word := "Lines "
	if len(lines) == 1 && more == "" {
		word = "Line "
	}
	return word + strings.Join(ranges, ", ") + more + "."
}

// showConverted says, beside the converted file, what it was and what was done
// to it.
func showConverted(p *page, name string, r intake.Result, bad defects) {
	to := ""
	if name != "-" {
		to = name + ": "
	}
	p.line("%s%s of %s, from %s%s.", to, count(r.Rows, "row", "rows"), count(int64(len(r.Columns)), "column", "columns"), r.Dialect, blankLines(r.BlankLines))
	showNotes(p, r.Notes)
	bad.show(p)
}

// defects collects rows that could not be read as they stand, by their codes.
type defects struct {
	rows  []intake.FirstRow // the first ones
	lines map[string][]int64
	count map[string]int64
}

func (d *defects) add(line int64, code string) {
	if d.lines == nil {
		d.lines, d.count = map[string][]int64{}, map[string]int64{}
	}
	if len(d.rows) < intake.MaxNoteLines {
		d.rows = append(d.rows, intake.FirstRow{Line: line, Defect: code})
	}
	kind, _, _ := strings.Cut(code, ":")
	d.count[kind]++
	if len(d.lines[kind]) < intake.MaxNoteLines {
		d.lines[kind] = append(d.lines[kind], line)
	}
}

// show names the rows of each kind of defect.
func (d *defects) show(p *page) {
	kinds := make([]string, 0, len(d.lines))
	for kind := range d.lines {
		if !strings.HasPrefix(kind, "~") { // repaired: the notes tell of it
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	if len(kinds) > 0 {
		p.line("\nRows that are not as they should be")
	}
	for _, kind := range kinds {
		p.line("  %s %s", defectWords(kind), onLines(d.lines[kind], d.count[kind]))
	}
}

// defectWords says what a code of package intake means.
func defectWords(kind string) string {
	switch kind {
	case "cells":
		return "Another number of cells than the header; missing ones are empty, ones beyond it are left out."
	case "quote":
		return "Text after a closing quote; the cell is kept as it stands."
	case "encoding":
		return "Characters that are not in the encoding of the file."
	case "formula":
		return "A formula that no program has computed; its cell is empty."
	case "error":
		return "An error of the spreadsheet, such as #N/A; the cell is kept as it stands."
	case "date", "number", "boolean":
		return "A cell that is no " + kind + "; it is kept as it stands."
	}
	return "Defect " + kind + "."
}
