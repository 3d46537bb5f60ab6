package main

import (
	"archive/zip"
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
)

// The rows are business partners: a number, a name that is nobody else's, texts
// that repeat, amounts, days.
const (
	columns = 11
	texts   = 200_000 // different names
)

var header = [columns]string{"id", "name", "street", "zip", "city", "country", "terms", "limit", "balance", "since", "active"}

var (
	cities    = []string{"Hamburg", "Amsterdam", "Düsseldorf", "Lyon", "Milano", "København", "Wien", "Praha"}
	countries = []string{"DE", "NL", "FR", "IT", "DK", "AT", "CZ"}
	terms     = []string{"NET30", "NET45", "NET60", "NET90"}
)

// row is one partner, by the numbers it is made of.
type row struct {
	id, name, street, zip, city, country, terms int
	limit, balance                              int // cents
	day                                         int // serial number of 1900's calendar
	active                                      bool
}

func draw(r *rand.Rand, i int) row {
	return row{1_000_000 + i, r.IntN(texts), r.IntN(900), r.IntN(100_000), r.IntN(len(cities)), r.IntN(len(countries)), r.IntN(len(terms)),
		r.IntN(500) * 100_000, r.IntN(10_000_000), 40_000 + r.IntN(6000), r.IntN(5) > 0}
}

func nameOf(n int) string { return fmt.Sprintf("Example Trading Company %06d", n) }

func streetOf(n int) string { return fmt.Sprintf("Königsallee %d", n) }

func random() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// counter counts what is written through it.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// create makes a file, and gives its size.
func create(file string, write func(io.Writer) error) (size int64, err error) {
	f, err := os.Create(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	c := &counter{w: f}
	if err := write(c); err != nil {
		return 0, err
	}
	return c.n, f.Close()
}

func makeCSV(file string, rows int) (size, inside int64, err error) {
	size, err = create(file, func(out io.Writer) error {
		w := bufio.NewWriterSize(out, 1<<20)
		for i, name := range header {
			w.WriteString([...]string{",", ""}[b2i(i == 0)] + name)
		}
		w.WriteByte('\n')
		r := random()
		for i := range rows {
			p := draw(r, i)
			fmt.Fprintf(w, "%d,%s,%s,%05d,%s,%s,%s,%d.%02d,%d.%02d,2026-%02d-%02d,%t\n", p.id, nameOf(p.name), streetOf(p.street), p.zip,
				cities[p.city], countries[p.country], terms[p.terms], p.limit/100, p.limit%100, p.balance/100, p.balance%100, p.day%12+1, p.day%28+1, p.active)
		}
		return w.Flush() // it keeps the first error
	})
	return size, size, err
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

const (
	mainNS = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`
	relNS  = `xmlns="http://schemas.openxmlformats.org/package/2006/relationships"`
	relOf  = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
	intro  = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
)

// makeWorkbook writes the rows as Excel would: texts that repeat as shared
// strings, days as numbers with a format. Streets are inline strings, as other
// programs write all texts.
func makeWorkbook(file string, rows int) (size, inside int64, err error) {
	size, err = create(file, func(out io.Writer) error {
		z := zip.NewWriter(out)
		for _, p := range []struct {
			name  string
			write func(w *bufio.Writer)
		}{
			{"[Content_Types].xml", func(w *bufio.Writer) {
				w.WriteString(intro + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>`)
			}},
			{"_rels/.rels", func(w *bufio.Writer) {
				fmt.Fprintf(w, `%s<Relationships %s><Relationship Id="rId1" Type="%sofficeDocument" Target="xl/workbook.xml"/></Relationships>`, intro, relNS, relOf)
			}},
			{"xl/workbook.xml", func(w *bufio.Writer) {
				fmt.Fprintf(w, `%s<workbook %s><sheets><sheet name="Partners" sheetId="1" r:id="rId1"/></sheets></workbook>`, intro, mainNS)
			}},
			{"xl/_rels/workbook.xml.rels", func(w *bufio.Writer) {
				fmt.Fprintf(w, `%s<Relationships %s><Relationship Id="rId1" Type="%sworksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="%ssharedStrings" Target="sharedStrings.xml"/><Relationship Id="rId3" Type="%sstyles" Target="styles.xml"/></Relationships>`, intro, relNS, relOf, relOf, relOf)
			}},
			{"xl/styles.xml", func(w *bufio.Writer) {
				fmt.Fprintf(w, `%s<styleSheet %s><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd"/></numFmts><fonts count="1"><font><sz val="11"/></font></fonts><fills count="1"><fill/></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf numFmtId="0"/></cellStyleXfs><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="4"/></cellXfs></styleSheet>`, intro, mainNS)
			}},
			{"xl/sharedStrings.xml", writeStrings},
			{"xl/worksheets/sheet1.xml", func(w *bufio.Writer) { writeSheet(w, rows) }},
		} {
			part, err := z.Create(p.name)
			if err != nil {
				return err
			}
			c := &counter{w: part}
			w := bufio.NewWriterSize(c, 1<<20)
			p.write(w)
			if err := w.Flush(); err != nil { // it keeps the first error
				return err
			}
			inside += c.n
		}
		return z.Close()
	})
	return size, inside, err
}

