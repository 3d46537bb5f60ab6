package intake

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"sutor/internal/errs"
	"sutor/internal/finding"
	"sutor/internal/record"
)

// Target is a column of the dataset that a file's column can be matched to.
type Target struct {
	Name  string   // exact name in the system
	Label string   // from the Compact; may be empty
	Also  []string // other names, from the Compact
	Key   bool     // the dataset's key needs it: it must be matched

	Type     record.Type
	OneOf    []string // the values that are allowed, canonical; nil for any
	Given    bool     // a key that new rows need not have, so that a file of only such rows lacks it
	ReadOnly bool     // it is never written, so nothing less than a name of its own leads to it
}

// Names lists everything that the column is called.
func (t Target) Names() []string {
	return slices.DeleteFunc(append([]string{t.Name, t.Label}, t.Also...), func(s string) bool { return s == "" })
}

// Map is a person's own word on one column of the file.
type Map struct {
	File   string // the name in the header, exactly
	Target string // the dataset column's exact name; empty leaves the file's column out
	Recipe string // the name of the recipe that says so; empty for the person
	Marked bool   // the file says so: a workbook that was taken out of the dataset
}

func (m Map) how() How {
	if m.Recipe != "" {
		return ByRecipe
	}
	if m.Marked {
		return ByMark
	}
	return ByMap
}

func (m Map) why() string {
	if m.Recipe != "" {
		return "the recipe " + m.Recipe + " says so"
	}
	if m.Marked {
		return "the workbook was taken out of the dataset with this header"
	}
	return "its maker says so"
}

// ParseMap reads "File column=column", split at the last equals sign, as it
// stands behind --map; "File column=" leaves the column out.
func ParseMap(s string) (Map, error) {
	i := strings.LastIndexByte(s, '=')
	if i < 0 || strings.TrimSpace(s[:i]) == "" {
		return Map{}, errs.New(errs.Usage, "The mapping %s does not say which column of the file is which.", show(s)).
			WithMend("Write --map 'File column=column', or --map 'File column=' to leave the column out.")
	}
	return Map{File: strings.TrimSpace(s[:i]), Target: s[i+1:]}, nil
}

// How says by what a column was matched, as it stands in manifests.
type How string

// From the surest to the least sure.
const (
	ByMap     How = "map"
	ByRecipe  How = "recipe"
	ByMark    How = "workbook" // a workbook that was taken out of the dataset says so
	ByName    How = "name"
	ByLabel   How = "label"
	ByAlso    How = "also"
	BySimilar How = "similar name" // name, label or also, but for case, blanks, underscores and hyphens
	ByMemory  How = "memory"       // as it was decided in an earlier change
	ByWord    How = "synonym"      // another word for the same thing, in English, German, French or Dutch
	BySlip    How = "near name"    // one letter away
	ByContent How = "content"      // what stands in it
)

// Guessed tells whether nobody said so: neither a name nor a person.
func (h How) Guessed() bool { return h == ByWord || h == BySlip || h == ByContent }

// Matched is one column of the file with its column of the dataset.
type Matched struct {
	File       int // index in the header
	Target     int // index in the targets
	How        How
	Confidence int    // 0 to 100; 100 where it is certain
	Why        string // in words, as the rest of a sentence: "it has the same name"
}

// Candidate is a column of the dataset that a column of the file may be.
type Candidate struct {
	Target     int
	Confidence int // 1 to 99
	Why        string
	how        How
}

// Question is a column of the file that fits something, but not so well that it
// could be taken without asking.
type Question struct {
	File       int
	Candidates []Candidate // the likeliest first, at most three
}

// Matching says what becomes of every column of the file: each index of the
// header is in exactly one of the first three, in the header's order.
type Matching struct {
	Columns   []Matched
	LeftOut   []LeftOut
	Unmatched []int      // they fit nothing, or it must be asked which
	Questions []Question // about some of Unmatched
}

// LeftOut is a column of the file that somebody does not want.
type LeftOut struct {
	File int
	How  How // ByMap, ByRecipe, ByMark or ByMemory
	Why  string
}

// Matcher matches the columns of a file step by step, the certain ones first.
type Matcher struct {
	header  []string
	targets []Target
	memory  []Remembered
	fates   []fate // by file column
	fileOf  []int  // by target: its file column, or -1
	asked   []Question
}

// Match matches by names alone, guesses by names included; see [NewMatcher].
func Match(header []string, targets []Target, maps []Map) (Matching, error) {
	m, err := NewMatcher(header, targets, maps, nil)
	if err != nil {
		return Matching{}, err
	}
	m.Guess(Evidence{})
	return m.Matching()
}

