package xlsx

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"sutor/internal/errs"
	"sutor/internal/record"
)

// Writer writes one workbook.
type Writer struct {
	book    Book
	zip     *zip.Writer
	sheet   *bufio.Writer // the rows' part; nil before the first bytes
	styles  styles
	first   []held // rows that wait until the widths are known
	row     int    // the last row written, from 1; the header is one
	line    []byte
	remarks []told
	names   []string // of the columns, "A", "B", …
}

// held is a row that waits.
type held struct {
	values  []*string
	remarks []Remark
}

// told is a remark at a cell of the sheet.
type told struct {
	at   string
	text string
}

const (
	firstRows   = 100  // looked at for the columns' widths
	maxComments = 2000 // comments at cells; each takes kilobytes in a workbook
)

// NewWriter begins a workbook.
func NewWriter(out io.Writer, book Book) *Writer {
	book.Sheet = fit(book.Sheet, "Rows")
	if strings.EqualFold(book.Sheet, aboutSheet) || strings.EqualFold(book.Sheet, listSheet) {
		book.Sheet = "Rows"
	}
	if book.Mark.Kind != "" {
		book.Mark.Sheet = book.Sheet
	}
	w := &Writer{book: book, zip: zip.NewWriter(out)}
	w.zip.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.BestSpeed) })
	for i := range book.Columns {
		w.names = append(w.names, letters(i))
	}
	return w
}

// Row writes one row, a canonical text a column. Cells that a remark is about are
// red; the first of them have its text as a comment.
func (w *Writer) Row(fields []record.Field, remarks ...Remark) error {
	if w.row+len(w.first)+1 >= maxRows {
		return errs.New(errs.Invalid, "There are more rows than the %d that a workbook holds.", maxRows-1).WithMend("Take them out as .csv.")
	}
	if w.sheet != nil {
		return w.put(fields, remarks)
	}
	values := make([]*string, len(fields))
	for i, f := range fields {
		values[i] = f.Ptr()
	}
	if w.first = append(w.first, held{values, remarks}); len(w.first) < firstRows {
		return nil
	}
	return w.begin()
}

// begin writes the head of the sheet and the rows that wait.
func (w *Writer) begin() error {
	frame, styles, err := w.frame()
	if err != nil {
		return err
	}
	w.styles = styles
	head, _, err := w.split(frame)
	if err != nil {
		return err
	}
	part, err := w.zip.Create(sheetPart)
	if err != nil {
		return err
	}
	w.sheet = bufio.NewWriterSize(part, 64<<10)
	if _, err := w.sheet.Write(head); err != nil {
		return err
	}
	if err := w.header(); err != nil {
		return err
	}
	for _, h := range w.first {
		fields := make([]record.Field, len(h.values))
		for i, v := range h.values {
			if fields[i].Null = v == nil; v != nil {
				fields[i].Text = []byte(*v)
			}
		}
		if err := w.put(fields, h.remarks); err != nil {
			return err
		}
	}
	w.first = nil
	return nil
}

func (w *Writer) header() error {
	w.open()
	for i, c := range w.book.Columns {
		w.line = appendCell(w.line, w.at(i), w.styles.header, formText, c.Header)
	}
	return w.end()
}

// put writes a row.
func (w *Writer) put(fields []record.Field, remarks []Remark) error {
	w.open()
	for i, f := range fields {
		form, content := formNone, ""
		if !f.Null {
			form, content = formOf(w.book.Columns[i].Type, string(f.Text))
		}
		if form == formText {
			if err := w.holds(i, content); err != nil {
				return err
			}
		}
		w.line = appendCell(w.line, w.at(i), w.styles.of(i, remarks), form, content)
	}
	for _, r := range remarks {
		if len(w.remarks) < maxComments {
			w.remarks = append(w.remarks, told{w.at(r.Column), r.Text})
		}
	}
	return w.end()
}

// holds refuses a text that a cell cannot hold.
func (w *Writer) holds(column int, text string) error {
	units := len(text)
	if units > maxText {
		units = 0
		for _, r := range text {
			units += len16(r)
		}
	}
	where := w.book.Columns[column].Header
	if units > maxText {
		return errs.New(errs.Invalid, "A text in the column %s, row %d of the sheet, is longer than the %d characters that a cell of a workbook holds.", where, w.row, maxText).
			WithMend("Take the rows out as .csv.")
	}
	if !utf8.ValidString(text) {
		return errs.New(errs.Invalid, "A text in the column %s, row %d of the sheet, has bytes that are no characters.", where, w.row).WithMend("Take the rows out as .csv.")
	}
	return nil
}

func (w *Writer) at(column int) string { return w.names[column] + strconv.Itoa(w.row) }

func (w *Writer) open() {
	w.row++
	w.line = append(w.line[:0], `<row r="`...)
	w.line = strconv.AppendInt(w.line, int64(w.row), 10)
	w.line = append(w.line, `">`...)
}

func (w *Writer) end() error {
	w.line = append(w.line, `</row>`...)
	_, err := w.sheet.Write(w.line)
	return err
}

// Close ends the workbook. Without it, what was written is none.
func (w *Writer) Close() error {
	if w.sheet == nil {
		if err := w.begin(); err != nil {
			return err
		}
	}
	frame, _, err := w.frame()
	if err != nil {
		return err
	}
	_, tail, err := w.split(frame)
	if err != nil {
		return err
	}
	_, err = w.sheet.Write(tail)
	if err = errors.Join(err, w.sheet.Flush()); err != nil {
		return err
	}
	for _, part := range frame.File {
		if part.Name == sheetPart {
			continue
		}
		if err := w.zip.Copy(part); err != nil {
			return err
		}
	}
	return w.zip.Close()
}

// sheetPart is where excelize keeps the first sheet.
const sheetPart = "xl/worksheets/sheet1.xml"

// split cuts the sheet of a workbook without rows where rows belong.
func (w *Writer) split(frame *zip.Reader) (head, tail []byte, err error) {
	part, err := frame.Open(sheetPart)
	if err != nil {
		return nil, nil, err
	}
	text, err := io.ReadAll(part)
	if err = errors.Join(err, part.Close()); err != nil {
		return nil, nil, err
	}
	const empty, start, end = `<sheetData></sheetData>`, `<sheetData>`, `</sheetData>`
	before, after, ok := bytes.Cut(text, []byte(empty))
	if !ok {
		return nil, nil, errors.New("xlsx: the sheet of an empty workbook has no place for rows")
	}
	if i, j := bytes.Index(before, []byte("<dimension ")), bytes.Index(before, []byte("</dimension>")); i >= 0 && j > i {
		before = append(bytes.Clone(before[:i]), before[j+len("</dimension>"):]...) // it would be a lie
	}
	before = bytes.Replace(before, []byte(` filterMode="true"`), nil, 1) // nothing is filtered yet
	return append(bytes.Clone(before), start...), append([]byte(end), after...), nil
}

// width gives a column's width in characters, by its header and the first rows.
func (w *Writer) width(i int) float64 {
	widest := utf8.RuneCountInString(w.book.Columns[i].Header) + 4 // the filter's button
	for _, h := range w.first {
		if v := h.values[i]; v != nil {
			for line := range strings.SplitSeq(cut(*v, 200), "\n") {
				widest = max(widest, utf8.RuneCountInString(line)+1)
			}
		}
	}
	return float64(min(max(widest, 8), 50))
}
