package pollute

import (
	"fmt"
	"slices"
	"strings"
)

// Taxonomy pollutes the clean table in the ways that the paper's taxonomy names
// and [Survey] leaves out. Every family weighs 1, shared among its files.
//
// Names stand in [File].Want as they stand in the file, double and empty ones
// too: a reader that must tell columns apart loses a little there. Rows of fewer
// cells are expected filled up; of columns without a name and a cell nothing is
// expected.
func Taxonomy() []File { return taxonomy(Source()) }

func taxonomy(t Table) []File {
	m := newMaker(t)
	m.encodings()
	m.surroundings()
	m.blanks()
	m.names()
	m.moreDialects()
	m.lines()
	m.widths()
	m.breaks()
	families := map[string]float64{}
	for _, f := range m.files {
		families[f.Family]++
	}
	for i, f := range m.files {
		m.files[i].Weight = 1 / families[f.Family]
	}
	return m.files
}

// someLines are the lines at which pollutions of a single line are tried: the
// header, the first row, one in the middle, the last.
func (m *maker) someLines() []int {
	last := len(m.clean.rows) - 1
	lines := []int{0, min(1, last), last / 2, last}
	slices.Sort(lines)
	return slices.Compact(lines)
}

func (m *maker) encodings() {
	t := Table{Header: m.table.Header}
	for i, r := range m.table.Rows {
		r = slices.Clone(r)
		r[len(r)/2] = []string{"Théière ", "Fußmatte ", "Smörgåsbricka ", "Señor "}[i%4] + r[len(r)/2]
		t.Rows = append(t.Rows, r)
	}
	for _, e := range []struct {
		name, label string
		encode      func(string) []byte
	}{
		{"utf-8", "utf-8", nil},
		{"utf-8-mark", "utf-8", func(s string) []byte { return []byte("\uFEFF" + s) }},
		{"utf-16le-mark", "utf-16le", func(s string) []byte { return utf16Bytes("\uFEFF"+s, false) }},
		{"utf-16be-mark", "utf-16be", func(s string) []byte { return utf16Bytes("\uFEFF"+s, true) }},
		{"utf-16le", "utf-16le", func(s string) []byte { return utf16Bytes(s, false) }},
		{"latin-1", "windows-1252", latin1},
	} {
		doc := lay(t, RFC4180)
		doc.encode = e.encode
		m.add("encoding", e.name, 1, doc, t, func(h *Hints) { h.Encoding = e.label })
	}
}

// utf16Bytes encodes text of the basic plane.
func utf16Bytes(s string, big bool) (out []byte) {
	for _, r := range s {
		if big {
			out = append(out, byte(r>>8), byte(r))
		} else {
			out = append(out, byte(r), byte(r>>8))
		}
	}
	return out
}

func latin1(s string) (out []byte) {
	for _, r := range s {
		out = append(out, byte(r))
	}
	return out
}

// surroundings puts lines above and below the table.
func (m *maker) surroundings() {
	width := len(m.table.Header)
	texts := []string{"Sales department", "Exported by J. de Vries on 12 May 2018", "Not for customers"}
	for _, n := range []int{1, 3} {
		for _, filled := range []bool{true, false} {
			for _, apart := range []bool{true, false} {
				var records [][]string
				for _, text := range texts[:n] {
					records = append(records, note(text, width, filled))
				}
				if apart {
					records = append(records, note("", width, filled))
				}
				part := fmt.Sprintf("%d%s%s", n, either(filled, "-filled", ""), either(apart, "-apart", ""))
				m.add("preamble", part, 1, m.above(records), m.table, func(h *Hints) { h.SkipLines = len(records) })
				slices.Reverse(records)
				m.add("footnote", part, 1, m.of(func(d *document) { d.rows = append(d.rows, plain(records)...) }), m.table, nil)
			}
		}
	}
	m.add("preamble", "comment", 1, m.above([][]string{{"# exported 2018-05-12"}, {"# 83 rows"}}), m.table, func(h *Hints) { h.SkipLines = 2 })
	m.add("preamble", "sep", 1, m.of(func(d *document) {
		d.rows = append(plain([][]string{{"sep="}}), d.rows...)
		d.rows[0].dialect.End = ",\r\n"
	}),
		m.table, func(h *Hints) { h.SkipLines = 1 })
}

// note is a line of text, filled up with separators or alone.
func note(text string, width int, filled bool) []string {
	if filled {
		return lead(text, width)
	}
	return []string{text}
}

func either(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}

// blanks puts empty lines and columns in.
func (m *maker) blanks() {
	for _, r := range m.someLines() {
		for _, filled := range []bool{false, true} {
			cells := note("", len(m.table.Header), filled)
			doc := m.of(func(d *document) { d.rows = slices.Insert(d.rows, r, plain([][]string{cells})...) })
			m.add("blank-line", fmt.Sprint(r, either(filled, "-filled", "")), 1, doc, m.table, func(h *Hints) {
				if r == 0 {
					h.SkipLines = 1
				}
			})
		}
	}
	separator := piece{separator: true, text: RFC4180.Delimiter}
	for from, name := range []string{"every", "rows"} { // the header's too, or not
		doc := m.of(func(d *document) {
			for i := range d.rows[from:] {
				d.rows[from+i].pieces = append(d.rows[from+i].pieces, separator)
			}
		})
		m.add("separator-at-end", name, 1, doc, m.table, nil)
	}
	doc := m.of(func(d *document) {
		for i := range d.rows {
			d.rows[i].pieces = slices.Insert(d.rows[i].pieces, 0, separator)
		}
	})
	m.add("separator-at-start", "", 1, doc, m.table, nil)
	for i, between := range []string{"narrower", "as-wide", "wider"} {
		rows := append([][]string{{""}}, suppliers(len(m.table.Header)-1+i, len(m.table.Rows))...)
		m.add("second-table-apart", between, 1, m.of(func(d *document) { d.rows = append(d.rows, plain(rows)...) }), m.table, nil)
	}
}

