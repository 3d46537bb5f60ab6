package csv

import (
	"sutor/internal/intake/dialect"
	"sutor/internal/intake/sniff"
)

const (
	mendLines  = 8        // physical lines that a mended record may take
	mendBudget = 64 << 20 // bytes that may be read again beyond eight times the file
	mendAhead  = 16 << 10 // bytes behind a record that are looked at
	mendHuge   = 4 << 20  // bytes after which a quote that is still open is taken for a stray one
)

// suspect tells whether the record just read must be looked at again.
func (r *reader) suspect(st status) bool {
	switch st {
	case open:
		return true
	case complete:
		return r.troubled(st) || r.requoted()
	case cut:
		return r.scan.quoted && r.src.end-r.src.pos >= mendHuge && r.src.err == nil && r.table.Columns > 0
	}
	return false
}

// troubled tells whether the record just read is not what a row should be. Cells
// beyond the table that are empty are no trouble.
func (r *reader) troubled(st status) bool {
	s := r.scan
	if r.table.Columns == 0 {
		return false
	}
	return st == open || s.broken > 0 || s.cells > 0 && s.cells < r.table.Columns || s.surplus || s.cells > s.columns && s.columns > r.table.Columns
}

// mend tries to read the record at the start of the window in the one way that
// fits the table; at is where its cells go. A record over several lines is tried
// by its first lines too, as a stray quote may have swallowed the others. It
// gives where the record ends; false leaves everything as it was.
func (r *reader) mend(at, next int, st status) (int, bool) {
	b := r.src.buf[r.src.pos:next]
	if r.reread += int64(len(b)); r.reread > 8*r.src.bytes+mendBudget {
		return 0, false
	}
	requoted := st == complete && !r.troubled(st)
	var first *dialect.Mended
	firstEnd := 0
	for n, end := 1, 0; n <= mendLines && end < len(b); n++ {
		text, behind := line(b, end, r.scan.parser.End)
		end = behind
		m, ok := r.tryMend(b[:text], requoted)
		if !ok {
			continue
		}
		if r.goesOn(r.src.pos + behind) {
			return r.take(at, m, behind), true
		}
		if first == nil {
			first, firstEnd = &m, behind
		}
	}
	switch {
	case first != nil:
		return r.take(at, *first, firstEnd), true
	case requoted:
		return 0, false
	}
	return r.resync(at, b, st)
}

func (r *reader) tryMend(b []byte, requoted bool) (dialect.Mended, bool) {
	if requoted {
		return r.scan.parser.Requoted(b, r.table.Columns)
	}
	m, ok := r.scan.parser.Mend(b, r.table.Columns, true)
	header := r.res.Columns == nil
	return m, ok && (m.Code != "delimiter" || header || r.fits(b, m))
}

// fits tells whether the cells of a record in another delimiter are of their
// columns' types, where those have one.
func (r *reader) fits(b []byte, m dialect.Mended) bool {
	hits := 0
	for i, t := range r.table.Types {
		if t == sniff.Empty || i >= len(m.Cells) {
			continue
		}
		switch is := sniff.TypeOf(m.Parser.Text(nil, b, m.Cells[i])); is {
		case t:
			hits++
		case sniff.Empty:
		default:
			return false
		}
	}
	return hits > 0 || m.Parser.Delimiter != " "
}

// line gives where the line that begins at pos ends, without and with its end.
func line(b []byte, pos int, end string) (text, behind int) {
	for i := pos; i < len(b); i++ {
		switch {
		case end != "":
			if b[i] == end[0] && len(b)-i >= len(end) && string(b[i:i+len(end)]) == end {
				return i, i + len(end)
			}
		case b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n':
			return i, i + 2
		case b[i] == '\n' || b[i] == '\r':
			return i, i + 1
		}
	}
	return len(b), len(b)
}

// goesOn tells whether a good row, or nothing, follows at pos.
func (r *reader) goesOn(pos int) bool {
	window := r.src.buf[:r.src.end]
	for pos < len(window) {
		next, st := r.scan.parser.Record(window, pos, r.src.eof(), &r.scan.rec)
		if st == dialect.Cut {
			return true // nothing speaks against it
		}
		if n := len(r.scan.rec.Cells); n > 0 {
			return st == dialect.Complete && n == r.table.Columns && r.scan.rec.Broken == 0
		}
		pos = next
	}
	return true
}

// take stages a mended record of n bytes.
func (r *reader) take(at int, m dialect.Mended, n int) int {
	s := r.scan
	b := r.src.buf[r.src.pos : r.src.pos+n]
	s.n = at
	for _, c := range m.Cells {
		s.stage(m.Parser, b, c)
	}
	s.cells, s.broken, s.surplus = len(m.Cells), 0, false
	s.lines = lineCount(b, s.parser.End)
	r.mended, r.mendedAt = m.Code, m.At
	return r.src.pos + n
}

func lineCount(b []byte, end string) int64 {
	n := int64(dialect.Lines(b))
	if n == 0 || b[len(b)-1] != '\n' && b[len(b)-1] != '\r' && end == "" {
		n++
	}
	return n
}

// resync takes the first line alone for a broken record where the next one is
// a good row again: only that line is lost then, and not all that its open quote
// swallowed. Its cells are what stands between the delimiters.
func (r *reader) resync(at int, b []byte, st status) (int, bool) {
	text, behind := line(b, 0, r.scan.parser.End)
	if behind == len(b) && st == complete || !r.goesOn(r.src.pos+behind) || behind == 0 {
		return 0, false
	}
	d := r.scan.parser.Dialect
	d.Quote, d.Escape = "", ""
	plain := dialect.New(d)
	plain.Record(b[:text], 0, true, &r.scan.rec)
	s := r.scan
	s.n, s.cells, s.surplus, s.broken = at, 0, false, 1
	for i, c := range s.rec.Cells {
		if s.cells++; i < s.columns {
			s.stage(plain, b, c)
		} else {
			s.surplus = s.surplus || !c.Empty()
		}
		if c.To > c.From && string(b[c.From:c.From+1]) == s.parser.Quote {
			s.broken = i + 1
		}
	}
	s.lines = lineCount(b[:behind], s.parser.End)
	return r.src.pos + behind, true
}
