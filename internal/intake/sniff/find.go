package sniff

import (
	"bytes"
	"cmp"
	"regexp"
	"slices"
	"strings"

	"sutor/internal/intake/dialect"
)

// SampleBytes is how much of a text is looked at, if it is longer than WholeBytes.
const (
	SampleBytes = 128 << 10
	WholeBytes  = 1 << 20
	scored      = 32 << 10 // of the sample, for each candidate
)

// None, as a hint, says that there is no quote, or no escape.
const None = "none"

// Hint is what is known beforehand; zero fields are found out.
type Hint struct {
	Delimiter   string
	Quote       string   // a character, or None
	Escape      string   // a character, or None
	SkipLines   *int     // lines above the header
	HeaderLines *int     // 0: no header
	Table       int      // from 1; 0: nothing is known
	Names       []string // that columns may have
}

// told tells whether the table is known: then it is all that is left below the
// lines to skip, and nothing is looked for around it. Who names a table as well
// wants it found there.
func (h Hint) told() bool { return h.SkipLines != nil && h.HeaderLines != nil && h.Table == 0 }

// Table is one table of a text.
type Table struct {
	Line    int    // where it starts, with its header if it has one; from 1
	Header  int    // records of its header
	Columns int    // cells of a row
	Last    int    // its last line; 0 if it may go on behind the sample
	Rows    int    // records below the header, within the sample
	Types   []Type // of the columns; Empty where they hold several
	Total   int    // the line of a row of totals at its end; 0 for none
}

// Found says how a text is written.
type Found struct {
	Dialect    dialect.Dialect
	SepLine    bool    // the first line is "sep=X", as Excel writes it
	Tables     []Table // at least one, unless the text is blank
	Lines      int     // of the sample
	Certain    float64 // of the dialect, from 0 to 1
	RunnerUp   *dialect.Dialect
	Whole      bool // the sample is the whole text
	Delimiters []string
}

var sepLine = regexp.MustCompile(`^(?i:"?sep=([^\r\n"]{1,4}?)"?)(?:\r\n|\n|\r|$)`)

// Find finds out how a text is written from its sample: UTF-8, without a byte
// order mark. whole tells that the sample is all of the text.
func Find(sample []byte, whole bool, h Hint) Found {
	f := Found{Whole: whole}
	skip := 0
	if m := sepLine.FindSubmatch(sample); m != nil {
		f.SepLine, skip = true, 1
		if h.Delimiter == "" {
			h.Delimiter = string(m[1])
		}
	}
	if h.SkipLines != nil {
		skip = max(skip, *h.SkipLines)
	}
	start := lineStart(sample, skip)
	f.choose(sample[start:], whole, h)
	p := dialect.New(f.Dialect)
	rows := parse(sample, start, p, whole)
	mend(sample, rows, p)
	h.recognise(sample, rows, p)
	for i := range rows {
		rows[i].line += skip
		f.Lines = rows[i].line + rows[i].lines - 1
	}
	f.Tables = tables(sample, rows, whole, h)
	return f
}

// lineStart gives where the line after n lines begins.
func lineStart(b []byte, n int) int {
	pos := 0
	for ; n > 0 && pos < len(b); n-- {
		pos = firstLine(b, pos, "")
	}
	return pos
}

// tried is a candidate and its score.
type tried struct {
	dialect.Dialect
	score float64
}

// choose settles the dialect. If so little of the sample was looked at that it
// holds hardly a row, as where a cell is very long, more of it is.
func (f *Found) choose(sample []byte, whole bool, h Hint) {
	for n := max(scored, lineStart(sample, 20)); ; n *= 4 {
		part, all := sample, whole
		if len(part) > n {
			part, all = part[:n], false
		}
		if few := f.try(part, all, h); !few || len(part) == len(sample) {
			return
		}
	}
}

// try settles the dialect by a part of the sample; few tells that double quotes
// made hardly a row of it with a usual delimiter.
func (f *Found) try(part []byte, whole bool, h Hint) (few bool) {
	end := recordEnd(part, h.Delimiter)
	best := tried{Dialect: dialect.Dialect{Quote: `"`, Escape: `"`, End: end}}
	second := best
	coherent := map[string]bool{} // delimiters with which double quotes make sense
	for _, d := range candidates(part, h) {
		if d.Quote == "" && h.Quote == "" && coherent[d.Delimiter] {
			continue
		}
		d.End = end
		p := dialect.New(d)
		rows := parse(part, 0, p, whole)
		mend(part, rows, p)
		if d.Quote == `"` && unbroken(rows) {
			coherent[d.Delimiter] = true
		}
		if d.Quote == "'" && h.Quote == "" && !quotes(rows) {
			continue
		}
		few = few || d.Quote == `"` && prior(d.Delimiter) == 1 && len(rows) < 3
		t := tried{d, judge(part, rows, d, h.Delimiter != "")}
		switch {
		case t.score > best.score*1.0001 || h.Delimiter != "" && best.Delimiter == "":
			best, second = t, best
		case t.score > second.score:
			second = t
		}
	}
	f.settle(best, second)
	return few
}

// settle takes the best candidate.
func (f *Found) settle(best, second tried) {
	f.Dialect, f.RunnerUp = best.Dialect, nil
	if best.Delimiter == "" {
		f.Certain = 1
		return
	}
	if second.Delimiter != "" && second.Delimiter != best.Delimiter {
		f.RunnerUp = &second.Dialect
	}
	f.Certain = 1 - min(1, second.score/max(best.score, 1e-9))
}

