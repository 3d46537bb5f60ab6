package xlsx

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"sutor/internal/record"
)

// A form says how a value stands in a cell.
type form byte

const (
	formNone   form = iota // an empty cell
	formNumber             // a number, dates and times too
	formBool
	formText
)

// maxDigits is how many significant decimal digits every double keeps, and Excel
// shows.
const maxDigits = 15

// formOf chooses the cell's form and its content. What Excel could not hold
// exactly is text.
func formOf(t record.Type, text string) (form, string) {
	if text == "" {
		return formNone, ""
	}
	switch t.Kind {
	case record.Int, record.Decimal, record.Float:
		if exact(text) {
			return formNumber, text
		}
	case record.Bool:
		if v, err := strconv.ParseBool(text); err == nil {
			return formBool, map[bool]string{true: "1", false: "0"}[v]
		}
	case record.Date:
		if day, ok := serial(time.DateOnly, text); ok {
			return formNumber, strconv.FormatFloat(day, 'f', -1, 64)
		}
	case record.Timestamp:
		if at, ok := serial(time.DateTime, text); ok && len(text) == len(time.DateTime) {
			return formNumber, strconv.FormatFloat(at, 'f', -1, 64)
		}
	}
	return formText, text
}

// exact tells whether a number's text is one that a double and Excel keep in
// full: at most 15 significant digits, a whole number's zeros included, and not
// far from zero.
func exact(text string) bool {
	mantissa, exponent, _ := strings.Cut(text, "e")
	whole, fraction, _ := strings.Cut(strings.TrimLeft(mantissa, "+-"), ".")
	fraction = strings.TrimRight(fraction, "0")
	for _, c := range []byte(whole + fraction) {
		if c < '0' || c > '9' {
			return false
		}
	}
	small := exponent == "" || exponent[0] == '-' && len(exponent) <= len("-15")
	return whole != "" && small && len(strings.TrimLeft(whole+fraction, "0")) <= maxDigits && len(fraction) <= 2*maxDigits
}

// The days of a workbook are counted from the last of 1899, and from March 1900 on
// Excel and everybody else agree which is which: Excel has a 29 February 1900.
var (
	epoch     = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	undoubted = time.Date(1900, 3, 1, 0, 0, 0, 0, time.UTC)
)

// serial gives the number of a day and time; false where a workbook has none.
func serial(layout, text string) (float64, bool) {
	at, err := time.Parse(layout, text)
	if err != nil || at.Before(undoubted) || at.Year() > 9999 {
		return 0, false
	}
	seconds := at.Unix() - epoch.Unix()
	return float64(seconds/86_400) + float64(seconds%86_400)/86_400, true
}

// numberFormat is how Excel shows the values of a type; "@" is text, as which it
// then takes whatever is typed.
func numberFormat(t record.Type) string {
	switch t.Kind {
	case record.Int:
		return "0"
	case record.Decimal:
		if t.Scale > 0 {
			return "0." + strings.Repeat("0", min(t.Scale, 30))
		}
		if t.Scale == 0 {
			return "0"
		}
		return "General"
	case record.Float, record.Bool:
		return "General"
	case record.Date:
		return "yyyy-mm-dd"
	case record.Timestamp:
		return "yyyy-mm-dd hh:mm:ss"
	}
	return "@"
}

// appendCell appends a cell's XML to dst; nothing for an empty cell without a
// style of its own.
func appendCell(dst []byte, at string, style int, f form, content string) []byte {
	dst = append(dst, `<c r="`...)
	dst = append(dst, at...)
	dst = append(dst, `" s="`...)
	dst = strconv.AppendInt(dst, int64(style), 10)
	switch f {
	case formNone:
		return append(dst, `"/>`...)
	case formText:
		dst = append(dst, `" t="inlineStr"><is><t xml:space="preserve">`...)
		dst = appendText(dst, content)
		return append(dst, `</t></is></c>`...)
	case formBool:
		dst = append(dst, `" t="b`...)
	}
	dst = append(dst, `"><v>`...)
	dst = append(dst, content...)
	return append(dst, `</v></c>`...)
}

// appendText escapes text as ST_Xstring asks (ECMA-376 part 1, 22.9.2.19): what
// XML cannot hold is _xHHHH_, and a text that looks like that has its underscore
// escaped. So is a carriage return, as Excel does it: of a plain one readers of
// XML make a line feed.
func appendText(dst []byte, text string) []byte {
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == '&':
			dst = append(dst, "&amp;"...)
		case c == '<':
			dst = append(dst, "&lt;"...)
		case c == '>':
			dst = append(dst, "&gt;"...)
		case c < ' ' && c != '\t' && c != '\n':
			dst = appendEscape(dst, rune(c))
		case c == '_' && looksEscaped(text[i:]):
			dst = appendEscape(dst, '_')
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			r, size := utf8.DecodeRuneInString(text[i:])
			if r == 0xFFFE || r == 0xFFFF {
				dst = appendEscape(dst, r)
			} else {
				dst = append(dst, text[i:i+size]...)
			}
			i += size
			continue
		}
		i++
	}
	return dst
}

func appendEscape(dst []byte, r rune) []byte {
	const hex = "0123456789ABCDEF"
	return append(dst, '_', 'x', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15], '_')
}

// looksEscaped tells whether a text begins like an escape, whatever ends it.
func looksEscaped(text string) bool {
	if len(text) < 6 || text[1] != 'x' {
		return false
	}
	for _, c := range []byte(text[2:6]) {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F') {
			return false
		}
	}
	return true
}

// letters gives the name of a column, from 0.
func letters(i int) (name string) {
	for i++; i > 0; i = (i - 1) / 26 {
		name = string(rune('A'+(i-1)%26)) + name
	}
	return name
}
