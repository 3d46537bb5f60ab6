// Package xlsx writes workbooks. It is the home of excelize, whose stream
// writer keeps memory bounded; reading workbooks is not part of this package
// yet.
//
// A value is written so that Excel shows exactly it: whole numbers and decimals
// of up to 15 digits as numbers (Excel computes with no more), everything else
// as text, so that leading zeros, long numbers and dates keep their form. Text
// is never a formula. NULL is an empty cell; the empty text is a cell with empty
// text.
package xlsx

import (
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"sutor/internal/errs"
	"sutor/internal/record"
)

// Limits of the format (ECMA-376, and Excel's own).
const (
	maxRows   = 1_048_576
	maxText   = 32_767 // characters in a cell
	maxDigits = 15
)

// Writer writes one sheet of rows.
type Writer struct {
	out     io.Writer
	file    *excelize.File
	sheet   *excelize.StreamWriter
	columns record.Schema
	styles  []int // by column, for numbers with decimals
	row     int
	cells   []any
}

// NewWriter begins a workbook with a header row of the columns' names.
func NewWriter(out io.Writer, columns record.Schema) (*Writer, error) {
	file := excelize.NewFile()
	sheet, err := file.NewStreamWriter("Sheet1")
	if err != nil {
		return nil, err
	}
	w := &Writer{out: out, file: file, sheet: sheet, columns: columns, styles: make([]int, len(columns)), cells: make([]any, len(columns))}
	bold, err := file.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return nil, err
	}
	for i, c := range columns {
		w.cells[i] = excelize.Cell{StyleID: bold, Value: c.Name}
		if c.Type.Kind == record.Decimal && c.Type.Scale > 0 {
			format := "0." + strings.Repeat("0", c.Type.Scale)
			if w.styles[i], err = file.NewStyle(&excelize.Style{CustomNumFmt: &format}); err != nil {
				return nil, err
			}
		}
	}
	if err := sheet.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return nil, err
	}
	return w, w.put()
}

// Row writes one row of canonical texts, one field a column.
func (w *Writer) Row(fields []record.Field) error {
	if w.row >= maxRows {
		return errs.New(errs.Invalid, "The dataset has more rows than the %d that a workbook holds.", maxRows-1).WithMend("Export it as .csv.")
	}
	for i, f := range fields {
		cell, err := w.cell(i, f)
		if err != nil {
			return err
		}
		w.cells[i] = cell
	}
	return w.put()
}

func (w *Writer) cell(i int, f record.Field) (any, error) {
	if f.Null {
		return nil, nil
	}
	text := string(f.Text)
	switch w.columns[i].Type.Kind {
	case record.Int, record.Decimal, record.Float:
		if digits(text) <= maxDigits {
			if v, err := strconv.ParseFloat(text, 64); err == nil {
				return excelize.Cell{StyleID: w.styles[i], Value: v}, nil
			}
		}
	case record.Bool:
		if v, err := strconv.ParseBool(text); err == nil {
			return v, nil
		}
	}
	if len(text) > maxText && len([]rune(text)) > maxText {
		return nil, errs.New(errs.Invalid, "A text in %s is longer than the %d characters that a cell of a workbook holds.", w.columns[i].Name, maxText).
			WithMend("Export it as .csv.")
	}
	return text, nil
}

func digits(text string) (n int) {
	for _, r := range text {
		if r >= '0' && r <= '9' {
			n++
		}
	}
	return n
}

func (w *Writer) put() error {
	w.row++
	at, err := excelize.CoordinatesToCellName(1, w.row)
	if err != nil {
		return err
	}
	return w.sheet.SetRow(at, w.cells)
}

// Close ends the workbook and writes it out.
func (w *Writer) Close() error {
	if err := w.sheet.Flush(); err != nil {
		return err
	}
	_, err := w.file.WriteTo(w.out)
	return errors.Join(err, w.file.Close())
}
