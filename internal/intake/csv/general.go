package csv

import (
	"bytes"

	"sutor/internal/intake/dialect"
)

// general is record for dialects that are not simple, by their parser.
func (s *scanner) general(buf []byte, pos int, last bool) (int, status) {
	next, st := s.parser.Record(buf, pos, last, &s.rec)
	if st == dialect.Cut {
		return pos, cut
	}
	s.lines, s.broken = int64(s.rec.Lines), s.rec.Broken
	if st == dialect.Open {
		c := s.rec.Cells[len(s.rec.Cells)-1]
		s.cells, s.quoted, s.opened = len(s.rec.Cells), true, int64(dialect.Lines(buf[pos:c.From]))
		if c.To-c.From > s.maxCell {
			return next, cellTooLong
		}
		return next, open
	}
	switch s.rec.End {
	case "\n":
		s.ends |= endLF
	case "\r\n":
		s.ends |= endCRLF
	case "\r":
		s.ends |= endCR
	}
	for i, c := range s.rec.Cells {
		s.cells++
		s.quoted = c.Quoted
		if c.To-c.From > s.maxCell {
			s.opened = int64(dialect.Lines(buf[pos:c.From]))
			return next, cellTooLong
		}
		if i >= s.columns {
			s.surplus = s.surplus || !c.Empty()
			continue
		}
		if !c.Quoted && c.From < c.To {
			if buf[c.From] == '\'' {
				s.single++
			}
			if q := s.parser.Quote; len(q) == 1 && bytes.IndexByte(buf[c.From:c.To], q[0]) >= 0 {
				s.quotesWithin(buf[c.From:c.To], q[0])
			}
		}
		s.stage(s.parser, buf, c)
	}
	return next, complete
}

// stage writes a cell in the staging form, with a comma before it.
func (s *scanner) stage(p *dialect.Parser, buf []byte, c dialect.Cell) {
	s.put(',')
	if c.Empty() {
		return
	}
	text := buf[c.From:c.To]
	if c.Escaped {
		text = p.Text(nil, buf, c)
	}
	for s.n+2*len(text)+outSlack > len(s.out) {
		s.out = append(s.out, make([]byte, max(len(s.out), 2*outSlack))...)
	}
	s.out[s.n] = '"'
	s.n++
	for {
		k := bytes.IndexByte(text, '"')
		if k < 0 {
			break
		}
		s.n += copy(s.out[s.n:], text[:k+1])
		s.out[s.n] = '"'
		s.n++
		text = text[k+1:]
	}
	s.n += copy(s.out[s.n:], text)
	s.out[s.n] = '"'
	s.n++
}
