package xlsx

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"sutor/internal/record"
)

// Colours, as spreadsheet programs write them: of the header, of cells that
// cannot be changed, of cells that something must be said about.
const (
	headerFill = "E7EBF0"
	lockedFill = "F4F4F4"
	remarkFill = "FFC7CE"
)

const (
	aboutSheet = "About this file"
	listSheet  = "Lists"
)

// styles are the numbers of the styles in use.
type styles struct {
	header int
	cell   []int // by column
	below  []int // of the cells below the rows
	remark []int // of cells with a remark
}

func (s styles) of(column int, remarks []Remark) int {
	for _, r := range remarks {
		if r.Column == column {
			return s.remark[column]
		}
	}
	return s.cell[column]
}

// frame makes the workbook without its rows.
func (w *Writer) frame() (_ *zip.Reader, s styles, err error) {
	f := excelize.NewFile()
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.SetSheetName("Sheet1", w.book.Sheet); err != nil {
		return nil, s, err
	}
	if s, err = w.makeStyles(f); err != nil {
		return nil, s, err
	}
	for _, step := range []func(*excelize.File, styles) error{w.dress, w.notes, w.lists, w.protect, w.about} {
		if err := step(f, s); err != nil {
			return nil, s, err
		}
	}
	if err := w.book.Mark.write(f); err != nil {
		return nil, s, err
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		return nil, s, err
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	return z, s, err
}

func (w *Writer) makeStyles(f *excelize.File) (s styles, err error) {
	style := func(format, fill string, locked bool) int {
		look := excelize.Style{CustomNumFmt: &format, Alignment: &excelize.Alignment{Vertical: "top"}, Protection: &excelize.Protection{Locked: locked}}
		switch format { // built-in formats by number: "@" by another is not taken for text everywhere
		case "General":
			look.CustomNumFmt = nil
		case "@":
			look.CustomNumFmt, look.NumFmt = nil, 49
		}
		if fill != "" {
			look.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{fill}}
		}
		id, problem := f.NewStyle(&look)
		err = errors.Join(err, problem)
		return id
	}
	header, problem := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Alignment: &excelize.Alignment{Vertical: "top", WrapText: true},
		Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{headerFill}}})
	s.header, err = header, problem
	for _, c := range w.book.Columns {
		format, fill := numberFormat(c.Type), ""
		if c.Locked {
			fill = lockedFill
		}
		s.cell = append(s.cell, style(format, fill, c.Locked))
		s.below = append(s.below, style(format, "", c.Locked && !c.Below))
		s.remark = append(s.remark, style(format, remarkFill, c.Locked))
	}
	return s, err
}

