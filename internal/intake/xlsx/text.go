package xlsx

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// unescape appends raw text of the file to dst as it is meant: the five entities
// and character references resolved, line ends made LF as XML says.
func (x *scanner) unescape(dst, raw []byte) ([]byte, error) {
	at := len(dst)
	for len(raw) > 0 {
		i := bytes.IndexAny(raw, "&\r")
		if i < 0 {
			dst = append(dst, raw...)
			break
		}
		dst = append(dst, raw[:i]...)
		if raw[i] == '\r' {
			dst = append(dst, '\n')
			raw = bytes.TrimPrefix(raw[i+1:], []byte("\n"))
			continue
		}
		n, r := reference(raw[i:])
		if n == 0 {
			return dst, x.bad("it holds an entity that no workbook needs")
		}
		dst = utf8.AppendRune(dst, r)
		raw = raw[i+n:]
	}
	return dst, x.sound(dst[at:])
}

// sound refuses what no text has.
func (x *scanner) sound(b []byte) error {
	if !utf8.Valid(b) {
		return x.bad("it holds bytes that are not UTF-8")
	}
	if bytes.IndexByte(b, 0) >= 0 {
		return x.bad("it holds a NUL character, which no text has")
	}
	return nil
}

// reference reads the entity or character reference at the start of b, and gives
// its length, 0 if it is none that may stand there.
func reference(b []byte) (int, rune) {
	i := bytes.IndexByte(b[:min(len(b), 12)], ';')
	if i < 0 {
		return 0, 0
	}
	switch name := string(b[1:i]); {
	case name == "amp":
		return i + 1, '&'
	case name == "lt":
		return i + 1, '<'
	case name == "gt":
		return i + 1, '>'
	case name == "quot":
		return i + 1, '"'
	case name == "apos":
		return i + 1, '\''
	case len(name) > 1 && name[0] == '#':
		digits, base := name[1:], 10
		if digits[0] == 'x' {
			digits, base = digits[1:], 16
		}
		if n, err := strconv.ParseUint(digits, base, 32); err == nil && n > 0 && utf8.ValidRune(rune(n)) && n <= utf8.MaxRune {
			return i + 1, rune(n)
		}
	}
	return 0, 0
}

// decoded resolves in place the escapes that workbooks have on top of XML's
// (ECMA-376, ST_Xstring): _x000D_ is a carriage return, _x005F_ an underscore.
// _x0000_ stays as it is, for no text holds a NUL.
func decoded(b []byte) []byte {
	at := bytes.Index(b, []byte("_x"))
	if at < 0 {
		return b
	}
	out, raw := b[:at], b[at:]
	for len(raw) > 0 {
		r, n := escape(raw)
		if n == 0 {
			out, raw = append(out, raw[0]), raw[1:]
			continue
		}
		out, raw = utf8.AppendRune(out, r), raw[n:]
	}
	return out
}

// escape reads _xHHHH_ at the start of b, or two of them that are one character.
func escape(b []byte) (rune, int) {
	r, ok := unit(b)
	if !ok || r == 0 {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 7
	}
	if low, ok := unit(b[7:]); ok {
		if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
			return both, 14
		}
	}
	return 0, 0
}

func unit(b []byte) (rune, bool) {
	if len(b) < 7 || b[0] != '_' || b[1] != 'x' || b[6] != '_' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	return rune(n), err == nil
}

// content gathers the text of the element that was started last, which holds no
// other elements that count, and passes its end. It appends to dst.
func (x *scanner) content(dst []byte) ([]byte, error) {
	for depth := x.depth(); ; {
		k, err := x.next()
		if err != nil {
			return dst, err
		}
		switch {
		case k == end && x.depth() < depth:
			return dst, nil
		case k != text || x.depth() != depth:
		case x.cdata:
			dst = append(dst, x.text...)
			err = x.sound(x.text)
		default:
			dst, err = x.unescape(dst, x.text)
		}
		if err != nil {
			return dst, err
		}
		if len(dst) > x.archive.cell {
			return dst, textTooLong(x.part, x.archive.cell)
		}
	}
}

// rich gathers the text of a string item (si, is), which was started last: plain
// text or the runs of rich text joined, without phonetic hints.
func (x *scanner) rich(dst []byte) ([]byte, error) {
	at := len(dst)
	for depth := x.depth(); ; {
		k, err := x.next()
		if err != nil {
			return dst, err
		}
		switch {
		case k == end && x.depth() < depth:
			return append(dst[:at], decoded(dst[at:])...), nil
		case k != start:
		case string(x.name) == "t":
			dst, err = x.content(dst)
		case string(x.name) != "r":
			err = x.skip()
		}
		if err != nil {
			return dst, err
		}
	}
}
