package dialect

import (
	"bytes"
	"strings"
	"sync"
)

// Status says how the reading of a record ended.
type Status uint8

const (
	Complete Status = iota
	Cut             // the bytes end inside the record: show more of them
	Open            // the text ends inside a quoted cell
)

// Cell is a cell in the bytes it was read from.
type Cell struct {
	From, To int  // its text; without the quotes if it is quoted
	Quoted   bool // it stands in quotes
	Escaped  bool // it holds escapes, which Text takes out
	Broken   bool // text follows its closing quote: From and To hold all of it, quotes included
}

// Empty tells whether nothing at all stands between the delimiters.
func (c Cell) Empty() bool { return c.From == c.To && !c.Quoted }

// Record is what was read; it is used again and again to save memory.
type Record struct {
	Cells  []Cell // none for a blank line
	Lines  int    // physical lines it takes, at least 1
	Broken int    // number of the first broken cell, from 1; 0 for none
	End    string // how it ended: "\n", "\r\n", "\r", the dialect's own, or "" at the end of the text
}

// Parser reads records in one dialect. It may be shared.
type Parser struct {
	Dialect
	text  [256]bool // bytes that may stop unquoted text
	quote [256]bool // bytes that may stop quoted text

	once        sync.Once
	alternative []other // dialects that a record may be in instead: see Mend
}

// New gives a parser of d.
func New(d Dialect) *Parser {
	p := &Parser{Dialect: d}
	for _, s := range []string{d.Delimiter, d.End} {
		if s != "" {
			p.text[s[0]] = true
		}
	}
	if d.End == "" {
		p.text['\n'], p.text['\r'] = true, true
	}
	if d.Quote != "" {
		p.quote[d.Quote[0]] = true
	}
	if p.escapes() {
		p.text[d.Escape[0]], p.quote[d.Escape[0]] = true, true
	}
	return p
}

// escapes tells whether the escape is a character of its own.
func (p *Parser) escapes() bool { return p.Escape != "" && p.Escape != p.Quote }

// lookahead is how many bytes a decision may look ahead.
func (p *Parser) lookahead() int {
	return 2 + len(p.Delimiter) + len(p.Quote) + len(p.Escape) + len(p.End)
}

// Record reads the record that begins at buf[pos:] and gives the place behind it.
// last tells that the text ends with buf.
func (p *Parser) Record(buf []byte, pos int, last bool, rec *Record) (int, Status) {
	next, st := p.record(buf, pos, rec)
	if !last && (st == Open || next+p.lookahead() > len(buf)) {
		return pos, Cut
	}
	if rec.Lines = Lines(buf[pos:next]); rec.Lines == 0 || rec.End == "" && next > pos && !endsLine(buf[next-1]) {
		rec.Lines++
	}
	return next, st
}

func endsLine(c byte) bool { return c == '\n' || c == '\r' }

// Lines counts the line ends in b: CRLF, LF, lone CR.
func Lines(b []byte) int {
	n := bytes.Count(b, []byte{'\n'})
	for i := bytes.IndexByte(b, '\r'); i >= 0 && i < len(b); {
		if i+1 == len(b) || b[i+1] != '\n' {
			n++
		}
		k := bytes.IndexByte(b[i+1:], '\r')
		if k < 0 {
			break
		}
		i += 1 + k
	}
	return n
}

func (p *Parser) record(buf []byte, pos int, rec *Record) (int, Status) {
	*rec = Record{Cells: rec.Cells[:0]}
	if end := p.end(buf, pos); end != "" {
		rec.End = end
		return pos + len(end), Complete
	}
	for {
		c, next, ok := p.cell(buf, pos)
		rec.Cells = append(rec.Cells, c)
		if c.Broken && rec.Broken == 0 {
			rec.Broken = len(rec.Cells)
		}
		if !ok {
			return len(buf), Open
		}
		if next == len(buf) {
			return next, Complete
		}
		if end := p.end(buf, next); end != "" {
			rec.End = end
			return next + len(end), Complete
		}
		pos = next + len(p.Delimiter)
	}
}

