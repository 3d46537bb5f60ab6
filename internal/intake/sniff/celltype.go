package sniff

import "bytes"

// Type is what a cell looks like. It is for judging shapes only; what a cell
// means is decided elsewhere, by its column.
type Type uint8

const (
	Empty   Type = iota
	Number       // digits with signs, separators, currency, per cent
	Date         // three groups of digits, perhaps with a time
	Time         // hours and minutes
	Truth        // true, false, yes, no
	Word         // one word or code
	Text         // words
	Odd          // anything else: stray quotes, other delimiters
	Wrapped      // all of it in quotes that are not the dialect's
	types   = iota
)

// hard tells whether a type is none that a header's names have. "No" may be one.
func (t Type) hard() bool { return t >= Number && t <= Time }

// shape counts what a cell is made of.
type shape struct {
	digits, letters, spaces, odd, quotes, other int
	date, clock                                 int // separators of dates and of times
}

func shapeOf(b []byte) (s shape) {
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			s.digits++
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80 || c == '_':
			s.letters++
		case c == ' ' || c == '\n' || c == '\r':
			s.spaces++
		case c == '-' || c == '/' || c == '.':
			s.date++
		case c == ':':
			s.clock++
		case c == '"':
			s.quotes++
		case c == ';' || c == '\t' || c == '|' || c == '~' || c == '^' || c < ' ':
			s.odd++
		default:
			s.other++
		}
	}
	return s
}

// TypeOf judges a cell's text.
func TypeOf(b []byte) Type {
	b = bytes.TrimSpace(b)
	if len(b) == 0 {
		return Empty
	}
	s := shapeOf(b)
	switch {
	case len(b) > 1 && (b[0] == '\'' || b[0] == '"') && b[len(b)-1] == b[0]:
		return Wrapped
	case s.quotes > 0 && (b[0] == '"' || b[len(b)-1] == '"'), s.odd > 0 && s.spaces == 0 && s.letters+s.digits > 0 && len(b) < 200:
		return Odd
	case s.digits > 1 && s.date > 1 && isDate(b):
		return Date
	case s.digits > 1 && s.clock > 0 && isTime(b):
		return Time
	case s.digits > 0 && s.letters <= 6 && isNumber(b, s.letters+s.other > 0):
		return Number
	case s.digits == 0 && len(b) <= 5 && isTruth(b):
		return Truth
	case s.odd > 0:
		return Odd
	case s.letters+s.digits == 0 && len(b) > 1:
		return Odd
	case s.spaces == 0 && s.other == 0:
		return Word
	}
	return Text
}

// isNumber: a sign or a currency, digits with at most one kind of grouping and a
// decimal mark, an exponent, a per cent sign or a currency.
func isNumber(b []byte, marked bool) bool {
	if marked { // by more than digits and their separators
		for _, mark := range []string{"€", "£", "¥", "$", "CHF", "EUR", "USD", "GBP", "%"} {
			b = bytes.TrimSpace(bytes.TrimSuffix(bytes.TrimPrefix(b, []byte(mark)), []byte(mark)))
		}
	}
	if len(b) > 2 && b[0] == '(' && b[len(b)-1] == ')' {
		b = b[1 : len(b)-1]
	}
	if len(b) > 1 && (b[0] == '-' || b[0] == '+') {
		b = bytes.TrimLeft(b[1:], " $€£")
	} else if len(b) > 1 && b[len(b)-1] == '-' {
		b = b[:len(b)-1]
	}
	digits, marks, last := 0, 0, byte(' ')
	for i, c := range b {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case (c == '.' || c == ',' || c == '\'' || c == ' ') && (i+1 < len(b) && b[i+1] >= '0' && b[i+1] <= '9' || i+1 == len(b) && c == '.'):
			marks++
		case (c == 'e' || c == 'E') && digits > 0 && i+1 < len(b) && (last >= '0' && last <= '9' || last == '.'):
			return isExponent(b[i+1:])
		default:
			return false
		}
		last = c
	}
	return digits > 0 && marks <= 1+digits/3
}

func isExponent(b []byte) bool {
	if len(b) > 1 && (b[0] == '-' || b[0] == '+') {
		b = b[1:]
	}
	return len(b) > 0 && len(b) <= 3 && len(bytes.Trim(b, "0123456789")) == 0
}

// digitsUpTo gives the number of digits at the start of b.
func digitsUpTo(b []byte) int {
	n := 0
	for n < len(b) && b[n] >= '0' && b[n] <= '9' {
		n++
	}
	return n
}

// isDate: 2026-03-31, 31.3.26, 3/31/2026, perhaps with a time behind.
func isDate(b []byte) bool {
	var lens [3]int
	var mark byte
	for i := range lens {
		n := digitsUpTo(b)
		if n == 0 || n == 3 || n > 4 {
			return false
		}
		lens[i] = n
		b = b[n:]
		if i == 2 {
			break
		}
		if len(b) == 0 || b[0] != '-' && b[0] != '/' && b[0] != '.' || mark != 0 && b[0] != mark {
			return false
		}
		mark, b = b[0], b[1:]
	}
	if lens[0] == 4 && lens[2] > 2 || lens[1] > 2 || lens[0] < 4 && lens[2] == 1 {
		return false
	}
	return len(b) == 0 || (b[0] == ' ' || b[0] == 'T') && isTime(b[1:])
}

// isTime: 14:30, 14:30:00.25, with an offset or Z behind.
func isTime(b []byte) bool {
	groups := 0
	for groups < 3 {
		n := digitsUpTo(b)
		if n == 0 || n > 2 || groups > 0 && n != 2 {
			return false
		}
		groups++
		if b = b[n:]; len(b) == 0 || b[0] != ':' {
			break
		}
		b = b[1:]
	}
	if groups < 2 {
		return false
	}
	if len(b) > 1 && (b[0] == '.' || b[0] == ',') {
		b = b[1+digitsUpTo(b[1:]):]
	}
	b = bytes.TrimSpace(b)
	switch {
	case len(b) == 0, string(b) == "Z", bytes.EqualFold(b, []byte("am")), bytes.EqualFold(b, []byte("pm")):
		return true
	}
	return (b[0] == '+' || b[0] == '-') && len(b) <= 6 && len(bytes.Trim(b[1:], "0123456789:")) == 0
}

func isTruth(b []byte) bool {
	for _, w := range []string{"true", "false", "yes", "no", "ja", "nein", "oui", "non", "nee"} {
		if bytes.EqualFold(b, []byte(w)) {
			return true
		}
	}
	return false
}