// dress sets widths, styles of columns, the frozen header and the filter.
func (w *Writer) dress(f *excelize.File, s styles) error {
	name := w.book.Sheet
	for i, c := range w.book.Columns {
		if err := f.SetColStyle(name, w.names[i], s.below[i]); err != nil {
			return err
		}
		if w.sheet == nil { // widths stand in the head only
			if err := f.SetColWidth(name, w.names[i], w.names[i], w.width(i)); err != nil {
				return err
			}
		}
		if c.Hidden {
			if err := f.SetColVisible(name, w.names[i], false); err != nil {
				return err
			}
		}
	}
	if len(w.book.Columns) == 0 {
		return nil
	}
	err := f.SetPanes(name, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
	if err != nil {
		return err
	}
	return f.AutoFilter(name, "A1:"+w.names[len(w.names)-1]+strconv.Itoa(max(w.row, 1)), nil)
}

// notes sets the comments.
func (w *Writer) notes(f *excelize.File, _ styles) error {
	all := w.remarks
	for i, c := range w.book.Columns {
		if c.Note != "" {
			all = append(all, told{w.names[i] + "1", c.Note})
		}
	}
	for _, r := range all {
		lines := 1
		for line := range strings.SplitSeq(r.text, "\n") {
			lines += 1 + len(line)/45
		}
		err := f.AddComment(w.book.Sheet, excelize.Comment{Cell: r.at, Author: "Sutor", Text: r.text, Width: 300, Height: uint(20 * min(lines, 20))})
		if err != nil {
			return err
		}
	}
	return nil
}

// lists sets what may be typed into the columns; the values to choose from stand
// on a hidden sheet.
func (w *Writer) lists(f *excelize.File, _ styles) error {
	at := 0
	for i, c := range w.book.Columns {
		v := excelize.NewDataValidation(true)
		v.Sqref = fmt.Sprintf("%s2:%s%d", w.names[i], w.names[i], maxRows)
		if len(c.OneOf) > 0 {
			if err := list(f, at, c); err != nil {
				return err
			}
			column := letters(at)
			v.SetSqrefDropList(fmt.Sprintf("%s!$%s$1:$%s$%d", listSheet, column, column, len(c.OneOf)))
			v.SetError(excelize.DataValidationErrorStyleStop, "Not in the list", cut("Choose one of: "+strings.Join(c.OneOf, ", "), maxNotice))
			at++
		} else if !limit(v, c) {
			continue
		}
		if err := f.AddDataValidation(w.book.Sheet, v); err != nil {
			return err
		}
	}
	return nil
}

// list writes the values to choose from into a column of the hidden sheet.
func list(f *excelize.File, at int, c Column) error {
	if at == 0 {
		if _, err := f.NewSheet(listSheet); err != nil {
			return err
		}
		if err := f.SetSheetVisible(listSheet, false); err != nil {
			return err
		}
	}
	for i, text := range c.OneOf {
		var value any = text
		switch form, content := formOf(c.Type, text); form {
		case formNumber:
			n, err := strconv.ParseFloat(content, 64)
			if err != nil {
				return err
			}
			value = n
		case formBool:
			value = content == "1"
		}
		if err := f.SetCellValue(listSheet, letters(at)+strconv.Itoa(i+1), value); err != nil {
			return err
		}
	}
	return nil
}

// limit sets the rule of a column's type and limits; false where there is none.
// A number that a cell can hold only as text is warned of, not refused.
func limit(v *excelize.DataValidation, c Column) bool {
	kind, low, high := excelize.DataValidationTypeDecimal, "-999999999999999", "999999999999999"
	strict := true
	switch c.Type.Kind {
	case record.Int:
		kind = excelize.DataValidationTypeWhole
		if c.Type.Bits < 64 {
			low, high = c.Type.Bounds()
		}
		strict = c.Type.Bits < 64
	case record.Decimal:
		strict = c.Type.Precision > 0 && c.Type.Precision <= maxDigits
	case record.Date:
		kind, low, high, strict = excelize.DataValidationTypeDate, "61", "2958465", false // 1900-03-01 and 9999-12-31
	case record.Text:
		if c.Type.MaxLen <= 0 || c.Type.MaxLen > maxText {
			return false
		}
		kind, low, high = excelize.DataValidationTypeTextLength, "0", strconv.Itoa(c.Type.MaxLen)
	default:
		return false
	}
	if text, ok := bound(c.Type, c.Min); ok {
		low = text
	}
	if text, ok := bound(c.Type, c.Max); ok {
		high = text
	}
	if err := v.SetRange(low, high, kind, excelize.DataValidationOperatorBetween); err != nil {
		return false // only other types than texts are refused
	}
	style := excelize.DataValidationErrorStyleStop
	if !strict {
		style = excelize.DataValidationErrorStyleWarning
	}
	v.SetError(style, "Does not fit", cut(c.Header+" is "+c.Type.Article()+limits(c)+".", maxNotice))
	return true
}

// bound gives a smallest or largest value as a rule of Excel's has it.
func bound(t record.Type, text *string) (string, bool) {
	if text == nil {
		return "", false
	}
	form, content := formOf(t, strings.Trim(*text, record.Blank))
	return content, form == formNumber
}

// limits says a column's limits.
func limits(c Column) string {
	out := ""
	if c.Min != nil {
		out += ", from " + *c.Min
	}
	if c.Max != nil {
		out += ", up to " + *c.Max
	}
	if c.Type.Kind == record.Text && c.Type.MaxLen > 0 {
		out += fmt.Sprintf(" of at most %d characters", c.Type.MaxLen)
	}
	return out
}

// protect locks the cells that are to stay. Without a password: it keeps from
// slips, not from intent.
func (w *Writer) protect(f *excelize.File, _ styles) error {
	if !w.book.Locked {
		return nil
	}
	return f.ProtectSheet(w.book.Sheet, &excelize.SheetProtectionOptions{AutoFilter: true, FormatCells: true, FormatColumns: true, FormatRows: true,
		InsertRows: true, DeleteRows: true, Sort: true, SelectLockedCells: true, SelectUnlockedCells: true, EditObjects: true})
}

// about writes the sheet that explains.
func (w *Writer) about(f *excelize.File, s styles) error {
	if len(w.book.About) == 0 {
		return nil
	}
	if _, err := f.NewSheet(aboutSheet); err != nil {
		return err
	}
	if err := errors.Join(f.SetColWidth(aboutSheet, "A", "A", 28), f.SetColWidth(aboutSheet, "B", "F", 34)); err != nil {
		return err
	}
	for row, l := range w.book.About {
		for i, text := range l.Cells {
			at := letters(i) + strconv.Itoa(row+1)
			if err := f.SetCellStr(aboutSheet, at, text); err != nil {
				return err
			}
			if l.Head {
				if err := f.SetCellStyle(aboutSheet, at, at, s.header); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