// cell reads the cell at buf[pos:] up to a delimiter, a record end or the end;
// false where its quote is not closed.
func (p *Parser) cell(buf []byte, pos int) (Cell, int, bool) {
	if p.Quote == "" || !at(buf, pos, p.Quote) {
		next, escaped := p.unquoted(buf, pos)
		return Cell{From: pos, To: next, Escaped: escaped}, next, true
	}
	c := Cell{From: pos + len(p.Quote), Quoted: true}
	for i := c.From; i < len(buf); {
		switch {
		case !p.quote[buf[i]]:
			i++
		case p.escapes() && at(buf, i, p.Escape) && i+len(p.Escape) < len(buf):
			c.Escaped = true
			i += len(p.Escape)
			i += max(1, p.special(buf, i))
		case !at(buf, i, p.Quote):
			i++
		case p.Escape == p.Quote && at(buf, i+len(p.Quote), p.Quote):
			c.Escaped = true
			i += 2 * len(p.Quote)
		default:
			c.To = i
			i += len(p.Quote)
			if i == len(buf) || at(buf, i, p.Delimiter) && p.Delimiter != "" || p.end(buf, i) != "" {
				return c, i, true
			}
			next, _ := p.unquoted(buf, i)
			return Cell{From: pos, To: next, Broken: true}, next, true
		}
	}
	c.To = len(buf)
	return c, len(buf), false
}

// unquoted passes text up to a delimiter, a record end or the end.
func (p *Parser) unquoted(buf []byte, i int) (next int, escaped bool) {
	for i < len(buf) {
		switch {
		case !p.text[buf[i]]:
			i++
		case p.Delimiter != "" && at(buf, i, p.Delimiter) || p.end(buf, i) != "":
			return i, escaped
		case p.escapes() && at(buf, i, p.Escape) && p.special(buf, i+len(p.Escape)) > 0:
			escaped = true
			i += len(p.Escape)
			i += p.special(buf, i)
		default:
			i++
		}
	}
	return i, escaped
}

// special gives the length of what an escape before buf[i:] takes its meaning
// from; 0 if nothing.
func (p *Parser) special(buf []byte, i int) int {
	for _, s := range []string{p.Quote, p.Escape, p.Delimiter} {
		if s != "" && at(buf, i, s) {
			return len(s)
		}
	}
	return 0
}

// end gives the record end at buf[i:], or "".
func (p *Parser) end(buf []byte, i int) string {
	switch {
	case i >= len(buf):
		return ""
	case p.End != "":
		if at(buf, i, p.End) {
			return p.End
		}
	case buf[i] == '\n':
		return "\n"
	case buf[i] == '\r' && i+1 < len(buf) && buf[i+1] == '\n':
		return "\r\n"
	case buf[i] == '\r':
		return "\r"
	}
	return ""
}

func at(buf []byte, i int, s string) bool {
	return i <= len(buf) && len(buf)-i >= len(s) && string(buf[i:i+len(s)]) == s
}

// Text appends what a cell says, without its escapes.
func (p *Parser) Text(dst, buf []byte, c Cell) []byte {
	b := buf[c.From:c.To]
	if !c.Escaped {
		return append(dst, b...)
	}
	for i := 0; i < len(b); {
		switch n := len(p.Escape); {
		case p.Escape == p.Quote && at(b, i, p.Quote) && at(b, i+n, p.Quote):
			dst = append(dst, p.Quote...)
			i += 2 * n
		case p.escapes() && at(b, i, p.Escape) && p.special(b, i+n) > 0:
			k := p.special(b, i+n)
			dst = append(dst, b[i+n:i+n+k]...)
			i += n + k
		default:
			dst = append(dst, b[i])
			i++
		}
	}
	return dst
}

// Write appends a cell's text as it must be written in the dialect, quoted if it
// must be or always is set; false if the dialect cannot write it.
func (p *Parser) Write(dst []byte, text string, always bool) ([]byte, bool) {
	needs := always || text == "" || strings.ContainsAny(text, "\r\n"+p.Delimiter+p.End) ||
		p.Quote != "" && strings.HasPrefix(text, p.Quote) || p.escapes() && strings.Contains(text, p.Escape)
	if !needs {
		return append(dst, text...), true
	}
	if p.Quote == "" || p.Escape == "" && strings.Contains(text, p.Quote) {
		return dst, false
	}
	if p.escapes() {
		text = strings.ReplaceAll(text, p.Escape, p.Escape+p.Escape)
	}
	if p.Escape != "" {
		text = strings.ReplaceAll(text, p.Quote, p.Escape+p.Quote)
	}
	return append(append(append(dst, p.Quote...), text...), p.Quote...), true
}
