package mysql

import (
	"bytes"
	"encoding/hex"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"sutor/internal/record"
)

// canonical gives the canonical text of what the server printed, appended to dst.
// A value that is none of the type's (0000-00-00, 2 in a boolean column, a time of
// 300 hours) stays as the server prints it, which is never a value's canonical text.
// false: no text of ours can hold it.
func (c column) canonical(dst, raw []byte) ([]byte, bool) {
	switch c.Type.Kind {
	case record.Text, record.Enum:
		return append(dst, raw...), utf8.Valid(raw) && bytes.IndexByte(raw, 0) < 0
	case record.Bool:
		switch string(raw) {
		case "0":
			return append(dst, "false"...), true
		case "1":
			return append(dst, "true"...), true
		}
	case record.Decimal:
		for len(raw) > 1 && raw[0] == '0' && raw[1] != '.' { // ZEROFILL
			raw = raw[1:]
		}
	case record.Timestamp, record.Time:
		raw = shortSecond(raw)
	case record.TimestampTZ:
		return append(append(dst, shortSecond(raw)...), "+00"...), true
	case record.Bytes:
		return hex.AppendEncode(append(dst, `\x`...), raw), true
	}
	return append(dst, raw...), true
}

// shortSecond leaves out the zeros that end a fraction of a second.
func shortSecond(raw []byte) []byte {
	if bytes.IndexByte(raw, '.') < 0 {
		return raw
	}
	return bytes.TrimSuffix(bytes.TrimRight(raw, "0"), []byte("."))
}

// stored gives the text that the server is to store for a canonical one, appended
// to dst; false where the column cannot hold it, and the server would cut it off or
// make it another.
func (c column) stored(dst, text []byte) ([]byte, bool) {
	fits := true
	switch c.Type.Kind {
	case record.Bool:
		switch string(text) {
		case "true":
			return append(dst, '1'), true
		case "false":
			return append(dst, '0'), true
		}
		_, err := strconv.ParseInt(string(text), 10, 8)
		fits = err == nil && c.data == "tinyint"
	case record.Int:
		fits = c.inBounds(string(text))
	case record.Float:
		// The server reads a double and rounds it; so it is given the very double that
		// the float is.
		v, err := strconv.ParseFloat(string(text), c.Type.Bits)
		return strconv.AppendFloat(dst, v, 'g', -1, 64), err == nil && !math.IsInf(v, 0) && !math.IsNaN(v)
	case record.Enum:
		fits = slices.Contains(c.Type.Labels, string(text)) // a number would be that of a label
	case record.Text:
		fits = (c.Type.MaxLen == 0 || len(text) <= c.Type.MaxLen || utf8.RuneCount(text) <= c.Type.MaxLen) &&
			(c.charset != "utf8mb3" && c.charset != "utf8" || inBasicPlane(text))
	case record.TimestampTZ:
		text = bytes.TrimSuffix(text, []byte("+00"))
		fits = string(text) >= "1970-01-01 00:00:01" || bytes.HasPrefix(text, []byte("0000"))
	case record.Bytes:
		text = bytes.TrimPrefix(text, []byte(`\x`)) // the server reads the digits
		switch size := len(text) / 2; {
		case c.data == "binary":
			fits = size == int(c.octets) // shorter ones would be filled up
		default:
			fits = int64(size) <= c.octets
		}
	}
	return append(dst, text...), fits
}

// holds tells whether a value that is looked up, which may be of another type, is one that the
// column can have: the server would round it, or warn of it.
func (c column) holds(text []byte) bool {
	number := strings.TrimSuffix(strings.TrimLeft(string(text), "-"), "+00")
	whole, fraction, _ := strings.Cut(number, ".")
	fraction = strings.TrimRight(fraction, "0")
	switch c.Type.Kind {
	case record.Decimal:
		return len(strings.TrimLeft(whole, "0")) <= c.Type.Precision-c.Type.Scale && len(fraction) <= c.Type.Scale
	case record.TimestampTZ:
		return len(fraction) <= c.Type.Fraction && (c.Type.Last == "" || string(text) <= c.Type.Last)
	case record.Timestamp, record.Time:
		return len(fraction) <= c.Type.Fraction
	}
	return true
}

