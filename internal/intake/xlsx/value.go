package xlsx

import (
	"bytes"
	"math"
	"strconv"
	"strings"
)

// maxWritten bounds the length of a number that is taken as it stands.
const maxWritten = 40

// figure is a number as text, and what can be seen of it.
type figure struct {
	decimals int  // digits after the point
	digits   int  // significant ones
	whole    bool // no point
	negative bool
}

// appendNumber appends the number that raw stands for, written out without an
// exponent: as few digits as give the same double again. It is false if raw is
// no number that a cell can hold.
func appendNumber(dst, raw []byte) ([]byte, figure, bool) {
	if f, ok := written(raw); ok {
		return append(dst, raw...), f, true
	}
	v, ok := double(raw)
	if !ok {
		return dst, figure{}, false
	}
	if v == 0 {
		v = 0 // and not -0
	}
	at := len(dst)
	dst = strconv.AppendFloat(dst, v, 'f', -1, 64)
	return dst, measure(dst[at:]), true
}

// written tells whether raw is to be taken as it stands: a decimal of at most 15
// digits without needless zeros is the shortest that gives its double, since no
// two such decimals share one. A whole number that is written out is never
// rounded, however long it is.
func written(raw []byte) (f figure, ok bool) {
	b := raw
	if len(b) > 0 && b[0] == '-' {
		f.negative = true
		b = b[1:]
	}
	if len(b) == 0 || len(b) > maxWritten || b[0] == '0' && len(b) > 1 && b[1] != '.' {
		return f, false
	}
	point := -1
	for i, c := range b {
		switch {
		case c-'0' <= 9:
		case c == '.' && point < 0 && i > 0:
			point = i
		default:
			return f, false
		}
	}
	f.whole = point < 0
	f.digits = len(b)
	if !f.whole {
		f.digits--
		f.decimals = len(b) - point - 1
	}
	zero := f.whole && b[0] == '0' && f.negative
	if f.whole {
		return f, !zero
	}
	return f, f.digits <= 15 && f.decimals > 0 && b[len(b)-1] != '0'
}

func measure(b []byte) (f figure) {
	f.negative = b[0] == '-'
	digits := bytes.TrimLeft(b, "-0.")
	f.digits = len(digits)
	if i := bytes.IndexByte(b, '.'); i >= 0 {
		f.decimals = len(b) - i - 1
		if bytes.IndexByte(digits, '.') >= 0 {
			f.digits--
		}
	} else {
		f.whole = true
	}
	return f
}

