package xlsx

import (
	"bytes"
	"strconv"

	"sutor/internal/record"
)

// marks say what a person must know about a cell; each becomes a note.
type marks uint32

const (
	markPercent  marks = 1 << iota // shown as per cent
	markSign                       // shown with a currency sign or a unit
	markScaled                     // shown in thousands
	markRounded                    // shown with fewer decimals than are stored
	markLong                       // a whole number of 16 digits and more
	markNoise                      // more than 15 digits, the last ones noise of arithmetic
	markPadded                     // shown with zeros in front, and taken so
	markHidden                     // a part of day or time that is not shown
	markFormula                    // computed when the file was saved
	markNoValue                    // computed, and nobody computed it
	markError                      // an error
	markNoDate                     // a number shown as a day that is none
	markNoNumber                   // a text where the file says number
	markNoTruth                    // a text where the file says true or false
	lastMark
)

// sort is what a cell looks like to whoever looks for a header.
type sort uint8

const (
	empty sort = iota
	words
	figures // numbers, times, true and false
)

// outcome is what became of a cell.
type outcome struct {
	sort   sort
	marks  marks
	defect string // the code of a defect, "" for none
	sign   string
}

// converter makes the staging form of cells.
type converter struct {
	pool     *pool
	styles   []format
	from1904 bool
	scratch  []byte
}

// append appends the staging form of the current cell of s to dst: nothing for
// an empty one.
func (c *converter) append(dst []byte, s *rows) ([]byte, outcome, error) {
	if !s.filled {
		if s.formula {
			return dst, outcome{sort: figures, marks: markNoValue, defect: "formula"}, nil
		}
		return dst, outcome{}, nil
	}
	at := len(dst)
	var o outcome
	switch s.typ {
	case shared:
		n, ok := number(s.value)
		staged, found, err := c.pool.at(n)
		if err != nil {
			return dst, o, err
		}
		if !ok || !found {
			return dst, o, noString(cellName(s.row, s.col))
		}
		dst, o.sort = append(dst, staged...), words
	case inline:
		dst, o.sort = record.AppendQuoted(dst, s.value), words
	case numeric:
		dst, o = c.number(dst, s)
	case boolean:
		dst, o = truth(dst, s.value)
	case isoDate:
		o.sort = figures
		dst = append(dst, '"')
		var ok bool
		if dst, ok = appendISO(dst, s.value); !ok {
			return stray(dst[:at], s.value, markNoDate, "date")
		}
		dst = append(dst, '"')
	case faulty:
		return stray(dst, s.value, markError, "error")
	}
	if s.formula {
		o.marks |= markFormula
	}
	return dst, o, nil
}

// stray stages a text that is no value, as it stands in the file.
func stray(dst, value []byte, m marks, defect string) ([]byte, outcome, error) {
	return record.AppendQuoted(dst, value), outcome{figures, m, defect, ""}, nil
}

func truth(dst, value []byte) ([]byte, outcome) {
	switch string(bytes.TrimSpace(value)) {
	case "1", "true":
		return append(dst, `"true"`...), outcome{sort: figures}
	case "0", "false":
		return append(dst, `"false"`...), outcome{sort: figures}
	}
	dst, o, _ := stray(dst, value, markNoTruth, "boolean")
	return dst, o
}

// number stages a number as its cell's format lets it be read.
func (c *converter) number(dst []byte, s *rows) ([]byte, outcome) {
	f := &general
	if s.style < len(c.styles) {
		f = &c.styles[s.style]
	}
	if f.look != plain {
		return c.instant(dst, s, f)
	}
	at := len(dst)
	dst, fig, ok := appendNumber(append(dst, '"'), s.value)
	if !ok {
		dst, o, _ := stray(dst[:at], s.value, markNoNumber, "number")
		return dst, o
	}
	o := outcome{sort: figures}
	if !f.general {
		dst, o = c.shown(dst, at+1, f, fig)
	}
	switch {
	case fig.digits <= 15:
	case fig.whole:
		o.marks |= markLong
	default:
		o.marks |= markNoise
	}
	return append(dst, '"'), o
}

// shown compares the number at dst[at:] with what its format shows of it.
func (c *converter) shown(dst []byte, at int, f *format, fig figure) ([]byte, outcome) {
	o := outcome{sort: figures, sign: f.sign}
	if f.sign != "" {
		o.marks |= markSign
	}
	if f.thousand > 0 {
		o.marks |= markScaled
	}
	decimals := f.decimals
	if f.percent {
		o.marks |= markPercent
		decimals += 2
	}
	if f.decimals >= 0 && fig.decimals > decimals && f.thousand == 0 {
		o.marks |= markRounded
	}
	if f.pad > 0 && fig.whole && !fig.negative {
		if n := len(dst) - at; n < f.pad {
			o.marks |= markPadded
			c.scratch = append(c.scratch[:0], dst[at:]...)
			dst = append(dst[:at], bytes.Repeat([]byte("0"), f.pad-n)...)
			dst = append(dst, c.scratch...)
		}
	}
	return dst, o
}

// instant stages a number that is shown as a day, a time or a duration.
func (c *converter) instant(dst []byte, s *rows, f *format) ([]byte, outcome) {
	at := len(dst)
	serial, ok := double(s.value)
	o := outcome{sort: figures}
	dst = append(dst, '"')
	if ok && f.look == elapsed {
		dst, ok = appendElapsed(dst, serial)
	} else if ok {
		var t instant
		if t, ok = instantOf(serial, c.from1904, f.look); ok {
			var hidden bool
			if dst, hidden, ok = appendInstant(dst, t, f.look); hidden {
				o.marks |= markHidden
			}
		}
	}
	if !ok {
		dst, o, _ := stray(dst[:at], s.value, markNoDate, "date")
		return dst, o
	}
	return append(dst, '"'), o
}

// defectText is a defect as it stands in staging.
func defectText(code string, detail int) string { return code + ":" + strconv.Itoa(detail) }
