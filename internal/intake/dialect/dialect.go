package dialect

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Dialect says how a separated text is written.
type Dialect struct {
	Delimiter string // between cells; "" for a file of one column, whose cells hold anything
	Quote     string // one character around cells; "" for none
	Escape    string // one character; Quote itself where quotes are doubled; "" for none
	End       string // of a record; "" for CRLF, LF and CR
}

// Common is comma-separated text as in RFC 4180.
func Common() Dialect { return Dialect{Delimiter: ",", Quote: `"`, Escape: `"`} }

// Simple tells whether the dialect is RFC 4180 but for the delimiter, which is
// one byte.
func (d Dialect) Simple() bool {
	return len(d.Delimiter) == 1 && d.Quote == `"` && d.Escape == `"` && d.End == ""
}

// String tells people: "separated by semicolons, quoted by ', escaped by \".
// What is usual (double quotes, doubled) is left out.
func (d Dialect) String() string {
	s := "separated by " + Name(d.Delimiter)
	if d.Delimiter == "" {
		s = "one column"
	}
	switch d.Quote {
	case `"`:
	case "":
		s += ", without quotes"
	default:
		s += ", quoted by " + d.Quote
	}
	switch {
	case d.Escape == d.Quote || d.Quote == "" && d.Escape == "":
	case d.Escape == "":
		s += ", nothing escaped"
	default:
		s += ", escaped by " + visible(d.Escape)
	}
	if d.End != "" {
		s += ", records ended by " + visible(d.End)
	}
	return s
}

var names = map[string]string{",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", ":": "colons", " ": "blanks",
	", ": "commas and blanks", "; ": "semicolons and blanks", "\t\t": "two tabs", "\x1f": "unit separators (U+001F)"}

// Name names a delimiter for people, in the plural.
func Name(delimiter string) string {
	if n, ok := names[delimiter]; ok {
		return n
	}
	return visible(delimiter)
}

// visible shows characters that cannot be seen by their code.
func visible(s string) string {
	for _, r := range s {
		if r < ' ' || r == 0x7F || !utf8.ValidRune(r) || strings.ContainsRune("\u0085\u00a0\u2028\u2029\ufffd", r) {
			return fmt.Sprintf("%+q", s)
		}
	}
	return `"` + s + `"`
}
