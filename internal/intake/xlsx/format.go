package xlsx

import (
	"context"
	"strings"
)

// look is what a number format makes of a number.
type look uint8

const (
	plain   look = iota // a number
	date                // a day
	moment              // a day and a time
	clock               // a time of day
	elapsed             // hours, minutes or seconds that go on counting: [h]:mm
)

// format is what matters of a number format to whoever reads the number.
type format struct {
	look     look
	general  bool   // shown as it is
	pad      int    // shown with zeros in front up to this many digits, and nothing else
	decimals int    // shown after the point; -1 for as many as there are
	percent  bool   // shown times a hundred with a per cent sign
	thousand int    // shown divided by a thousand this many times
	sign     string // a currency sign or unit shown with it
}

var general = format{general: true, decimals: -1}

// builtIn gives the formats that have a number instead of a text (ECMA-376 part
// 1, 18.8.30). 27 to 36 and 50 to 58 are dates in the East Asian editions and
// unused in the others.
func builtIn(id int) (format, bool) {
	switch {
	case id == 0, id == 49:
		return general, true
	case id <= 4:
		return format{decimals: []int{0, 0, 2, 0, 2}[id]}, true
	case id <= 8:
		return format{decimals: []int{0, 0, 2, 2}[id-5], sign: "the machine's currency sign"}, true
	case id == 9, id == 10:
		return format{decimals: (id - 9) * 2, percent: true}, true
	case id == 11, id == 12, id == 13, id == 48:
		return format{decimals: -1}, true
	case id >= 14 && id <= 17, id >= 27 && id <= 31, id == 36, id >= 50 && id <= 58:
		return format{look: date}, true
	case id >= 18 && id <= 21, id >= 32 && id <= 35, id == 45, id == 47:
		return format{look: clock}, true
	case id == 22:
		return format{look: moment}, true
	case id >= 37 && id <= 40:
		return format{decimals: []int{0, 0, 2, 2}[id-37]}, true
	case id == 41, id == 43:
		return format{decimals: id - 41}, true
	case id == 42, id == 44:
		return format{decimals: id - 42, sign: "the machine's currency sign"}, true
	case id == 46:
		return format{look: elapsed}, true
	}
	return format{}, false
}

// openStyles reads the formats of the workbook's cells, by the number that a cell
// gives as its style; without a styles part there are none.
func (w *workbook) openStyles(ctx context.Context) ([]format, error) {
	if w.styles == "" || !w.archive.has(w.styles) {
		return nil, nil
	}
	x, err := w.archive.open(ctx, w.styles)
	if err != nil {
		return nil, err
	}
	defer x.close()
	custom := map[int]format{}
	var styles []format
	inCells := false
	err = x.elements(func() error {
		if x.depth() == 2 {
			inCells = string(x.name) == "cellXfs"
		}
		switch string(x.name) {
		case "numFmt":
			id, ok := number(x.attr("numFmtId"))
			code, err := x.value("formatCode")
			if len(custom) == maxStyles {
				return x.tooMany("formats")
			}
			if err == nil && ok && x.depth() == 3 {
				custom[id] = parseFormat(code)
			}
			return err
		case "xf":
			if len(styles) == maxStyles {
				return x.tooMany("formats")
			}
			if inCells && x.depth() == 3 {
				id, _ := number(x.attr("numFmtId"))
				f, ok := custom[id]
				if !ok {
					f, ok = builtIn(id)
				}
				if !ok {
					f = general
				}
				styles = append(styles, f)
			}
		}
		return nil
	})
	return styles, err
}

// maxFormat is more bytes than Excel lets a format have (255 characters).
const maxFormat = 1024

// parseFormat reads a number format's code as far as matters: its first section,
// which is the one for positive numbers.
func parseFormat(code string) format {
	p := formatParser{rest: code[:min(len(code), maxFormat)], format: format{}}
	for p.rest != "" && p.rest[0] != ';' {
		p.step()
	}
	return p.result()
}

type formatParser struct {
	rest     string
	format   format
	times    []byte // the letters of dates and times met: y d h s M (month or minute)
	zeros    int
	digits   int // placeholders: 0 # ?
	other    bool
	point    bool
	fraction bool
	commas   int // after the last placeholder
	general  bool
}

