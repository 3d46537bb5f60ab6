package xlsx

import (
	"context"
	"fmt"
	"strings"

	"sutor/internal/errs"
)

// place is what can be chosen in a workbook.
type place struct {
	name  string // by which it is chosen
	sheet int    // index in workbook.sheets
	area  area
	table *table // nil where nobody declared one
	alone bool   // chosen by the rules here, not by a person
}

// places gives what choice stands for. Without a choice: the visible sheets in
// their order, of which the first that holds a table is to be read; a sheet with
// a single declared table stands for that table.
//
// A choice is the name of a sheet, else of a table, else of a named range,
// exactly or else without regard to case.
func (w *workbook) places(ctx context.Context, choice string) ([]place, error) {
	if choice == "" {
		return w.anyPlace()
	}
	equal := func(a string) bool { return a == choice }
	p, err := w.named(ctx, equal)
	if p == nil && err == nil {
		p, err = w.named(ctx, func(a string) bool { return strings.EqualFold(a, choice) })
	}
	if err != nil {
		return nil, err
	}
	if p == nil {
		return nil, w.notFound(choice)
	}
	return []place{*p}, nil
}

func (w *workbook) anyPlace() (all []place, err error) {
	for i, s := range w.sheets {
		if !s.other && !s.hidden && w.archive.has(s.part) {
			all = append(all, place{name: s.name, sheet: i, area: wholeSheet(), alone: true})
		}
	}
	if len(all) == 0 {
		return nil, noSheet(w.hidden())
	}
	return all, nil
}

// hidden lists the names of the hidden sheets.
func (w *workbook) hidden() (names []string) {
	for _, s := range w.sheets {
		if s.hidden && !s.other {
			names = append(names, quote(s.name))
		}
	}
	return names
}

// orTable gives the sheet's table in place of the sheet, if it has a single one
// and nobody chose the sheet.
func (w *workbook) orTable(ctx context.Context, p place) (place, error) {
	if !p.alone {
		return p, nil
	}
	tables, err := w.tables(ctx, p.sheet)
	if err == nil && len(tables) == 1 {
		p = placeOf(tables[0])
		p.alone = true
	}
	return p, err
}

// placeOf is the place of a table; rows of totals are no part of it.
func placeOf(t table) place {
	a := t.area
	a.lastRow -= t.totals
	return place{name: t.name, sheet: t.sheet, area: a, table: &t}
}

// named finds a sheet, table or range by its name; nil if there is none.
func (w *workbook) named(ctx context.Context, equal func(string) bool) (*place, error) {
	for i, s := range w.sheets {
		if equal(s.name) {
			if s.other {
				return nil, errs.New(errs.Invalid, "The sheet %s is a chart, a dialog or a macro, and holds no rows.", quote(s.name)).
					WithMend("Choose a sheet with cells.")
			}
			return &place{name: s.name, sheet: i, area: wholeSheet()}, nil
		}
	}
	for i := range w.sheets {
		tables, err := w.tables(ctx, i)
		if err != nil {
			return nil, err
		}
		for _, t := range tables {
			if equal(t.name) {
				p := placeOf(t)
				return &p, nil
			}
		}
	}
	for _, n := range w.names {
		if equal(n.name) {
			return w.rangeOf(n)
		}
	}
	return nil, nil
}

func (w *workbook) rangeOf(n named) (*place, error) {
	name, a, ok := parsePlace(n.place)
	for i, s := range w.sheets {
		if ok && !s.other && strings.EqualFold(s.name, name) {
			return &place{name: n.name, sheet: i, area: a}, nil
		}
	}
	return nil, errs.New(errs.Invalid, "The name %s stands for %s, which is not one range of one sheet.", quote(n.name), quote(n.place)).
		WithMend("Choose a sheet, a table, or a name that stands for one range.")
}

func (w *workbook) notFound(choice string) error {
	var names []string
	for _, s := range w.sheets {
		if len(names) == 10 {
			names = append(names, "…")
			break
		}
		names = append(names, quote(s.name))
	}
	return errs.New(errs.Invalid, "The workbook has no sheet, table or named range %s.", quote(choice)).
		WithMend("Its sheets are %s.", strings.Join(names, ", "))
}

// notes says what else there is in the workbook, and was not read.
func (p place) notes(w *workbook) (all []Note) {
	s := w.sheets[p.sheet]
	if s.hidden {
		all = append(all, Note{Code: "hidden-sheet", Say: fmt.Sprintf("The sheet %s is hidden; it is read all the same.", quote(s.name))})
	}
	if p.table != nil && p.table.totals > 0 {
		line := int64(p.table.area.lastRow - p.table.totals + 1)
		all = append(all, Note{Code: "totals-row", Rows: int64(p.table.totals), Lines: []int64{line}, Say: fmt.Sprintf("The totals of the table %s (row %d) are left out.", quote(p.table.name), line)})
	}
	var visible, hidden []string
	for i, other := range w.sheets {
		switch {
		case !p.alone || i == p.sheet || other.other:
		case other.hidden:
			hidden = append(hidden, quote(other.name))
		default:
			visible = append(visible, quote(other.name))
		}
	}
	if n := len(visible) + len(hidden); n > 0 {
		names := strings.Join(append(visible, hidden...)[:min(n, 10)], ", ")
		say := fmt.Sprintf("The workbook has more sheets, which are not read: %s.", names)
		if len(hidden) > 0 {
			say = fmt.Sprintf("The workbook has more sheets, which are not read: %s; %d of them hidden.", names, len(hidden))
		}
		all = append(all, Note{Code: "other-sheets", Say: say, Mend: "Choose a sheet by its name to read another."})
	}
	return all
}

// block finds the n-th table of a place: rows without an empty one between, at
// least two of them, at least two cells wide.
func (r *reading) block(ctx context.Context, p place) (area, error) {
	s, err := openRows(ctx, r.workbook.archive, r.workbook.sheets[p.sheet].part)
	if err != nil {
		return area{}, err
	}
	defer s.close()
	found, a, wide := 0, area{}, 0
	last := func() bool {
		if a.lastRow > a.firstRow && wide > 1 {
			found++
		}
		return found == r.options.Table
	}
	for {
		ok, err := s.nextRow()
		if err != nil {
			return area{}, err
		}
		if !ok {
			break
		}
		cells, err := s.filledCells(p.area)
		if err != nil {
			return area{}, err
		}
		switch {
		case cells == 0:
			continue
		case a.lastRow > 0 && s.row == a.lastRow+1:
			a.lastRow = s.row
		case last():
			return a, nil
		default:
			a, wide = area{s.row, s.row, p.area.firstCol, p.area.lastCol}, 0
		}
		wide = max(wide, cells)
	}
	if last() {
		return a, nil
	}
	return area{}, errs.New(errs.Invalid, "The sheet %s has no table number %d: empty rows separate its tables, of which there are %d.",
		quote(r.workbook.sheets[p.sheet].name), r.options.Table, found).WithMend("Choose another number, or none.")
}

// filledCells counts the cells of the current row that hold something and lie in
// an area.
func (s *rows) filledCells(a area) (n int, err error) {
	for {
		ok, err := s.nextCell()
		if err != nil || !ok {
			return n, err
		}
		if s.filled && a.holds(s.row, s.col) {
			n++
		}
	}
}
