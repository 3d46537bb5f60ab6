package pollute

import (
	"fmt"
	"slices"
	"strings"
)

// Weights of the published benchmark (its file of weights): in how many files of
// the survey a pollution was met. A pollution of many files shares its weight.
const (
	weighLine     = 525.0 / 1428 // a separator less or more, for each file
	weighRowBlank = 12.0 / 84    // a line separated by blanks
	weighQuote    = 7.0 / 756    // an extra quote
	weighTables   = 188.0 / 3    // a second table
)

// Survey is the list of the published benchmark over the clean table.
func Survey() []File { return survey(Source()) }

func survey(t Table) []File {
	m := newMaker(t)
	m.add("clean", "", 1, m.clean, t, nil)
	m.wholeFile()
	m.headers()
	m.secondTables()
	m.dialects()
	for r := range m.clean.rows {
		m.separators(r)
		m.quotes(r)
		m.add("row-separator", fmt.Sprint(r), weighRowBlank, m.of(func(d *document) { d.rows[r].separate(" ") }), t, nil)
	}
	return m.files
}

func (m *maker) wholeFile() {
	last := len(m.clean.rows) - 1
	m.add("empty-file", "", 15, &document{}, Table{}, nil)
	m.add("no-final-line-end", "", 184, m.of(func(d *document) { d.rows[last].dialect.End = "" }), m.table, nil)
	m.add("two-final-line-ends", "", 5, m.of(func(d *document) { d.rows[last].dialect.End = "\r\n\r\n" }), m.table, nil)
	m.add("only-header", "", 3, m.of(func(d *document) { d.rows = d.rows[:1] }), Table{Header: m.table.Header}, nil)
	m.add("only-one-row", "", 4, m.of(func(d *document) { d.rows = d.rows[:2] }), Table{m.table.Header, m.table.Rows[:1]}, nil)
}

func (m *maker) headers() {
	m.add("no-header", "", 470, m.of(func(d *document) { d.rows = d.rows[1:] }), Table{Rows: m.table.Rows}, nil)
	for _, n := range []int{2, 3} {
		want := Table{Rows: m.table.Rows}
		for _, name := range m.table.Header {
			want.Header = append(want.Header, strings.Join(slices.Repeat([]string{name}, n), " "))
		}
		doc := m.of(func(d *document) { d.rows = append(slices.Repeat(d.rows[:1], n), d.rows[1:]...) })
		m.add("header-lines", fmt.Sprint(n), 47, doc, want, func(h *Hints) { h.HeaderLines = n })
	}
	above := slices.Concat([][]string{lead("PREAMBLE", len(m.table.Header))}, [][]string{lead("", len(m.table.Header))})
	m.add("preamble", "", 282, m.above(above), m.table, func(h *Hints) { h.SkipLines = len(above) })
}

// lead gives a record with text in its first cell and nothing in the others.
func lead(text string, width int) []string {
	return append([]string{text}, make([]string, width-1)...)
}

// above puts records above the clean document, without quotes where none are needed.
func (m *maker) above(records [][]string) *document {
	return m.of(func(d *document) { d.rows = append(plain(records), d.rows...) })
}

func plain(records [][]string) (rows []row) {
	for _, r := range records {
		laid := layRow(r, RFC4180)
		for i := range laid.pieces {
			laid.pieces[i].quoted = needsQuotes(laid.pieces[i].text, RFC4180)
		}
		rows = append(rows, laid)
	}
	return rows
}

func (m *maker) secondTables() {
	for _, second := range []struct {
		name  string
		width int
	}{{"narrower", len(m.table.Header) - 1}, {"as-wide", len(m.table.Header)}, {"wider", len(m.table.Header) + 1}} {
		doc := m.of(func(d *document) { d.rows = append(d.rows, plain(suppliers(second.width, len(m.table.Rows)))...) })
		m.add("second-table", second.name, weighTables, doc, m.table, nil)
	}
}

