package record

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
)

// The canonical CSV dialect, in which rows travel between packages and into
// DuckDB, and out of PostgreSQL by COPY … (FORMAT csv, FORCE_QUOTE *):
//
//   - UTF-8, no byte order mark, no header line;
//   - fields separated by one comma, records ended by one LF;
//   - NULL is nothing between the separators;
//   - every value stands in double quotes, a double quote inside is doubled;
//     "" is the empty text;
//   - any other byte stands for itself, CR and LF included.
//
// The row-number column that many streams start with may be written without
// quotes; readers accept that.

// Writer writes the canonical CSV dialect.
type Writer struct {
	w     io.Writer
	buf   []byte // what is not written yet; grows with what there is
	ended int    // bytes of buf that are whole records
	first bool
	rows  int64
	err   error // the first of w, after which nothing is written any more
}

// enough is how many bytes are read or written at once. Few rows do not take as much
// memory: most streams of a small plan have a hundred.
const enough = 256 << 10

// NewWriter makes a Writer over w with a buffer of its own; call Flush at the end.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w, first: true} }

// Null writes a NULL field.
func (w *Writer) Null() { w.sep() }

// Value writes a value's canonical text.
func (w *Writer) Value(text []byte) {
	w.sep()
	w.buf = AppendQuoted(w.buf, text)
}

// String writes a value's canonical text.
func (w *Writer) String(text string) {
	w.sep()
	w.buf = append(w.buf, '"')
	for i := 0; i < len(text); i++ {
		if text[i] == '"' {
			w.buf = append(w.buf, '"')
		}
		w.buf = append(w.buf, text[i])
	}
	w.buf = append(w.buf, '"')
}

// Optional writes *text, or NULL where text is nil.
func (w *Writer) Optional(text *string) {
	if text == nil {
		w.Null()
		return
	}
	w.String(*text)
}

// Number writes an integer without quotes (row and line numbers).
func (w *Writer) Number(n int64) {
	w.sep()
	w.buf = strconv.AppendInt(w.buf, n, 10)
}

func (w *Writer) sep() {
	if !w.first {
		w.buf = append(w.buf, ',')
	}
	w.first = false
}

// End ends the record.
func (w *Writer) End() error {
	w.buf, w.first = append(w.buf, '\n'), true
	w.ended = len(w.buf)
	w.rows++
	if w.ended < enough {
		return w.err
	}
	return w.Flush()
}

// Rows is the number of records ended so far.
func (w *Writer) Rows() int64 { return w.rows }

// Flush writes the records that are buffered to the underlying writer.
func (w *Writer) Flush() error {
	if w.err == nil && w.ended > 0 {
		_, w.err = w.w.Write(w.buf[:w.ended])
	}
	w.buf = append(w.buf[:0], w.buf[w.ended:]...)
	w.ended = 0
	return w.err
}

// AppendQuoted appends text in the dialect's quotes to dst.
func AppendQuoted(dst, text []byte) []byte {
	dst = append(dst, '"')
	for {
		i := bytes.IndexByte(text, '"')
		if i < 0 {
			break
		}
		dst = append(dst, text[:i+1]...)
		dst = append(dst, '"')
		text = text[i+1:]
	}
	dst = append(dst, text...)
	return append(dst, '"')
}

// Field is one field of a record read by [Reader]: NULL, or its text. Text is
// valid until the next call of Read.
type Field struct {
	Text []byte
	Null bool
}

// Ptr copies the field's text; nil for NULL.
func (f Field) Ptr() *string {
	if f.Null {
		return nil
	}
	s := string(f.Text)
	return &s
}

// Reader reads the canonical CSV dialect. It reuses its buffers: one record is
// in memory at a time, and a part of what follows.
type Reader struct {
	in        io.Reader
	buf       []byte // of in; what is not read yet begins at at
	at        int
	err       error // of in, once it has one
	raw       []byte
	fields    []Field
	undoubled []byte // texts that have quotes inside
	rows      int64
}

