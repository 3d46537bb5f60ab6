package csv

import (
	"encoding/binary"
	"math/bits"

	"sutor/internal/intake/dialect"
)

// status says how the reading of a record ended.
type status uint8

const (
	complete status = iota
	cut             // the window ends inside the record: show more of it
	open            // the file ends inside a quoted cell
	cellTooLong
)

// scanner reads one record at a time out of a window and appends the cells'
// staging form, each with a comma before it, to out[:n].
type scanner struct {
	parser    *dialect.Parser
	delimiter byte   // of a simple dialect, which is read a word a step; else 0
	pattern   uint64 // the delimiter in each byte of a word
	columns   int    // cells beyond these are looked at and not written
	maxCell   int
	rec       dialect.Record

	out []byte
	n   int

	// What the last record was like.
	cells   int   // found; 0 for a blank line
	surplus bool  // a cell beyond columns holds something
	broken  int   // number of the first cell with text after its closing quote; 0 for none
	lines   int64 // physical lines it takes; until complete, line ends met so far
	quoted  bool  // the last cell began with a quote
	opened  int64 // lines before the one where the last quoted cell began
	single  int   // cells that begin with a single quote
	within  int   // quotes inside cells without quotes, in all so far
	opener  bool  // a cell has a quote inside, with text right behind it
	across  bool  // and a later one ends with a quote: see across.go
	ends    lineEnds
}

func newScanner(p *dialect.Parser, columns, maxCell int) *scanner {
	s := &scanner{parser: p, columns: columns, maxCell: maxCell}
	if p.Simple() {
		s.delimiter = p.Delimiter[0]
		s.pattern = uint64(s.delimiter) * ones
	}
	return s
}

// record reads the record at buf[pos:end]; last tells that the file ends there.
// It gives the position after the record. Eight bytes beyond end must be readable.
func (s *scanner) record(buf []byte, pos, end int, last bool) (int, status) {
	s.cells, s.surplus, s.broken, s.lines, s.single = 0, false, 0, 0, 0
	s.opener, s.across = false, false
	if s.delimiter == 0 {
		return s.general(buf[:end], pos, last)
	}
	if pos < end && (buf[pos] == '\n' || buf[pos] == '\r') {
		return s.lineEnd(buf, pos, end, last)
	}
	for {
		s.room()
		s.out[s.n] = ','
		s.n++
		s.cells++
		mark, start := s.n, pos
		s.quoted = false
		if pos < end {
			switch c := buf[pos]; {
			case c == '"':
				var st status
				if pos, st = s.quotedCell(buf, pos, end, last); st != complete {
					return pos, st
				}
			case c != s.delimiter && c != '\n' && c != '\r':
				if c == '\'' {
					s.single++
				}
				s.out[s.n] = '"'
				s.n++
				before := s.within
				pos = s.text(buf, pos, end)
				s.out[s.n] = '"'
				s.n++
				if s.within != before {
					s.quotesWithin(buf[start:pos], '"')
				}
			}
		}
		if pos-start > s.maxCell {
			return pos, cellTooLong
		}
		if s.cells > s.columns {
			s.surplus = s.surplus || s.n > mark
			s.n = mark - 1
		}
		if pos == end {
			if last {
				s.lines++
				return pos, complete
			}
			return pos, cut
		}
		if buf[pos] != s.delimiter {
			return s.lineEnd(buf, pos, end, last)
		}
		pos++
	}
}

// lineEnd passes the line end at buf[pos].
func (s *scanner) lineEnd(buf []byte, pos, end int, last bool) (int, status) {
	s.lines++
	if buf[pos] == '\n' {
		s.ends |= endLF
		return pos + 1, complete
	}
	if pos+1 == end && !last {
		return pos, cut // an LF may follow
	}
	if pos+1 < end && buf[pos+1] == '\n' {
		s.ends |= endCRLF
		return pos + 2, complete
	}
	s.ends |= endCR
	return pos + 1, complete
}

