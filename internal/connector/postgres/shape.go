package postgres

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strings"

	"sutor/internal/errs"
	"sutor/internal/record"
)

// shape says what is wrong with a text before the server reads it: what the server
// would guess, cut off or forget without a word. The server says the rest.
type shape func(text string) record.Problem

// Days and clocks as they are written everywhere here, and no others: the server
// takes 01/02/03 for some day, and today for another one each day.
var (
	day   = record.Date.Grammar()
	clock = `(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?`
	zone  = ` ?(?:Z|[+-](?:0[0-9]|1[0-5])(?::?[0-5][0-9])?)`
)

// shapes by the name of the type, or of an array's elements.
var shapes = map[string]shape{
	"date": several(day), "daterange": several(day), "datemultirange": several(day),
	"timestamp": several(day + `[ T]` + clock), "tsrange": several(day + `[ T]` + clock), "tsmultirange": several(day + `[ T]` + clock),
	"timestamptz": several(day + `[ T]` + clock + zone), "tstzrange": several(day + `[ T]` + clock + zone), "tstzmultirange": several(day + `[ T]` + clock + zone),
	"time":     several(clock),
	"interval": interval,
	"jsonb":    uniqueKeys,
}

func shapeOf(name string, element *string) shape {
	if element != nil {
		name = *element
	}
	if s, ok := shapes[name]; ok {
		return s
	}
	return func(string) record.Problem { return record.OK }
}

// several takes lists and ranges, however deep, of what a grammar matches, in
// quotes or not; of lists, bounds too.
func several(grammar string) shape {
	between := `[\s{}()\[\],]`
	re := regexp.MustCompile(`^(?:\s*(?:\[[0-9+-]+:[0-9+-]+\])+=)?` + between + `*(?:(?:"?` + grammar + `"?|(?i:null|empty|"?-?infinity"?))(?:` + between + `+|$))*$`)
	return func(text string) record.Problem {
		if !re.MatchString(text) {
			return record.NotOfType
		}
		return record.OK
	}
}

// An interval is kept to the microsecond, and a fraction of a month is as long as
// the server thinks a month is; of years it rounds to months. Between a number and its
// unit the server passes over any punctuation; and a number behind ISO 8601's P that has
// a fraction, and is not one of weeks or days, is one of years or months, with a unit or
// without.
var (
	tooFine  = regexp.MustCompile(`\.[0-9]{7,}`)
	ofMonths = regexp.MustCompile(`(?i)\.[0-9]*[^0-9a-z]*(?:y|mon|c|dec|mil|mic|ms|us)|P[^T,}]*\.[0-9]*(?:[^0-9WD]|$)|[0-9]-[0-9]+\.`)
)

func interval(text string) record.Problem {
	switch {
	case ofMonths.MatchString(text):
		return record.NotOfType
	case tooFine.MatchString(text):
		return record.TooExact
	}
	return record.OK
}

// uniqueKeys: of keys that occur twice in an object jsonb keeps the last, and says
// nothing. What is no JSON at all is left to the server.
func uniqueKeys(text string) record.Problem {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if !unique(d) {
		return record.TooExact
	}
	return record.OK
}

// unique reads one value and tells whether its objects have each key once.
func unique(d *json.Decoder) bool {
	type level struct {
		keys  map[string]bool // of an object; nil of a list
		value bool            // the next token of an object is a value
	}
	var open []*level
	for {
		token, err := d.Token()
		if err != nil {
			return true
		}
		var top *level
		if len(open) > 0 {
			top = open[len(open)-1]
		}
		if key, is := token.(string); is && top != nil && top.keys != nil && !top.value {
			if top.keys[key] {
				return false
			}
			top.keys[key], top.value = true, true
			continue
		}
		if top != nil {
			top.value = false
		}
		switch token {
		case json.Delim('{'):
			open = append(open, &level{keys: map[string]bool{}})
		case json.Delim('['):
			open = append(open, &level{})
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
	}
}

// strainer passes on the records "number, text" that have the shape, and writes of
// the others what is wrong.
type strainer struct {
	from     *record.Reader
	shape    shape
	verbatim bool // blanks around a text are part of it
	refused  *record.Writer
	records  int64
	pending  bytes.Buffer
	passed   *record.Writer
	err      error
}

func newStrainer(in io.Reader, out io.Writer, s shape, verbatim bool) *strainer {
	r := &strainer{verbatim: verbatim, from: record.NewReader(in), shape: s, refused: record.NewWriter(out)}
	r.passed = record.NewWriter(&r.pending)
	return r
}

// enoughBytes is about how much is strained at once.
const enoughBytes = 64 << 10

func (r *strainer) Read(p []byte) (int, error) {
	for r.pending.Len() == 0 && r.err == nil {
		r.fill()
	}
	if r.pending.Len() > 0 {
		return r.pending.Read(p)
	}
	return 0, r.err
}

func (r *strainer) fill() {
	for size := 0; size < enoughBytes && r.err == nil; {
		var n int
		n, r.err = r.one()
		size += n
	}
	if err := r.passed.Flush(); err != nil {
		r.err = err
	}
	if r.err != nil {
		if err := r.refused.Flush(); err != nil {
			r.err = err
		}
	}
}

// one strains one record and gives its size.
func (r *strainer) one() (int, error) {
	f, err := r.from.Read()
	if err != nil {
		return 0, err
	}
	if len(f) != 2 {
		return 0, errs.New(errs.Internal, "A text that was sent has %d fields instead of 2.", len(f))
	}
	r.records++
	number, text := slices.Clone(f[0].Text), string(f[1].Text)
	if !r.verbatim {
		text = strings.Trim(text, record.Blank)
	}
	if p := r.shape(text); p != record.OK {
		r.refused.Value(number)
		r.refused.Null()
		r.refused.String(string(p))
		return len(text), r.refused.End()
	}
	r.passed.Value(number)
	r.passed.String(text)
	return len(text), r.passed.End()
}

// failed gives what went wrong besides the end.
func (r *strainer) failed() error {
	if r.err == io.EOF {
		return nil
	}
	return r.err
}
