package xlsx

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const header = `<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c><c r="B1" t="inlineStr"><is><t>name</t></is></c></row>`

func TestCells(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		book  book
		rows  []string
		notes []string
	}{
		"kinds of cells": {
			book: book{
				strings: []string{"<t>00123</t>", `<r><rPr><b/></rPr><t xml:space="preserve">rich </t></r><r><t>text</t></r><rPh sb="0" eb="1"><t>phonetic</t></rPh>`, "<t/>"},
				sheets: []string{"<sheetData>" + header +
					`<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" t="s"><v>1</v></c></row>` +
					`<row r="3"><c r="A3"><v>13.75</v></c><c r="B3" t="b"><v>1</v></c></row>` +
					`<row r="4"><c r="A4" t="s"><v>2</v></c><c r="B4" t="str"><v>a &amp; "b"&#10;</v></c></row>` +
					`<row r="5"><c r="A5" t="d"><v>2026-01-31T13:45:00</v></c><c r="B5" t="inlineStr"><is><t>line_x000D_
end</t></is><v>7</v></c></row>` +
					`<row r="6"><c r="A6" t="n"><v>1.5E3</v></c><c r="B6" t="inlineStr"><is><t><![CDATA[<&>]]></t></is></c></row></sheetData>`},
			},
			rows: []string{"2: [00123]|[rich text]", "3: [13.75]|[true]", "4: []|[a & \"b\"\n]", "5: [2026-01-31 13:45:00]|[line\r\nend]", "6: [1500]|[<&>]"},
		},
		"empty cells, rows and places": {
			book: rowsOf(header + `<row r="3"><c r="B3"><v>1</v></c></row><row r="4"/><row r="5"><c r="A5"/><c r="B5" t="s"/></row><row r="7"><c r="A7"><v>2</v></c></row>`),
			rows: []string{"3: |[1]", "7: [2]|"},
		},
		"no references": {
			book: rowsOf(`<row><c t="str"><v>id</v></c><c t="str"><v>name</v></c></row><row><c><v>1</v></c><c/></row><row r="9"><c/><c><v>2</v></c></row>`),
			rows: []string{"2: [1]|", "9: |[2]"},
		},
		"defects": {
			book: rowsOf(header +
				`<row r="2"><c r="A2"><f>1+1</f></c><c r="B2" t="e"><v>#N/A</v></c></row>` +
				`<row r="3"><c r="A3"><v>twelve</v></c></row>` +
				`<row r="4"><c r="A4" t="b"><v>yes</v></c></row>` +
				`<row r="5"><c r="A5" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>` +
				`<row r="6"><c r="A6"><v>1</v></c><c r="D6"><v>2</v></c></row>` +
				`<row r="7"><c r="A7"><v>1</v></c><c r="D7"/></row>`),
			rows:  []string{"2 formula:1: |[#N/A]", "3 number:1: [twelve]|", "4 boolean:1: [yes]|", "5 error:1: [#DIV/0!]|", "6 cells:4: [1]|", "7: [1]|"},
			notes: []string{"beside", "formula-without-value:id", "error-value:id", "no-number:id", "no-boolean:id", "error-value:name"},
		},
		"formulas": {
			book: rowsOf(header + `<row r="2"><c r="A2"><f>1+1</f><v>7</v></c><c r="B2" t="str"><f>""</f><v></v></c></row>` +
				`<row r="3"><c r="A3" t="str"><f>IF(1,"")</f><v></v></c></row><row r="4"><c r="A4"><f>SUM(A2:A3)</f><v>7</v></c></row>`),
			rows:  []string{"2: [7]|[]", "4: [7]|"},
			notes: []string{"total", "formula:id", "formula:name"},
		},
		"formats": {
			book: book{
				formats: []string{"00000", "0.00", "0.0%", "#,##0.00 [$€-407]", "yyyy-mm-dd", "hh:mm", "[h]:mm", "#,##0,"},
				sheets: []string{"<sheetData>" + header +
					`<row r="2"><c r="A2" s="1"><v>123</v></c><c r="B2" s="2"><v>13.754</v></c></row>` +
					`<row r="3"><c r="A3" s="1"><v>1234567</v></c><c r="B3" s="3"><v>0.125</v></c></row>` +
					`<row r="4"><c r="A4" s="1"><v>-5</v></c><c r="B4" s="4"><v>12.5</v></c></row>` +
					`<row r="5"><c r="A5" s="5"><v>46053</v></c><c r="B5" s="6"><v>0.5729166667</v></c></row>` +
					`<row r="6"><c r="A6" s="5"><v>46053.5</v></c><c r="B6" s="7"><v>5.25</v></c></row>` +
					`<row r="7"><c r="A7" s="5"><v>60</v></c><c r="B7" s="8"><v>12345</v></c></row>` +
					`<row r="8"><c r="A8"><v>1234567890123456</v></c><c r="B8" s="99"><v>0.30000000000000004</v></c></row></sheetData>`},
			},
			rows: []string{"2: [00123]|[13.754]", "3: [1234567]|[0.125]", "4: [-5]|[12.5]", "5: [2026-01-31]|[13:45:00]", "6: [2026-01-31 12:00:00]|[126:00:00]",
				"7 date:1: [60]|[12345]", "8: [1234567890123456]|[0.30000000000000004]"},
			notes: []string{"long-number:id", "padded:id", "hidden-part:id", "no-date:id", "percent:name", "sign:name", "scaled:name", "rounded:name", "noise:name"},
		},
		"1904": {
			book: book{pr: `date1904="1"`, formats: []string{"d.m.yy"}, sheets: []string{"<sheetData>" + header + `<row r="2"><c r="A2" s="1"><v>44591</v></c></row></sheetData>`}},
			rows: []string{"2: [2026-01-31]|"},
		},
		"hidden and merged": {
			book: book{sheets: []string{`<dimension ref="A1:XFD9"/><cols><col min="2" max="9" hidden="1"/></cols><sheetData>` + header +
				`<row r="2" hidden="1"><c r="A2"><v>1</v></c></row><row r="3"><c r="A3"><v>2</v></c></row></sheetData><autoFilter ref="A1:B3"/>` +
				`<mergeCells><mergeCell ref="A1:B1"/><mergeCell ref="A2:A3"/></mergeCells>`}},
			rows:  []string{"2: [1]|", "3: [2]|"},
			notes: []string{"hidden-rows", "hidden-column:name", "merged"},
		},
		"prefixes, comments and other people's elements": {
			book: book{parts: map[string]string{"xl/worksheets/sheet1.xml": `<?xml version="1.0"?><!-- a > b --><x:worksheet xmlns:x="u"><x:sheetData><x:row r='1' x:hidden="1"><x:c r = "A1" t="str"><x:v>id</x:v></x:c></x:row>` +
				`<ext><row r="7"><c r="A7"><v>3</v></c></row></ext><x:row r="2"><!-- no --><x:c r="A2"><x:v>1</x:v><x:extLst><v>9</v></x:extLst></x:c></x:row></x:sheetData></x:worksheet>`}, sheets: []string{""}},
			rows: []string{"2: [1]"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, rows, err := read(t, c.book.bytes(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.rows, rows); d != "" {
				t.Errorf("rows (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.notes, codes(res.Notes)); d != "" {
				t.Errorf("notes (-want +got):\n%s", d)
			}
		})
	}
}

func TestNotesSayWhatAndWhere(t *testing.T) {
	t.Parallel()
	b := book{formats: []string{`0.00 "kg"`}, sheets: []string{"<sheetData>" + header + `<row r="2"><c r="B2" s="1"><v>1.005</v></c></row><row r="9"><c r="B9" s="1"><v>2.001</v></c></row></sheetData>`}}
	res, _, err := read(t, b.bytes(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []Note{
		{Code: "sign", Severity: "warn", Column: "name", Rows: 2, Lines: []int64{2, 9}, Say: `The column "name" is shown with kg; the number is taken without it.`, Mend: "See that the column it goes to means the same."},
		{Code: "rounded", Severity: "warn", Column: "name", Rows: 2, Lines: []int64{2, 9}, Say: `The column "name" holds more decimals than it shows; what is stored is taken.`, Mend: "Round the cells in the workbook if what they show is meant."},
	}
	if d := cmp.Diff(want, res.Notes); d != "" {
		t.Error(d)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	part := func(name, content string) book {
		b := rowsOf(header + `<row r="2"><c r="A2" t="s"><v>0</v></c></row>`)
		b.strings = []string{"<t>a</t>"}
		b.parts = map[string]string{name: content}
		return b
	}
	sst := func(content string) book { return part("xl/sharedStrings.xml", content) }
	for name, c := range map[string]struct {
		book book
		want string
	}{
		"rows out of order":     {rowsOf(header + `<row r="3"><c r="A3"><v>1</v></c></row><row r="2"/>`), "row 2 comes after row 3"},
		"a row twice":           {rowsOf(header + `<row r="2"><c r="A2"><v>1</v></c></row><row r="2"/>`), "row 2 comes after row 2"},
		"a cell twice":          {rowsOf(header + `<row r="2"><c r="A2"><v>1</v></c><c r="A2"><v>2</v></c></row>`), `"A2" stands twice`},
		"cells out of order":    {rowsOf(header + `<row r="2"><c r="B2"><v>1</v></c><c r="A2"><v>2</v></c></row>`), `"A2" stands twice, or after`},
		"a cell of another row": {rowsOf(header + `<row r="2"><c r="A5"><v>1</v></c></row>`), `"A5" stands in row 2`},
		"beyond the edge":       {rowsOf(header + `<row r="2"><c r="XFE2"><v>1</v></c></row>`), `"XFE2" lies beyond`},
		"a row beyond the edge": {rowsOf(header + `<row r="1048577"/>`), "beyond the edges"},
		"two values":            {rowsOf(header + `<row r="2"><c r="A2"><v>1</v><v>2</v></c></row>`), "two values"},
		"an unknown type":       {rowsOf(header + `<row r="2"><c r="A2" t="x"><v>1</v></c></row>`), `unknown type "x"`},
		"no such string":        {rowsOf(header + `<row r="2"><c r="A2" t="s"><v>0</v></c></row>`), "A2 points at a text that is not there"},
		"tags do not match":     {rowsOf(header + `<row r="2"></rov>`), "tags do not match"},
		"an attribute twice":    {rowsOf(header + `<row r="2" r="3"></row>`), "well-formed"},
		"only a header":         {rowsOf(header), "only a header (row 1)"},
		"no rows":               {rowsOf(""), "has no rows"},
		"document type":         {sst(`<!DOCTYPE sst [<!ENTITY a "b">]><sst><si><t>&a;</t></si></sst>`), "document type"},
		"entity":                {sst(`<sst><si><t>&nbsp;</t></si></sst>`), "entity"},
		"a NUL by reference":    {sst(`<sst><si><t>&#0;</t></si></sst>`), "entity"},
		"a NUL":                 {sst("<sst><si><t>a\x00b</t></si></sst>"), "NUL"},
		"not UTF-8":             {sst("<sst><si><t>M\xfcller</t></si></sst>"), "not UTF-8"},
		"cut off":               {sst("<sst><si><t>a</t></si>"), "ends in the middle"},
		"something behind":      {sst("<sst/><sst/>"), "something follows"},
		"deep":                  {sst("<sst>" + strings.Repeat("<a>", 300)), "more than 200 deep"},
		"no worksheet":          {part("xl/worksheets/sheet1.xml", "<chartsheet/>"), "no worksheet"},
		"nothing in it":         {part("xl/worksheets/sheet1.xml", ""), "ends in the middle"},
		"a document":            {part("xl/workbook.xml", "<document/>"), "text document"},
		"sheets":                {part("xl/workbook.xml", "<workbook><sheets>"+strings.Repeat("<sheet/>", 5000)+"</sheets></workbook>"), "more sheets than"},
		"styles":                {part("xl/styles.xml", "<styleSheet><cellXfs>"+strings.Repeat(`<xf numFmtId="1"/>`, 100_001)+"</cellXfs></styleSheet>"), "more formats than"},
		"a long row":            {longRow(), "more than 64 MiB"},
		"a part twice":          {part("XL/sharedstrings.XML", "<sst/>"), "twice"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, _, err := read(t, c.book.bytes(), Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v; want %q", err, c.want)
			}
		})
	}
}

func longRow() book {
	b := rowsOf("<row>" + strings.Repeat(`<c t="s"><v>0</v></c>`, 100) + "</row><row><c><v>1</v></c></row>")
	b.strings = []string{"<t>" + strings.Repeat("y", 1<<20) + "</t>"}
	return b
}

// A small sheet whose cells all point at one long text does not fill the disk.
func TestRepeatedText(t *testing.T) {
	t.Parallel()
	b := rowsOf(`<row r="1"><c r="A1" t="str"><v>a</v></c></row>` + strings.Repeat(`<row><c t="s"><v>0</v></c></row>`, 20_000))
	b.strings = []string{"<t>" + strings.Repeat("x", 32_000) + "</t>"}
	file := b.bytes()
	if _, err := Read(context.Background(), bytes.NewReader(file), int64(len(file)), io.Discard, Options{}); err == nil || !strings.Contains(err.Error(), "far larger than the file") {
		t.Error(err)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	b := rowsOf(header + `<row r="2"><c r="A2" t="str"><v>` + strings.Repeat("y", 5000) + `</v></c></row><row r="3"><c r="A3"><v>1</v></c></row>`)
	for _, c := range []struct {
		limits Limits
		want   string
	}{
		{Limits{MaxRows: 1}, "more than 1 rows"},
		{Limits{MaxColumns: 1}, "2 columns; at most 1"},
		{Limits{MaxCell: 2000}, "more than 2000 bytes"},
		{Limits{MaxBytes: 100}, "more than 100 bytes"},
		{Limits{}, ""},
	} {
		_, _, err := read(t, b.bytes(), Options{Limits: c.limits})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: %v", c.limits, err)
		}
	}
}

// Bombs are refused while they are unpacked, long before they are.
func TestBombs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		head, chunk string
		repeat      int
		want        string
	}{
		"blanks":  {"<sheetData>" + header, strings.Repeat(" ", 1<<20), 1000, "in one place"},
		"rows":    {"<sheetData>" + header, strings.Repeat("<row><c><v>1</v></c></row>", 40_000), 500, "more than 1048576 rows"},
		"columns": {"", strings.Repeat("<cols/>", 150_000), 100, "unpacks to far more"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := repeatedSheet(t, "<worksheet>"+c.head, c.chunk, c.repeat)
			if _, err := Read(context.Background(), bytes.NewReader(file), int64(len(file)), io.Discard, Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v; want %q", err, c.want)
			}
		})
	}
}

// repeatedSheet is a workbook whose sheet is a chunk many times over. It is packed
// once: the packed bytes of a chunk refer to nothing before it, so they can be
// repeated as they are.
func repeatedSheet(t *testing.T, head, chunk string, repeat int) []byte {
	t.Helper()
	packed := func(text string) []byte {
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, flate.BestCompression)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err == nil {
			err = w.Flush()
		}
		if err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	start, one := packed(head), packed(chunk)
	whole := rowsOf("").bytes()
	old, err := zip.NewReader(bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, f := range old.File {
		if f.Name != "xl/worksheets/sheet1.xml" {
			if err := z.Copy(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	w, err := z.CreateRaw(&zip.FileHeader{Name: "xl/worksheets/sheet1.xml", Method: zip.Deflate,
		CompressedSize64: uint64(len(start) + repeat*len(one)), UncompressedSize64: uint64(len(head) + repeat*len(chunk))})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range append([][]byte{start}, slices.Repeat([][]byte{one}, repeat)...) {
		if _, err := w.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	file := rowsOf(header).bytes()
	if _, err := Read(ctx, strings.NewReader(string(file)), int64(len(file)), nil, Options{}); err == nil {
		t.Error("read on")
	}
}
