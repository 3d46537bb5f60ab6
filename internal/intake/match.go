package intake

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"sutor/internal/errs"
	"sutor/internal/finding"
)

// Target is a column of the dataset that a file's column can be matched to.
type Target struct {
	Name  string   // exact name in the system
	Label string   // from the Compact; may be empty
	Also  []string // other names, from the Compact
	Key   bool     // the dataset's key needs it: it must be matched
}

// Map is a person's own word on one column of the file.
type Map struct {
	File   string // the name in the header, exactly
	Target string // the dataset column's exact name; empty leaves the file's column out
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
	ByName    How = "name"
	ByLabel   How = "label"
	ByAlso    How = "also"
	BySimilar How = "similar name" // name, label or also, but for case, blanks, underscores and hyphens
)

// Matched is one column of the file with its column of the dataset.
type Matched struct {
	File   int // index in the header
	Target int // index in the targets
	How    How
}

// Matching says what becomes of every column of the file: each index of the
// header is in exactly one of the three, in the header's order.
type Matching struct {
	Columns   []Matched
	LeftOut   []int // by a Map
	Unmatched []int // they fit nothing
}

// Match matches the columns of header, whose names are distinct, to targets,
// whose names are distinct too.
//
// Each file column that no Map speaks of takes the first level at which it fits
// any target: name, label, also, then the same three by similar name. A target
// that a Map gives away is out of reach for the rest. Refused are:
//
//   - a Map that names what is not there, or gives one away twice ([errs.Usage]);
//   - a file column that fits two targets at its level ([errs.Invalid]);
//   - two file columns that fit one target, at whatever levels ([errs.Invalid]);
//   - a key target that nothing fits ([errs.Invalid]).
func Match(header []string, targets []Target, maps []Map) (Matching, error) {
	m := matcher{header: header, targets: targets, fileOf: filled(len(targets), -1), fates: make([]fate, len(header))}
	if err := m.byMaps(maps); err != nil {
		return Matching{}, err
	}
	if err := m.byNames(); err != nil {
		return Matching{}, err
	}
	if err := m.keys(); err != nil {
		return Matching{}, err
	}
	return m.result(), nil
}

// fate is what becomes of a file column.
type fate struct {
	how     How // empty: unmatched, or left out
	target  int
	leftOut bool
}

type matcher struct {
	header  []string
	targets []Target
	fates   []fate // by file column
	fileOf  []int  // by target: its file column, or -1
}

func filled(n, value int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = value
	}
	return s
}

// byMaps does what the person says.
func (m *matcher) byMaps(maps []Map) error {
	for _, mp := range maps {
		f := slices.Index(m.header, mp.File)
		if f < 0 {
			return unknownName("The file has no column", mp.File, m.header)
		}
		if m.fates[f].leftOut || m.fates[f].how != "" {
			return errs.New(errs.Usage, "The file's column %s is mapped twice.", show(mp.File)).WithMend("Keep one --map for it.")
		}
		if mp.Target == "" {
			m.fates[f].leftOut = true
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
		m.fates[f], m.fileOf[t] = fate{how: ByMap, target: t}, f
	}
	return nil
}

// byNames matches the rest by what columns are called.
func (m *matcher) byNames() error {
	levels := m.levels()
	for f, name := range m.header {
		if m.fates[f].leftOut || m.fates[f].how == ByMap {
			continue
		}
		for _, l := range levels {
			fits := l.fits[l.key(name)]
			if len(fits) > 1 {
				return m.ambiguous(f, fits)
			}
			if len(fits) == 0 {
				continue
			}
			t := fits[0]
			if other := m.fileOf[t]; other >= 0 {
				return m.contested(t, other, f)
			}
			m.fates[f], m.fileOf[t] = fate{how: l.how, target: t}, f
			break
		}
	}
	return nil
}

// level is one way in which names can fit.
type level struct {
	how  How
	key  func(string) string
	fits map[string][]int // the targets that have this key
}

// levels indexes the targets that no Map has taken.
func (m *matcher) levels() []level {
	names := []struct {
		how How
		of  func(Target) []string
	}{
		{ByName, func(t Target) []string { return []string{t.Name} }},
		{ByLabel, func(t Target) []string { return []string{t.Label} }},
		{ByAlso, func(t Target) []string { return t.Also }},
	}
	var levels []level
	for _, n := range names {
		levels = append(levels, m.level(n.how, strings.TrimSpace, n.of))
	}
	for _, n := range names {
		levels = append(levels, m.level(BySimilar, fold, n.of))
	}
	return levels
}

func (m *matcher) level(how How, key func(string) string, names func(Target) []string) level {
	l := level{how: how, key: key, fits: map[string][]int{}}
	for t, target := range m.targets {
		if m.fileOf[t] >= 0 {
			continue
		}
		for _, name := range names(target) {
			if k := key(name); k != "" && !slices.Contains(l.fits[k], t) {
				l.fits[k] = append(l.fits[k], t)
			}
		}
	}
	return l
}

// keys refuses a file that lacks a key column.
func (m *matcher) keys() error {
	var missing []string
	for t, target := range m.targets {
		if target.Key && m.fileOf[t] < 0 {
			missing = append(missing, target.Name)
		}
	}
	if missing == nil {
		return nil
	}
	what, mend := "key column", "it"
	if len(missing) > 1 {
		what, mend = "key columns", "each of them"
	}
	return errs.New(errs.Invalid, "The %s %s of the dataset is not in the file, so its rows cannot be told apart. The file has: %s.",
		what, list(missing), list(m.header)).
		WithMend("Add %s to the file, or say which column of the file it is: %s.", mend, option("File column", missing[0]))
}

func (m *matcher) ambiguous(f int, fits []int) error {
	names := make([]string, len(fits))
	for i, t := range fits {
		names[i] = m.targets[t].Name
	}
	return errs.New(errs.Invalid, "The file's column %s fits several columns of the dataset equally well: %s.",
		show(m.header[f]), list(names)).
		WithMend("Say which one it is, as in %s, or leave it out: %s.", option(m.header[f], names[0]), option(m.header[f], ""))
}

func (m *matcher) contested(t, first, second int) error {
	a, b, name := m.header[first], m.header[second], m.targets[t].Name
	return errs.New(errs.Invalid, "Two columns of the file, %s and %s, both fit the dataset's column %s.", show(a), show(b), show(name)).
		WithMend("Say which one it is: %s or %s.", option(a, name), option(b, name))
}

func (m *matcher) result() Matching {
	var r Matching
	for f, x := range m.fates {
		switch {
		case x.leftOut:
			r.LeftOut = append(r.LeftOut, f)
		case x.how != "":
			r.Columns = append(r.Columns, Matched{File: f, Target: x.target, How: x.how})
		default:
			r.Unmatched = append(r.Unmatched, f)
		}
	}
	return r
}

func (m *matcher) targetNames() []string {
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
