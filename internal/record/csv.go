package record

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
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
	w     *bufio.Writer
	buf   []byte
	first bool
	rows  int64
}

// NewWriter makes a Writer over w with a buffer of its own; call Flush at the end.
func NewWriter(w io.Writer) *Writer {
	return &Writer{w: bufio.NewWriterSize(w, 256<<10), first: true}
}

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
	w.buf = fmt.Appendf(w.buf, "%d", n)
}

func (w *Writer) sep() {
	if !w.first {
		w.buf = append(w.buf, ',')
	}
	w.first = false
}

// End ends the record.
func (w *Writer) End() error {
	w.buf = append(w.buf, '\n')
	_, err := w.w.Write(w.buf)
	w.buf, w.first = w.buf[:0], true
	w.rows++
	return err
}

// Rows is the number of records ended so far.
func (w *Writer) Rows() int64 { return w.rows }

// Flush writes what is buffered to the underlying writer.
func (w *Writer) Flush() error { return w.w.Flush() }

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
// in memory at a time.
type Reader struct {
	r      *bufio.Reader
	fields []Field
	buf    []byte
	ends   []int // end of each field in buf, negative (^end) for NULL
	rows   int64
}

// NewReader makes a Reader with a buffer of its own.
func NewReader(r io.Reader) *Reader {
	return &Reader{r: bufio.NewReaderSize(r, 256<<10)}
}

var errDialect = errors.New("record: not in the canonical CSV dialect")

// Rows is the number of records read so far.
func (r *Reader) Rows() int64 { return r.rows }

// Read gives the next record's fields, valid until the next call; io.EOF after
// the last one. A record cut off in the middle is an error, so a broken stream
// can never pass for a shorter one.
func (r *Reader) Read() ([]Field, error) {
	r.buf, r.ends = r.buf[:0], r.ends[:0]
	for {
		done, err := r.field()
		if err != nil {
			if err == io.EOF && len(r.ends) == 0 && len(r.buf) == 0 {
				return nil, io.EOF
			}
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		if done {
			break
		}
	}
	r.fields = r.fields[:0]
	start := 0
	for _, end := range r.ends {
		f := Field{Null: end < 0}
		if end < 0 {
			end = ^end
		}
		f.Text = r.buf[start:end:end]
		start = end
		r.fields = append(r.fields, f)
	}
	r.rows++
	return r.fields, nil
}

// field reads one field and its separator; done after the record's LF.
func (r *Reader) field() (done bool, err error) {
	c, err := r.r.ReadByte()
	if err != nil {
		return false, err
	}
	if c == '"' {
		if c, err = r.quoted(); err != nil {
			return false, unexpected(err)
		}
		r.ends = append(r.ends, len(r.buf))
		return r.separator(c)
	}
	start := len(r.buf)
	for c != ',' && c != '\n' {
		if c == '"' {
			return false, errDialect
		}
		r.buf = append(r.buf, c)
		if c, err = r.r.ReadByte(); err != nil {
			return false, unexpected(err)
		}
	}
	end := len(r.buf)
	if end == start {
		end = ^end
	}
	r.ends = append(r.ends, end)
	return r.separator(c)
}

// quoted reads up to the closing quote and gives the byte after it.
func (r *Reader) quoted() (byte, error) {
	for {
		chunk, err := r.r.ReadSlice('"')
		if err == bufio.ErrBufferFull {
			r.buf = append(r.buf, chunk...)
			continue
		}
		if err != nil {
			return 0, err
		}
		r.buf = append(r.buf, chunk[:len(chunk)-1]...)
		c, err := r.r.ReadByte()
		if err != nil || c != '"' {
			return c, err
		}
		r.buf = append(r.buf, '"')
	}
}

func (r *Reader) separator(c byte) (done bool, err error) {
	switch c {
	case ',':
		return false, nil
	case '\n':
		return true, nil
	}
	return false, errDialect
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
