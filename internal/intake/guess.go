package intake

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sutor/internal/record"
)

// How sure a guess must be, from 0 to 100. The scores below were chosen so that
// one kind of evidence alone is enough only where it is a name's.
const (
	sure    = 75 // taken, and told
	sureKey = 90 // the same for a key: the wrong one would change the wrong rows
	ahead   = 10 // by so much it must be better than the next one
	worth   = 40 // worth asking about

	byWord    = 85 // another word for the same thing
	byKin     = 70 // a company's name, for a name
	bySlip    = 70 // one letter away
	byWithin  = 65 // "new payment terms", for payment terms
	byValues  = 78 // texts that stand in the live column
	byChoice  = 80 // texts that the Compact allows, and no others
	someLive  = 50 // half of the values stand in the live column
	likeLive  = 55 // numbers or dates that stand there: they may by chance
	repeated  = 60 // at most, for a key whose values are not unique in the file
	misfit    = 30 // at most, for values that are not of the column's type
	foundLive = 8  // added to a name where the values stand in the live column
	fitting   = 5  // added to a slip where all values are of the column's type, which is not text
	allowed   = 5  // added to a name where all values are allowed
	notListed = 15 // taken off where no value is allowed, or none stands among the few there are
)

// Evidence is what can be known of columns besides their names.
type Evidence struct {
	Samples []Sample        // of the file, by index in the header; nil without
	Live    map[int]Present // of the system, by index in the targets
}

// Guess matches what is left by other words, slips of the finger and content. It
// takes what is surer than a threshold and clearly ahead of everything else that
// either side could be matched to; the rest becomes questions. Columns matched
// before do not change, and a column that resembles nothing changes nothing.
func (m *Matcher) Guess(e Evidence) {
	files, targets := m.Open()
	scores := m.scores(files, targets, e)
	for _, f := range files {
		best, next := top(scores[f])
		if best.Confidence == 0 {
			continue
		}
		need := sure
		if m.targets[best.Target].Key {
			need = sureKey
		}
		if best.Confidence >= need && best.Confidence-next >= ahead && !rivalled(scores, f, best) {
			m.fates[f] = fate{how: best.how, target: best.Target, confidence: best.Confidence, why: best.Why}
		}
	}
	for f, x := range m.fates { // afterwards, so that no guess depends on the order
		if x.how.Guessed() {
			m.fileOf[x.target] = f
		}
	}
	m.ask(files, scores)
}

// scores weighs every open column of the file against every open target.
func (m *Matcher) scores(files, targets []int, e Evidence) map[int][]Candidate {
	meant := map[int][]string{}
	for _, t := range targets {
		meant[t] = conceptsOf(m.targets[t].Names())
	}
	scores := map[int][]Candidate{}
	for _, f := range files {
		for _, t := range targets {
			c := m.byNameOnly(f, t, meant[t])
			if e.Samples != nil {
				c = weigh(c, m.targets[t], e.Samples[f], e.Live[t])
			}
			if c.Confidence > 0 {
				c.Target = t
				scores[f] = append(scores[f], c)
			}
		}
	}
	return scores
}

// byNameOnly gives what two names have in common.
func (m *Matcher) byNameOnly(f, t int, meant []string) (best Candidate) {
	header := m.header[f]
	better := func(confidence int, how How, format string, args ...any) {
		if confidence > best.Confidence {
			best = Candidate{Confidence: confidence, how: how, Why: fmt.Sprintf(format, args...)}
		}
	}
	if c := conceptsOf([]string{header}); len(c) == 1 && len(meant) > 0 {
		if slices.Contains(meant, c[0]) {
			better(byWord, ByWord, "it is a word for %s", c[0])
		} else if other, ok := kin(c[0], meant); ok {
			better(byKin, ByWord, "it is a word for %s, which is near %s", c[0], other)
		} else {
			return best // a county is no country, however near the words
		}
	}
	for _, name := range m.targets[t].Names() {
		switch {
		case oneSlip(header, name):
			better(bySlip, BySlip, "its name is one letter away from %s", show(name))
		case within(header, name):
			better(byWithin, BySlip, "its name has the words of %s", show(name))
		default:
			if near := closeness(header, name); near >= 2.0/3 {
				better(worth+int(30*near), BySlip, "its name resembles %s", show(name))
			}
		}
	}
	best.Confidence = min(best.Confidence, 99)
	return best
}

