package sniff

import (
	"bytes"
	"slices"

	"sutor/internal/intake/dialect"
)

// row is one record of the sample.
type row struct {
	line   int // where it starts, from 1
	lines  int
	blank  bool
	broken bool
	mended bool
	types  []Type
	filled int  // cells that hold something
	quoted int  // cells in quotes
	void   bool // nothing stands between its delimiters, not even quotes
	alone  bool // nothing but the first cell holds anything, not even quotes
	known  bool // it is a header: its cells are names that columns may have
	from   int  // its place in the sample
	to     int
	cells  []dialect.Cell // of the first rows only
}

// keptRows is for how many rows of a sample the cells are kept.
const keptRows = 200

func (r row) width() int { return len(r.types) }

// parse reads the sample from start in a dialect. A record that breaks the grammar and runs
// over lines is taken for its first line only, so that one stray quote does not
// swallow the rest; whole tells that the sample is all there is.
func parse(sample []byte, start int, p *dialect.Parser, whole bool) (rows []row) {
	var rec dialect.Record
	var text []byte
	var slab []Type // of many rows: one allocation for thousands of cells
	rows = make([]row, 0, 64+len(sample)/32)
	line := 1
	for pos := start; pos < len(sample); {
		next, st := p.Record(sample, pos, true, &rec)
		if !whole && next == len(sample) && len(rows) > 0 {
			return rows // cut off by the end of the sample
		}
		broken := st == dialect.Open || rec.Broken > 0
		if broken && rec.Lines > 1 {
			next = firstLine(sample, pos, p.End)
			p.Record(sample[:next], pos, true, &rec)
			rec.Lines = 1
		}
		n := len(rec.Cells)
		if n > cap(slab)-len(slab) {
			slab = make([]Type, 0, max(n, 8<<10))
		}
		slab = slab[:len(slab)+n]
		r := row{line: line, lines: rec.Lines, blank: n == 0, broken: broken, from: pos, to: next, types: slab[len(slab)-n : len(slab) : len(slab)]}
		text = r.judge(sample, p, rec.Cells, text)
		if len(rows) < keptRows {
			r.cells = slices.Clone(rec.Cells)
		}
		rows = append(rows, r)
		line += rec.Lines
		pos = next
	}
	return rows
}

// judge sets the types of a row's cells; text is room to write in.
func (r *row) judge(sample []byte, p *dialect.Parser, cells []dialect.Cell, text []byte) []byte {
	r.void, r.alone = len(cells) > 1, len(cells) > 2
	for i, c := range cells {
		if c.Quoted {
			r.quoted++
		}
		r.void = r.void && c.Empty()
		r.alone = r.alone && c.Empty() == (i > 0)
		text = p.Text(text[:0], sample, c)
		t := TypeOf(text)
		if c.Broken {
			t = Odd
		} else if c.Quoted && t >= Odd {
			t = Text
		}
		if r.types[i] = t; t != Empty {
			r.filled++
		}
	}
	return text
}

// mendedRows is for how many rows mending is tried.
const mendedRows = 100

// mend reads rows that break the grammar, and rows near the top of another width
// than the commonest (where a table begins must be seen), in the one way that
// gives that width.
func mend(sample []byte, rows []row, p *dialect.Parser) {
	counts := map[int]int{}
	for _, r := range rows {
		if !r.blank && !r.broken {
			counts[r.width()]++
		}
	}
	width, n := commonest(counts)
	if width < 2 || n < 3 {
		return
	}
	tried, good := 0, 0
	for i := range rows {
		r := &rows[i]
		if !r.blank && !r.broken && r.width() == width {
			good++
		}
		odd := good < 2 && i < 20 && width > 2 && r.width() != width && !hasOther(rows, i)
		if r.blank || !r.broken && !odd {
			continue
		}
		if tried++; tried > mendedRows {
			return
		}
		r.mend(sample, p, width, odd && headsData(rows[i+1:], width))
	}
}

// headsData tells whether the next row is data already, so that a row of one
// cell above it may be its header.
func headsData(below []row, width int) bool {
	return len(below) > 2 && below[0].width() == width && fitsAll(below[0], profile(below[1:], width))
}

