package format

import (
	"fmt"
	"strings"

	"sutor/internal/record"
)

// months holds the names of the months in English, German (Austria's too), French
// and Dutch, long and short. No name stands for two months, and none stands
// inside the name of another month, so that they can be replaced one month after
// the other.
var months = [12]string{
	`january|januari|januar|janvier|janv|jan|j(?:ä|a\x{308}|ae)nner|j(?:ä|a\x{308})n`,
	`february|februari|februar|feber|feb|f(?:é|e\x{301}?)vrier|f(?:é|e\x{301}?)vr|f(?:é|e\x{301}?)v`,
	`march|maart|mars|m(?:ä|a\x{308}|ae)rz|m(?:ä|a\x{308})r|mar|mrz|mrt`,
	`april|avril|apr|avr`,
	`may|mai|mei`,
	`june|juni|juin|jun`,
	`july|juli|juillet|juil|jul`,
	`augustus|august|ao(?:û|u\x{302}?)t|aug`,
	`september|septembre|sept|sep`,
	`october|oktober|octobre|oct|okt`,
	`november|novembre|nov`,
	`december|dezember|d(?:é|e\x{301}?)cembre|dec|dez|d(?:é|e\x{301})c`,
}

const (
	day   = `(?:0?[1-9]|[12][0-9]|3[01])`
	month = `(?:0?[1-9]|1[0-2])`
	year  = `[0-9]{4}`
	year2 = `[0-9]{2}`
)

// order is one order of day, month and year.
type order struct {
	name, says string
	grammar    string // of the date
	put        Step   // makes year-month-day of three numbers
	two        bool   // years of two digits
	chosen     bool
}

const firstNumbers = `^[^0-9]*([0-9]{1,2})[^0-9]+([0-9]{1,2})[^0-9]+`

func orders() []order {
	name := `(?i:` + strings.Join(months[:], `|`) + `)\.?`
	dmy := func(y string) string {
		return apart(day, month, y) + `|` + day + `(?:er|\.)?(?: |-|/)?` + name + `(?:,? |-|/)?` + y
	}
	mdy := func(y string) string {
		return apart(month, day, y) + `|` + name + `(?: |-|/)?` + day + `(?:,? |,|-|/)` + y
	}
	ymd := apart(year, month, day) + `|` + year + `(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])|` + year + `(?: |-|/)?` + name + `(?: |-|/)?` + day
	four, two := `([0-9]{4})`, `([0-9]{2})`
	return []order{
		{name: "dmy", says: "day/month/year", grammar: dmy(year), put: Step{firstNumbers + four, `\3-\2-\1`}},
		{name: "mdy", says: "month/day/year", grammar: mdy(year), put: Step{firstNumbers + four, `\3-\1-\2`}},
		{name: "ymd", says: "year/month/day", grammar: ymd, put: Step{`^([0-9]{4})[^0-9]*([0-9]{1,2})[^0-9]*([0-9]{1,2})`, `\1-\2-\3`}},
		{name: "dmy2", says: "day/month/year of two digits", grammar: dmy(year2), put: Step{firstNumbers + two, `\3-\2-\1`}, two: true},
		{name: "mdy2", says: "month/day/year of two digits", grammar: mdy(year2), put: Step{firstNumbers + two, `\3-\1-\2`}, two: true},
		{name: "ymd2", says: "year of two digits/month/day", grammar: apart(year2, month, day), put: Step{`^` + two + `[^0-9]+([0-9]{1,2})[^0-9]+([0-9]{1,2})`, `\1-\2-\3`}, two: true, chosen: true},
	}
}

// apart is three numbers with the same separator between them.
func apart(a, b, c string) string {
	return a + `\. ?` + b + `\. ?` + c + `|` + a + `/` + b + `/` + c + `|` + a + `-` + b + `-` + c + `|` + a + ` ` + b + ` ` + c
}

// dates gives the formats of a kind that has a date.
func dates(k record.Kind) (out []Format) {
	for _, o := range orders() {
		f := Format{Name: o.name, Says: o.says, chosen: o.chosen, grammar: blanks + `(?:` + o.grammar + `)` + tail(k) + blanks}
		f.stages = []Stage{{Steps: []Step{{`^` + blank + `+`, ``}, {blank + `+$`, ``}, {blank, ` `}}}}
		f.stages = append(f.stages, named(), Stage{Steps: append([]Step{o.put}, o.century()...)})
		f.stages = append(f.stages, Stage{Steps: []Step{
			{`^([0-9]{4})-([0-9])-`, `\1-0\2-`},
			{`^([0-9]{4}-[0-9]{2})-([0-9])([^0-9]|$)`, `\1-0\2\3`},
		}})
		if o.two {
			f.Note = "Years of two digits stand for 1950 to 2049."
		}
		f.stages = append(f.stages, clock(k)...)
		out = append(out, f)
	}
	return out
}

// named makes numbers of the months' names.
func named() Stage {
	s := Stage{When: `[\pL\pM]{3}`}
	for i, names := range months {
		s.Steps = append(s.Steps, Step{`(?i)(?:` + names + `)\.?`, fmt.Sprintf("/%02d/", i+1)})
	}
	return s
}

// century: the window is that of the systems that most files come from (Windows,
// SQL Server), which ends in 2049.
func (o order) century() []Step {
	if !o.two {
		return nil
	}
	return []Step{{`^([0-4][0-9])-`, `20\1-`}, {`^([5-9][0-9])-`, `19\1-`}}
}

const (
	clock24 = `(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?`
	clock12 = `(?:0?[1-9]|1[0-2]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?` + blank + `?[AaPp]\.?[Mm]\.?`
	between = `(?:,?` + blank + `|T)`
)

// tail is what follows the date: in a date column at most a midnight, which says
// nothing; else a time, and with a zone an offset.
func tail(k record.Kind) string {
	switch k {
	case record.Timestamp:
		return between + `(?:` + clock24 + `|` + clock12 + `)`
	case record.TimestampTZ:
		return between + `(?:` + clock24 + `|` + clock12 + `)` + ` ?(?:Z|[+-](?:0[0-9]|1[0-5])(?::?[0-5][0-9])?)?`
	}
	return `(?:` + between + `(?:0?0:00(?::00(?:\.0+)?)?|12:00(?::00)?` + blank + `?[Aa]\.?[Mm]\.?))?`
}

// clock makes the standard text of what follows the date.
func clock(k record.Kind) []Stage {
	if k == record.Date {
		return []Stage{{Steps: []Step{{`^([0-9]{4}-[0-9]{2}-[0-9]{2})[^0-9][^/]*$`, `\1`}}}}
	}
	half := Stage{When: `[Mm]`}
	for h := 1; h <= 11; h++ {
		half.Steps = append(half.Steps, Step{fmt.Sprintf(`^([0-9-]{10}) %02d(:[0-9:.]+) ?[Pp]\.?[Mm]\.?`, h), fmt.Sprintf(`\1 %02d\2`, h+12)})
	}
	half.Steps = append(half.Steps,
		Step{`^([0-9-]{10}) 12(:[0-9:.]+) ?[Aa]\.?[Mm]\.?`, `\1 00\2`},
		Step{` ?[AaPp]\.?[Mm]\.?`, ``})
	return []Stage{{Steps: []Step{
		{`^([0-9]{4}-[0-9]{2}-[0-9]{2})[^0-9]+([0-9])`, `\1 \2`},
		{`^([0-9-]{10}) ([0-9]):`, `\1 0\2:`},
	}}, half}
}
