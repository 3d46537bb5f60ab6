package record

import (
	"encoding/hex"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Grammar gives the kind's lexical grammar: a regular expression in RE2 syntax
// that a trimmed text must match in full before anything is converted. Text has
// none. Both the reference below and DuckDB use these very strings.
func (k Kind) Grammar() string { return grammars[k] }

const (
	dateGrammar  = `[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])`
	clockGrammar = `(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?`
)

var grammars = map[Kind]string{
	Bool:    `(?i:true|false|yes|no|t|f|y|n|1|0)`,
	Int:     `[+-]?[0-9]+`,
	Decimal: `[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)`,
	Float:   `[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?`,
	Date:    dateGrammar,
	// The T of ISO 8601 or a space between date and clock; seconds may be left out.
	Timestamp:   dateGrammar + `[ T]` + clockGrammar,
	TimestampTZ: dateGrammar + `[ T]` + clockGrammar + ` ?(?:Z|[+-](?:0[0-9]|1[0-5])(?::?[0-5][0-9])?)?`,
	Time:        clockGrammar,
	Bytes:       `(?i:\\x(?:[0-9a-f]{2})*)`,
	UUID:        `(?i:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})`,
}

var compiled = func() map[Kind]*regexp.Regexp {
	m := map[Kind]*regexp.Regexp{}
	for k, g := range grammars {
		m[k] = regexp.MustCompile(`^(?:` + g + `)$`)
	}
	return m
}()

// Blank holds the characters trimmed around a text before a grammar is tried,
// for every kind but Text.
const Blank = " \t"

// Problem says why a text is not a value of a type. The zero Problem means it is.
type Problem string

// The problems a text can have; their sentences come from [Problem.Sentence].
const (
	OK          Problem = ""
	NotOfType   Problem = "not-of-type"       // the grammar does not match
	OutOfRange  Problem = "out-of-range"      // too large for the type
	TooExact    Problem = "too-exact"         // digits would be cut off
	NoSuchDay   Problem = "no-such-day"       // 2024-02-30, year 0000
	NoSuchTime  Problem = "no-such-time"      // local time skipped by a change of clocks
	TwiceInZone Problem = "time-occurs-twice" // local time repeated by a change of clocks
	Before1970  Problem = "before-1970"       // local time older than the zone's rules are known for
	TooLong     Problem = "too-long"
	NoNUL       Problem = "nul-character" // no system stores it in text
)

// Sentence gives what is wrong, as the rest of a sentence about the text, and how
// to mend it, for a column of type t.
func (p Problem) Sentence(t Type) (message, mend string) {
	switch p {
	case NotOfType:
		return "is not " + t.Article(), t.howToWrite()
	case OutOfRange:
		return t.outOfRange()
	case TooExact:
		return t.tooExact(), "Round it yourself, so that nothing is cut off unseen."
	case NoSuchDay:
		return "is a day that does not exist", "Check the date; years go from 0001 to 9999."
	case NoSuchTime:
		return "is a local time that the change to summer time skips", "Write the offset, as in 2026-03-29T03:30:00+02:00."
	case TwiceInZone:
		return "is a local time that occurs twice when summer time ends", "Write the offset, as in 2026-10-25T02:30:00+01:00."
	case Before1970:
		return "is a local time before 1970, for which time zones are not known for certain", "Write the offset, as in 1969-07-20T20:17:00+00:00."
	case TooLong:
		if t.MaxBytes > 0 {
			return fmt.Sprintf("is longer than the %d bytes this column holds", t.MaxBytes), "Shorten it; it is never cut off for you. Letters other than a to z take more than one byte."
		}
		return fmt.Sprintf("is longer than the %d characters this column holds", t.MaxLen), "Shorten the text; it is never cut off for you."
	case NoNUL:
		return "has a NUL character in it", "Remove the character; databases cannot store it in text."
	}
	return "", ""
}

// outOfRange says what the type has room for, where it tells.
func (t Type) outOfRange() (message, mend string) {
	switch {
	case t.Kind == TimestampTZ:
		return fmt.Sprintf("is outside of what this column holds, %s to %s", t.First, t.Last), "Check the date; if it is meant, the steward can ask for a wider column."
	case t.Unsigned && t.Kind != Int:
		return "is below 0 or too large for this column", "Check the number; this column cannot hold it."
	}
	return "is too large for this column", "Check the number; this column cannot hold it."
}

// tooExact says how much the type keeps, where it tells.
func (t Type) tooExact() string {
	if t.Kind == Native {
		return "would be cut off or rounded by this column"
	}
	if t.Kind != Decimal || t.Scale < 0 {
		return "has more digits than this column keeps"
	}
	if t.Scale == 0 {
		return "has more digits than this column keeps (whole numbers)"
	}
	return fmt.Sprintf("has more digits than this column keeps (at most %d %s)", t.Scale, map[bool]string{true: "decimal", false: "decimals"}[t.Scale == 1])
}

// Article names the type with its article, in plain words.
func (t Type) Article() string {
	switch t.Kind {
	case Bool:
		return "a yes or no"
	case Int:
		return "a whole number"
	case Decimal:
		return "a decimal number"
	case Float:
		return "a number"
	case Date:
		return "a date"
	case Timestamp, TimestampTZ:
		return "a date with a time"
	case UUID:
		return "a UUID"
	case Time:
		return "a time of day"
	case Bytes:
		return "bytes in hexadecimal"
	case Enum:
		return "one of the values of " + t.Native
	case Native:
		return "a value of the type " + t.Native
	}
	return "a text"
}

func (t Type) howToWrite() string {
	switch t.Kind {
	case Bool:
		return "Write true or false (yes, no, 1 and 0 are understood too)."
	case Int:
		return "Write digits only, as in 1200: no decimals, no thousands separators, no exponent."
	case Decimal:
		return "Write it with a point and without thousands separators, as in 1200.50; no exponent."
	case Float:
		return "Write it with a point, as in 1200.5 or 1.2e3. An empty cell stands for no value, not NaN."
	case Date:
		return "Write year-month-day, as in 2026-03-31, without a time."
	case Timestamp:
		return "Write 2026-03-31 14:30:00, with the time and without an offset."
	case TimestampTZ:
		return "Write 2026-03-31T14:30:00+02:00, with the time; without an offset the Compact's time zone counts."
	case Time:
		return "Write 14:30 or 14:30:00, from 00:00 to 23:59:59, without an offset."
	case Bytes:
		return `Write \x and two hexadecimal digits for each byte, as in \x00ff.`
	case Enum:
		return "Write one of these, capitals included: " + t.someLabels()
	case Native:
		return "Write it as the system itself does, as it stands in other rows; dates as 2026-03-31, without words such as today."
	case UUID:
		return "Write it as 123e4567-e89b-12d3-a456-426614174000."
	}
	return ""
}

// Parse turns what stands in a file's cell into the canonical text of a value
// of type t, or says why it is none. loc is used for a TimestampTZ without an
// offset. It never rounds, cuts or guesses. Of a Native type only the system knows
// the canonical text: whatever text it might take is given back as it stands.
func (t Type) Parse(text string, loc *time.Location) (canonical string, p Problem) {
	if canonical, p = t.read(text, loc); p == OK {
		p = t.holds(canonical)
	}
	if p != OK {
		return "", p
	}
	return canonical, OK
}

// holds tells whether there is room in the type for a canonical text: what a system
// bounds besides the grammar.
func (t Type) holds(text string) Problem {
	negative := t.Unsigned && strings.HasPrefix(text, "-")
	switch {
	case negative && (t.Kind == Decimal || t.Kind == Float),
		t.Kind == TimestampTZ && (text < t.First || t.Last != "" && text > t.Last):
		return OutOfRange
	case t.MaxBytes > 0 && (t.Kind == Text && len(text) > t.MaxBytes || t.Kind == Bytes && hex.DecodedLen(len(text)-len(`\x`)) > t.MaxBytes):
		return TooLong
	}
	return OK
}

// read is Parse as far as the grammar goes.
func (t Type) read(text string, loc *time.Location) (canonical string, p Problem) {
	switch t.Kind {
	case Text:
		return t.parseText(text)
	case Enum:
		return t.parseLabel(text)
	case Native:
		if strings.IndexByte(text, 0) >= 0 {
			return "", NoNUL
		}
		return text, OK
	}
	s := strings.Trim(text, Blank)
	if re := compiled[t.Kind]; re == nil || !re.MatchString(s) {
		return "", NotOfType
	}
	switch t.Kind {
	case Bool:
		return strconv.FormatBool(strings.ContainsAny(s[:1], "tTyY1")), OK
	case Int:
		return t.parseInt(s)
	case Decimal:
		return t.parseDecimal(s)
	case Float:
		return t.parseFloat(s)
	case Date:
		return parseDate(s)
	case Timestamp, TimestampTZ:
		return t.parseTimestamp(s, loc)
	case Time:
		return t.parseClock(s)
	}
	return strings.ToLower(s), OK // UUID, Bytes
}

// parseLabel takes a label as it stands, or with blanks around it that are none of
// its own.
func (t Type) parseLabel(s string) (string, Problem) {
	for _, s := range []string{s, strings.Trim(s, Blank)} {
		if slices.Contains(t.Labels, s) {
			return s, OK
		}
	}
	return "", NotOfType
}

// mostLabels is how many labels a sentence names.
const mostLabels = 20

func (t Type) someLabels() string {
	if len(t.Labels) > mostLabels {
		return strings.Join(t.Labels[:mostLabels], ", ") + fmt.Sprintf(" and %d more.", len(t.Labels)-mostLabels)
	}
	return strings.Join(t.Labels, ", ") + "."
}

func (t Type) parseText(s string) (string, Problem) {
	if strings.IndexByte(s, 0) >= 0 {
		return "", NoNUL
	}
	if t.Fixed {
		s = strings.TrimRight(s, " ")
	}
	if t.MaxLen > 0 && len(s) > t.MaxLen && utf8.RuneCountInString(s) > t.MaxLen {
		return "", TooLong
	}
	return s, OK
}

func (t Type) parseInt(s string) (string, Problem) {
	neg, digits := splitSign(s)
	digits = strings.TrimLeft(digits, "0")
	if digits == "" {
		return "0", OK
	}
	if neg {
		digits = "-" + digits
	}
	var err error
	if t.Unsigned {
		_, err = strconv.ParseUint(digits, 10, t.Bits)
	} else {
		_, err = strconv.ParseInt(digits, 10, t.Bits)
	}
	if err != nil {
		return "", OutOfRange
	}
	return digits, OK
}

func splitSign(s string) (neg bool, rest string) {
	switch s[0] {
	case '-':
		return true, s[1:]
	case '+':
		return false, s[1:]
	}
	return false, s
}

// parseDecimal works on digits, so any length stays exact. The canonical text
// has exactly Scale decimals; without a scale, no trailing zeros.
func (t Type) parseDecimal(s string) (string, Problem) {
	neg, s := splitSign(s)
	whole, frac, _ := strings.Cut(s, ".")
	whole, frac = strings.TrimLeft(whole, "0"), strings.TrimRight(frac, "0")
	if t.Scale >= 0 {
		if len(frac) > t.Scale {
			return "", TooExact
		}
		frac += strings.Repeat("0", t.Scale-len(frac))
		if t.Precision >= 0 && len(strings.TrimLeft(whole+frac, "0")) > t.Precision {
			return "", OutOfRange
		}
	} else if len(whole) > 1000 || len(frac) > 1000 {
		return "", OutOfRange
	}
	zero := strings.Trim(whole+frac, "0") == ""
	if whole == "" {
		whole = "0"
	}
	if frac != "" {
		whole += "." + frac
	}
	if neg && !zero {
		whole = "-" + whole
	}
	return whole, OK
}

// parseFloat accepts only a text whose shortest form in the type has the same
// digits: anything else would lose some.
func (t Type) parseFloat(s string) (string, Problem) {
	v, err := strconv.ParseFloat(s, t.Bits)
	if err != nil || math.IsInf(v, 0) {
		return "", OutOfRange
	}
	text := FormatFloat(v, t.Bits)
	if significant(s) != significant(text) {
		return "", TooExact
	}
	return text, OK
}

// significant gives a number's digits without sign, point, exponent and the
// zeros at both ends.
func significant(s string) string {
	mantissa, _, _ := strings.Cut(strings.ToLower(s), "e")
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, mantissa)
	return strings.Trim(digits, "0")
}

