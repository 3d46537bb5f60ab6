package intake

import (
	"slices"
	"strings"
)

// Remembered is what was decided in an earlier change about a column of a file
// for the same dataset.
type Remembered struct {
	File   string // the name in that file's header
	Target string // the dataset column's exact name; empty: it was left out
	Change string // the change's id
	Own    bool   // the same person's; else a colleague's
}

// Confidence in what was decided before.
const (
	ownMemory   = 95
	otherMemory = 90
)

func (r Remembered) why() string { return "as in change " + r.Change }

// byMemory does what was decided before, for columns whose names say nothing. A
// target that two of them claim goes to neither.
func (m *Matcher) byMemory() {
	claims := map[int][]int{}
	said := map[int]Remembered{}
	for f := range m.header {
		if !m.fates[f].open() {
			continue
		}
		r, ok := m.remembered(f, nil)
		if !ok {
			continue
		}
		said[f] = r
		if t := m.target(r.Target); t >= 0 {
			claims[t] = append(claims[t], f)
		}
	}
	for f, r := range said {
		if t := m.target(r.Target); t < 0 || len(claims[t]) == 1 {
			m.remember(f, r)
		}
	}
}

// remembered finds the first decision on a column of this name that can be done:
// an exact name before a similar one. With fits, it is one of these targets.
func (m *Matcher) remembered(f int, fits []int) (Remembered, bool) {
	for _, key := range []func(string) string{strings.TrimSpace, fold} {
		for _, r := range m.memory {
			if k := key(m.header[f]); k == "" || key(r.File) != k {
				continue
			}
			t := m.target(r.Target)
			if r.Target == "" && fits == nil || t >= 0 && m.fileOf[t] < 0 && (fits == nil || slices.Contains(fits, t)) {
				return r, true
			}
		}
	}
	return Remembered{}, false
}

// remember gives a column the fate that was decided before.
func (m *Matcher) remember(f int, r Remembered) {
	x := fate{how: ByMemory, why: r.why(), confidence: otherMemory}
	if r.Own {
		x.confidence = ownMemory
	}
	if x.target = m.target(r.Target); x.target < 0 {
		x.target, x.leftOut = 0, true
	} else {
		m.fileOf[x.target] = f
	}
	m.fates[f] = x
}

// target finds a column of the dataset by its exact name; -1 without one.
func (m *Matcher) target(name string) int {
	return slices.IndexFunc(m.targets, func(t Target) bool { return t.Name == name && name != "" })
}
