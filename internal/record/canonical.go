package record

import (
	"bytes"
	"slices"
	"time"
	"unicode/utf8"
)

// IsCanonical tells whether a text stands for itself as a value of type t: Parse gives
// it back as it is. Most texts are known by their bytes alone, without an allocation. Of
// a Native type it knows of none.
func (t Type) IsCanonical(text []byte) bool {
	switch t.Kind {
	case Native, Unsupported:
		return false
	case Text:
		return t.isText(text)
	case Bool:
		return string(text) == "true" || string(text) == "false"
	case Enum:
		return slices.Contains(t.Labels, string(text))
	case Int:
		if t.isPlainInt(text) {
			return true
		}
	case Decimal:
		if t.isPlainDecimal(text) {
			return true
		}
	case Date:
		if isPlainDate(text) {
			return true
		}
	}
	canonical, p := t.Parse(string(text), time.UTC)
	return p == OK && canonical == string(text)
}

func (t Type) isText(text []byte) bool {
	if t.MaxLen > 0 && len(text) > t.MaxLen && utf8.RuneCount(text) > t.MaxLen {
		return false
	}
	if t.MaxBytes > 0 && len(text) > t.MaxBytes {
		return false
	}
	return bytes.IndexByte(text, 0) < 0 && !(t.Fixed && bytes.HasSuffix(text, []byte{' '}))
}

// plainDigits is how many digits every whole number has room for, by bits.
var plainDigits = map[int]int{8: 2, 16: 4, 24: 6, 32: 9, 64: 18}

func (t Type) isPlainInt(text []byte) bool {
	if !t.Unsigned && len(text) > 1 && text[0] == '-' {
		if text = text[1:]; text[0] == '0' {
			return false
		}
	}
	return isWhole(text) && len(text) <= plainDigits[t.Bits]
}

// isPlainDecimal knows positive numbers with exactly the type's decimals.
func (t Type) isPlainDecimal(text []byte) bool {
	whole := text
	if t.Scale > 0 {
		point := len(text) - t.Scale - 1
		if point < 1 || text[point] != '.' || !isDigits(text[point+1:]) {
			return false
		}
		whole = text[:point]
	}
	return t.Scale >= 0 && isWhole(whole) && (t.Precision < 0 || len(whole) <= t.Precision-t.Scale)
}

// isPlainDate knows the days that every month has.
func isPlainDate(text []byte) bool {
	if len(text) != 10 || text[4] != '-' || text[7] != '-' || !isDigits(text[:4]) || !isDigits(text[5:7]) || !isDigits(text[8:]) || string(text[:4]) == "0000" {
		return false
	}
	month, day := string(text[5:7]), string(text[8:])
	return month >= "01" && month <= "12" && day >= "01" && day <= "28"
}

// isWhole tells whether text is digits, with a zero in front only if that is all.
func isWhole(text []byte) bool {
	return len(text) > 0 && (text[0] != '0' || len(text) == 1) && isDigits(text)
}

func isDigits(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
