package workflow

import (
	"context"
	"slices"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/finding"
	"sutor/internal/intake"
	"sutor/internal/plan"
	"sutor/internal/recipe"
	"sutor/internal/record/format"
	"sutor/internal/system"
)

// memories is how many of the last remembered files count.
const memories = 50

// matching is the matching of one file's columns in the making.
type matching struct {
	*Workflow
	c       *change.Change
	d       access.Dataset
	sys     *system.System
	spec    *Spec
	header  []string
	staging string
	samples []intake.Sample
	live    map[int]intake.Present // by target; read once
	differs recipe.Difference      // from the recipe, if there is one
	found   []finding.Finding
}

// remembered gives the formats that were chosen before, of those that the columns'
// types still have.
func (m *matching) remembered(list []recipe.Memory) map[string]plan.Remembered {
	out := map[string]plan.Remembered{}
	for column, f := range recipe.Formats(list, m.c.Maker, m.header, m.c.ID) {
		i := m.spec.Table.Columns.Index(column)
		if i < 0 {
			continue
		}
		if _, err := format.Named(m.spec.Table.Columns[i].Type.Kind, f.Format); err == nil {
			out[column] = plan.Remembered{Format: f.Format, Change: f.Change}
		}
	}
	return out
}

// match says which column of the file is which and completes the spec: by names,
// by what was decided before, and for what is left by what stands in the file and
// in the system. What somebody must know about it becomes findings.
func (w *Workflow) match(ctx context.Context, c *change.Change, sys *system.System, spec *Spec, read staged) ([]finding.Finding, error) {
	header := read.Columns
	m := &matching{Workflow: w, c: c, d: w.Compact().AccessDataset(c.Dataset), sys: sys, spec: spec, header: header, staging: read.staging}
	memory, err := m.recall(ctx)
	if err != nil {
		return nil, err
	}
	maps := ownMaps(c.Options.Map)
	if c.Options.Recipe != nil {
		more, err := m.byRecipe(ctx, maps, memory)
		if err != nil {
			return nil, err
		}
		maps = append(maps, more...)
	} else {
		maps = append(maps, read.marked(maps, spec.Table.Columns.Pick(spec.matchable()))...)
	}
	matcher, err := intake.NewMatcher(header, spec.targets, maps, memory)
	if err != nil {
		return nil, ofFile{err}
	}
	if err := m.guess(ctx, matcher); err != nil {
		return nil, err
	}
	result, err := matcher.Matching()
	if err != nil {
		return nil, ofFile{m.besides(err)}
	}
	spec.take(header, result)
	m.report(result)
	return m.found, nil
}

func ownMaps(maps map[string]string) (list []intake.Map) {
	for _, file := range sortedKeys(maps) {
		list = append(list, intake.Map{File: file, Target: maps[file]})
	}
	return list
}

// recall gives what was decided before about columns of files for the dataset: the
// maker's own decisions first, then the department's, the newest first. The formats
// that were chosen then go into the spec.
func (m *matching) recall(ctx context.Context) (out []intake.Remembered, err error) {
	var list []recipe.Memory
	err = m.Store.View(ctx, func(tx Tx) (err error) {
		list, err = tx.Memories(m.c.Dataset, m.c.Maker, m.d.Department, memories)
		return err
	})
	m.spec.Remembered = m.remembered(list)
	for _, own := range []bool{true, false} {
		for _, memory := range list {
			if own != (memory.Person == m.c.Maker) || memory.Change == m.c.ID {
				continue
			}
			for _, file := range memory.Columns {
				if target, decided := memory.Options.Map[file]; decided {
					out = append(out, intake.Remembered{File: file, Target: target, Change: string(memory.Change), Own: own})
				}
			}
		}
	}
	return out, err
}

// guess lets a matcher guess what is left over, with what stands in the columns.
func (m *matching) guess(ctx context.Context, matcher *intake.Matcher) error {
	files, targets := matcher.Open()
	e, err := m.content(ctx, files, targets)
	if err == nil {
		matcher.Guess(e)
	}
	return err
}

// take completes the judged set by a matching: the key, the file's columns, and
// every column that a guardrail reads.
func (s *Spec) take(header []string, m intake.Matching) {
	s.Columns = header
	wanted := slices.Clone(s.reads)
	s.mapping = make([]change.Mapped, len(header))
	for f, name := range header {
		s.mapping[f].File = name
	}
	for _, c := range m.Columns {
		name := s.targets[c.Target].Name
		src := plan.Source{File: c.File, Name: header[c.File], Column: name, How: string(c.How)}
		if c.Confidence < 100 {
			src.Confidence, src.Why = c.Confidence, c.Why
		}
		s.Sources = append(s.Sources, src)
		s.mapping[c.File] = change.Mapped{File: header[c.File], Column: name, How: string(c.How), Confidence: c.Confidence, Why: c.Why}
		wanted = append(wanted, name)
	}
	for _, l := range m.LeftOut {
		s.mapping[l.File].How, s.mapping[l.File].Why = string(l.How), l.Why
	}
	for _, q := range m.Questions {
		for _, c := range q.Candidates {
			s.mapping[q.File].Candidates = append(s.mapping[q.File].Candidates,
				change.Candidate{Column: s.targets[c.Target].Name, Confidence: c.Confidence, Why: c.Why})
		}
	}
	s.judge(wanted)
}

// report makes findings of what was guessed, what must be asked and what fits
// nothing.
func (m *matching) report(r intake.Matching) {
	var guesses, questions []plan.Guess
	asked := map[int]bool{}
	for _, c := range r.Columns {
		if c.How.Guessed() {
			guesses = append(guesses, plan.Guess{File: m.header[c.File], Column: m.spec.targets[c.Target].Name, Confidence: c.Confidence, Why: c.Why,
				Option: intake.Option(m.header[c.File], "")})
		}
	}
	for _, q := range r.Questions {
		asked[q.File] = true
		for _, c := range q.Candidates {
			name := m.spec.targets[c.Target].Name
			questions = append(questions, plan.Guess{File: m.header[q.File], Column: name, Confidence: c.Confidence, Why: c.Why, Option: intake.Option(m.header[q.File], name)})
		}
	}
	var left []string
	for _, f := range r.Unmatched {
		if !asked[f] {
			left = append(left, m.header[f])
		}
	}
	if len(guesses) > 0 {
		m.found = append(m.found, plan.MatchedFinding(guesses))
	}
	if len(questions) > 0 {
		m.found = append(m.found, plan.QuestionFinding(questions))
	}
	if len(left) > 0 {
		m.found = append(m.found, plan.UnmatchedFinding(left))
	}
}
