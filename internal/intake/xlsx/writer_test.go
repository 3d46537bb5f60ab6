package xlsx

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"sutor/internal/errs"
	"sutor/internal/record"
)

func fields(values ...string) []record.Field {
	out := make([]record.Field, len(values))
	for i, v := range values {
		out[i] = record.Field{Text: []byte(v)}
		if v == "NULL" {
			out[i] = record.Field{Null: true}
		}
	}
	return out
}

// made writes a workbook and opens it with another program's eyes.
func made(t testing.TB, book Book, rows ...[]record.Field) (*excelize.File, []byte) {
	t.Helper()
	var out bytes.Buffer
	w := NewWriter(&out, book)
	for _, r := range rows {
		if err := w.Row(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f, out.Bytes()
}

// typed are columns of every type.
func typed() []Column {
	kinds := []record.Type{
		{Kind: record.Int, Bits: 64}, {Kind: record.Decimal, Precision: 30, Scale: 2}, {Kind: record.Decimal, Precision: -1, Scale: -1},
		{Kind: record.Float, Bits: 64}, {Kind: record.Bool}, {Kind: record.Date}, {Kind: record.Timestamp, Fraction: 6},
		{Kind: record.TimestampTZ}, {Kind: record.UUID}, {Kind: record.Text},
	}
	var out []Column
	for i, k := range kinds {
		out = append(out, Column{Header: fmt.Sprint("c", i), Type: k})
	}
	return out
}

// What people see in Excel is exactly the value: no lost zeros, no rounded long
// numbers, no other day, no formulas.
func TestValuesKeepTheirForm(t *testing.T) {
	t.Parallel()
	f, _ := made(t, Book{Sheet: "Rows", Columns: typed()},
		fields("7", "1200.50", "0.05", "0.1", "true", "2026-03-31", "2026-03-31 14:30:05", "2026-03-31 12:30:00+00", "123e4567-e89b-12d3-a456-426614174000", "00123"),
		fields("1234567890123456789", "12345678901234567890.12", "1", "1e+16", "false", "1900-02-28", "2026-03-31 14:30:05.25", "NULL", "NULL", "=1+1"),
		fields("-9000000000000000000", "-0.01", "NULL", "0.30000000000000004", "NULL", "9999-12-31", "2026-03-31 00:00:00", "NULL", "NULL", ""))
	got, err := f.GetRows("Rows")
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9"},
		{"7", "1200.50", "0.05", "0.1", "TRUE", "2026-03-31", "2026-03-31 14:30:05", "2026-03-31 12:30:00+00", "123e4567-e89b-12d3-a456-426614174000", "00123"},
		{"1234567890123456789", "12345678901234567890.12", "1", "1e+16", "FALSE", "1900-02-28", "2026-03-31 14:30:05.25", "", "", "=1+1"},
		{"-9000000000000000000", "-0.01", "", "0.30000000000000004", "", "9999-12-31", "2026-03-31 00:00:00"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if formula, _ := f.GetCellFormula("Rows", "J3"); formula != "" {
		t.Errorf("a text became the formula %q", formula)
	}
	for at, want := range map[string]excelize.CellType{"A2": excelize.CellTypeUnset, "A3": excelize.CellTypeInlineString, "E2": excelize.CellTypeBool,
		"F2": excelize.CellTypeUnset, "F3": excelize.CellTypeInlineString, "G3": excelize.CellTypeInlineString, "J2": excelize.CellTypeInlineString} {
		if got, err := f.GetCellType("Rows", at); err != nil || got != want {
			t.Errorf("the cell %s has the type %v, want %v (%v)", at, got, want, err)
		}
	}
}

// Whatever a text holds, reading the cell gives it back.
func TestAnyTextComesBack(t *testing.T) {
	t.Parallel()
	text := rapid.OneOf(
		rapid.StringOfN(rapid.RuneFrom([]rune("_x0123AF \t\n\r\x01\x1f<>&\"'=+-@é😀\uFFFE\uFFFF\uFEFF")), 0, 30, -1),
		rapid.SampledFrom([]string{"_x000D_", "_x005F_x0041_", "_x0041\x01", "_\x01", "\x01x0041_", " lead", "trail ", "\n", "'quoted", "=SUM(A1)", "l\r\nl", "]]>", "\\."}))
	rapid.Check(t, func(rt *rapid.T) {
		values := rapid.SliceOfN(text, 1, 5).Draw(rt, "texts")
		var rows [][]record.Field
		for _, v := range values {
			rows = append(rows, fields(v))
		}
		f, _ := made(t, Book{Sheet: "Rows", Columns: []Column{{Header: "x", Type: record.Type{Kind: record.Text}}}}, rows...)
		for i, want := range values {
			if got, err := f.GetCellValue("Rows", fmt.Sprint("A", i+2)); err != nil || got != want {
				rt.Fatalf("%q came back as %q (%v)", want, got, err)
			}
		}
	})
}

// A text that a cell cannot hold is refused with its place, and a full sheet too.
func TestRefusesWhatAWorkbookCannotHold(t *testing.T) {
	t.Parallel()
	columns := []Column{{Header: "note", Type: record.Type{Kind: record.Text}}}
	for name, c := range map[string]struct {
		text string
		says string
	}{
		"fits":           {strings.Repeat("é", maxText), ""},
		"too long":       {strings.Repeat("x", maxText+1), "A text in the column note, row 2 of the sheet, is longer than the 32767 characters"},
		"too long in 16": {strings.Repeat("😀", maxText/2+1), "is longer than the 32767 characters"},
		"no characters":  {"a\xffb", "has bytes that are no characters"},
	} {
		w := NewWriter(io.Discard, Book{Columns: columns})
		err := w.Row(fields(c.text))
		if err == nil {
			err = w.Close()
		}
		if c.says == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if e := errs.As(err); e == nil || e.Kind != errs.Invalid || !strings.Contains(e.Message, c.says) || e.Mend == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	w := NewWriter(io.Discard, Book{Columns: columns})
	if err := w.Row(fields("x")); err != nil {
		t.Fatal(err)
	}
	w.row = maxRows - 2
	if err := w.Row(fields("x")); errs.KindOf(err) != errs.Invalid {
		t.Errorf("a row too many: %v", err)
	}
}

// The workbook is dressed: locked and free cells, lists, limits, comments, the
// frozen header, the filter over all rows, and the sheet that explains.
func TestBook(t *testing.T) {
	t.Parallel()
	low, high := "0", "500000"
	book := Book{Sheet: "Customers: [all]", Locked: true, Mark: Mark{Kind: MarkDataset, Dataset: "customers", At: time.Unix(0, 0).UTC(), Columns: map[string]string{"Terms": strings.Repeat("long & <odd> ", 60)}},
		About: []Line{{Head: true, Cells: []string{"What this is"}}, {Cells: []string{"Owner", "olaf@example.test"}}},
		Columns: []Column{
			{Header: "id", Type: record.Type{Kind: record.Int, Bits: 32}, Locked: true, Below: true, Note: "The key"},
			{Header: "Terms", Type: record.Type{Kind: record.Text}, OneOf: []string{"NET30", `a, "b" & <c>`}},
			{Header: "Rank", Type: record.Type{Kind: record.Int, Bits: 16}, OneOf: []string{"1", "2"}},
			{Header: "Credit", Type: record.Type{Kind: record.Decimal, Precision: 12, Scale: 2}, Min: &low, Max: &high},
			{Header: "Touched", Type: record.Type{Kind: record.Text}, Locked: true},
		}}
	var rows [][]record.Field
	for i := range 250 { // more than are looked at for the widths
		rows = append(rows, fields(fmt.Sprint(i+1), "NET30", "1", "100.00", "yes"))
	}
	f, file := made(t, book, rows...)
	sheet := "Customers   all"
	if diff := cmp.Diff([]string{sheet, "Lists", "About this file"}, f.GetSheetList()); diff != "" {
		t.Fatal(diff)
	}
	if visible, err := f.GetSheetVisible("Lists"); err != nil || visible {
		t.Errorf("the lists are seen: %v", err)
	}
	locked := func(at string) bool {
		id, err := f.GetCellStyle(sheet, at)
		if err != nil {
			t.Fatal(err)
		}
		s, err := f.GetStyle(id)
		if err != nil {
			t.Fatal(err)
		}
		return s.Protection == nil || s.Protection.Locked
	}
	for at, want := range map[string]bool{"A1": true, "A2": true, "A251": true, "A252": false, "B2": false, "B999": false, "D2": false, "E2": true, "E252": true} {
		if locked(at) != want {
			t.Errorf("the cell %s is locked: %t", at, !want)
		}
	}
	comments, err := f.GetComments(sheet)
	if err != nil || len(comments) != 1 || comments[0].Cell != "A1" || comments[0].Text != "The key" {
		t.Errorf("the comments are %+v (%v)", comments, err)
	}
	rules, err := f.GetDataValidations(sheet)
	if err != nil || len(rules) != 4 {
		t.Fatalf("%d rules: %v", len(rules), err)
	}
	if got := rules[1].Formula1; got != "Lists!$A$1:$A$2" || rules[3].Formula1 != "0" || rules[3].Formula2 != "500000" || rules[0].Formula1 != "-2147483648" {
		t.Errorf("the rules are %+v, %+v, %+v", rules[0], rules[1], rules[3])
	}
	if v, _ := f.GetCellValue("Lists", "A2"); v != `a, "b" & <c>` {
		t.Errorf("the list has %q", v)
	}
	if kind, _ := f.GetCellType("Lists", "B1"); kind != excelize.CellTypeUnset {
		t.Errorf("a number to choose is no number: %v", kind)
	}
	if v, _ := f.GetCellValue("About this file", "B2"); v != "olaf@example.test" {
		t.Errorf("the sheet that explains has %q", v)
	}
	xml := part(t, file, "xl/worksheets/sheet1.xml")
	for _, piece := range []string{`<autoFilter ref="$A$1:$E$251"`, `<sheetProtection sheet="true"`, `state="frozen"`} {
		if !strings.Contains(xml, piece) {
			t.Errorf("the sheet has no %s", piece)
		}
	}
	if strings.Contains(xml, "<dimension") || strings.Contains(xml, "filterMode") {
		t.Error("the sheet lies about its size, or says that the filter hides rows")
	}
	got, ok := ReadMark(bytes.NewReader(file), int64(len(file)))
	want := book.Mark
	want.Sheet = sheet
	if diff := cmp.Diff(want, got); diff != "" || !ok {
		t.Errorf("the mark (-want +got):\n%s", diff)
	}
}

// Cells that a remark is about are seen; their workbook has no protection.
func TestRemarks(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := NewWriter(&out, Book{Columns: []Column{{Header: "Row", Locked: true}, {Header: "x"}}})
	for i := range maxComments + 10 {
		if err := w.Row(fields(fmt.Sprint(i), "bad"), Remark{Column: 1, Text: fmt.Sprint("no value ", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	comments, err := f.GetComments("Rows")
	if err != nil || len(comments) != maxComments || comments[0].Cell != "B2" || comments[0].Text != "no value 0" {
		t.Errorf("%d comments (%v)", len(comments), err)
	}
	id, _ := f.GetCellStyle("Rows", fmt.Sprint("B", maxComments+5))
	if s, err := f.GetStyle(id); err != nil || len(s.Fill.Color) != 1 || s.Fill.Color[0] != remarkFill {
		t.Errorf("a bad cell looks like any other: %+v (%v)", s, err)
	}
}

func part(t testing.TB, file []byte, name string) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	r, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// FuzzReadMark: any file has a mark or none, and never more.
func FuzzReadMark(f *testing.F) {
	var out bytes.Buffer
	w := NewWriter(&out, Book{Mark: Mark{Kind: MarkRows, Change: "1001"}})
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(out.Bytes())
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if m, ok := ReadMark(bytes.NewReader(file), int64(len(file))); ok != (m.Kind == MarkDataset || m.Kind == MarkRows) {
			t.Errorf("%t for %+v", ok, m)
		}
	})
}