// FormatFloat gives a float's canonical text: the shortest that reads back as
// the same value, with a point always, and an exponent below 1e-4 and from 1e16
// on (as DuckDB and Python write it); nan, inf, -inf.
func FormatFloat(v float64, bits int) string {
	switch {
	case math.IsNaN(v):
		return "nan"
	case math.IsInf(v, 1):
		return "inf"
	case math.IsInf(v, -1):
		return "-inf"
	case v == 0:
		return "0.0"
	}
	if bits == 32 {
		v = nearest32(v)
	}
	e := strconv.FormatFloat(v, 'e', -1, 64)
	exp, _ := strconv.Atoi(e[strings.IndexByte(e, 'e')+1:])
	if exp < -4 || exp >= 16 {
		return e
	}
	f := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(f, ".") {
		f += ".0"
	}
	return f
}

// nearest32 gives the double with the fewest digits (6 to 9) that reads back as
// the same 32-bit value. DuckDB's own text of a FLOAT is not always the shortest,
// so both engines go this way.
func nearest32(v float64) float64 {
	for digits := 6; digits <= 9; digits++ {
		text := strconv.FormatFloat(v, 'g', digits, 64)
		back, err := strconv.ParseFloat(text, 32)
		if double, err2 := strconv.ParseFloat(text, 64); err == nil && err2 == nil && float32(back) == float32(v) {
			return double
		}
	}
	return v
}