// NewMatcher matches the columns of header, whose names are distinct, to targets,
// whose names are distinct too, as far as that is certain.
//
// Each file column that no Map speaks of takes the first level at which it fits
// any target: name, label, also, then the same three by similar name, then what
// was decided before about a column of this name. A target that a Map gives away
// is out of reach for the rest. Refused are:
//
//   - a Map that names what is not there, or gives one away twice ([errs.Usage]);
//   - a file column that fits two targets at its level ([errs.Invalid]), unless it
//     was decided before which of them it is;
//   - two file columns that fit one target, at whatever levels of names
//     ([errs.Invalid]).
//
// What was decided before is no name: where two columns claim one target by it,
// neither has it.
func NewMatcher(header []string, targets []Target, maps []Map, memory []Remembered) (*Matcher, error) {
	m := &Matcher{header: header, targets: targets, memory: memory, fileOf: filled(len(targets), -1), fates: make([]fate, len(header))}
	if err := m.byMaps(maps); err != nil {
		return nil, err
	}
	if err := m.byNames(); err != nil {
		return nil, err
	}
	m.byMemory()
	return m, nil
}

// Open lists what is still to be matched on both sides: columns of the file, and
// targets that they could be guessed to be.
func (m *Matcher) Open() (files, targets []int) {
	for f := range m.header {
		if m.fates[f].open() {
			files = append(files, f)
		}
	}
	for t, target := range m.targets {
		if m.fileOf[t] < 0 && (!target.ReadOnly || target.Key) {
			targets = append(targets, t)
		}
	}
	return files, targets
}

// Matching gives the result. A key target that nothing fits is refused
// ([errs.Invalid]), with the columns that it may be.
func (m *Matcher) Matching() (Matching, error) {
	if err := m.keys(); err != nil {
		return Matching{}, err
	}
	return m.result(), nil
}

// fate is what becomes of a file column.
type fate struct {
	how        How // empty: unmatched
	target     int
	leftOut    bool
	confidence int
	why        string
}

func (f fate) open() bool { return f.how == "" }

func filled(n, value int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = value
	}
	return s
}

// byMaps does what the person says.
func (m *Matcher) byMaps(maps []Map) error {
	for _, mp := range maps {
		f := slices.Index(m.header, mp.File)
		if f < 0 {
			return unknownName("The file has no column", mp.File, m.header)
		}
		if !m.fates[f].open() {
			return errs.New(errs.Usage, "The file's column %s is mapped twice.", show(mp.File)).WithMend("Keep one --map for it.")
		}
		if mp.Target == "" {
			m.fates[f] = fate{how: mp.how(), leftOut: true, why: mp.why()}
			continue
		}
		t := slices.IndexFunc(m.targets, func(t Target) bool { return t.Name == mp.Target })
		if t < 0 {
			return unknownName("The dataset has no column", mp.Target, m.targetNames())
		}
		if other := m.fileOf[t]; other >= 0 {
			return errs.New(errs.Usage, "Two columns of the file, %s and %s, are mapped to %s.",
				show(m.header[other]), show(mp.File), show(mp.Target)).WithMend("Keep one --map for it.")
		}
		m.fates[f], m.fileOf[t] = fate{how: mp.how(), target: t, confidence: 100, why: mp.why()}, f
	}
	return nil
}

// byNames matches the rest by what columns are called.
func (m *Matcher) byNames() error {
	levels := m.levels()
	for f, name := range m.header {
		if !m.fates[f].open() {
			continue
		}
		for _, l := range levels {
			fits := l.fits[l.key(name)]
			if len(fits) > 1 {
				if r, ok := m.remembered(f, fits); ok {
					m.remember(f, r)
					break
				}
				return m.ambiguous(f, fits)
			}
			if len(fits) == 0 {
				continue
			}
			t := fits[0]
			if other := m.fileOf[t]; other >= 0 {
				return m.contested(t, other, f)
			}
			m.fates[f], m.fileOf[t] = fate{how: l.how, target: t, confidence: l.confidence, why: l.why}, f
			break
		}
	}
	return nil
}

// level is one way in which names can fit.
type level struct {
	how        How
	key        func(string) string
	fits       map[string][]int // the targets that have this key
	confidence int
	why        string
}

// levels indexes the targets that no Map has taken.
func (m *Matcher) levels() []level {
	names := []struct {
		how How
		of  func(Target) []string
		why string
	}{
		{ByName, func(t Target) []string { return []string{t.Name} }, "it has the same name"},
		{ByLabel, func(t Target) []string { return []string{t.Label} }, "it has the label's name"},
		{ByAlso, func(t Target) []string { return t.Also }, "the Compact lists this name"},
	}
	var levels []level
	for _, n := range names {
		levels = append(levels, m.level(level{how: n.how, key: strings.TrimSpace, confidence: 100, why: n.why}, n.of))
	}
	for _, n := range names {
		levels = append(levels, m.level(level{how: BySimilar, key: fold, confidence: 97, why: n.why + ", but for case, blanks, underscores or hyphens"}, n.of))
	}
	return levels
}