// text copies unquoted text up to the next separator, line end or end, and gives
// its position. Room for two bytes more is left in out.
func (s *scanner) text(buf []byte, pos, end int) int {
	out, n := s.out, s.n
	for pos < end {
		if n+outSlack > len(out) {
			s.n = n
			s.room()
			out = s.out
		}
		w := binary.LittleEndian.Uint64(buf[pos:])
		binary.LittleEndian.PutUint64(out[n:], w)
		hit := zeros(w^s.pattern) | zeros(w^quotes) | zeros(w^lfs) | zeros(w^crs)
		if hit == 0 {
			pos, n = pos+8, n+8
			continue
		}
		k := bits.TrailingZeros64(hit) >> 3
		pos, n = pos+k, n+k
		if pos >= end {
			break
		}
		if buf[pos] != '"' {
			s.n = n
			return pos
		}
		out[n], out[n+1] = '"', '"'
		pos, n = pos+1, n+2
		s.within++
	}
	s.n = n - (pos - end)
	return end
}

// quotedCell copies the cell whose opening quote is buf[pos]: its text in the
// staging form is the same bytes, closing quote included.
func (s *scanner) quotedCell(buf []byte, pos, end int, last bool) (int, status) {
	start, mark := pos, s.n
	s.quoted, s.opened = true, s.lines
	out, n := s.out, s.n
	out[n] = '"'
	pos, n = pos+1, n+1
	for pos < end {
		if n+outSlack > len(out) {
			s.n = n
			s.room()
			out = s.out
		}
		w := binary.LittleEndian.Uint64(buf[pos:])
		binary.LittleEndian.PutUint64(out[n:], w)
		hit := zeros(w^quotes) | zeros(w^lfs) | zeros(w^crs)
		if hit == 0 {
			pos, n = pos+8, n+8
			continue
		}
		k := bits.TrailingZeros64(hit)>>3 + 1
		pos, n = pos+k, n+k // the byte that was hit is copied with the word
		if pos > end {
			break
		}
		switch buf[pos-1] {
		case '\n':
			s.lines++
		case '\r':
			if pos == end || buf[pos] != '\n' {
				s.lines++
			}
		default:
			if pos < end && buf[pos] == '"' {
				out[n] = '"'
				pos, n = pos+1, n+1
				continue
			}
			if pos == end && !last {
				return pos, cut
			}
			s.n = n
			return s.afterQuote(buf, start, pos, end, mark), complete
		}
	}
	switch {
	case end-start > s.maxCell:
		return end, cellTooLong
	case last:
		return end, open
	}
	return end, cut
}

// afterQuote looks at what follows a closing quote. Anything but a separator or
// a line end breaks the cell: its text is then staged as it stands in the file.
func (s *scanner) afterQuote(buf []byte, start, pos, end, mark int) int {
	if pos == end || buf[pos] == s.delimiter || buf[pos] == '\n' || buf[pos] == '\r' {
		return pos
	}
	if s.broken == 0 {
		s.broken = s.cells
	}
	s.n = mark
	s.put('"')
	for _, c := range buf[start:pos] {
		if c == '"' {
			s.put('"')
		}
		s.put(c)
	}
	pos = s.text(buf, pos, end)
	s.put('"')
	return pos
}

func (s *scanner) put(c byte) {
	s.room()
	s.out[s.n] = c
	s.n++
}

// outSlack is the room kept in out: a word, two quotes, a comma, a line number.
const outSlack = 40

// room makes sure that outSlack bytes can be written.
func (s *scanner) room() {
	if s.n+outSlack > len(s.out) {
		s.out = append(s.out, make([]byte, max(len(s.out), 2*outSlack))...)
	}
}

// Words of eight equal bytes, and the classic test for a zero byte among eight:
// the lowest bit set is exact, which is all that is used.
const (
	ones   = 0x0101010101010101
	quotes = '"' * ones
	lfs    = '\n' * ones
	crs    = '\r' * ones
)

func zeros(w uint64) uint64 { return (w - ones) & ^w & (0x80 * ones) }
