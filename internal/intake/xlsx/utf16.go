package xlsx

import (
	"bufio"
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// asUTF8 gives a part's bytes in UTF-8: XML may be in UTF-16 too, and some
// programs write it so. Its first character is a byte order mark or "<".
func asUTF8(in io.ReadCloser) io.ReadCloser {
	b := bufio.NewReader(in)
	head, err := b.Peek(2)
	if err != nil {
		return unbuffered{b, in} // it says so again when it is read
	}
	switch string(head) {
	case "\xFF\xFE", "<\x00":
		return &utf16Reader{in: b, Closer: in, order: binary.LittleEndian}
	case "\xFE\xFF", "\x00<":
		return &utf16Reader{in: b, Closer: in, order: binary.BigEndian}
	}
	return unbuffered{b, in}
}

type unbuffered struct {
	io.Reader
	io.Closer
}

// utf16Reader turns UTF-16 into UTF-8. Halves of surrogate pairs that stand alone
// become U+FFFD.
type utf16Reader struct {
	in *bufio.Reader
	io.Closer
	order binary.ByteOrder
	high  rune // the first half of a pair, 0 for none
	out   []byte
}

func (r *utf16Reader) Read(p []byte) (n int, err error) {
	for len(r.out) == 0 {
		var unit [2]byte
		if _, err := io.ReadFull(r.in, unit[:]); err != nil {
			return 0, err
		}
		r.take(rune(r.order.Uint16(unit[:])))
	}
	for len(r.out) > 0 && n < len(p) {
		k := copy(p[n:], r.out)
		n, r.out = n+k, append(r.out[:0], r.out[k:]...)
		if pair, err := r.in.Peek(2); n < len(p) && len(r.out) == 0 && err == nil {
			r.take(rune(r.order.Uint16(pair)))
			if _, err := r.in.Discard(2); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// take adds one unit.
func (r *utf16Reader) take(unit rune) {
	switch {
	case r.high != 0:
		both := utf16.DecodeRune(r.high, unit)
		r.high = 0
		r.out = utf8.AppendRune(r.out, both)
		if both == utf8.RuneError {
			r.take(unit)
		}
	case unit >= 0xD800 && unit < 0xDC00:
		r.high = unit
	default:
		r.out = utf8.AppendRune(r.out, unit)
	}
}
