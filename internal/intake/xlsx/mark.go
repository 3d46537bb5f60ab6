package xlsx

import (
	"archive/zip"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// Mark is what a workbook of Sutor says of itself, in its custom document
// properties, which Excel and LibreOffice keep. It is a hint and never trusted: a
// person may have written it.
type Mark struct {
	Kind    MarkKind          `json:"kind"`
	Dataset string            `json:"dataset,omitempty"`
	Change  string            `json:"change,omitempty"`
	Sheet   string            `json:"sheet,omitempty"` // with the rows
	At      time.Time         `json:"at"`
	Compact string            `json:"compact,omitempty"` // digest
	Columns map[string]string `json:"columns,omitempty"` // header → column, where they differ
}

// MarkKind says what a workbook was taken out for.
type MarkKind string

const (
	MarkDataset MarkKind = "dataset" // rows of a dataset, to be put back as a change
	MarkRows    MarkKind = "rows"    // rows of a change's file, to be mended and put back into it
)

// A property holds 255 characters in Excel, so the mark is cut into numbered ones.
const (
	markProperty = "Sutor mark "
	markPiece    = 240
	maxMark      = 1 << 20 // bytes of the part that is read
)

// write sets the mark's properties.
func (m Mark) write(f *excelize.File) error {
	if m.Kind == "" {
		return nil
	}
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	for i, rest := 1, string(b); rest != ""; i++ {
		piece := cut(rest, markPiece)
		if err := f.SetCustomProps(excelize.CustomProperty{Name: fmt.Sprint(markProperty, i), Value: piece}); err != nil {
			return err
		}
		rest = rest[len(piece):]
	}
	return nil
}

// ReadMark gives the mark of a workbook; false where the file is none or has
// none. What cannot be read is no mark. Its sheet is "" where the workbook has no
// sheet of that name any more.
func ReadMark(in io.ReaderAt, size int64) (m Mark, ok bool) {
	z, err := zip.NewReader(in, size)
	if err != nil {
		return m, false
	}
	var props struct {
		Property []struct {
			Name string `xml:"name,attr"`
			Text string `xml:"lpwstr"`
		} `xml:"property"`
	}
	if !decodePart(z, "docProps/custom.xml", &props) {
		return m, false
	}
	pieces := map[string]string{}
	for _, p := range props.Property {
		pieces[p.Name] = p.Text
	}
	var text strings.Builder
	for i := 1; pieces[fmt.Sprint(markProperty, i)] != ""; i++ {
		text.WriteString(pieces[fmt.Sprint(markProperty, i)])
	}
	if err := json.Unmarshal([]byte(text.String()), &m); err != nil || m.Kind != MarkDataset && m.Kind != MarkRows {
		return Mark{}, false
	}
	var book struct {
		Sheets []struct {
			Name string `xml:"name,attr"`
		} `xml:"sheets>sheet"`
	}
	decodePart(z, "xl/workbook.xml", &book)
	for _, s := range book.Sheets {
		if s.Name == m.Sheet {
			return m, true
		}
	}
	m.Sheet = ""
	return m, true
}

// decodePart reads a small part; false where there is none that can be read.
func decodePart(z *zip.Reader, name string, into any) bool {
	for _, part := range z.File {
		if part.Name != name {
			continue
		}
		r, err := part.Open()
		if err != nil {
			return false
		}
		err = xml.NewDecoder(io.LimitReader(r, maxMark)).Decode(into)
		return errors.Join(err, r.Close()) == nil
	}
	return false
}
