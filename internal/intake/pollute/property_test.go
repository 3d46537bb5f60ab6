package pollute

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sutor/internal/errs"
	"sutor/internal/intake"
	"sutor/internal/record"
)

// A draft is a random table on its way to a messy file. It knows which record of
// the table each row of the document is.
type draft struct {
	table   Table
	dialect Dialect
	rows    []row
	records []int // of each row: 0 the header, 1… the table's rows, -1 none
	hints   Hints
	encode  func(string) []byte
	damaged int // row that was damaged last
}

// A mess is one way to pollute a draft.
type mess struct {
	name  string
	phase int // messes of a small phase come first: the table, the dialect, lines, surroundings, bytes
	apply func(*rapid.T, *draft)
}

const (
	inTable = iota
	inDialect
	inRows
	around
	inBytes
)

var messes = []mess{
	{"no header", inTable, func(_ *rapid.T, d *draft) { d.table.Header = nil }},
	{"line break in a cell", inTable, func(t *rapid.T, d *draft) {
		r := rapid.SampledFrom(d.table.Rows).Draw(t, "row")
		r[len(r)-1] += "\nand more"
	}},
	{"separator", inDialect, func(t *rapid.T, d *draft) {
		d.dialect.Delimiter = rapid.SampledFrom([]string{";", "\t", "|"}).Draw(t, "delimiter")
	}},
	{"quote", inRows, func(_ *rapid.T, d *draft) { // every cell: a single one in apostrophes may be a text
		d.dialect.Quote, d.dialect.Escape = "'", "'"
		for i := range d.rows {
			d.rows[i].dialect.Quote, d.rows[i].dialect.Escape = "'", "'"
		}
		d.quoteAll()
	}},
	{"escape", inDialect, func(_ *rapid.T, d *draft) { d.dialect.Escape = `\` }},
	{"line ends", inDialect, func(t *rapid.T, d *draft) { d.dialect.End = rapid.SampledFrom([]string{"\n", "\r"}).Draw(t, "end") }},
	{"one line end", inRows, func(t *rapid.T, d *draft) {
		d.any(t).dialect.End = rapid.SampledFrom([]string{"\n", "\r", "\r\n"}).Draw(t, "end")
	}},
	{"all quoted", inRows, func(_ *rapid.T, d *draft) { d.quoteAll() }},
	{"separator less", inRows, func(t *rapid.T, d *draft) {
		r := d.any(t)
		at := r.separator(rapid.IntRange(0, d.width()-2).Draw(t, "separator"))
		r.pieces = slices.Delete(r.pieces, at, at+1)
	}},
	{"separator more", inRows, func(t *rapid.T, d *draft) {
		r := d.any(t)
		at := r.separator(rapid.IntRange(0, d.width()-2).Draw(t, "separator"))
		r.pieces = slices.Insert(r.pieces, at, piece{separator: true, text: d.dialect.Delimiter})
	}},
	{"extra quote", inRows, func(t *rapid.T, d *draft) {
		r := d.any(t)
		r.pieces[r.cell(rapid.IntRange(0, d.width()-1).Draw(t, "cell"))].stray = true
	}},
	{"another separator in a row", inRows, func(t *rapid.T, d *draft) {
		d.any(t).separate(rapid.SampledFrom([]string{";", "\t", " "}).Draw(t, "delimiter"))
	}},
	{"row cut off", inRows, func(t *rapid.T, d *draft) {
		r := d.any(t)
		r.pieces = r.pieces[:r.separator(rapid.IntRange(0, d.width()-2).Draw(t, "separator"))]
	}},
	{"row too long", inRows, func(t *rapid.T, d *draft) {
		r := d.any(t)
		r.pieces = append(r.pieces, piece{separator: true, text: d.dialect.Delimiter}, piece{text: "more"})
	}},
	{"blank line", around, func(t *rapid.T, d *draft) {
		d.insert(rapid.IntRange(0, len(d.rows)).Draw(t, "at"), row{dialect: d.dialect})
	}},
	{"preamble", around, func(t *rapid.T, d *draft) {
		d.insert(0, layRow([]string{"Sales department"}, d.dialect), row{dialect: d.dialect})
		d.hints.SkipLines += 2
	}},
	{"footnote", around, func(t *rapid.T, d *draft) {
		d.insert(len(d.rows), row{dialect: d.dialect}, layRow([]string{"Not for customers"}, d.dialect))
	}},
	{"second table", around, func(t *rapid.T, d *draft) {
		d.insert(len(d.rows), row{dialect: d.dialect})
		for _, r := range suppliers(d.width()+rapid.IntRange(-1, 1).Draw(t, "wider"), 8) {
			d.insert(len(d.rows), layRow(r, d.dialect))
		}
		if d.dialect.Quote == "'" {
			d.quoteAll() // as the first one
		}
	}},
	{"no final line end", inBytes, func(_ *rapid.T, d *draft) { d.rows[len(d.rows)-1].dialect.End = "" }},
	{"mark", inBytes, func(_ *rapid.T, d *draft) { d.encode = func(s string) []byte { return []byte("\uFEFF" + s) } }},
	{"UTF-16", inBytes, func(_ *rapid.T, d *draft) { d.encode = func(s string) []byte { return utf16Bytes("\uFEFF"+s, false) } }},
}

func (d *draft) width() int { return len(d.table.Rows[0]) }

// any gives a row below the header (another header would be another table), and
// never the same twice: what two damages make of one row may look like a row.
func (d *draft) any(t *rapid.T) *row {
	r := rapid.IntRange(1, len(d.rows)-1).Filter(func(r int) bool { return r != d.damaged }).Draw(t, "row")
	d.damaged = r
	return &d.rows[r]
}

func (d *draft) quoteAll() {
	for i := range d.rows {
		for j := range d.rows[i].pieces {
			d.rows[i].pieces[j].quoted = !d.rows[i].pieces[j].separator
		}
	}
}

func (d *draft) insert(at int, rows ...row) {
	d.rows = slices.Insert(d.rows, at, rows...)
	d.records = slices.Insert(d.records, at, slices.Repeat([]int{-1}, len(rows))...)
}

// lay lays the table out, once its dialect is settled.
func (d *draft) lay() {
	first := 0
	if d.table.Header == nil {
		first = 1
	}
	for i, r := range d.table.Records() {
		d.insert(len(d.rows), layRow(r, d.dialect))
		d.records[len(d.rows)-1] = first + i
	}
}

// text gives the file's text, and the line where each record begins.
func (d *draft) text() (text string, lines map[int]int64) {
	lines = map[int]int64{}
	for i, r := range d.rows {
		if d.records[i] >= 0 {
			lines[d.records[i]] = lineAfter(text)
		}
		doc := document{rows: []row{r}}
		text += string(doc.write())
	}
	return text, lines
}

// lineAfter gives the number of the line that follows a text, as an editor counts.
func lineAfter(text string) int64 {
	return 1 + int64(strings.Count(strings.ReplaceAll(text, "\r\n", "\n"), "\n")+strings.Count(strings.ReplaceAll(text, "\r\n", "\n"), "\r"))
}

// randomTable has what tables have: a key, a date, an amount, words, sentences.
func randomTable(t *rapid.T) Table {
	word := rapid.SampledFrom([]string{"Utrecht", "Gent", "Lille", "Graz", "Porto", "Bergen", "Split"})
	sentence := rapid.SampledFrom([]string{"Light, quiet and easy to clean", "it's a favourite", `a 5" pipe`, "plain", "", "red; blue; green", `say "never"`, "two words"})
	columns := []struct {
		name string
		cell func(i int) string
	}{
		{"Number", func(i int) string { return fmt.Sprint(1000 + i) }},
		{"Since", func(i int) string { return fmt.Sprintf("2026-%02d-%02d", i%12+1, i%28+1) }},
		{"Amount", func(i int) string { return fmt.Sprintf("%d.%02d", rapid.IntRange(0, 9999).Draw(t, "amount"), i%100) }},
		{"City", func(int) string { return word.Draw(t, "word") }},
		{"Note", func(int) string { return sentence.Draw(t, "sentence") }},
	}
	keep := []int{0, rapid.IntRange(1, 2).Draw(t, "typed"), 3, 4} // two typed columns tell a header
	if rapid.Bool().Draw(t, "both") {
		keep = []int{0, 1, 2, 3, 4}
	}
	var table Table
	for _, c := range keep {
		table.Header = append(table.Header, columns[c].name)
	}
	for i := range rapid.IntRange(8, 20).Draw(t, "rows") {
		var r []string
		for _, c := range keep {
			r = append(r, columns[c].cell(i))
		}
		table.Rows = append(table.Rows, r)
	}
	return table
}

// polluted pollutes a random table in one way or two.
func polluted(t *rapid.T) *draft {
	d := &draft{table: randomTable(t), dialect: RFC4180}
	chosen := rapid.SliceOfNDistinct(rapid.IntRange(0, len(messes)-1), 1, 2, rapid.ID).Draw(t, "messes")
	slices.SortStableFunc(chosen, func(a, b int) int { return messes[a].phase - messes[b].phase })
	laid := false
	for _, c := range chosen {
		t.Log(messes[c].name)
		if messes[c].phase > inDialect && !laid {
			d.lay()
			laid = true
		}
		messes[c].apply(t, d)
	}
	if !laid {
		d.lay()
	}
	return d
}

// Random tables, polluted in every way and in pairs: what is read is the table,
// or what differs is said, row by row.
func TestPropertyNothingIsDamagedInSilence(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := polluted(t)
		text, lines := d.text()
		file := []byte(text)
		if d.encode != nil {
			file = d.encode(text)
		}
		var staging bytes.Buffer
		res, err := intake.Read(context.Background(), intake.File{ReaderAt: bytes.NewReader(file), Size: int64(len(file))}, &staging, intake.Options{})
		if err != nil {
			if e := errs.As(err); e == nil || e.Kind != errs.Invalid || e.Mend == "" {
				t.Fatalf("%q: %v", text, err)
			}
			return // refused in words
		}
		said := notedLines(res)
		headed := res.Found.HeaderLines == nil || *res.Found.HeaderLines > 0
		if d.table.Header != nil && (!headed || !slices.Equal(res.Columns, d.table.Header)) && !said(lines[0]) && !slices.ContainsFunc(res.Notes, ofHeader) {
			t.Fatalf("%q: the header became %q (%+v)", text, res.Columns, res.Notes)
		}
		got := stagedRows(t, staging.Bytes())
		marked := false // the row above has a defect: it may have taken this one's line in
		for i, want := range d.table.Rows {
			line := lines[i+1]
			r, ok := got[line]
			delete(got, line)
			below := (got[line+1].defect != "" || said(line+1)) && (i+2 > len(d.table.Rows) || lines[i+2] > line+1) // the rest of a row that was broken
			if ok && (r.defect != "" || slices.Equal(r.cells, want)) || said(line) || !ok && marked || below {
				marked = !ok && marked || r.defect != ""
				continue
			}
			t.Fatalf("%q: line %d, %q, became %q in silence (%s; %+v)", text, line, want, r.cells, res.Dialect, res.Notes)
		}
		for line, r := range got {
			if r.defect == "" && !said(line) && !said(lines[1]) { // the table left out, and said: another one was taken
				t.Fatalf("%q: line %d is no row, and became %q in silence (%s; %+v)", text, line, r.cells, res.Dialect, res.Notes)
			}
		}
	})
}

// notedLines tells which lines the notes speak of. Where another table begins,
// that is all that follows.
func notedLines(res intake.Result) func(int64) bool {
	lines, other := map[int64]bool{}, int64(math.MaxInt64)
	for _, n := range res.Notes {
		for _, l := range n.Lines {
			lines[l] = true
		}
		if n.Code == "several-tables" {
			other = min(other, n.Lines[0])
		}
	}
	return func(line int64) bool { return lines[line] || line >= other }
}

func ofHeader(n intake.Note) bool { return strings.HasPrefix(n.Code, "header") }

type stagedRow struct {
	defect string
	cells  []string
}

// stagedRows reads a staging file by lines.
func stagedRows(t *rapid.T, staging []byte) map[int64]stagedRow {
	rows := map[int64]stagedRow{}
	for rd := record.NewReader(bytes.NewReader(staging)); ; {
		fields, err := rd.Read()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			return rows
		}
		var line int64
		if _, err := fmt.Sscan(string(fields[0].Text), &line); err != nil {
			t.Fatal(err)
		}
		r := stagedRow{defect: string(fields[1].Text)}
		for _, f := range fields[2:] {
			r.cells = append(r.cells, string(f.Text))
		}
		rows[line] = r
	}
}
