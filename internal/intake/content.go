package intake

import (
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"sutor/internal/record"
)

// How much of a file is looked at to tell what its columns are.
const (
	sampleRows   = 1000
	sampleValues = 200
)

// Sample is what stands in a column of a file.
type Sample struct {
	Values  []string // different ones without blanks around them, in the order in which they stand; none is empty
	Repeats bool     // some stand there twice
}

// Samples looks at the first rows of a staging file with so many columns.
func Samples(staging io.Reader, columns int) ([]Sample, error) {
	out, seen := make([]Sample, columns), make([]map[string]bool, columns)
	rows := record.NewReader(staging)
	for range sampleRows {
		fields, err := rows.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		for i := range out {
			if 2+i < len(fields) && !fields[2+i].Null {
				out[i].add(&seen[i], strings.TrimSpace(string(fields[2+i].Text)))
			}
		}
	}
	return out, nil
}

func (s *Sample) add(seen *map[string]bool, text string) {
	switch {
	case text == "":
	case (*seen)[text]:
		s.Repeats = true
	case len(s.Values) < sampleValues:
		if *seen == nil {
			*seen = map[string]bool{}
		}
		(*seen)[text] = true
		s.Values = append(s.Values, text)
	}
}

// fitting counts the values that a column of the type could hold, read in any
// country's way: this tells columns apart, it reads nothing.
func (s Sample) fitting(t record.Type) (n int) {
	for _, v := range s.Values {
		if fits(t, v) {
			n++
		}
	}
	return n
}

// among counts the values that are in a list of canonical ones.
func (s Sample) among(t record.Type, list []string) (n int) {
	for _, v := range s.Values {
		if c, p := t.Parse(v, time.UTC); p == record.OK && slices.Contains(list, c) {
			n++
		}
	}
	return n
}

// wordy tells whether values are more than letters and small numbers, which stand
// in many columns by chance.
func (s Sample) wordy() bool {
	long := 0
	for _, v := range s.Values {
		if len([]rune(v)) >= 3 && !looksNumber.MatchString(v) {
			long++
		}
	}
	return long*2 > len(s.Values)
}

var (
	looksNumber = regexp.MustCompile(`^[(+-]?\s*(?:[\p{Sc}%]|[A-Z]{3}\s)?\s*[+-]?[0-9](?:[0-9.,' \x{00a0}\x{202f}\x{2019}]*[0-9])?(?:\s*[\p{Sc}%]|\s+[A-Z]{3})?\s*[)-]?$`)
	looksDate   = regexp.MustCompile(`^[0-9]{1,4}[./ -]+(?:[0-9]{1,2}|\pL{3,10}\.?)[./ -]+[0-9]{1,4}(?:[ T,].*)?$|^\pL{3,10}\.? [0-9]{1,2},? [0-9]{2,4}$`)
	looksBool   = regexp.MustCompile(`^(?i:true|false|yes|no|y|n|t|f|1|0|ja|nein|nee|oui|non|wahr|falsch|waar|onwaar|vrai|faux|on|off|x|-)$`)
)

func fits(t record.Type, v string) bool {
	if _, p := t.Parse(v, time.UTC); p == record.OK {
		return true
	}
	switch t.Kind {
	case record.Bool:
		return looksBool.MatchString(v)
	case record.Int, record.Decimal, record.Float:
		return looksNumber.MatchString(v)
	case record.Date, record.Timestamp, record.TimestampTZ:
		return looksDate.MatchString(v)
	}
	return false
}

// Present is what is known of a live column's values.
type Present struct {
	Values map[string]bool // canonical
	Whole  bool            // these are all, or all that was asked for
	Rows   int             // they stand in so many rows that were looked at
}

// Few tells whether the column has a few values that occur again and again, all
// of which are known.
func (p Present) Few() bool {
	return len(p.Values) > 0 && len(p.Values) <= 50 && (p.Whole || p.Rows >= 4*len(p.Values) && p.Rows >= 200)
}

// count counts the values that stand in the live column.
func (p Present) count(t record.Type, values []string) (n int) {
	for _, v := range values {
		if c, problem := t.Parse(v, time.UTC); problem == record.OK && p.Values[c] {
			n++
		}
	}
	return n
}
