package csv

import (
	"bytes"

	"sutor/internal/finding"
)

// Some damage leaves a record in the grammar, with the right number of cells, and
// wrong. It cannot be mended, as nothing tells that it is damage; so it is told.

// quotesWithin looks at an unquoted cell with quotes inside. Where a separator
// before a quoted cell is lost, and the cell holds a separator, two cells are left
// that look like text: Utrecht"Light and quiet". A quote with a blank behind it
// opens nothing (5" pipe).
func (s *scanner) quotesWithin(cell []byte, quote byte) {
	if bytes.Count(cell, []byte{quote})%2 == 0 {
		return
	}
	last := len(cell) - 1
	if cell[last] == quote {
		s.across = s.across || s.opener
		return
	}
	s.opener = s.opener || cell[bytes.LastIndexByte(cell, quote)+1] > ' '
}

// tellAside notes what of a good record a person should look at.
func (r *reader) tellAside(line int64) {
	s := r.scan
	if s.across {
		r.note("quotes-across", finding.Warn, line, "A quote opens inside a cell and closes at the end of a later one: a separator may be missing before it.",
			"Look at these rows; if a separator is missing, put it in.")
	}
	if s.cells > s.columns {
		r.note(behind, finding.Warn, line, "Rows have more separators than the header, with nothing behind the last ones. If one of them stands elsewhere by mistake, cells stand in wrong columns.",
			"Look at these rows; if a separator is too many, take it out.")
	}
}

const behind = "separators-behind"

// sameForAll drops the note of separators behind the last cell where every row
// has them: some programs write tables so.
func (r *reader) sameForAll() {
	for i, n := range r.res.Notes {
		if n.Code == behind && n.Rows == r.res.Rows && r.res.Rows > 1 {
			r.res.Notes = append(r.res.Notes[:i:i], r.res.Notes[i+1:]...)
			return
		}
	}
}