// double reads a number as XML schemas write it, without its special values.
func double(raw []byte) (float64, bool) {
	raw = bytes.TrimSpace(raw)
	for _, c := range raw {
		if (c < '0' || c > '9') && strings.IndexByte("+-.eE", c) < 0 {
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(string(raw), 64)
	return v, err == nil && !math.IsInf(v, 0)
}

// Days of the two calendars, and the last one of both.
const (
	dayMillis  = 86_400_000
	epoch1900  = -25_569 // day 0, counted from 1970-01-01, from 1 March 1900 on
	epoch1904  = -24_107
	lastDay    = 2_932_896 // 9999-12-31
	leapThat   = 60        // 29 February 1900, which was none
	firstMarch = 61
)

// instant is a serial number as a day and a time of day.
type instant struct {
	day    int64 // from 1970-01-01
	dated  bool  // false for a time of day without a day: serials below 1
	millis int64 // of the day
}

// instantOf reads a serial number of days. It is false for what no calendar has:
// negative ones, 29 February 1900, days after 9999.
func instantOf(serial float64, from1904 bool, l look) (instant, bool) {
	if serial < 0 || serial > lastDay-epoch1900+1 {
		return instant{}, false
	}
	total := int64(math.Round(serial * dayMillis))
	n := total / dayMillis
	t := instant{millis: total % dayMillis, dated: true}
	switch {
	case from1904:
		t.day = n + epoch1904
		t.dated = n > 0 || l != clock
	case n == leapThat:
		return instant{}, false
	case n >= firstMarch:
		t.day = n + epoch1900
	case n == 0:
		t.dated = false
	default:
		t.day = n + epoch1900 + 1
	}
	return t, t.day <= lastDay
}

// appendInstant writes an instant as ISO 8601, with a blank between day and time.
// What is stored is written even where the format does not show it: hidden tells
// that there is such a part.
func appendInstant(dst []byte, t instant, l look) (out []byte, hidden, ok bool) {
	switch {
	case !t.dated && l == date:
		return dst, false, false // day 0: shown as 1900-01-00
	case !t.dated:
		return appendHours(dst, t.millis), false, true
	}
	dst = appendDay(dst, t.day)
	if l == date && t.millis == 0 {
		return dst, false, true
	}
	dst = append(dst, ' ')
	return appendHours(dst, t.millis), l != moment, true
}

// appendElapsed writes a duration as hours, minutes and seconds: "126:30:00".
func appendElapsed(dst []byte, serial float64) ([]byte, bool) {
	if math.Abs(serial) > lastDay {
		return dst, false
	}
	millis := int64(math.Round(serial * dayMillis))
	if millis < 0 {
		dst, millis = append(dst, '-'), -millis
	}
	return appendHours(dst, millis), true
}

func appendHours(dst []byte, millis int64) []byte {
	seconds := millis / 1000
	if hours := seconds / 3600; hours > 99 {
		dst = strconv.AppendInt(dst, hours, 10)
	} else {
		dst = two(dst, hours)
	}
	dst = two(append(dst, ':'), seconds/60%60)
	dst = two(append(dst, ':'), seconds%60)
	if f := millis % 1000; f != 0 {
		dst = append(dst, '.', byte('0'+f/100), byte('0'+f/10%10), byte('0'+f%10))
		dst = bytes.TrimRight(dst, "0")
	}
	return dst
}

// appendDay writes a day of the Gregorian calendar, given as days from
// 1970-01-01, in years of four digits. The arithmetic counts years from March, so
// that the leap day is a year's last, in eras of 400 years.
func appendDay(dst []byte, day int64) []byte {
	day += 719_468
	era := day / 146_097
	ofEra := day - era*146_097
	year := (ofEra - ofEra/1460 + ofEra/36_524 - ofEra/146_096) / 365
	ofYear := ofEra - (365*year + year/4 - year/100)
	month := (5*ofYear + 2) / 153
	dayOf := ofYear - (153*month+2)/5 + 1
	year += era * 400
	if month += 3; month > 12 {
		month, year = month-12, year+1
	}
	dst = two(two(dst, year/100), year%100)
	dst = two(append(dst, '-'), month)
	return two(append(dst, '-'), dayOf)
}

func two(dst []byte, n int64) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }

// appendISO writes a date that the file holds as ISO 8601 text. It is false for
// another form.
func appendISO(dst, raw []byte) ([]byte, bool) {
	raw = bytes.TrimSuffix(bytes.TrimSpace(raw), []byte("Z"))
	day, time, both := bytes.Cut(raw, []byte("T"))
	if !both && bytes.IndexByte(raw, ':') >= 0 {
		day, time = nil, raw
	}
	if len(raw) == 0 || day != nil && !shaped(day, "0000-00-00") || time != nil && !shapedClock(time) {
		return dst, false
	}
	dst = append(dst, day...)
	if both {
		dst = append(dst, ' ')
	}
	return append(dst, time...), true
}

func shapedClock(b []byte) bool {
	whole, fraction, cut := bytes.Cut(b, []byte("."))
	if cut && (len(fraction) == 0 || len(fraction) > 9 || len(bytes.Trim(fraction, "0123456789")) > 0) {
		return false
	}
	return shaped(whole, "00:00:00")
}

// shaped tells whether b is like a pattern in which 0 stands for a digit.
func shaped(b []byte, pattern string) bool {
	if len(b) != len(pattern) {
		return false
	}
	for i, c := range b {
		if digit := c >= '0' && c <= '9'; digit != (pattern[i] == '0') || !digit && c != pattern[i] {
			return false
		}
	}
	return true
}
