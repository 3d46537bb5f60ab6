package csv

import (
	"bytes"
	"context"
	"errors"
	"io"

	"sutor/internal/intake/sniff"
)

const (
	windowSize = 256 << 10
	// slack is what may be read beyond the window's end: the scanner loads whole words.
	slack = 8
)

// What stops a source besides io.EOF and its reader's own errors. Each counts
// at the byte after source.end.
var (
	errNUL      = errors.New("csv: NUL byte")
	errTooLarge = errors.New("csv: file too large")
)

// source is a window on the input: buf[pos:end] are bytes that were checked and
// are not used up. err says why no more follow; nil while they may.
type source struct {
	in    io.Reader
	buf   []byte // slack bytes longer than what may be filled
	pos   int
	end   int   // checked up to here
	full  int   // read up to here; buf[end:full] lies behind a fault
	bytes int64 // of text read in all
	nul   bool  // NUL is the dialect's escape
	err   error
}

func newSource(in io.Reader, window int) *source {
	return &source{in: in, buf: make([]byte, window+slack)}
}

// limited passes on so many bytes of a file, and then says that it is too large.
type limited struct {
	in   io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if int64(len(p))-1 > l.left {
		p = p[:l.left+1]
	}
	n, err := l.in.Read(p)
	if int64(n) > l.left {
		n, err = int(l.left), errTooLarge
	}
	l.left -= int64(n)
	return n, err
}

// window is the bytes that are checked and not used up.
func (s *source) window() []byte { return s.buf[s.pos:s.end] }

// place gives the place of the window's start in the text.
func (s *source) place() int64 { return s.bytes - int64(s.full-s.pos) }

// eof tells whether the window reaches to the end of the file.
func (s *source) eof() bool { return s.err == io.EOF }

// more moves the window to the front of the buffer, which is doubled if that is
// full, and reads on until the buffer is full or the input ends. However the
// reader portions its bytes, the windows are the same.
func (s *source) more(ctx context.Context) {
	if s.err != nil {
		return
	}
	if s.pos > 0 {
		copy(s.buf, s.buf[s.pos:s.full])
		s.end, s.full, s.pos = s.end-s.pos, s.full-s.pos, 0
	} else if s.full == len(s.buf)-slack {
		s.buf = append(s.buf, make([]byte, len(s.buf)-slack)...)
	}
	for idle := 0; s.err == nil && s.full < len(s.buf)-slack; idle++ {
		if s.err = ctx.Err(); s.err != nil {
			break
		}
		n, err := s.in.Read(s.buf[s.full : len(s.buf)-slack])
		if n > 0 {
			idle = 0
		} else if err == nil && idle > 100 {
			err = io.ErrNoProgress
		}
		s.full, s.bytes, s.err = s.full+n, s.bytes+int64(n), err
	}
	s.check()
}

// drain reads the rest of the input for nothing but its size, and what stops it.
func (s *source) drain(ctx context.Context) error {
	for s.err == nil {
		s.pos = s.end
		s.more(ctx)
	}
	if s.eof() {
		return nil
	}
	return s.err
}

// peek gives the first bytes of in: all, if they are no more than WholeBytes,
// else SampleBytes; whether that is all; and a reader that begins with what was
// read and goes on as in would have, its error included. size is that of the
// file, 0 if nobody knows.
func peek(in io.Reader, size int64) (head []byte, whole bool, all io.Reader) {
	most := sniff.SampleBytes + 1
	if size <= sniff.WholeBytes {
		most = sniff.WholeBytes + 1
	}
	head, err := io.ReadAll(io.LimitReader(in, int64(most))) // which takes no more memory than there is text
	switch {
	case err != nil:
		return head, true, io.MultiReader(bytes.NewReader(head), failed{err})
	case len(head) < most:
		return head, true, bytes.NewReader(head)
	}
	return head[:sniff.SampleBytes], false, io.MultiReader(bytes.NewReader(head), in)
}

// failed is what is left of a reader after its error.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }

// check moves end over the bytes newly read, up to a NUL that means nothing.
func (s *source) check() {
	if nul := bytes.IndexByte(s.buf[s.end:s.full], 0); nul >= 0 && !s.nul {
		s.end += nul
		s.err = errNUL
		return
	}
	s.end = s.full
}