// judge is score with what the candidate itself speaks against: that quotes are
// text, that an unusual delimiter is one, and that blanks, which texts are full
// of, are.
func judge(sample []byte, rows []row, d dialect.Dialect, told bool) float64 {
	s := score(rows, d.Delimiter)
	if d.Quote == "" {
		s *= 0.2
	}
	if told {
		return s
	}
	if strings.Trim(d.Delimiter, " ") == "" && !aligned(rows) || wholeValues(sample, rows) || d.Delimiter == ":" && cutsTimes(sample, rows) {
		return 0
	}
	if p := prior(d.Delimiter); p < 0.95 && s < 0.15 || s < 0.01 && (p < 1 || !headed(rows)) {
		return 0
	}
	return s
}

// wholeValues tells whether the lines below a header of one cell are one value
// each, which the delimiter would cut up: 12:30, or 1,5.
func wholeValues(sample []byte, rows []row) bool {
	rows = filled(rows)
	if len(rows) < 2 || rows[0].width() > 1 {
		return false
	}
	n := 0
	for _, r := range rows[1:] {
		if TypeOf(sample[r.from:r.to]).hard() {
			n++
		}
	}
	return n*10 >= (len(rows)-1)*9
}

// cutsTimes tells whether colons below the first line stand in times only, between
// hours, minutes and seconds.
func cutsTimes(sample []byte, rows []row) bool {
	cuts := 0
	for _, r := range filled(rows[min(1, len(rows)):]) {
		for _, c := range r.cells[:max(0, len(r.cells)-1)] {
			from, to := c.To, c.To+1
			for from > r.from && clockSign(sample[from-1]) {
				from--
			}
			for to < r.to && clockSign(sample[to]) {
				to++
			}
			if c.Quoted || !isTime(sample[from:to]) {
				return false
			}
			cuts++
		}
	}
	return cuts > 0
}

func clockSign(c byte) bool { return c == ':' || c >= '0' && c <= '9' }

// quotes tells whether any cell stands in quotes.
func quotes(rows []row) bool {
	return slices.ContainsFunc(rows, func(r row) bool { return r.quoted > 0 })
}

// unbroken tells whether most rows keep to the grammar.
func unbroken(rows []row) bool {
	n := 0
	for _, r := range rows {
		if r.broken {
			n++
		}
	}
	return n*2 < len(rows)
}

// headed tells whether the first row has several cells, and at least every other
// of the rest has, too: ragged, but no prose.
func headed(rows []row) bool {
	rows = filled(rows)
	several := 0
	for _, r := range rows {
		if r.width() > 1 {
			several++
		}
	}
	return len(rows) > 0 && rows[0].width() > 1 && several*2 >= len(rows)
}

// aligned tells whether rows split at blanks are a table beyond doubt: three
// cells and more, the same in nearly all rows, a typed column among them.
func aligned(rows []row) bool {
	counts, n := map[int]int{}, 0
	for _, r := range rows {
		if !r.blank {
			counts[r.width()]++
			n++
		}
	}
	width, rowsOf := commonest(counts)
	return width >= 3 && n >= 3 && rowsOf*10 >= n*7 && typedColumns(profile(rows[1:], width)) > 0
}

// candidates are the dialects that are tried, the likely first.
func candidates(sample []byte, h Hint) (out []dialect.Dialect) {
	ds := delimiters(sample)
	if h.Delimiter != "" {
		ds = []string{h.Delimiter}
	}
	slices.SortStableFunc(ds, func(a, b string) int { return cmp.Compare(prior(b), prior(a)) })
	for _, d := range ds {
		for _, q := range quotings(sample, d) {
			if q, ok := h.quoting(q); ok && !slices.Contains(out, q) {
				out = append(out, q)
			}
		}
	}
	return out
}

// quoting applies what is known about quotes; false for a candidate that the
// hint makes another one of.
func (h Hint) quoting(d dialect.Dialect) (dialect.Dialect, bool) {
	switch {
	case h.Quote == None:
		d.Quote = ""
		if h.Escape == "" {
			d.Escape = ""
		}
	case h.Quote != "":
		if d.Escape == d.Quote {
			d.Escape = h.Quote
		}
		d.Quote = h.Quote
	}
	switch {
	case h.Escape == None:
		d.Escape = ""
	case h.Escape != "":
		d.Escape = h.Escape
	}
	return d, true
}

// totals are the words a row of totals begins with.
var totals = []string{"total", "totals", "grand total", "sum", "subtotal", "summe", "gesamt", "gesamtsumme", "zwischensumme", "insgesamt",
	"totaal", "somme", "total général", "suma", "totale", "yhteensä", "i alt", "totalt", "итого", "всего"}

// IsTotal tells whether a line, or its first cell, begins with a word for a total.
func IsTotal(line []byte) bool {
	s := strings.ToLower(string(line[:min(len(line), 200)]))
	s = strings.TrimLeft(s, " \"',;|\t")
	word := strings.TrimRight(s[:len(s)-len(strings.TrimLeft(s, "abcdefghijklmnopqrstuvwxyzäéïèà ивтогсеñ"))], " ")
	return slices.Contains(totals, word)
}

// sameLine tells whether two rows are written alike.
func sameLine(sample []byte, a, b row) bool {
	return bytes.Equal(bytes.TrimRight(sample[a.from:a.to], "\r\n"), bytes.TrimRight(sample[b.from:b.to], "\r\n"))
}