func (r *row) mend(sample []byte, p *dialect.Parser, width int, blanks bool) {
	m, ok := p.Mend(bytes.TrimRight(sample[r.from:r.to], "\r\n"), width, blanks)
	if !ok {
		return
	}
	*r = row{line: r.line, lines: r.lines, from: r.from, to: r.to, mended: true, types: make([]Type, width), cells: m.Cells}
	for j := range r.cells {
		r.cells[j].From += r.from
		r.cells[j].To += r.from
	}
	r.judge(sample, m.Parser, r.cells, nil)
}

// hasOther tells whether a row of the same width stands beside a row: then its
// width is no slip.
func hasOther(rows []row, i int) bool {
	w := rows[i].width()
	return i > 0 && rows[i-1].width() == w || i+1 < len(rows) && rows[i+1].width() == w
}

// LineEnd gives where the line that begins at pos ends, its line end included.
func LineEnd(b []byte, pos int) int { return firstLine(b, pos, "") }

// firstLine gives the end of the line that begins at pos.
func firstLine(b []byte, pos int, end string) int {
	if end != "" {
		if k := bytes.Index(b[pos:], []byte(end)); k >= 0 {
			return pos + k + len(end)
		}
		return len(b)
	}
	k := bytes.IndexAny(b[pos:], "\r\n")
	switch {
	case k < 0:
		return len(b)
	case b[pos+k] == '\r' && pos+k+1 < len(b) && b[pos+k+1] == '\n':
		return pos + k + 2
	}
	return pos + k + 1
}

// score says how much the rows look like tables, from 0 to 1.
func score(rows []row, delimiter string) float64 {
	counts, n, broken, mended, same, before := map[int]int{}, 0, 0, 0, 0, -1
	for _, r := range rows {
		if r.blank {
			continue
		}
		n++
		counts[r.width()]++
		switch {
		case r.broken:
			broken++
		case r.mended:
			mended++
		}
		if r.width() == before {
			same++
		}
		before = r.width()
	}
	if n == 0 {
		return 0
	}
	width, rowsOf := commonest(counts)
	if width < 2 {
		return 0
	}
	uniform := float64(rowsOf) / float64(n)
	if n > 1 {
		uniform = (uniform + float64(same)/float64(n-1)) / 2
	}
	known, pure, used := typed(rows, width)
	coherent := 1 - (float64(broken)+0.3*float64(mended))/float64(n)
	cells := float64(used-1) / float64(used)
	return uniform * uniform * uniform * (0.2 + 0.8*known) * (0.6 + 0.4*pure) * coherent * coherent * cells * prior(delimiter)
}

// commonest gives the width that most rows have; of several the widest, and a
// width of one only where nothing else is half as common.
func commonest(counts map[int]int) (width, rows int) {
	for w, n := range counts {
		if w == 1 {
			continue
		}
		if n > rows || n == rows && w > width {
			width, rows = w, n
		}
	}
	if counts[1] > 2*rows {
		return 1, counts[1]
	}
	return width, rows
}

// typed gives the share of cells that are something, and how far the columns of
// the rows of this width hold one type each; used are the columns that hold anything.
func typed(rows []row, width int) (known, pure float64, used int) {
	cells, good := 0.0, 0.0
	columns := make([][types]int, width)
	for _, r := range rows {
		for i, t := range r.types {
			cells++
			switch t {
			case Wrapped:
				good--
			case Odd:
			case Text:
				good += 0.9
			default:
				good++
			}
			if r.width() == width {
				columns[i][t]++
			}
		}
	}
	sum := 0.0
	for _, c := range columns {
		filled, most := 0, 0
		for t := Number; t < types; t++ {
			filled += c[t]
			most = max(most, c[t])
		}
		if words := c[Word] + c[Text]; words > most {
			most = words
		}
		if filled == 0 {
			continue // a column without anything speaks against it
		}
		used++
		sum += float64(most) / float64(filled)
	}
	return max(0, good) / max(1, cells), sum / float64(width), max(2, used)
}
