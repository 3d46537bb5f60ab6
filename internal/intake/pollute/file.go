package pollute

// File is a polluted file and what a reader should make of it.
type File struct {
	Name   string // "separator-less/10-3"
	Family string // "separator-less": the pollution
	Bytes  []byte
	Hints  Hints
	Want   Table
	Weight float64 // how often the pollution is met, in files of the survey
}

// Hints are what a person could tell a reader about the file.
type Hints struct {
	Encoding    string // label of the WHATWG Encoding Standard
	Delimiter   string
	Quote       string
	Escape      string // "none" where quotes are not escaped
	SkipLines   int    // above the header
	HeaderLines int
}

// maker collects files made from one clean table.
type maker struct {
	table Table
	clean *document
	files []File
}

func newMaker(t Table) *maker { return &maker{table: t, clean: lay(t, RFC4180)} }

// add writes a document as a file. The hints are those of the clean file where
// tune does not change them.
func (m *maker) add(family, part string, weight float64, doc *document, want Table, tune func(*Hints)) {
	h := Hints{Encoding: "utf-8", Delimiter: RFC4180.Delimiter, Quote: RFC4180.Quote, Escape: RFC4180.Escape, HeaderLines: 1}
	if want.Header == nil {
		h.HeaderLines = 0
	}
	if tune != nil {
		tune(&h)
	}
	name := family
	if part != "" {
		name += "/" + part
	}
	m.files = append(m.files, File{Name: name, Family: family, Bytes: doc.write(), Hints: h, Want: want, Weight: weight})
}

// of gives a copy of the clean document after change.
func (m *maker) of(change func(*document)) *document {
	doc := m.clean.clone()
	change(doc)
	return doc
}

// replaced is the clean table with another text in one cell; row 0 is the header.
func (m *maker) replaced(r, c int, text string) Table {
	records := m.table.Records()
	t := Table{Header: records[0], Rows: append([][]string(nil), records[1:]...)}
	cells := append([]string(nil), records[r]...)
	cells[c] = text
	if r == 0 {
		t.Header = cells
	} else {
		t.Rows[r-1] = cells
	}
	return t
}