// writeStrings writes the shared strings: header, cities, countries, terms,
// names.
func writeStrings(w *bufio.Writer) {
	fmt.Fprintf(w, `%s<sst %s>`, intro, mainNS)
	for _, list := range [][]string{header[:], cities, countries, terms} {
		for _, s := range list {
			fmt.Fprintf(w, "<si><t>%s</t></si>", s)
		}
	}
	for i := range texts {
		fmt.Fprintf(w, "<si><t>%s</t></si>", nameOf(i))
	}
	w.WriteString("</sst>")
}

func writeSheet(w *bufio.Writer, rows int) {
	fmt.Fprintf(w, `%s<worksheet %s xmlns:x14ac="http://schemas.microsoft.com/office/spreadsheetml/2009/9/ac"><dimension ref="A1:K%d"/><sheetData>`, intro, mainNS, rows+1)
	city, country, term, name := columns, columns+len(cities), columns+len(cities)+len(countries), columns+len(cities)+len(countries)+len(terms)
	var b []byte
	cell := func(col int, at int, attrs, value string) {
		b = append(b, `<c r="`...)
		b = append(b, byte('A'+col))
		b = strconv.AppendInt(b, int64(at), 10)
		b = append(b, '"')
		b = append(b, attrs...)
		b = append(b, "><v>"...)
		b = append(b, value...)
		b = append(b, "</v></c>"...)
	}
	const shared = ` s="0" t="s"`
	start := func(at int) {
		b = append(b[:0], `<row r="`...)
		b = strconv.AppendInt(b, int64(at), 10)
		b = append(b, `" spans="1:11" x14ac:dyDescent="0.25">`...)
	}
	start(1)
	for i := range header {
		cell(i, 1, shared, strconv.Itoa(i))
	}
	w.Write(append(b, "</row>"...))
	r := random()
	for i := range rows {
		p, at := draw(r, i), i+2
		start(at)
		cell(0, at, ` s="0"`, strconv.Itoa(p.id))
		cell(1, at, shared, strconv.Itoa(name+p.name))
		b = fmt.Appendf(b, `<c r="C%d" s="0" t="inlineStr"><is><t>%s</t></is></c>`, at, streetOf(p.street))
		cell(3, at, ` s="0" t="str"`, fmt.Sprintf("%05d", p.zip))
		cell(4, at, shared, strconv.Itoa(city+p.city))
		cell(5, at, shared, strconv.Itoa(country+p.country))
		cell(6, at, shared, strconv.Itoa(term+p.terms))
		cell(7, at, ` s="2"`, strconv.Itoa(p.limit/100))
		cell(8, at, ` s="2"`, strconv.FormatFloat(float64(p.balance)/100, 'f', -1, 64))
		cell(9, at, ` s="1"`, strconv.Itoa(p.day))
		cell(10, at, ` s="0" t="b"`, strconv.Itoa(b2i(p.active)))
		w.Write(append(b, "</row>"...))
	}
	w.WriteString("</sheetData></worksheet>")
}
