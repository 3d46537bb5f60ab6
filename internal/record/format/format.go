package format

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"sutor/internal/errs"
	"sutor/internal/record"
)

// Standard is the name of the standard grammar as a format.
const Standard = "standard"

// Format is one way of writing the values of a kind.
type Format struct {
	Name  string // as it stands behind --format, in manifests and recipes
	Says  string // the same in words, as "day/month/year"
	Sign  string // the currency or unit that every cell carries and that is taken off; may be empty
	Note  string // a sentence on what else must be known; may be empty
	Empty string // what an empty cell stands for, as standard text; empty: for no value

	chosen  bool // never found out: a person must choose it
	grammar string
	stages  []Stage
	match   *regexp.Regexp
	run     [][]step // the steps of stages, compiled
	when    []*regexp.Regexp
}

// Stage is some replacements, done one after the other where When (if there is
// one) matches somewhere in the text as it then is.
type Stage struct {
	When  string
	Steps []Step
}

// Step replaces every match of Pattern; \1 in With stands for the first group.
type Step struct{ Pattern, With string }

// step is a Step, compiled.
type step struct {
	pattern *regexp.Regexp
	with    string
}

// make compiles a format. Grammars and patterns are this package's own, but for
// signs, which are quoted.
func (f Format) make() Format {
	f.match = regexp.MustCompile(`^(?:` + f.grammar + `)$`)
	for _, s := range f.stages {
		var steps []step
		for _, one := range s.Steps {
			steps = append(steps, step{regexp.MustCompile(one.Pattern), group.ReplaceAllString(one.With, "$${$1}")})
		}
		f.run = append(f.run, steps)
		f.when = append(f.when, regexp.MustCompile(s.When))
	}
	return f
}

// Grammar gives the regular expression that a cell matches in full.
func (f Format) Grammar() string { return f.grammar }

// Stages gives what makes the standard text of a cell that matches.
func (f Format) Stages() []Stage { return f.stages }

// IsStandard tells whether f is the standard grammar.
func (f Format) IsStandard() bool { return f.Name == Standard }

// group is how a With names a group; Go's Expand has it otherwise.
var group = regexp.MustCompile(`\\([0-9])`)

// GroupedByPoint matches the texts of the standard grammar that another format reads
// otherwise: 1.234 may be one, or a thousand. There are no others.
var GroupedByPoint = regexp.MustCompile(`^[ \t]*[-+]?[1-9][0-9]{0,2}[.][0-9]{3}(?:[eE][+-]?[0-9]{1,4})?[ \t]*$`)

// Read gives a cell's text in the standard grammar, or says that the format does
// not read it. It does not look at Empty.
func (f Format) Read(text string) (standard string, ok bool) {
	if !f.match.MatchString(text) {
		return "", false
	}
	for i, s := range f.stages {
		if s.When != "" && !f.when[i].MatchString(text) {
			continue
		}
		for _, step := range f.run[i] {
			text = step.pattern.ReplaceAllString(text, step.with)
		}
	}
	return text, true
}

// tables makes every format without a sign, once: by kind, in the order in which
// they are preferred where they read alike.
var tables = sync.OnceValue(func() map[record.Kind][]Format {
	all := map[record.Kind][]Format{record.Bool: booleans()}
	for _, k := range []record.Kind{record.Int, record.Decimal, record.Float} {
		all[k] = numbers(k, "")
	}
	for _, k := range []record.Kind{record.Date, record.Timestamp, record.TimestampTZ} {
		all[k] = dates(k)
	}
	for k, list := range all {
		list = slices.Insert(list, 0, standard(k))
		for i := range list {
			list[i] = list[i].make()
		}
		all[k] = list
	}
	return all
})

func standard(k record.Kind) Format {
	return Format{Name: Standard, Says: "the standard way", grammar: `[ \t]*(?:` + k.Grammar() + `)[ \t]*`,
		stages: []Stage{{Steps: []Step{{`^[ \t]+`, ``}, {`[ \t]+$`, ``}}}}}
}

// For gives the formats of a kind that are found out, the standard one first; sign
// is the one that the column's cells carry, if they do ([SignOf]). Texts and UUIDs
// have no formats.
func For(k record.Kind, sign string) []Format {
	found := slices.DeleteFunc(slices.Clone(tables()[k]), func(f Format) bool { return f.chosen })
	if sign != "" && isNumber(k) {
		for _, f := range numbers(k, sign) {
			found = append(found, f.make())
		}
	}
	return found
}

// Names lists the formats of a kind by name, those that must be chosen too; those
// with a sign are as many as there are signs, and not listed.
func Names(k record.Kind) (names []string) {
	for _, f := range tables()[k] {
		names = append(names, f.Name)
	}
	return names
}

// Named gives the format of a kind with a name. The error is an *errs.Error of
// kind Usage that lists what there is.
func Named(k record.Kind, name string) (Format, error) {
	all := tables()[k]
	if i := slices.IndexFunc(all, func(f Format) bool { return f.Name == name }); i >= 0 {
		return all[i], nil
	}
	if len(all) == 0 {
		return Format{}, errs.New(errs.Usage, "A column of the kind %s has no formats to choose from: it is read as it is.", k).WithMend("Leave the format out.")
	}
	if isNumber(k) {
		if f, ok := signed(k, name); ok {
			return f, nil
		}
	}
	e := errs.New(errs.Usage, "There is no format %q for a column of the kind %s.", name, k)
	mend := "There are: " + strings.Join(Names(k), ", ") + "."
	if isNumber(k) {
		mend += " A currency or a unit stands before or behind, as in " + Names(k)[2] + " EUR."
	}
	return Format{}, e.WithMend("%s", mend)
}

func isNumber(k record.Kind) bool {
	return k == record.Int || k == record.Decimal || k == record.Float
}