func parseDate(s string) (string, Problem) {
	if _, err := time.Parse(time.DateOnly, s); err != nil || s[:4] == "0000" {
		return "", NoSuchDay
	}
	return s, OK
}

// parseTimestamp gives "2006-01-02 15:04:05" with the fraction only where it is
// not zero; an instant is written in UTC and ends in "+00".
func (t Type) parseTimestamp(s string, loc *time.Location) (string, Problem) {
	date, rest := s[:10], s[11:]
	if _, p := parseDate(date); p != OK {
		return "", p
	}
	clock, offset := rest, ""
	if i := strings.IndexAny(rest, " Z+-"); i >= 0 {
		clock, offset = rest[:i], strings.TrimSpace(rest[i:])
	}
	clock, p := t.parseClock(clock)
	switch {
	case p != OK:
		return "", p
	case t.Kind == Timestamp:
		return date + " " + clock, OK
	}
	seconds, frac := clock[:8], clock[8:]
	instant, p := instantOf(date+" "+seconds, offset, loc)
	if p != OK {
		return "", p
	}
	return instant.Format(time.DateTime) + frac + "+00", OK
}

// parseClock gives "15:04:05" with the fraction only where it is not zero.
func (t Type) parseClock(s string) (string, Problem) {
	if len(s) == 5 {
		s += ":00"
	}
	seconds, frac, _ := strings.Cut(s, ".")
	frac = strings.TrimRight(frac, "0")
	if len(frac) > t.Fraction {
		return "", TooExact
	}
	if frac != "" {
		seconds += "." + frac
	}
	return seconds, OK
}

