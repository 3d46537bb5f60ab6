package xlsx

import (
	"fmt"
	"slices"
	"strings"

	"sutor/internal/finding"
)

// Note is what a person must know about how a workbook was read: what was left
// out, or must be looked at. Notes are grouped by code and column.
type Note struct {
	Code     string           // short and stable: "percent", "hidden-rows"
	Severity finding.Severity // always finding.Warn
	Column   string           // as in Result.Columns; empty for the table as a whole
	Rows     int64            // concerned; 0 for the table as a whole
	Lines    []int64          // the first of them
	Say      string
	Mend     string
}

const noteLines = 50

// tally counts rows, and keeps the first of them.
type tally struct {
	rows  int64
	lines []int64
	last  int64
}

func (t *tally) add(line int64) {
	if t.last == line {
		return
	}
	t.last = line
	if t.rows++; len(t.lines) < noteLines {
		t.lines = append(t.lines, line)
	}
}

// notes gathers what is to be said.
type notes struct {
	columns    []*columnNotes
	hiddenRows tally
	outside    tally
	surplus    tally
	totals     int64
}

// columnNotes are the marks of one column's cells, and the signs shown there.
type columnNotes struct {
	marks [markCount]tally
	signs []string
}

const (
	markCount   = 14
	manyColumns = 50 // that are named for one mark; more are counted
)

func (n *notes) cell(column int, line int64, o outcome) {
	c := n.columns[column]
	if c == nil {
		c = &columnNotes{}
		n.columns[column] = c
	}
	for i, m := 0, o.marks; m != 0; i, m = i+1, m>>1 {
		if m&1 != 0 {
			c.marks[i].add(line)
		}
	}
	if o.sign != "" && len(c.signs) < 5 && !slices.Contains(c.signs, o.sign) {
		c.signs = append(c.signs, o.sign)
	}
}

// saying is how a mark is told; %s is the signs shown.
type saying struct{ code, say, mend string }

const saveAgain = "Open the workbook in Excel or LibreOffice, let it compute, save it, and bring it again."

// sayings are in the order of the marks.
var sayings = [markCount]saying{
	{"percent", "is shown as per cent; the number that is stored is taken: 0.125 where 12.5 % is shown.", ""},
	{"sign", "is shown with %s; the number is taken without it.", "See that the column it goes to means the same."},
	{"scaled", "is shown in thousands or millions; the whole number is taken.", ""},
	{"rounded", "holds more decimals than it shows; what is stored is taken.", "Round the cells in the workbook if what they show is meant."},
	{"long-number", "holds numbers of 16 digits and more. A workbook keeps 15: their last digits may be lost.", "Compare them with where they come from; account and card numbers belong in cells of the format Text."},
	{"noise", "holds numbers whose last digits come from binary arithmetic, such as 0.30000000000000004.", "Round them in the workbook."},
	{"padded", "is shown with zeros in front, and taken so.", ""},
	{"hidden-part", "holds days with a time, or times with a day, of which only one is shown; both are taken.", "Take the part away in the workbook if it is not meant."},
	{"formula", "is computed; the values are those of when the file was saved.", ""},
	{"formula-without-value", "holds formulas that nobody has computed.", saveAgain},
	{"error-value", "holds errors such as #N/A.", "Mend the formulas, or empty the cells."},
	{"no-date", "is shown as days, and holds numbers that are no days (negative ones, 29 February 1900).", "Mend the cells, or give them another format."},
	{"no-number", "holds texts where the file says that they are numbers.", saveAgain},
	{"no-boolean", "holds texts where the file says that they are true or false.", saveAgain},
}

// list gives the notes in words.
func (n *notes) list(names []string) (all []Note) {
	var columns [markCount]int
	for i, c := range n.columns {
		if c == nil {
			continue
		}
		for m, t := range c.marks {
			if t.rows == 0 {
				continue
			}
			if columns[m]++; columns[m] > manyColumns {
				continue
			}
			say := sayings[m].say
			if strings.Contains(say, "%s") {
				say = fmt.Sprintf(say, strings.Join(c.signs, ", "))
			}
			all = append(all, Note{Code: sayings[m].code, Column: names[i], Rows: t.rows, Lines: t.lines,
				Say: fmt.Sprintf("The column %s %s", quote(names[i]), say), Mend: sayings[m].mend})
		}
	}
	for m, count := range columns {
		if count > manyColumns {
			all = append(all, Note{Code: sayings[m].code, Say: fmt.Sprintf("It is the same with %d columns more than those named for %q.", count-manyColumns, sayings[m].code), Mend: sayings[m].mend})
		}
	}
	return all
}

