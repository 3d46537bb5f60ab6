package format

import (
	"regexp"
	"strings"

	"sutor/internal/record"
)

// blank is every blank that stands in, before or behind numbers: the plain one,
// the tabulator, those that do not break (U+00A0, U+202F) and the thin one.
const (
	blank  = `[ \t\x{a0}\x{202f}\x{2009}]`
	blanks = blank + `*`
	minus  = `[-\x{2212}]`  // U+2212 is the minus of typesetters
	sign   = `[-+\x{2212}]` // a leading one
)

// way is how a number's digits are written. Group and Decimal are bracketed sets
// of characters, or empty.
type way struct {
	name, says     string
	group, decimal string
	indian         bool
}

const (
	apostrophe = `['\x{2019}]`
	point      = `[.]`
	comma      = `[,]`
)

var decimals = []way{
	{"1234.50", "decimal point", "", point, false},
	{"1,234.50", "decimal point, comma between thousands", comma, point, false},
	{"1'234.50", "decimal point, apostrophe between thousands", apostrophe, point, false},
	{"1 234.50", "decimal point, blank between thousands", blank, point, false},
	{"12,34,567.50", "decimal point, commas in the Indian way", comma, point, true},
	{"1234,50", "decimal comma", "", comma, false},
	{"1.234,50", "decimal comma, point between thousands", point, comma, false},
	{"1 234,50", "decimal comma, blank between thousands", blank, comma, false},
	{"1'234,50", "decimal comma, apostrophe between thousands", apostrophe, comma, false},
}

var integers = []way{
	{"1234", "digits only", "", "", false},
	{"1,234", "comma between thousands", comma, "", false},
	{"1.234", "point between thousands", point, "", false},
	{"1 234", "blank between thousands", blank, "", false},
	{"1'234", "apostrophe between thousands", apostrophe, "", false},
	{"12,34,567", "commas in the Indian way", comma, "", true},
}

func ways(k record.Kind) []way {
	if k == record.Int {
		return integers
	}
	return decimals
}

// numbers gives the formats of a kind of number whose cells carry a sign; none
// for "". A percentage may also stand for a share of one.
func numbers(k record.Kind, carried string) (out []Format) {
	for _, w := range ways(k) {
		out = append(out, w.format(k, carried))
		if carried == "%" && k != record.Int {
			out = append(out, w.share(k))
		}
	}
	return out
}

func (w way) format(k record.Kind, carried string) Format {
	f := Format{Name: w.name, Says: w.says, Sign: carried}
	core := w.core(k == record.Float)
	quoted := regexp.QuoteMeta(carried)
	if carried != "" {
		f.Name += " " + carried
		f.grammar = signedGrammar(core, quoted, oneLetter(carried))
		f.stages = append(f.stages, Stage{Steps: []Step{{blanks + quoted + blanks, ``}}})
	} else {
		f.grammar = unsignedGrammar(core)
	}
	f.stages = append(f.stages, plain(), w.stage())
	return f
}

// share is the format with a percent sign whose values are hundredths.
func (w way) share(k record.Kind) Format {
	f := w.format(record.Decimal, "%") // without an exponent
	f.Name += "/100"
	f.Note = "A percentage stands for a share of one: 12.5 % is 0.125."
	f.stages = append(f.stages, Stage{Steps: []Step{
		{`^([-+]?)`, `\1000`},
		{`^([-+]?[0-9]+)([0-9]{2})(?:[.]([0-9]*))?$`, `\1.\2\3`},
	}})
	return f
}

// core is the grammar of the digits.
func (w way) core(exponent bool) string {
	whole := `[0-9]+`
	switch {
	case w.indian:
		whole = `(?:[1-9][0-9]?(?:` + w.group + `[0-9]{2})*` + w.group + `[0-9]{3}|[0-9]+)`
	case w.group != "":
		whole = `(?:[1-9][0-9]{0,2}(?:` + w.group + `[0-9]{3})+|[0-9]+)`
	}
	if w.decimal == "" {
		return whole
	}
	core := `(?:` + whole + `(?:` + w.decimal + `[0-9]*)?|` + w.decimal + `[0-9]+)`
	if exponent {
		core += `(?:[eE][+-]?[0-9]{1,4})?`
	}
	return core
}

// unsignedGrammar: -12, (12), 12-.
func unsignedGrammar(core string) string {
	return within(sign+`?`+blanks+core, `\(`+blanks+core+blanks+`\)`, core+blanks+minus)
}

// signedGrammar: the same with a currency or unit before or behind. A unit of one
// letter stands apart from the digits, where it is easily a slip of the finger.
func signedGrammar(core, carried string, apart bool) string {
	gap := blanks
	if apart {
		gap = blank + `+`
	}
	before, behind := carried+gap+core, core+gap+carried
	return within(
		`(?:`+sign+blanks+`)?`+before, carried+gap+sign+blanks+core, carried+gap+core+blanks+minus,
		`\(`+blanks+before+blanks+`\)`, carried+gap+`\(`+blanks+core+blanks+`\)`,
		`(?:`+sign+blanks+`)?`+behind, core+minus+gap+carried,
		`\(`+blanks+behind+blanks+`\)`, `\(`+blanks+core+blanks+`\)`+gap+carried)
}

func within(forms ...string) string {
	return blanks + `(?:` + strings.Join(forms, `|`) + `)` + blanks
}

// stage makes the standard point of the rest.
func (w way) stage() Stage {
	var steps []Step
	if w.group != "" && w.group != blank {
		steps = append(steps, Step{w.group, ``})
	}
	if w.decimal == comma {
		steps = append(steps, Step{comma, `.`})
	}
	return Stage{Steps: steps}
}

// plain takes away what few numbers have: blanks, and the ways to write a minus.
func plain() Stage {
	return Stage{When: `[^0-9.,]`, Steps: []Step{
		{blank + `+`, ``},
		{`\x{2212}`, `-`},
		{`^\(([^()]*)\)$`, `-\1`},
		{`^([^()]+)-$`, `-\1`},
	}}
}