func (p *formatParser) step() {
	c := p.rest[0]
	n := 1
	switch c {
	case '"':
		literal, _, closed := strings.Cut(p.rest[1:], `"`)
		p.unit(literal)
		if n += len(literal); closed {
			n++
		}
	case '\\':
		n = min(2, len(p.rest))
		p.unit(p.rest[1:n])
	case '_', '*':
		n = min(2, len(p.rest))
	case '[':
		if end := strings.IndexByte(p.rest, ']'); end >= 0 {
			p.bracket(p.rest[1:end])
			n = end + 1
		}
	case '0', '#', '?':
		p.digit(c)
	case '.':
		p.point = true
		p.other = true
	case ',':
		p.commas++
		p.other = true
	case '%':
		p.format.percent = true
	case '/':
		p.fraction = true
	case '@':
		p.general = true
	default:
		n = p.letter()
	}
	p.rest = p.rest[n:]
}

func (p *formatParser) digit(c byte) {
	p.digits++
	p.commas = 0
	if c == '0' {
		p.zeros++
	} else {
		p.other = true
	}
	if p.point {
		p.format.decimals++
	}
}

// bracket reads what stands in brackets: time that goes on counting, a currency
// with a locale, or a colour, condition or locale, which do not matter.
func (p *formatParser) bracket(inside string) {
	switch lower := strings.ToLower(inside); {
	case strings.Trim(lower, "h") == "" || strings.Trim(lower, "m") == "" || strings.Trim(lower, "s") == "":
		p.times = append(p.times, 'E')
	case strings.HasPrefix(inside, "$"):
		sign, _, _ := strings.Cut(inside[1:], "-")
		p.unit(sign)
	}
}

// unit notes what is shown with a number. Blanks, brackets and the like are no
// unit.
func (p *formatParser) unit(text string) {
	p.other = true
	text = strings.Trim(text, " \u00A0\u202F()-+.,:;/'")
	if text != "" && !strings.Contains(p.format.sign, text) {
		p.format.sign = strings.TrimSpace(p.format.sign + " " + text)
	}
}

// letter reads what is neither a placeholder nor quoted, and gives its length.
func (p *formatParser) letter() int {
	lower := strings.ToLower(p.rest)
	switch c := lower[0]; {
	case strings.HasPrefix(lower, "general"):
		p.general = true
		return len("general")
	case strings.HasPrefix(lower, "am/pm"):
		p.times = append(p.times, 'h')
		return len("am/pm")
	case c == 'e' && len(lower) > 1 && (lower[1] == '+' || lower[1] == '-'):
		p.fraction = true
		return 2
	case strings.IndexByte("ydhsm", c) >= 0:
		n := len(lower) - len(strings.TrimLeft(lower, string(c)))
		p.times = append(p.times, c)
		return n
	case c == 'e' || c == 'g' || c == 'b':
		p.times = append(p.times, 'y') // years of an era
		return 1
	case strings.IndexByte(" -+():'!", c) >= 0:
		p.other = true
		return 1
	}
	for i := range lower[1:] {
		p.unit(p.rest[:i+1])
		return i + 1
	}
	p.unit(p.rest)
	return len(p.rest)
}

func (p *formatParser) result() format {
	f := p.format
	switch {
	case len(p.times) > 0:
		return format{look: lookOf(p.times)}
	case p.digits == 0:
		f.general, f.decimals = f.sign == "" && !f.percent, -1
	case p.fraction:
		f.decimals = -1
	default:
		f.thousand = p.commas
		if p.zeros > 1 && !p.other && !f.percent {
			f.pad = p.zeros
		}
	}
	return f
}

// lookOf tells what a run of date and time letters is; m is a month, or minutes
// where it follows hours or comes before seconds.
func lookOf(times []byte) look {
	day, time := false, false
	for i, c := range times {
		switch {
		case c == 'E':
			return elapsed
		case c == 'h' || c == 's':
			time = true
		case c == 'm' && (i > 0 && times[i-1] == 'h' || i+1 < len(times) && times[i+1] == 's'):
			time = true
		default:
			day = true
		}
	}
	switch {
	case day && time:
		return moment
	case day:
		return date
	}
	return clock
}