func (m *Matcher) level(l level, names func(Target) []string) level {
	l.fits = map[string][]int{}
	for t, target := range m.targets {
		if m.fileOf[t] >= 0 {
			continue
		}
		for _, name := range names(target) {
			if k := l.key(name); k != "" && !slices.Contains(l.fits[k], t) {
				l.fits[k] = append(l.fits[k], t)
			}
		}
	}
	return l
}

// keys refuses a file that lacks a key column.
func (m *Matcher) keys() error {
	var missing []string
	mend := ""
	for t, target := range m.targets {
		if !target.Key || target.Given || m.fileOf[t] >= 0 {
			continue
		}
		missing = append(missing, target.Name)
		mend += m.askKey(t)
	}
	if missing == nil {
		return nil
	}
	what, it := "key column", "it"
	if len(missing) > 1 {
		what, it = "key columns", "each of them"
	}
	e := errs.New(errs.Invalid, "The %s %s of the dataset is not in the file, so its rows cannot be told apart. The file has: %s.",
		what, list(missing), list(m.header))
	if mend != "" {
		return e.WithMend("If it is %s", strings.TrimPrefix(mend, " If it is "))
	}
	return e.WithMend("Add %s to the file, or say which column of the file it is: %s.", it, option("File column", missing[0]))
}

// askKey says which columns of the file a key may be, and how to say so.
func (m *Matcher) askKey(t int) (mend string) {
	for _, q := range m.asked {
		for _, c := range q.Candidates {
			if c.Target == t {
				mend += fmt.Sprintf(" If it is %s (%d of 100: %s), say so: %s.", show(m.header[q.File]), c.Confidence, c.Why, option(m.header[q.File], m.targets[t].Name))
			}
		}
	}
	return mend
}

func (m *Matcher) ambiguous(f int, fits []int) error {
	names := make([]string, len(fits))
	for i, t := range fits {
		names[i] = m.targets[t].Name
	}
	return errs.New(errs.Invalid, "The file's column %s fits several columns of the dataset equally well: %s.",
		show(m.header[f]), list(names)).
		WithMend("Say which one it is, as in %s, or leave it out: %s.", option(m.header[f], names[0]), option(m.header[f], ""))
}

func (m *Matcher) contested(t, first, second int) error {
	a, b, name := m.header[first], m.header[second], m.targets[t].Name
	return errs.New(errs.Invalid, "Two columns of the file, %s and %s, both fit the dataset's column %s.", show(a), show(b), show(name)).
		WithMend("Say which one it is: %s or %s.", option(a, name), option(b, name))
}

func (m *Matcher) result() Matching {
	var r Matching
	for f, x := range m.fates {
		switch {
		case x.leftOut:
			r.LeftOut = append(r.LeftOut, LeftOut{File: f, How: x.how, Why: x.why})
		case x.how != "":
			r.Columns = append(r.Columns, Matched{File: f, Target: x.target, How: x.how, Confidence: x.confidence, Why: x.why})
		default:
			r.Unmatched = append(r.Unmatched, f)
		}
	}
	r.Questions = m.asked
	return r
}

func (m *Matcher) targetNames() []string {
	names := make([]string, len(m.targets))
	for i, t := range m.targets {
		names[i] = t.Name
	}
	return names
}

func unknownName(what, name string, names []string) error {
	e := errs.New(errs.Usage, "%s %s, which --map names.", what, show(name))
	if near := nearest(name, names); len(near) > 0 {
		return e.WithMend("Did you mean %s? Names in --map are exact.", strings.Join(quoted(near), " or "))
	}
	return e.WithMend("There are: %s.", list(names))
}

// show quotes a text from a file for a message, so that control characters in it
// do nothing to a terminal.
func show(text string) string { return fmt.Sprintf("%q", finding.Sample(text)) }

// option writes the --map that a person can type, or its pattern where a name is
// not fit to be typed.
func option(file, target string) string {
	word := file + "=" + target
	if len(word) > 100 || strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "--map 'File column=column'"
	}
	return "--map '" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func quoted(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = show(n)
	}
	return out
}

// list shows at most thirty names.
func list(names []string) string {
	const most = 30
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(quoted(names[:most]), ", "), len(names)-most)
	}
	return strings.Join(quoted(names), ", ")
}