// returns tells whether a text that is stored ([column.stored]) comes back as it is
// ([column.canonical]), so that nobody need look. It may say no where it would, never yes
// where it would not.
func (c column) returns(text []byte) bool {
	if strings.Contains(c.Type.Native, "zerofill") {
		return false
	}
	switch c.Type.Kind {
	case record.Text, record.Enum: // char(n) loses the spaces at its end; not every character set gives back what it took
		return c.plain() && !(c.Type.Fixed && bytes.HasSuffix(text, []byte(" ")))
	case record.Bool:
		return string(text) == "true" || string(text) == "false"
	case record.Int:
		return isWhole(text) && string(text) != "-0"
	case record.Decimal:
		whole, fraction, has := bytes.Cut(text, []byte("."))
		// -0.00 comes back without its sign, -0.50 with it.
		return isWhole(whole) && has == (c.Type.Scale > 0) && len(fraction) == c.Type.Scale && allDigits(fraction) && (whole[0] != '-' || bytes.ContainsAny(text, "123456789"))
	case record.Date:
		return len(text) == len("2006-01-02")
	case record.Timestamp, record.TimestampTZ:
		return c.isTime(bytes.TrimSuffix(text, []byte("+00")), len("2006-01-02 15:04:05"))
	case record.Time:
		return c.isTime(text, len("15:04:05"))
	case record.Bytes:
		return bytes.HasPrefix(text, []byte(`\x`)) && bytes.Equal(text, bytes.ToLower(text))
	case record.UUID:
		return len(text) == len("00000000-0000-0000-0000-000000000000") && bytes.Equal(text, bytes.ToLower(text))
	}
	return false // of a float the server may print another
}

// plain tells whether the column's character set gives every text that it can hold back
// as it was.
func (c column) plain() bool {
	switch c.charset {
	case "utf8mb4", "utf8mb3", "utf8", "utf16", "utf16le", "utf32", "latin1", "ascii":
		return true
	}
	return false
}

// isTime tells whether a text is so long but for a fraction that the column holds, and that
// does not end in 0.
func (c column) isTime(text []byte, length int) bool {
	whole, fraction, has := bytes.Cut(text, []byte("."))
	return len(whole) == length && (!has || allDigits(fraction) && 0 < len(fraction) && len(fraction) <= c.Type.Fraction && fraction[len(fraction)-1] != '0')
}

// isWhole tells whether a text is a whole number as the server prints it.
func isWhole(text []byte) bool {
	digits := bytes.TrimPrefix(text, []byte("-"))
	return len(digits) > 0 && allDigits(digits) && (digits[0] != '0' || len(digits) == 1)
}

func allDigits(text []byte) bool {
	return len(bytes.TrimLeft(text, "0123456789")) == 0
}

func (c column) inBounds(text string) bool {
	var err error
	if c.Type.Unsigned {
		_, err = strconv.ParseUint(text, 10, c.Type.Bits)
	} else {
		_, err = strconv.ParseInt(text, 10, c.Type.Bits)
	}
	return err == nil
}

// inBasicPlane tells whether a text has only characters that utf8mb3 can hold.
func inBasicPlane(text []byte) bool {
	for _, b := range text {
		if b >= 0xf0 { // begins a character of four bytes
			return false
		}
	}
	return true
}

// through gives the SQL that makes a value of c of $, the text of [column.stored].
func (c column) through() string {
	switch {
	case c.Type.Kind == record.Bytes:
		return "UNHEX($)"
	case c.data == "bit":
		return "($ + 0)"
	case c.data == "binary":
		return "UNHEX($)"
	}
	return "$"
}

// convertible says, in SQL over $, whether the column's character set has all
// characters of a text; "" where it always has.
func (c column) convertible() string {
	switch c.charset {
	case "", "utf8mb4", "utf8mb3", "utf8", "utf16", "utf32", "utf16le":
		return ""
	}
	return "CAST(CONVERT(CONVERT($ USING " + c.charset + ") USING utf8mb4) AS BINARY) <=> CAST($ AS BINARY)"
}