// few is how many records are read with a small buffer.
const few = 200

// NewReader makes a Reader with a buffer of its own.
func NewReader(r io.Reader) *Reader { return &Reader{in: r, buf: make([]byte, 0, 16<<10)} }

var (
	errDialect = errors.New("record: not in the canonical CSV dialect")
	errShort   = errors.New("record: the record goes on")
)

// Rows is the number of records read so far.
func (r *Reader) Rows() int64 { return r.rows }

// Raw is the record that Read gave last, as it stands in the dialect, its LF too; valid
// until the next call of Read.
func (r *Reader) Raw() []byte { return r.raw }

// Read gives the next record's fields, valid until the next call; io.EOF after
// the last one. A record cut off in the middle is an error, so a broken stream
// can never pass for a shorter one.
func (r *Reader) Read() ([]Field, error) {
	for {
		n, err := r.split(r.buf[r.at:])
		if err == nil {
			r.raw = r.buf[r.at : r.at+n]
			r.at += n
			r.rows++
			return r.fields, nil
		}
		if err != errShort {
			return nil, err
		}
		if r.err != nil {
			if r.at < len(r.buf) {
				return nil, unexpected(r.err)
			}
			return nil, r.err
		}
		r.fill()
	}
}

// Split gives the fields of the record that b begins with, valid until the next call and
// as long as b is; false where b ends before the record does.
func (r *Reader) Split(b []byte) (fields []Field, whole bool, err error) {
	if _, err := r.split(b); err != nil {
		if err == errShort {
			err = nil
		}
		return nil, false, err
	}
	return r.fields, true, nil
}

// fill reads more behind what is not read yet, which moves to the buffer's beginning.
func (r *Reader) fill() {
	if r.rows >= few && cap(r.buf) < enough {
		r.buf = slices.Grow(r.buf, enough-len(r.buf))
	}
	if r.at > 0 {
		r.buf, r.at = r.buf[:copy(r.buf, r.buf[r.at:])], 0
	} else if len(r.buf) == cap(r.buf) {
		r.buf = slices.Grow(r.buf, len(r.buf))
	}
	n, err := r.in.Read(r.buf[len(r.buf):cap(r.buf)])
	r.buf, r.err = r.buf[:len(r.buf)+n], err
}

// split takes the record apart that b begins with and gives its length; errShort where
// b ends before it does.
func (r *Reader) split(b []byte) (int, error) {
	r.fields, r.undoubled = r.fields[:0], r.undoubled[:0]
	for i := 0; i < len(b); i++ { // at the first byte of a field
		start := i
		if b[i] == '"' {
			text, n := r.quoted(b[i+1:])
			if i += 1 + n; n < 0 || i >= len(b) {
				return 0, errShort
			}
			r.fields = append(r.fields, Field{Text: text})
		} else {
			for ; i < len(b) && b[i] != ',' && b[i] != '\n'; i++ {
				if b[i] == '"' {
					return 0, errDialect
				}
			}
			r.fields = append(r.fields, Field{Text: b[start:i:i], Null: i == start})
			if i == len(b) {
				return 0, errShort
			}
		}
		switch b[i] {
		case ',':
		case '\n':
			return i + 1, nil
		default:
			return 0, errDialect
		}
	}
	return 0, errShort
}

// quoted gives the text before the closing quote, and how many bytes it takes with that
// quote; negative where b ends before.
func (r *Reader) quoted(b []byte) (text []byte, n int) {
	begin := len(r.undoubled)
	for {
		i := bytes.IndexByte(b[n:], '"')
		if i < 0 {
			return nil, -1
		}
		if n+i+1 == len(b) || b[n+i+1] != '"' {
			if n == 0 {
				return b[:i:i], i + 1
			}
			r.undoubled = append(r.undoubled, b[n:n+i]...)
			return r.undoubled[begin:len(r.undoubled):len(r.undoubled)], n + i + 1
		}
		r.undoubled = append(r.undoubled, b[n:n+i+1]...)
		n += i + 2
	}
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