func instantOf(local, offset string, loc *time.Location) (time.Time, Problem) {
	at, err := time.Parse(time.DateTime, local)
	if err != nil {
		return at, NotOfType
	}
	if offset == "" {
		return inZone(at, loc)
	}
	if offset != "Z" {
		digits := strings.ReplaceAll(offset[1:], ":", "") + "00"
		h, _ := strconv.Atoi(digits[:2])
		m, _ := strconv.Atoi(digits[2:4])
		shift := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
		if offset[0] == '+' {
			shift = -shift
		}
		at = at.Add(shift)
	}
	if at.Year() < 1 || at.Year() > 9999 {
		return at, NoSuchDay
	}
	return at, OK
}

// inZone finds the one instant that reads as the given clock time in loc. None
// or two is a problem: nothing is guessed.
//
// Before 1970 the time zone database itself differs between builds (its own
// statement, "theory.html"), so only UTC is read without an offset there.
func inZone(wall time.Time, loc *time.Location) (time.Time, Problem) {
	if wall.Year() < 1970 && loc != nil && loc != time.UTC && loc.String() != "UTC" {
		return wall, Before1970
	}
	var found []time.Time
	for _, near := range []time.Duration{-26 * time.Hour, 26 * time.Hour} {
		_, offset := wall.Add(near).In(loc).Zone()
		at := wall.Add(-time.Duration(offset) * time.Second)
		if at.In(loc).Format(time.DateTime) == wall.Format(time.DateTime) && (len(found) == 0 || !found[0].Equal(at)) {
			found = append(found, at)
		}
	}
	switch len(found) {
	case 0:
		return wall, NoSuchTime
	case 1:
		if y := found[0].Year(); y < 1 || y > 9999 {
			return wall, NoSuchDay
		}
		return found[0], OK
	}
	return wall, TwiceInZone
}
