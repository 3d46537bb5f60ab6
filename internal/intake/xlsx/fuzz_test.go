package xlsx

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sutor/internal/errs"
)

// FuzzRead: whatever the bytes of a file, it is read or refused with a sentence.
func FuzzRead(f *testing.F) {
	for _, pattern := range []string{"generated/*", "poi/*.xlsx", "roo/*.xlsx"} {
		files, err := filepath.Glob(filepath.Join("testdata", pattern))
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range files {
			file, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(file)
		}
	}
	f.Fuzz(func(t *testing.T, file []byte) { readsOrRefuses(t, file) })
}

// FuzzParts: whatever the XML of a workbook whose wrapping is in order; and where
// excelize reads it too, and it is small, the cells are the same.
func FuzzParts(f *testing.F) {
	f.Add("<sheetData>"+header+`<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" s="1"><v>1.5E3</v></c></row></sheetData>`, `<t>a</t>`, "0.00", `date1904="1"`)
	f.Add(`<cols><col min="1" max="2" hidden="1"/></cols><sheetData><row><c t="inlineStr"><is><r><t xml:space="preserve"> a</t></r><rPh><t>b</t></rPh></is></c></row><row><c t="b"><v>1</v></c></row></sheetData><mergeCells><mergeCell ref="A1:B2"/></mergeCells>`, `<r><t>_x000D_</t></r>`, "yyyy", "")
	f.Add(`<sheetData><!-- --><row r="1"><c r="A1" t="str"><f>A2</f><v><![CDATA[<]]>&#x41;</v></c></row><row r="7"><c r="C7" t="e"><v>#N/A</v></c></row></sheetData>`, "<t/>", "[h]:mm", "")
	f.Fuzz(func(t *testing.T, sheet, text, format, pr string) {
		b := book{sheets: []string{sheet}, strings: []string{text}, formats: []string{format}, pr: pr}
		file := b.bytes()
		if !readsOrRefuses(t, file) {
			return
		}
		if small(sheet) {
			likeExcelize(t, "fuzz", file)
		}
	})
}

// small tells whether a sheet is safe to show to excelize, which makes every cell
// between the first and the last, and is slow with references it does not expect.
func small(sheet string) bool {
	for _, s := range strings.FieldsFunc(sheet, func(r rune) bool { return r < '0' || r > '9' && r < 'A' || r > 'Z' && r < 'a' || r > 'z' }) {
		if digits := strings.TrimLeft(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"); len(digits) > 3 {
			return false
		}
	}
	return !strings.Contains(sheet, "mergeCell") && !strings.Contains(sheet, "&#") && !strings.Contains(sheet, "_x")
}

func readsOrRefuses(t *testing.T, file []byte) (read bool) {
	t.Helper()
	l := Limits{MaxPart: 8 << 20, MaxCell: 1 << 20}
	if _, err := Inspect(context.Background(), bytes.NewReader(file), int64(len(file)), l); err != nil {
		sentence(t, err)
	}
	_, err := Read(context.Background(), bytes.NewReader(file), int64(len(file)), io.Discard, Options{Limits: l})
	if err != nil {
		sentence(t, err)
	}
	return err == nil
}

func sentence(t *testing.T, err error) {
	t.Helper()
	if e := errs.As(err); e == nil || e.Kind != errs.Invalid || e.Mend == "" {
		t.Errorf("refused without a sentence: %v", errs.Detail(err))
	}
}
