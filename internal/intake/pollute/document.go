package pollute

import (
	"bytes"
	"slices"
	"strings"
)

// Dialect says how a document is written.
type Dialect struct {
	Delimiter string
	Quote     string
	Escape    string // before a quote in a quoted cell: the quote itself, another character, or nothing
	End       string // of a record
}

// RFC4180 is the dialect of the clean file.
var RFC4180 = Dialect{Delimiter: ",", Quote: `"`, Escape: `"`, End: "\r\n"}

// document is a file before it is written. Its rows are everything in the file,
// header and preamble too; what is expected of it stands beside it.
type document struct {
	rows   []row
	encode func(string) []byte // nil leaves UTF-8
}

// row is a sequence of pieces and how they are written.
type row struct {
	pieces  []piece
	dialect Dialect
}

// piece is a cell or a separator.
type piece struct {
	separator bool
	text      string
	quoted    bool // even if it needs no quotes
	stray     bool // a cell with an extra quote before its text
}

// lay makes the document of a table.
func lay(t Table, d Dialect) *document {
	doc := &document{}
	for _, r := range t.Records() {
		doc.rows = append(doc.rows, layRow(r, d))
	}
	return doc
}

func layRow(cells []string, d Dialect) row {
	r := row{dialect: d}
	for i, c := range cells {
		if i > 0 {
			r.pieces = append(r.pieces, piece{separator: true, text: d.Delimiter})
		}
		r.pieces = append(r.pieces, piece{text: c, quoted: quotedAlways[i] || needsQuotes(c, d)})
	}
	return r
}

// needsQuotes tells whether a program that writes the dialect would quote a cell.
func needsQuotes(text string, d Dialect) bool {
	return text != "" && (strings.Contains(text, d.Quote) || strings.ContainsAny(text, "\r\n") || strings.Contains(text, d.Delimiter) ||
		strings.Contains(text, strings.TrimSpace(d.Delimiter)) && strings.TrimSpace(d.Delimiter) != "")
}

// separator gives the place of the nth separator of the row, from 0; -1 if there
// are fewer.
func (r *row) separator(n int) int { return r.nth(n, true) }

// cell gives the place of the nth cell of the row, from 0; -1 if there are fewer.
func (r *row) cell(n int) int { return r.nth(n, false) }

func (r *row) nth(n int, separator bool) int {
	for i, p := range r.pieces {
		if p.separator != separator {
			continue
		}
		if n == 0 {
			return i
		}
		n--
	}
	return -1
}

// separate changes the row's separators and nothing else.
func (r *row) separate(delimiter string) {
	for i := range r.pieces {
		if r.pieces[i].separator {
			r.pieces[i].text = delimiter
		}
	}
	r.dialect.Delimiter = delimiter
}

// clone lets a document be polluted without changing the one it was made from.
func (doc *document) clone() *document {
	c := *doc
	c.rows = slices.Clone(doc.rows)
	for i := range c.rows {
		c.rows[i].pieces = slices.Clone(c.rows[i].pieces)
	}
	return &c
}

// write gives the file.
func (doc *document) write() []byte {
	var b bytes.Buffer
	for _, r := range doc.rows {
		for _, p := range r.pieces {
			p.write(&b, r.dialect)
		}
		b.WriteString(r.dialect.End)
	}
	if doc.encode == nil {
		return b.Bytes()
	}
	return doc.encode(b.String())
}

func (p piece) write(b *bytes.Buffer, d Dialect) {
	if p.separator || !p.quoted {
		if p.stray {
			b.WriteString(d.Quote)
		}
		b.WriteString(p.text)
		return
	}
	b.WriteString(d.Quote)
	if p.stray {
		b.WriteString(d.Quote)
	}
	text := p.text
	if d.Escape != d.Quote && d.Escape != "" {
		text = strings.ReplaceAll(text, d.Escape, d.Escape+d.Escape)
	}
	if d.Escape != "" {
		text = strings.ReplaceAll(text, d.Quote, d.Escape+d.Quote)
	}
	b.WriteString(text)
	b.WriteString(d.Quote)
}