// suppliers is a table of another subject, with its header first.
func suppliers(width, rows int) [][]string {
	names := []string{"Supplier", "City", "Since", "Rating", "Contact", "Phone", "Terms", "Discount", "Active", "Region", "Lead time"}
	for len(names) < width {
		names = append(names, fmt.Sprint("Field ", len(names)))
	}
	out := [][]string{names[:width]}
	for i := range rows - 1 {
		r := []string{fmt.Sprintf("S%03d", i), []string{"Utrecht", "Gent", "Lille", "Köln"}[i%4], fmt.Sprint(1990 + i%30), fmt.Sprintf("%d.%d", i%5, i%10),
			[]string{"A. Smit", "B. Maes", "C. Roux"}[i%3], fmt.Sprintf("+31 20 555 %04d", i*37%10000), "NET" + fmt.Sprint(30+i%3*15),
			fmt.Sprintf("%d%%", i%7), []string{"yes", "no"}[i%2], []string{"north", "south"}[i%2], fmt.Sprint(i % 20)}
		for len(r) < width {
			r = append(r, fmt.Sprint(i))
		}
		out = append(out, r[:width])
	}
	return out
}

// dialects changes one character of the dialect in the whole file. What the new
// dialect makes necessary is done: texts that hold the new separator are quoted,
// new quotes in texts escaped.
func (m *maker) dialects() {
	for _, d := range []struct {
		name, delimiter string
		weight          float64
	}{{"blank", " ", 4}, {"comma-blank", ", ", 101}, {"semicolon", ";", 834}, {"tab", "\t", 4}} {
		to := RFC4180
		to.Delimiter = d.delimiter
		m.whole("separator", d.name, d.weight, to)
	}
	for _, d := range []struct {
		family, name string
		weight       float64
		to           Dialect
	}{
		{"quote", "apostrophe", 11, Dialect{",", "'", "'", "\r\n"}},
		{"escape", "backslash", 1, Dialect{",", `"`, `\`, "\r\n"}},
		{"line-end", "LF", 1691, Dialect{",", `"`, `"`, "\n"}},
		{"line-end", "CR", 7, Dialect{",", `"`, `"`, "\r"}},
	} {
		m.whole(d.family, d.name, d.weight, d.to)
	}
	m.unescaped()
}

// whole writes the clean table in another dialect.
func (m *maker) whole(family, name string, weight float64, to Dialect) {
	m.add(family, name, weight, lay(m.table, to), m.table, func(h *Hints) { h.Delimiter, h.Quote, h.Escape = to.Delimiter, to.Quote, to.Escape })
}

// unescaped leaves quotes inside quoted cells as they are.
func (m *maker) unescaped() {
	doc := m.of(func(d *document) {
		for i := range d.rows {
			d.rows[i].dialect.Escape = ""
		}
	})
	m.add("escape", "none", 7, doc, m.table, func(h *Hints) { h.Escape = "none" })
}

// separators takes a separator out of a line, and puts one in, at every place.
func (m *maker) separators(r int) {
	for c := range m.table.Header {
		if c > 0 {
			less := m.of(func(d *document) {
				at := d.rows[r].separator(c - 1)
				d.rows[r].pieces = slices.Delete(d.rows[r].pieces, at, at+1)
			})
			m.add("separator-less", fmt.Sprint(r, "-", c), weighLine, less, m.table, nil)
		}
		more := m.of(func(d *document) {
			at := max(d.rows[r].separator(c-1), 0)
			d.rows[r].pieces = slices.Insert(d.rows[r].pieces, at, piece{separator: true, text: RFC4180.Delimiter})
		})
		m.add("separator-more", fmt.Sprint(r, "-", c), weighLine, more, m.table, nil)
	}
}

// quotes puts an unescaped quote before the text of every cell of a line.
func (m *maker) quotes(r int) {
	for c := range m.table.Header {
		var text string
		doc := m.of(func(d *document) {
			p := &d.rows[r].pieces[d.rows[r].cell(c)]
			p.stray, text = true, p.text
		})
		m.add("extra-quote", fmt.Sprint(r, "-", c), weighQuote, doc, m.replaced(r, c, RFC4180.Quote+text), nil)
	}
}