// names changes names in the header.
func (m *maker) names() {
	last := len(m.table.Header) - 1
	for _, n := range []struct{ family, text string }{
		{"name-empty", ""}, {"name-signs", "HEAD/%R"}, {"name-long", strings.Repeat("HEADER", 100_000)}, {"name-double", m.table.Header[1]},
	} {
		for _, c := range []int{0, last / 2, last} {
			want := m.replaced(0, c, n.text)
			m.add(n.family, fmt.Sprint(c), 1, lay(want, RFC4180), want, nil)
		}
	}
}

// moreDialects writes the whole table with rarer characters.
func (m *maker) moreDialects() {
	for _, delimiter := range []string{"|", ":", "^", "~", "\x1f", "\t\t", "||", "::", `\t`, " | ", "; "} {
		to := RFC4180
		to.Delimiter = delimiter
		m.whole("rare-separator", fmt.Sprintf("%+q", delimiter), 1, to)
	}
	for _, end := range []string{"\n", "\r"} {
		mixed := m.of(func(d *document) {
			for i := range d.rows {
				if i%3 == 1 {
					d.rows[i].dialect.End = end
				}
			}
		})
		m.add("line-ends-mixed", fmt.Sprintf("%+q", end), 1, mixed, m.table, nil)
	}
	all := m.of(func(d *document) {
		for i := range d.rows {
			for j := range d.rows[i].pieces {
				d.rows[i].pieces[j].quoted = !d.rows[i].pieces[j].separator
			}
		}
	})
	m.add("all-quoted", "", 1, all, m.table, nil)
	m.add("end-of-file-mark", "", 1, m.of(func(d *document) { d.rows[len(d.rows)-1].dialect.End = "\r\n\x1a" }), m.table, nil)
}

// lines changes the dialect of a single line.
func (m *maker) lines() {
	for _, r := range m.someLines() {
		part := fmt.Sprint(r)
		for _, end := range []string{"\n", "\r"} {
			m.add("line-end-of-one", fmt.Sprintf("%+q-%d", end, r), 1, m.of(func(d *document) { d.rows[r].dialect.End = end }), m.table, nil)
		}
		for _, delimiter := range []string{";", "\t"} {
			m.add("separator-of-one", fmt.Sprintf("%+q-%d", delimiter, r), 1, m.of(func(d *document) { d.rows[r].separate(delimiter) }), m.table, nil)
		}
		m.add("quote-of-one", part, 1, m.of(func(d *document) {
			d.rows[r] = layRow(m.table.Records()[r], Dialect{",", "'", "'", "\r\n"})
		}), m.table, nil)
		m.add("escape-of-one", part, 1, m.of(func(d *document) { d.rows[r].dialect.Escape = `\` }), m.table, nil)
	}
}

// widths gives rows another number of cells, and the table one column and a
// thousand.
func (m *maker) widths() {
	width := len(m.table.Header)
	for _, r := range m.someLines()[1:] {
		cells := m.table.Rows[r-1]
		for _, n := range []int{0, width / 2, width + 6} {
			row := append(slices.Clone(cells[:min(n, width)]), slices.Repeat([]string{"again"}, max(n-width, 0))...)
			want := Table{m.table.Header, slices.Clone(m.table.Rows)}
			if n == 0 {
				want.Rows = slices.Delete(want.Rows, r-1, r)
			} else {
				want.Rows[r-1] = append(slices.Clone(row), make([]string, max(width-n, 0))...)
			}
			m.add("row-width", fmt.Sprint(r, "-", n), 1, m.of(func(d *document) { d.rows[r] = layRow(row, RFC4180) }), want, nil)
		}
	}
	one := Table{Header: m.table.Header[3:4]}
	many := Table{}
	for c := range 1024 {
		many.Header = append(many.Header, fmt.Sprint("col", c))
	}
	for i, r := range m.table.Rows {
		one.Rows = append(one.Rows, r[3:4])
		var cells []string
		for c := range 1024 {
			cells = append(cells, fmt.Sprint((i*31+c*c)%1000))
		}
		many.Rows = append(many.Rows, cells)
	}
	m.add("columns", "1", 1, lay(one, RFC4180), one, nil)
	m.add("columns", "1024", 1, lay(many, RFC4180), many, nil)
}

// breaks puts line breaks in cells.
func (m *maker) breaks() {
	for _, r := range m.someLines() {
		for c := range m.table.Header {
			if r == 0 && c > 2 {
				break // three names are enough
			}
			text := m.table.Records()[r][c] + "\nand more, in \"quotes\""
			want := m.replaced(r, c, text)
			m.add("line-break", fmt.Sprint(r, "-", c), 1, lay(want, RFC4180), want, nil)
		}
	}
}
