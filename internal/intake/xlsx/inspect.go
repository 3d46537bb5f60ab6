package xlsx

import (
	"context"
	"io"
)

// Sheet is one sheet of a workbook.
type Sheet struct {
	Name      string
	Hidden    bool
	Other     bool   // a chart, a dialog or macros: no rows
	Dimension string // as the file claims, "A1:K1000001"; may be empty, or a lie
}

// Range is a table or a named range that can be chosen.
type Range struct {
	Name  string
	Sheet string
	Cells string // "A1:K20"
	Table bool   // declared as a table (a ListObject); else a named range
}

// Contents is what can be chosen in a workbook.
type Contents struct {
	Sheets []Sheet
	Ranges []Range
}

// Inspect lists what can be chosen in a workbook, without reading rows.
func Inspect(ctx context.Context, in io.ReaderAt, size int64, l Limits) (c Contents, err error) {
	w, err := open(ctx, in, size, l.withDefaults())
	if err != nil {
		return c, err
	}
	if c, err = w.contents(ctx); err != nil {
		return c, err
	}
	for i, s := range w.sheets {
		if s.other || !w.archive.has(s.part) {
			continue
		}
		rows, err := openRows(ctx, w.archive, s.part)
		if err != nil {
			return c, err
		}
		c.Sheets[i].Dimension = rows.dimension
		rows.close()
	}
	return c, nil
}

// contents lists what can be chosen, without a look into the sheets.
func (w *workbook) contents(ctx context.Context) (c Contents, err error) {
	for i, s := range w.sheets {
		c.Sheets = append(c.Sheets, Sheet{Name: s.name, Hidden: s.hidden, Other: s.other})
		if s.other {
			continue
		}
		tables, err := w.tables(ctx, i)
		if err != nil {
			return c, err
		}
		for _, t := range tables {
			c.Ranges = append(c.Ranges, Range{t.name, s.name, t.area.String(), true})
		}
	}
	for _, n := range w.names {
		if sheet, a, ok := parsePlace(n.place); ok {
			c.Ranges = append(c.Ranges, Range{n.name, sheet, a.String(), false})
		}
	}
	return c, nil
}