// weigh lets what stands in a column speak for or against its name.
func weigh(c Candidate, t Target, s Sample, live Present) Candidate {
	if len(s.Values) == 0 {
		return c
	}
	fits := s.fitting(t.Type)
	if fits*2 < len(s.Values) {
		if c.Confidence > misfit {
			c.Confidence = misfit
		}
		return c
	}
	found := live.count(t.Type, s.Values)
	listed := s.among(t.Type, t.OneOf)
	if c.Confidence > 0 {
		c = adjust(c, s, t, live, found, listed)
		if c.how == BySlip && !takesAny(t.Type.Kind) && fits == len(s.Values) {
			c.Confidence = min(c.Confidence+fitting, 99)
		}
	} else {
		c = contentOnly(s, t, live, found, listed)
	}
	if t.Key && s.Repeats {
		c.Confidence = min(c.Confidence, repeated)
	}
	return c
}

// takesAny tells of the kinds that hold any text, as far as can be told here.
func takesAny(k record.Kind) bool { return k == record.Text || k == record.Native }

// adjust is for columns whose names speak already.
func adjust(c Candidate, s Sample, t Target, live Present, found, listed int) Candidate {
	n := len(s.Values)
	if n >= 3 && most(found, n) {
		c.Confidence += foundLive
		c.Why += ", and " + ofValues(found, n) + " stand there"
	} else if n >= 3 && found == 0 && live.Few() && t.OneOf == nil {
		c.Confidence -= notListed
		c.Why += ", but none of its values stands there"
	}
	if t.OneOf != nil && listed == n {
		c.Confidence += allowed
		c.Why += ", and its values are allowed there"
	} else if t.OneOf != nil && listed == 0 {
		c.Confidence -= notListed
		c.Why += ", but none of its values is allowed there"
	}
	c.Confidence = min(max(c.Confidence, 1), 99)
	return c
}

// contentOnly is for columns whose names say nothing. Numbers and dates stand in
// many columns by chance, so they are asked about at most.
func contentOnly(s Sample, t Target, live Present, found, listed int) Candidate {
	n := len(s.Values)
	words := t.Type.Kind == record.Text && s.wordy()
	c := Candidate{how: ByContent}
	switch {
	case words && t.OneOf != nil && listed == n && n >= 2:
		c.Confidence, c.Why = byChoice, "all its values are allowed there"
	case words && n >= 5 && most(found, n):
		c.Confidence, c.Why = byValues, ofValues(found, n)+" stand there"
	case n >= 5 && most(found, n):
		c.Confidence, c.Why = likeLive, ofValues(found, n)+" stand there"
	case words && n >= 3 && found*2 >= n:
		c.Confidence, c.Why = someLive, ofValues(found, n)+" stand there"
	}
	return c
}

func most(found, n int) bool { return found*10 >= n*9 }

func ofValues(found, n int) string {
	if found == n {
		return fmt.Sprintf("all %d of its values that were looked at", n)
	}
	return fmt.Sprintf("%d of %d of its values that were looked at", found, n)
}

// top gives the best candidate and the confidence of the next one.
func top(all []Candidate) (best Candidate, next int) {
	for _, c := range all {
		if c.Confidence > best.Confidence {
			best, next = c, best.Confidence
		} else {
			next = max(next, c.Confidence)
		}
	}
	return best, next
}

// rivalled tells whether another column of the file fits the target nearly as
// well, or better.
func rivalled(scores map[int][]Candidate, f int, best Candidate) bool {
	for other, all := range scores {
		for _, c := range all {
			if other != f && c.Target == best.Target && best.Confidence-c.Confidence < ahead {
				return true
			}
		}
	}
	return false
}

// ask keeps what could not be taken and is worth a question.
func (m *Matcher) ask(files []int, scores map[int][]Candidate) {
	for _, f := range files {
		if !m.fates[f].open() {
			continue
		}
		all := slices.DeleteFunc(slices.Clone(scores[f]), func(c Candidate) bool { return c.Confidence < worth || m.fileOf[c.Target] >= 0 })
		slices.SortFunc(all, func(a, b Candidate) int {
			return cmp.Or(b.Confidence-a.Confidence, strings.Compare(m.targets[a.Target].Name, m.targets[b.Target].Name))
		})
		if len(all) > 0 {
			m.asked = append(m.asked, Question{File: f, Candidates: all[:min(3, len(all))]})
		}
	}
}

// Option gives the words of the command line that say what a column of the file
// is; without a target, that it is left out.
func Option(file, target string) string { return option(file, target) }