func (t *tally) note(code, mend, say string, args ...any) Note {
	return Note{Code: code, Rows: t.rows, Lines: t.lines, Say: fmt.Sprintf(say, args...), Mend: mend}
}

// notesOf says all there is to say about a sheet that was read.
func (t *stager) notesOf(w *workbook, p place) []Note {
	n := &t.notes
	all := t.layout.notes()
	all = append(all, p.notes(w)...)
	if n.hiddenRows.rows > 0 {
		by := ""
		if t.rows.filtered {
			by = " (by a filter, perhaps)"
		}
		all = append(all, n.hiddenRows.note("hidden-rows", "Take them out of the sheet if they are not meant.", "Hidden rows%s are taken like all others.", by))
	}
	all = append(all, t.hiddenColumns()...)
	if t.rows.merged > 0 {
		all = append(all, Note{Code: "merged", Rows: t.rows.merged, Lines: t.rows.mergedAt, Mend: "Undo the merging and fill the cells if each row is to have the value.",
			Say: "Cells are merged: what they show stands in the first of them only. The others are taken for what they hold themselves, which is mostly nothing."})
	}
	if n.surplus.rows > 0 {
		all = append(all, n.surplus.note("beside", "Give the column a name, or empty the cells.", "Cells beside the table, beyond its last column %s, hold something.", columnName(t.layout.area.lastCol)))
	}
	if n.outside.rows > 0 {
		all = append(all, n.outside.note("outside", "Choose the sheet or another range if they are meant.", "Cells outside of the table (%s) hold something; they are left out.", t.layout.area))
	}
	if n.totals > 0 {
		all = append(all, Note{Code: "total", Rows: 1, Lines: []int64{n.totals}, Mend: "Take the row out of the sheet if it is no data.",
			Say: fmt.Sprintf("The last row (%d) looks as if it added up the others; it is taken as data.", n.totals)})
	}
	all = append(all, n.list(t.layout.names)...)
	for i := range all {
		all[i].Severity = finding.Warn
	}
	return all
}

func (t *stager) hiddenColumns() []Note {
	a := t.layout.area
	var hidden []string
	for i, name := range t.layout.names {
		if slices.ContainsFunc(t.rows.hidden, func(s span) bool { return s.first <= a.firstCol+i && a.firstCol+i <= s.last }) {
			hidden = append(hidden, name)
		}
	}
	return perColumn("hidden-column", hidden, "The column %s is hidden in the sheet; it is taken like all others.", "Columns are hidden in the sheet, and taken like all others: %s.", "")
}

// notes says how the table was found.
func (l layout) notes() (all []Note) {
	if l.skipped > 0 && !l.chosen {
		say := fmt.Sprintf("The table begins in row %d; what stands above it is left out", l.skipped+1)
		if len(l.above) > 0 {
			say += ": " + strings.Join(l.above, ", ")
		}
		all = append(all, Note{Code: "preamble", Say: say + ".", Mend: "Say how many lines to skip if that is wrong."})
	}
	if l.guessed {
		all = append(all, Note{Code: "no-header", Say: "No header was found: the first row is like the others.", Mend: "Put the columns' names into the first row, or say that there is a header line."})
	}
	if l.nextFrom > 0 {
		all = append(all, Note{Code: "several-tables", Lines: []int64{int64(l.nextFrom)}, Say: fmt.Sprintf("Another table begins in row %d; only the first is read.", l.nextFrom),
			Mend: "Choose a table by its number to read another."})
	}
	all = append(all, perColumn("unnamed-column", l.unnamed, "A column without a name is called %s.", "Columns without a name are called %s.", "Give it a name in the header.")...)
	return append(all, perColumn("double-name", l.doubles, "Two columns have the same name; the later one is called %s.", "Columns have the same names as others; they are called %s.", "Rename one of them.")...)
}

// perColumn gives a note for each of some columns, or one for all where they are many.
func perColumn(code string, names []string, one, many, mend string) (all []Note) {
	if len(names) > 20 {
		list := make([]string, 5)
		for i := range list {
			list[i] = quote(names[i])
		}
		say := fmt.Sprintf(many, fmt.Sprintf("%s and so on, %d in all", strings.Join(list, ", "), len(names)))
		return []Note{{Code: code, Say: say, Mend: mend}}
	}
	for _, name := range names {
		all = append(all, Note{Code: code, Column: name, Say: fmt.Sprintf(one, quote(name)), Mend: mend})
	}
	return all
}
