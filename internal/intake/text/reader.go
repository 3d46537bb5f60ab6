package text

import (
	"bytes"
	"encoding/binary"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/transform"

	"sutor/internal/errs"
)

// SampleBytes is how much of a text is looked at.
const SampleBytes = 256 << 10

// Mark says that a character of the text was not valid.
type Mark struct {
	At   int64 // its place in the text read: bytes of UTF-8 from the start
	Lost bool  // it means nothing and is U+FFFD; else it was read as Windows-1252
}

// Reader gives a text in UTF-8. Byte order marks are passed on, as U+FEFF.
type Reader struct {
	Guess
	told bool // somebody said the encoding
	in   io.Reader
	raw  *counter
	mode func(*Reader, []byte) (int, error)

	at     int64  // bytes given so far
	ready  []byte // UTF-8 to give next
	kept   []byte // the start of a character that was cut off
	beyond bool   // a character beyond ASCII was seen
	marks  []Mark
	err    error
}

// counter counts the bytes of a file.
type counter struct {
	io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// Open finds out the encoding of in, unless label says it, and gives a reader of
// its text. An error is [errs.Usage] for a label that nobody knows; errors of in
// come where it is read.
func Open(in io.Reader, label string) (*Reader, error) {
	r := &Reader{raw: &counter{Reader: in}, told: label != ""}
	head, err := io.ReadAll(io.LimitReader(r.raw, SampleBytes)) // which takes no more memory than there is text
	whole := err != nil || len(head) < SampleBytes
	if err == nil {
		r.in = io.MultiReader(bytes.NewReader(head), r.raw)
	} else {
		r.in = io.MultiReader(bytes.NewReader(head), failed{err})
	}
	r.Guess = Detect(head, whole)
	if label != "" {
		e, ok := Lookup(label)
		if !ok {
			return nil, errs.New(errs.Usage, "There is no encoding %q.", label).
				WithMend("Choose one such as utf-8, windows-1252, iso-8859-15, shift_jis, or leave it out to have it found.")
		}
		bom := 0
		if e.Label == r.Label {
			bom = r.BOM
		}
		r.Guess = Guess{Encoding: e, BOM: bom, Certain: 1}
	}
	r.begin()
	return r, nil
}

// failed is what is left of a reader after its error.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }

// Bytes tells how many bytes of the file were read.
func (r *Reader) Bytes() int64 { return r.raw.n }

func (r *Reader) begin() {
	if r.enc == nil {
		r.mode = (*Reader).readUTF8
		return
	}
	r.in = transform.NewReader(r.in, r.enc.NewDecoder())
	r.mode = (*Reader).readDecoded
}

// Marks gives the marks before a place in the text, and forgets them.
func (r *Reader) Marks(before int64) []Mark {
	n := 0
	for n < len(r.marks) && r.marks[n].At < before {
		n++
	}
	out := r.marks[:n]
	r.marks = r.marks[n:]
	return out
}

// Marked tells whether any mark is waiting.
func (r *Reader) Marked() bool { return len(r.marks) > 0 }

// Read gives text in UTF-8, whole characters only.
func (r *Reader) Read(p []byte) (int, error) {
	if len(r.ready) > 0 {
		n := copy(p, r.ready)
		r.ready = r.ready[n:]
		r.at += int64(n)
		return n, nil
	}
	if r.err != nil {
		return 0, r.err
	}
	return r.mode(r, p)
}

// readDecoded reads what a decoder made, and marks what it could not decode.
func (r *Reader) readDecoded(p []byte) (int, error) {
	n, err := r.in.Read(p)
	for i := 0; ; {
		k := bytes.Index(p[i:n], []byte("\uFFFD"))
		if k < 0 {
			break
		}
		r.marks = append(r.marks, Mark{At: r.at + int64(i+k), Lost: true})
		i += k + 3
	}
	r.at += int64(n)
	return n, err
}

// readUTF8 passes valid UTF-8 on as it is; where it is not, it is repaired, or
// the encoding found out again.
func (r *Reader) readUTF8(p []byte) (int, error) {
	if len(p) < smallest {
		return r.readSmall(p)
	}
	n := copy(p, r.kept)
	r.kept = nil
	more, err := r.in.Read(p[n:])
	n += more
	good, beyond := valid(p[:n])
	r.beyond = r.beyond || beyond
	rest := p[good:n]
	if len(rest) > 0 && err == nil && !utf8.FullRune(rest) {
		r.kept = bytes.Clone(rest) // a character goes on in what comes next
		rest = nil
	}
	r.at += int64(good)
	if len(rest) > 0 {
		r.err = err
		r.mend(bytes.Clone(rest))
		err = nil
	}
	if good == 0 && err == nil && n > 0 {
		return r.Read(p)
	}
	return good, err
}

// smallest is the least room that characters are read into.
const smallest = 64

func (r *Reader) readSmall(p []byte) (int, error) {
	b := make([]byte, 4<<10)
	n, err := r.readUTF8(b)
	r.at -= int64(n)
	r.ready = append(b[:n:n], r.ready...)
	if err != nil {
		r.err = err
	}
	if len(r.ready) == 0 {
		return 0, err
	}
	return r.Read(p)
}

// mend goes on with b, which begins with a byte that is not valid. A text that
// has been ASCII so far is in another encoding; else the byte is an exception.
func (r *Reader) mend(b []byte) {
	if !r.told && !r.beyond {
		head := make([]byte, SampleBytes)
		n, err := 0, r.err
		if err == nil {
			n, err = io.ReadFull(r.in, head)
		}
		b = append(b, head[:n]...)
		if g := Detect(b, err != nil); g.enc != nil {
			r.Guess, r.err = g, nil
			r.in = io.MultiReader(bytes.NewReader(b), r.in)
			r.begin()
			return
		}
		if err != nil && err != io.ErrUnexpectedEOF {
			r.err = err
		} else if err != nil {
			r.err = io.EOF
		}
	}
	r.beyond = true
	for len(b) > 0 {
		good, _ := valid(b)
		r.ready = append(r.ready, b[:good]...)
		if b = b[good:]; len(b) == 0 {
			break
		}
		if r.err == nil && !utf8.FullRune(b) {
			r.kept = b
			break
		}
		c := charmap.Windows1252.DecodeByte(b[0])
		if c < 0xA0 {
			c = utf8.RuneError
		}
		r.marks = append(r.marks, Mark{At: r.at + int64(len(r.ready)), Lost: c == utf8.RuneError})
		r.ready = utf8.AppendRune(r.ready, c)
		b = b[1:]
	}
}

// valid gives the length of b's longest prefix that is UTF-8, and whether it
// holds anything but ASCII. What follows is a wrong byte, or a character cut off
// by the end of b.
func valid(b []byte) (n int, beyond bool) {
	const high = 0x8080808080808080
	i := 0
	for i < len(b) {
		if i+8 <= len(b) && binary.LittleEndian.Uint64(b[i:])&high == 0 {
			i += 8
			continue
		}
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		if i+1 < len(b) && b[i] >= 0xC2 && b[i] <= 0xDF && b[i+1]&0xC0 == 0x80 {
			i, beyond = i+2, true // the letters of Europe, most of what is not ASCII
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			return i, beyond
		}
		i, beyond = i+size, true
	}
	return len(b), beyond
}
