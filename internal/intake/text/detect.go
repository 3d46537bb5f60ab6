package text

import (
	"bytes"
	"unicode/utf8"
)

// Guess is what the evidence says about a text's encoding.
type Guess struct {
	Encoding
	BOM     int     // bytes of the byte order mark at the start
	Certain float64 // from 0 to 1
	Others  []Other // what it may be instead, the likeliest first
}

// Other is an alternative, with cells that it reads differently.
type Other struct {
	Encoding
	Cells []Cell
}

// Cell is a cell as the guess reads it, and as an alternative does.
type Cell struct {
	Line        int
	Here, There string
}

var marks = []struct{ bom, label string }{
	{"\xEF\xBB\xBF", UTF8}, {"\xFF\xFE\x00\x00", "utf-32le"}, {"\x00\x00\xFE\xFF", "utf-32be"}, {"\xFF\xFE", "utf-16le"}, {"\xFE\xFF", "utf-16be"},
}

// Detect weighs the evidence of a sample; whole tells that it is all of the text.
func Detect(b []byte, whole bool) Guess {
	for _, m := range marks {
		if bytes.HasPrefix(b, []byte(m.bom)) {
			return certain(m.label, len(m.bom))
		}
	}
	if label := wide(b); label != "" {
		return certain(label, 0)
	}
	characters, wrong := countUTF8(b, whole)
	switch {
	case wrong == 0 && bytes.Contains(b, []byte("\x1b$")) && bytes.Contains(b, []byte("\x1b(")):
		return certain("iso-2022-jp", 0)
	case wrong == 0, characters >= wrong:
		return certain(UTF8, 0)
	}
	if g, ok := detectMulti(b); ok {
		return g
	}
	return detectSingle(b)
}

func certain(label string, bom int) Guess {
	e, _ := known(label)
	return Guess{Encoding: e, BOM: bom, Certain: 1}
}

// countUTF8 counts valid characters of several bytes, and bytes that are not
// valid; the end of a sample may cut a character.
func countUTF8(b []byte, whole bool) (characters, wrong int) {
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		switch {
		case r != utf8.RuneError || n > 1:
			characters++
		case !whole && !utf8.FullRune(b[i:]):
			return characters, wrong
		default:
			wrong++
		}
		i += n
	}
	return characters, wrong
}

// wide tells UTF-16 and UTF-32 without a mark: ASCII characters that every table
// has stand in units of that width, with NULs beside them, far more in one byte
// order than in the other.
func wide(b []byte) string {
	if bytes.IndexByte(b[:min(len(b), 64<<10)], 0) < 0 {
		return ""
	}
	b = b[:min(len(b), 64<<10)]
	for _, w := range []struct {
		label string
		size  int
		at    int // of the byte that holds ASCII
	}{{"utf-32le", 4, 0}, {"utf-32be", 4, 3}, {"utf-16le", 2, 0}, {"utf-16be", 2, 1}} {
		units, plain, odd := 0, 0, 0
		for i := 0; i+w.size <= len(b); i += w.size {
			units++
			zeros := bytes.Count(b[i:i+w.size], []byte{0})
			c := b[i+w.at]
			switch {
			case zeros == w.size-1 && ascii(c):
				plain++
			case zeros == w.size, w.size == 4 && zeros == 0, zeros == w.size-1, zeros == 0 && ascii(b[i]) && ascii(b[i+1]):
				odd++
			}
		}
		if units > 1 && len(b)%w.size == 0 && plain*8 >= units && odd*3 <= units {
			return w.label
		}
	}
	return ""
}

func ascii(c byte) bool { return c >= ' ' && c < 0x7F || c == '\n' || c == '\r' || c == '\t' }
