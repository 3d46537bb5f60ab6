package xlsx

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// likeExcelize holds the cells of a workbook against those that excelize finds:
// texts byte by byte, numbers by value. It gives the number of cells compared; 0
// where one of the two refuses the file.
func likeExcelize(t *testing.T, name string, file []byte) (compared int) {
	t.Helper()
	ctx := context.Background()
	w, err := open(ctx, bytes.NewReader(file), int64(len(file)), Limits{}.withDefaults())
	if err != nil {
		return 0
	}
	pool, err := w.openStrings(ctx, t.TempDir())
	if err != nil {
		return 0
	}
	defer pool.close()
	var other *excelize.File
	if quietly(func() (err error) {
		other, err = excelize.OpenReader(bytes.NewReader(file))
		return err
	}) != nil {
		return 0
	}
	defer other.Close()
	c := converter{pool: pool}
	for _, s := range w.sheets {
		if s.other || !w.archive.has(s.part) {
			continue
		}
		rows, err := openRows(ctx, w.archive, s.part)
		if err != nil {
			continue
		}
		compared += c.compare(t, name+" "+s.name, rows, theirCell(other, s.name))
		rows.close()
	}
	return compared
}

// theirCell gives what excelize says of a cell; an error where it has no say: it
// panics on some hostile sheets, gives the cells of a merged range the value of
// the first, and damages half surrogate pairs.
func theirCell(f *excelize.File, sheet string) func(cell string) (string, error) {
	var merged []area
	quietly(func() error {
		ranges, err := f.GetMergeCells(sheet)
		for _, r := range ranges {
			if a, ok := parseArea(r[0]); ok {
				merged = append(merged, a)
			}
		}
		return err
	})
	return func(cell string) (value string, err error) {
		col, row, _ := parseCell([]byte(cell))
		for _, a := range merged {
			if a.holds(row, col) {
				return "", errNoSay
			}
		}
		err = quietly(func() (err error) {
			value, err = f.GetCellValue(sheet, cell, excelize.Options{RawCellValue: true})
			return err
		})
		return value, err
	}
}

var errNoSay = errors.New("excelize has no say")

// quietly makes an error of a panic.
func quietly(f func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = errNoSay
		}
	}()
	return f()
}

func (c *converter) compare(t *testing.T, name string, s *rows, theirs func(cell string) (string, error)) (compared int) {
	for {
		if ok, err := s.nextRow(); err != nil || !ok {
			return compared
		}
		for {
			ok, err := s.nextCell()
			if err != nil {
				return compared
			}
			if !ok {
				break
			}
			staged, o, err := c.append(nil, s)
			if err != nil || o.sort == empty || o.defect != "" || s.typ == isoDate {
				continue
			}
			cell := cellName(s.row, s.col)
			other, err := theirs(cell)
			if err != nil {
				continue
			}
			compared++
			if ours := unquoted(staged); !strings.Contains(strings.ToUpper(ours+other), "_XD") && !same(s.typ, ours, other) {
				t.Errorf("%s %s: %q, excelize %q", name, cell, ours, other)
			}
		}
	}
}

func same(typ cellType, ours, theirs string) bool {
	switch typ {
	case boolean:
		return ours == "true" && strings.EqualFold(theirs, "true") || ours == "false" && strings.EqualFold(theirs, "false") ||
			ours == "true" && theirs == "1" || ours == "false" && theirs == "0"
	case numeric:
		a, err1 := strconv.ParseFloat(ours, 64)
		b, err2 := strconv.ParseFloat(strings.TrimSpace(theirs), 64)
		return err1 == nil && err2 == nil && a == b
	}
	return ours == theirs
}
