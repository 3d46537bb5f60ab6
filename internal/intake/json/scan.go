package json

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
)

// scanner cuts a stream into values. It knows where it is, and nothing of what
// the values mean.
type scanner struct {
	ctx   context.Context
	in    *bufio.Reader
	line  int64 // of the next byte, from 1
	col   int   // of the next byte in its line, from 1
	limit int   // bytes of one value
	value []byte
	cr    bool // the last byte was CR
	reads int
}

func newScanner(ctx context.Context, r io.Reader, limit int) *scanner {
	s := &scanner{ctx: ctx, in: bufio.NewReaderSize(r, 64<<10), line: 1, col: 1, limit: limit}
	if mark, err := s.in.Peek(3); err == nil && string(mark) == "\uFEFF" {
		_, _ = s.in.Discard(3) // peeked
	}
	return s
}

// next takes a byte; io.EOF at the end.
func (s *scanner) next() (byte, error) {
	if s.reads++; s.reads%(1<<16) == 0 && s.ctx.Err() != nil {
		return 0, s.ctx.Err()
	}
	c, err := s.in.ReadByte()
	if err != nil {
		if errors.Is(err, io.EOF) {
			return 0, io.EOF
		}
		return 0, fmt.Errorf("json: reading the file, line %d: %w", s.line, err)
	}
	s.col++
	switch {
	case c == '\n' && !s.cr || c == '\r':
		s.line, s.col = s.line+1, 1
	case c == '\n':
		s.col = 1 // the line was counted at its CR
	}
	s.cr = c == '\r'
	return c, nil
}

// blank passes blanks and gives the byte after them without taking it; 0 at the
// end of the stream.
func (s *scanner) blank() (byte, error) {
	for {
		ahead, err := s.in.Peek(1)
		if errors.Is(err, io.EOF) {
			return 0, nil
		}
		if err != nil {
			return 0, fmt.Errorf("json: reading the file, line %d: %w", s.line, err)
		}
		switch ahead[0] {
		case ' ', '\t', '\r', '\n':
			if _, err := s.next(); err != nil {
				return 0, err
			}
		case 0:
			return 0, s.refuse("a NUL character")
		default:
			return ahead[0], nil
		}
	}
}

// take passes the byte c, which must come next.
func (s *scanner) take(c byte) error {
	got, err := s.blank()
	switch {
	case err != nil:
		return err
	case got == 0:
		return ended(s.line)
	case got != c:
		return s.refuse(fmt.Sprintf("%s where %q must stand", shown(got), c))
	}
	_, err = s.next()
	return err
}

// place is where a value begins.
type place struct {
	line int64
	col  int
}

// cut gives the next whole value, valid until the next call, and its place. It
// counts brackets and passes over texts; whether what it gives is JSON is the
// parser's to say. With keep false the value is passed over and nothing is given.
func (s *scanner) cut(keep bool) ([]byte, place, error) {
	c, err := s.blank()
	at := place{s.line, s.col}
	if err != nil {
		return nil, at, err
	}
	if c == 0 {
		return nil, at, ended(s.line)
	}
	s.value = s.value[:0]
	if c != '{' && c != '[' && c != '"' {
		err = s.word(keep)
		return s.value, at, err
	}
	for depth, inText := 0, false; ; {
		c, err := s.next()
		if errors.Is(err, io.EOF) {
			return nil, at, neverEnds(at.line)
		}
		if err != nil {
			return nil, at, err
		}
		if err := s.keep(c, keep, at); err != nil {
			return nil, at, err
		}
		switch {
		case inText && c == '\\':
			if c, err = s.next(); err == nil {
				err = s.keep(c, keep, at)
			}
			if errors.Is(err, io.EOF) {
				err = neverEnds(at.line)
			}
			if err != nil {
				return nil, at, err
			}
		case c == '"':
			inText = !inText
		case inText:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return nil, at, tooDeep(s.line)
			}
		case c == '}' || c == ']':
			depth--
		}
		if depth <= 0 && !inText {
			return s.value, at, nil
		}
	}
}

func (s *scanner) keep(c byte, keep bool, at place) error {
	if !keep {
		return nil
	}
	if len(s.value) >= s.limit {
		return tooLong(at.line, s.limit)
	}
	s.value = append(s.value, c)
	return nil
}

// word cuts a number, true, false or null, or whatever stands there instead.
func (s *scanner) word(keep bool) error {
	at := place{s.line, s.col}
	for {
		ahead, err := s.in.Peek(1)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("json: reading the file, line %d: %w", s.line, err)
		}
		switch ahead[0] {
		case ' ', '\t', '\r', '\n', ',', ']', '}', '[', '{', '"', ':':
			if len(s.value) == 0 && keep {
				return s.refuse(shown(ahead[0]) + " where a value must stand")
			}
			return nil
		}
		c, err := s.next()
		if err == nil {
			err = s.keep(c, keep, at)
		}
		if err != nil {
			return err
		}
	}
}
