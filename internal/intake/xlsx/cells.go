package xlsx

import (
	"bytes"
	"context"
)

// Edges of a sheet (ECMA-376, and Excel's own limits).
const maxCols = 16_384

// cellType is what the file says a cell's value is.
type cellType uint8

const (
	numeric cellType = iota
	shared           // value is the number of a shared string
	inline           // value is a text, in the cell itself
	boolean
	faulty // an error: #N/A
	isoDate
)

// rows reads the rows and cells of a sheet in the order of the file, which must
// be that of the sheet: whoever reads them in another order could see another
// value.
type rows struct {
	x *scanner

	dimension string  // as the file claims; nothing is built on it
	hidden    []span  // hidden columns
	merged    int64   // ranges of merged cells below the first row wanted
	mergedAt  []int64 // their first rows
	mergeFrom int
	filtered  bool

	// The current row, and the current cell of it.
	row       int
	rowHidden bool
	col       int
	typ       cellType
	style     int
	filled    bool // there is a value, the empty text included
	whole     bool // the value is all there is: a text in the cell itself
	formula   bool
	totals    bool // the formula adds up: SUM, SUBTOTAL
	value     []byte
}

// span is columns from first to last.
type span struct{ first, last int }

// openRows opens a sheet and reads up to its first row.
func openRows(ctx context.Context, a *archive, part string) (*rows, error) {
	x, err := a.open(ctx, part)
	if err != nil {
		return nil, err
	}
	s := &rows{x: x}
	if err := s.head(); err != nil {
		x.close()
		return nil, err
	}
	return s, nil
}

func (s *rows) close() { s.x.close() }

// head reads what stands above the rows.
func (s *rows) head() error {
	for {
		k, err := s.x.next()
		if err != nil || k == eof {
			return err
		}
		if k != start {
			continue
		}
		switch name := string(s.x.name); {
		case s.x.depth() == 1 && name != "worksheet":
			return s.x.bad("it is no worksheet")
		case s.x.depth() == 1 || name == "cols":
		case name == "sheetData" && s.x.depth() == 2:
			return nil
		case name == "dimension":
			s.dimension, err = s.x.value("ref")
		case name == "col":
			first, ok1 := number(s.x.attr("min"))
			last, ok2 := number(s.x.attr("max"))
			if s.x.on("hidden") && ok1 && ok2 && len(s.hidden) < maxCols {
				s.hidden = append(s.hidden, span{first, last})
			}
		default:
			err = s.x.skip()
		}
		if err != nil {
			return err
		}
	}
}

// nextRow goes to the next row; false after the last.
func (s *rows) nextRow() (bool, error) {
	for s.x.depth() >= 2 { // inside sheetData
		k, err := s.x.next()
		switch {
		case err != nil || k == eof:
			return false, err
		case k == end && s.x.depth() < 2:
			return false, nil
		case k != start || s.x.depth() != 3:
			continue
		case string(s.x.name) != "row":
			if err := s.x.skip(); err != nil {
				return false, err
			}
			continue
		}
		return true, s.startRow()
	}
	return false, nil
}

func (s *rows) startRow() error {
	before := s.row
	s.row++
	s.col = 0
	s.rowHidden = s.x.on("hidden")
	if r := s.x.attr("r"); r != nil {
		n, ok := number(r)
		switch {
		case !ok || n == 0 || n > maxRows:
			return beyondEdge("row " + quote(string(r)))
		case n <= before:
			return unordered(n, before)
		}
		s.row = n
	}
	if s.row > maxRows {
		return tooManyRows(maxRows)
	}
	return nil
}

// nextCell goes to the next cell of the row; false after the last.
func (s *rows) nextCell() (bool, error) {
	for s.x.depth() >= 3 { // inside row
		k, err := s.x.next()
		switch {
		case err != nil || k == eof:
			return false, err
		case k == end && s.x.depth() < 3:
			return false, nil
		case k != start || s.x.depth() != 4:
			continue
		case string(s.x.name) != "c":
			if err := s.x.skip(); err != nil {
				return false, err
			}
			continue
		}
		if err := s.startCell(); err != nil {
			return false, err
		}
		return true, s.readCell()
	}
	return false, nil
}

func (s *rows) startCell() error {
	before := s.col
	s.col++
	s.typ, s.style = numeric, 0
	s.filled, s.whole, s.formula, s.totals = false, false, false, false
	s.value = s.value[:0]
	for _, a := range s.x.attrs {
		if len(a.name) != 1 {
			continue
		}
		switch a.name[0] {
		case 'r':
			col, row, ok := parseCell(a.value)
			switch {
			case !ok || row == 0:
				return beyondEdge("cell " + quote(string(a.value)))
			case row != s.row:
				return strayCell(string(a.value), s.row)
			case col <= before:
				return unorderedCell(string(a.value))
			}
			s.col = col
		case 's':
			s.style, _ = number(a.value)
		case 't':
			typ, ok := typeOf(a.value)
			if !ok {
				return s.x.bad("it holds a cell of the unknown type " + quote(string(a.value)))
			}
			s.typ = typ
		}
	}
	if s.col > maxCols {
		return beyondEdge("a cell of row " + quote(cellName(s.row, 1)[1:]))
	}
	return nil
}

