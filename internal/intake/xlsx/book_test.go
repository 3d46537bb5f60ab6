package xlsx

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"sutor/internal/errs"
	"sutor/internal/record"
)

// book is the parts of a workbook that matter to a test.
type book struct {
	sheets  []string          // each the inside of a worksheet element; named Sheet1, Sheet2 …
	states  map[string]string // of sheets, by name
	strings []string          // the inside of each si element
	formats []string          // codes; a cell of style n has the n-th, from 1
	names   map[string]string // defined names
	pr      string            // attributes of workbookPr
	parts   map[string]string // any others, by name
}

// rowsOf makes a sheet of nothing but rows.
func rowsOf(rows string) book { return book{sheets: []string{"<sheetData>" + rows + "</sheetData>"}} }

const (
	mainNS = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`
	relNS  = `xmlns="http://schemas.openxmlformats.org/package/2006/relationships"`
	relOf  = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
)

// bytes packs the workbook.
func (b book) bytes() []byte {
	parts := map[string]string{
		"[Content_Types].xml": "<Types/>",
		"_rels/.rels":         fmt.Sprintf(`<Relationships %s><Relationship Id="r1" Type="%sofficeDocument" Target="/xl/workbook.xml"/></Relationships>`, relNS, relOf),
	}
	var sheets, rels, strs, styles, names strings.Builder
	for i, s := range b.sheets {
		name := fmt.Sprintf("Sheet%d", i+1)
		fmt.Fprintf(&sheets, `<sheet name="%s" sheetId="%d" state="%s" r:id="s%d"/>`, name, i+1, b.states[name], i+1)
		fmt.Fprintf(&rels, `<Relationship Id="s%d" Type="%sworksheet" Target="worksheets/sheet%d.xml"/>`, i+1, relOf, i+1)
		parts[fmt.Sprintf("xl/worksheets/sheet%d.xml", i+1)] = fmt.Sprintf("<worksheet %s>%s</worksheet>", mainNS, s)
	}
	for _, s := range b.strings {
		fmt.Fprintf(&strs, "<si>%s</si>", s)
	}
	styles.WriteString("<numFmts>")
	cells := `<cellXfs><xf numFmtId="0"/>`
	for i, code := range b.formats {
		fmt.Fprintf(&styles, `<numFmt numFmtId="%d" formatCode="%s"/>`, 164+i, strings.NewReplacer("&", "&amp;", `"`, "&quot;", "<", "&lt;").Replace(code))
		cells += fmt.Sprintf(`<xf numFmtId="%d"/>`, 164+i)
	}
	for name, place := range b.names {
		fmt.Fprintf(&names, `<definedName name="%s">%s</definedName>`, name, place)
	}
	parts["xl/workbook.xml"] = fmt.Sprintf(`<workbook %s><workbookPr %s/><sheets>%s</sheets><definedNames>%s</definedNames></workbook>`, mainNS, b.pr, &sheets, &names)
	parts["xl/_rels/workbook.xml.rels"] = fmt.Sprintf(`<Relationships %s>%s<Relationship Id="x1" Type="%ssharedStrings" Target="sharedStrings.xml"/><Relationship Id="x2" Type="%sstyles" Target="styles.xml"/></Relationships>`, relNS, &rels, relOf, relOf)
	parts["xl/sharedStrings.xml"] = fmt.Sprintf("<sst %s>%s</sst>", mainNS, &strs)
	parts["xl/styles.xml"] = fmt.Sprintf("<styleSheet %s>%s</numFmts>%s</cellXfs></styleSheet>", mainNS, &styles, cells)
	for name, part := range b.parts {
		parts[name] = part
	}
	return pack(parts)
}

func pack(parts map[string]string) []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, part := range parts {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, part)
		}
		if err != nil {
			panic(err) // a buffer takes all
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// read reads a workbook, and gives its rows as "row defect: cell|cell", NULL as
// nothing and texts in brackets.
func read(t *testing.T, file []byte, o Options) (Result, []string, error) {
	t.Helper()
	var out bytes.Buffer
	res, err := Read(context.Background(), bytes.NewReader(file), int64(len(file)), &out, o)
	if err != nil {
		if e := errs.As(err); e == nil || e.Kind != errs.Invalid && e.Kind != errs.Usage {
			t.Errorf("refused without a sentence: %v", errs.Detail(err))
		}
		return res, nil, err
	}
	var rows []string
	for rd := record.NewReader(&out); ; {
		fields, err := rd.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("staging: %v", err)
		}
		if len(fields) != len(res.Columns)+2 {
			t.Errorf("a record of %d fields for %d columns", len(fields), len(res.Columns))
		}
		row := string(fields[0].Text)
		if !fields[1].Null {
			row += " " + string(fields[1].Text)
		}
		for i, f := range fields[2:] {
			row += [...]string{": ", "|"}[min(i, 1)]
			if !f.Null {
				row += "[" + string(f.Text) + "]"
			}
		}
		rows = append(rows, row)
	}
	if int64(len(rows)) != res.Rows {
		t.Errorf("%d records, %d rows", len(rows), res.Rows)
	}
	return res, rows, nil
}

// codes are the notes as "code" or "code:column".
func codes(notes []Note) (all []string) {
	for _, n := range notes {
		c := n.Code
		if n.Column != "" {
			c += ":" + n.Column
		}
		all = append(all, c)
	}
	return all
}
