package postgres

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgconn"
)

// copyUp sends canonical records into a table and gives their number.
func copyUp(ctx context.Context, conn *pgconn.PgConn, table string, in io.Reader) (int64, error) {
	r := newTextReader(in)
	tag, err := conn.CopyFrom(ctx, r, "COPY "+table+" FROM STDIN")
	if cause := r.failed.Load(); cause != nil {
		return 0, *cause
	}
	if err != nil {
		return 0, err
	}
	if sent := r.rows.Load(); sent != tag.RowsAffected() {
		return 0, fmt.Errorf("postgres: %d records sent, %d stored by COPY", sent, tag.RowsAffected())
	}
	return tag.RowsAffected(), nil
}

// copyDown writes the result of a query to out as canonical records and gives
// their number.
func copyDown(ctx context.Context, conn *pgconn.PgConn, query string, out io.Writer) (int64, error) {
	buffer := bufio.NewWriterSize(out, 128<<10) // COPY gives each record by itself
	w := &countingWriter{w: buffer}
	tag, err := conn.CopyTo(ctx, w, "COPY ("+query+") TO STDOUT (FORMAT csv, FORCE_QUOTE *)")
	if flushed := buffer.Flush(); w.err == nil {
		w.err = flushed
	}
	if w.err != nil {
		return 0, w.err
	}
	if err != nil {
		return 0, err
	}
	if w.rows != tag.RowsAffected() || w.quoted {
		return 0, fmt.Errorf("postgres: %d records received, %d sent by COPY", w.rows, tag.RowsAffected())
	}
	return w.rows, nil
}

// countingWriter counts the records of the dialect that pass through: LFs
// outside quotes. A doubled quote closes and opens at once, so parity is enough.
type countingWriter struct {
	w      io.Writer
	rows   int64
	quoted bool
	err    error // of w
}

func (c *countingWriter) Write(p []byte) (int, error) {
	c.count(p)
	n, err := c.w.Write(p)
	if err != nil {
		c.err = err
	}
	return n, err
}

func (c *countingWriter) count(p []byte) {
	if n := len(p); !c.quoted && n > 0 && bytes.IndexByte(p, '\n') == n-1 && bytes.Count(p, []byte{'"'})%2 == 0 {
		c.rows++ // one record, as COPY gives them
		return
	}
	for {
		i := bytes.IndexByte(p, '"')
		end := i
		if i < 0 {
			end = len(p)
		}
		if !c.quoted {
			c.rows += int64(bytes.Count(p[:end], []byte{'\n'}))
		}
		if i < 0 {
			return
		}
		c.quoted = !c.quoted
		p = p[i+1:]
	}
}

var (
	errDialect   = errors.New("postgres: rows are not in the canonical CSV dialect")
	errCannotRun = errors.New("rows could not be read") // for the server's log: tells nothing
)

// place is where a textReader stands.
type place uint8

const (
	atField  place = iota // before a field's first byte
	inBare                // in a field without quotes
	inQuoted              // between quotes
	atQuote               // after a quote inside quotes
)

// textReader turns canonical CSV into COPY's text format: tab-separated, \N for
// NULL, and backslash, tab, LF and CR inside values escaped (PostgreSQL docs,
// COPY). COPY may still read it in another goroutine when it has failed already;
// the counters are atomic for that reason.
type textReader struct {
	src    io.Reader
	in     []byte // its buffer
	out    []byte // transcoded, pending from off
	off    int
	place  place
	open   bool // within a record
	rows   atomic.Int64
	failed atomic.Pointer[error] // of src, or of the dialect
}

func newTextReader(src io.Reader) *textReader {
	return &textReader{src: src, in: make([]byte, 128<<10), out: make([]byte, 0, 160<<10)}
}

func (r *textReader) Read(p []byte) (int, error) {
	for r.off == len(r.out) {
		if r.failed.Load() != nil {
			return 0, errCannotRun
		}
		r.out, r.off = r.out[:0], 0
		n, err := r.src.Read(r.in)
		if ok := r.transcode(r.in[:n]); !ok {
			return 0, r.fail(errDialect)
		}
		if err == io.EOF && r.off == len(r.out) {
			if r.open {
				return 0, r.fail(io.ErrUnexpectedEOF)
			}
			return 0, io.EOF
		}
		if err != nil && err != io.EOF {
			return 0, r.fail(err)
		}
	}
	n := copy(p, r.out[r.off:])
	r.off += n
	return n, nil
}

func (r *textReader) fail(err error) error {
	r.failed.Store(&err)
	return errCannotRun
}

// special marks the bytes between quotes that do not stand for themselves.
var special = [256]bool{'"': true, '\\': true, '\t': true, '\n': true, '\r': true}

// transcode appends b to out; false where it is not in the dialect.
func (r *textReader) transcode(b []byte) bool {
	for i := 0; i < len(b); {
		if r.place == inQuoted {
			end := i
			for end < len(b) && !special[b[end]] {
				end++
			}
			r.out = append(r.out, b[i:end]...)
			if i = end; i == len(b) {
				break
			}
		}
		if !r.step(b[i]) {
			return false
		}
		i++
	}
	return true
}

// step takes one byte.
func (r *textReader) step(c byte) bool {
	switch r.place {
	case inQuoted:
		if c == '"' {
			r.place = atQuote
		} else {
			r.escape(c)
		}
		return true
	case atQuote:
		if c == '"' {
			r.out, r.place = append(r.out, '"'), inQuoted
			return true
		}
		return r.separate(c)
	case atField:
		if c == '"' {
			r.place, r.open = inQuoted, true
			return true
		}
		if c == ',' || c == '\n' {
			r.out = append(r.out, `\N`...)
			return r.separate(c)
		}
		r.place, r.open = inBare, true
	}
	if c == '"' {
		return false
	}
	if c == ',' || c == '\n' {
		return r.separate(c)
	}
	r.escape(c)
	return true
}

// separate ends a field, and with an LF the record.
func (r *textReader) separate(c byte) bool {
	r.place = atField
	switch c {
	case ',':
		r.out, r.open = append(r.out, '\t'), true
	case '\n':
		r.out, r.open = append(r.out, '\n'), false
		r.rows.Add(1)
	default:
		return false
	}
	return true
}

func (r *textReader) escape(c byte) {
	switch c {
	case '\\':
		r.out = append(r.out, `\\`...)
	case '\t':
		r.out = append(r.out, `\t`...)
	case '\n':
		r.out = append(r.out, `\n`...)
	case '\r':
		r.out = append(r.out, `\r`...)
	default:
		r.out = append(r.out, c)
	}
}