func typeOf(name []byte) (cellType, bool) {
	switch string(name) {
	case "s":
		return shared, true
	case "n":
		return numeric, true
	case "str", "inlineStr":
		return inline, true
	case "b":
		return boolean, true
	case "e":
		return faulty, true
	case "d":
		return isoDate, true
	}
	return numeric, false
}

// readCell reads what is inside a cell, and passes its end.
func (s *rows) readCell() error {
	if s.plainValue() {
		return nil
	}
	for {
		k, err := s.x.next()
		switch {
		case err != nil:
			return err
		case k == end && s.x.depth() == 3:
			return nil
		case k != start:
			continue
		}
		switch string(s.x.name) {
		case "v":
			err = s.readValue()
		case "is":
			err = s.readInline()
		case "f":
			err = s.readFormula()
		default:
			err = s.x.skip()
		}
		if err != nil {
			return err
		}
	}
}

// plainValue reads what nearly every cell is, without the steps between: <v>,
// text without escapes, </v></c>. It reports false, having read nothing, if the
// cell is anything else or the window does not hold it.
func (s *rows) plainValue() bool {
	w := &s.x.win
	b := w.buf[w.pos:w.end]
	if s.x.ending || len(b) < 3 || b[0] != '<' || b[1] != 'v' || b[2] != '>' || s.typ == inline {
		return false
	}
	const tail = "</v></c>"
	for i := 3; i+len(tail) <= len(b); i++ {
		c := b[i]
		if c > '<' && c < 0x7F || c > ' ' && c < '&' || c > '&' && c < '<' {
			continue
		}
		if c != '<' || string(b[i:i+len(tail)]) != tail || string(s.x.open[len(s.x.open)-1:]) != "c" || s.x.lengths[len(s.x.lengths)-1] != 1 {
			return false
		}
		s.value = append(s.value, b[3:i]...)
		s.filled = i > 3
		w.pos += i + len(tail)
		s.x.pop()
		return true
	}
	return false
}

// readValue reads a v element. Beside a text in the cell itself it counts for
// nothing: some programs write both.
func (s *rows) readValue() (err error) {
	switch {
	case s.whole:
		return s.x.skip()
	case s.filled:
		return s.twoValues()
	}
	if s.value, err = s.x.content(s.value); err != nil {
		return err
	}
	s.filled = len(s.value) > 0 || s.typ == inline
	if s.typ == inline {
		s.value = decoded(s.value)
	}
	return nil
}

// readInline reads an is element, which is the cell's text.
func (s *rows) readInline() (err error) {
	if s.whole || s.filled && s.typ != inline {
		return s.twoValues()
	}
	s.typ, s.filled, s.whole = inline, true, true
	s.value, err = s.x.rich(s.value[:0])
	return err
}

func (s *rows) twoValues() error {
	return s.x.bad("the cell " + cellName(s.row, s.col) + " has two values")
}

// readFormula notes that the cell is computed, and whether it adds up others.
func (s *rows) readFormula() error {
	s.formula = true
	depth := s.x.depth()
	for s.x.depth() >= depth {
		k, err := s.x.next()
		if err != nil {
			return err
		}
		if k == text && len(s.x.text) < 200 {
			upper := bytes.ToUpper(bytes.TrimSpace(s.x.text))
			s.totals = s.totals || bytes.HasPrefix(upper, []byte("SUM(")) || bytes.HasPrefix(upper, []byte("SUBTOTAL("))
		}
	}
	return nil
}

// tail reads what stands below the rows, to the end of the part.
func (s *rows) tail() error {
	for {
		k, err := s.x.next()
		if err != nil || k == eof {
			return err
		}
		if k != start {
			continue
		}
		switch string(s.x.name) {
		case "mergeCell":
			a, ok := parseArea(string(s.x.attr("ref")))
			if ok && a.lastRow >= s.mergeFrom {
				s.merged++
				if len(s.mergedAt) < noteLines {
					s.mergedAt = append(s.mergedAt, int64(a.firstRow))
				}
			}
		case "autoFilter":
			s.filtered = true
		case "extLst", "conditionalFormatting", "dataValidations":
			err = s.x.skip()
		}
		if err != nil {
			return err
		}
	}
}
