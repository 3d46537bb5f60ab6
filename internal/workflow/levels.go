package workflow

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/guard"
	"sutor/internal/notice"
	"sutor/internal/wire"
)

// A maker's level moves at a few moments only, each inside the transaction of what
// happened: when a change of theirs was applied, undone, sent back or met a
// conflict, and when a Compact comes into force. In between it stays, so that
// nobody's freedom changes overnight: a rule that looks at days is asked again at the
// next of these moments. The record is stored as a sum, and is what the leaves of the
// maker's changes tell (fsck adds them up again).

// LevelOf gives the level that a record has at a time by a Compact: the highest that
// a rule gives, and never below the one that the Compact gives the maker. It depends
// on nothing else.
func LevelOf(c *compact.Compact, start access.Level, r change.Record, now time.Time) access.Level {
	level := start
	for _, l := range c.Levels {
		rule, err := guard.CompileRecord(levelRule(l))
		if err == nil && !level.AtLeast(l.Level) && rule.Holds(recordFigures(r, now)) {
			level = l.Level
		}
	}
	return level
}

func levelRule(l compact.LevelRule) guard.Rule {
	return guard.Rule{Name: string(l.Level), Each: guard.EachRecord, When: l.When.Text, Say: l.Say}
}

func recordFigures(r change.Record, now time.Time) guard.MakerRecord {
	return guard.MakerRecord{Applied: r.Applied, Clean: r.Clean, Conflicts: r.Conflicts, Undone: r.Undone, Rejected: r.Rejected,
		Days: r.Days(now), DaysSinceBad: r.DaysSinceBad(now)}
}

// levelNow gives the level of a maker that is in force.
func (w *Workflow) levelNow(tx Tx, p access.Principal) (access.Level, error) {
	if len(w.Compact().Levels) == 0 || !p.Is(access.Maker) {
		return p.Level, nil
	}
	s, err := tx.Standing(p.Email)
	if err != nil || s == nil || p.Level.AtLeast(s.Level) {
		return p.Level, err
	}
	return s.Level, nil
}

// recorded counts what just happened to a change, whose leaf is written, in its
// maker's record, and moves their level if that follows.
func (w *Workflow) recorded(tx Tx, c *change.Change) error {
	if c.IsReversal() {
		return nil
	}
	s, err := tx.Standing(c.Maker)
	if err != nil {
		return err
	}
	if s == nil {
		if s, err = w.addUp(tx, w.Compact(), c.Maker); err != nil {
			return err
		}
		return w.moveLevel(tx, w.Compact(), s, c.ID)
	}
	life, err := eventsOf(tx, c.ID)
	if err != nil || len(life) == 0 {
		return err
	}
	last := len(life) - 1
	s.Record = s.Record.With(life[:last], life[last])
	return w.moveLevel(tx, w.Compact(), s, c.ID)
}

// addUp makes a maker's record from the leaves of all their changes. The level is
// the one that the Compact gives.
func (w *Workflow) addUp(tx Tx, comp *compact.Compact, maker access.Email) (*change.Standing, error) {
	s := &change.Standing{Person: maker, Level: access.Newcomer, At: w.Now().UTC()}
	if p, there := comp.Person(maker); there {
		s.Level = p.Level
	}
	var ids []change.ID
	err := pages(tx, Filter{Maker: maker}, func(c *change.Change) {
		if !c.IsReversal() {
			ids = append(ids, c.ID)
		}
	})
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		life, err := eventsOf(tx, id)
		if err != nil {
			return nil, err
		}
		for i, e := range life {
			s.Record = s.Record.With(life[:i], e)
		}
	}
	return s, nil
}

// eventsOf reads what of a change's life counts in the record.
func eventsOf(tx Tx, id change.ID) (life []change.Event, err error) {
	indexes, err := tx.Log().Chain(evidence.SubjectOf(evidence.ChangeID(id)))
	if err != nil {
		return nil, err
	}
	for _, i := range indexes {
		texts, err := tx.Log().Leaves(i, 1)
		if err != nil {
			return nil, err
		}
		for _, text := range texts {
			l, err := evidence.ParseLeaf(text)
			if err != nil {
				return nil, err
			}
			if e, counts := eventOf(l); counts {
				life = append(life, e)
			}
		}
	}
	return life, nil
}

// eventOf tells what a leaf means for the record.
func eventOf(l evidence.Leaf) (change.Event, bool) {
	at, err := time.Parse(time.RFC3339, l.At)
	if err != nil {
		return change.Event{}, false // no leaf is so: it would not parse
	}
	what := map[evidence.Kind]change.Happening{evidence.DecisionRejected: change.WasRejected, evidence.ChangeUndone: change.WasUndone}[l.Kind]
	if l.Kind == evidence.ApplyResult {
		what = map[evidence.State]change.Happening{"applied": change.WasApplied, "planned": change.MetConflict}[l.To]
	}
	return change.Event{What: what, At: at}, what != ""
}

// moveLevel stores where a maker stands, and if their level is another now, leaves
// the leaf and tells them. of is the change that moved it; "" where a Compact did.
func (w *Workflow) moveLevel(tx Tx, comp *compact.Compact, s *change.Standing, of change.ID) error {
	p, here := comp.Principal(s.Person)
	if here && p.Is(access.Maker) {
		to := LevelOf(comp, p.Level, s.Record, w.Now())
		if from := s.Level; from != to {
			s.Level, s.At = to, w.Now().UTC()
			s.Why = whyMoved(comp, from, to, p.Level, of)
			if err := w.levelLeaf(tx, s, from, of); err != nil {
				return err
			}
		}
	}
	return tx.SaveStanding(*s)
}

func (w *Workflow) levelLeaf(tx Tx, s *change.Standing, from access.Level, of change.ID) error {
	r := s.Record
	e := evidence.Entry{Kind: evidence.LevelMoved, At: w.Now(), IDs: map[string]string{"from": string(from), "to": string(s.Level), "why": "compact"},
		Counts: map[string]int64{"applied": r.Applied, "clean": r.Clean, "conflicts": r.Conflicts, "undone": r.Undone, "rejected": r.Rejected,
			"days": r.Days(w.Now()), "days_since_bad": r.DaysSinceBad(w.Now())},
		Body: evidence.Body{For: string(s.Person), Message: s.Why}}
	if of != "" {
		e.IDs["why"], e.IDs["by"] = "record", string(of)
	}
	if _, err := w.log.Append(tx.Log(), e); err != nil {
		return err
	}
	return w.notify(tx, notice.Notice{Kind: notice.Told, Say: s.Why}, s.Person)
}

// whyMoved says to a maker why their level is another now. Falling back is no
// punishment, and is told as what it is: their owner looks on again for a while.
func whyMoved(comp *compact.Compact, from, to, start access.Level, of change.ID) string {
	occasion := "The Compact says so now."
	if of != "" {
		occasion = fmt.Sprintf("It follows from change %s.", of)
	}
	if to.AtLeast(from) {
		say := ""
		for _, l := range comp.Levels {
			if l.Level == to && !start.AtLeast(to) {
				say = " " + l.Say
				break
			}
		}
		return fmt.Sprintf("Well done: your level is %s now.%s %s", to, say, occasion)
	}
	back := ""
	for _, l := range comp.Levels {
		if l.Level == from {
			back = fmt.Sprintf(" What brings %s back: %s", from, l.Say)
			break
		}
	}
	return fmt.Sprintf("Your level is %s again. %s That happens to everybody, and nothing is lost: for a while an owner looks at more of your changes.%s", to, occasion, back)
}

// relevel asks the levels of all makers again, as a Compact came into force.
func (w *Workflow) relevel(tx Tx, before, comp *compact.Compact) error {
	for _, p := range comp.People {
		if p.Left || !p.Is(access.Maker) {
			continue
		}
		s, err := tx.Standing(p.Email)
		if err != nil {
			return err
		}
		if s == nil && len(comp.Levels) == 0 {
			continue
		}
		if s == nil {
			if s, err = w.addUp(tx, comp, p.Email); err != nil {
				return err
			}
			if before != nil {
				if old, there := before.Person(p.Email); there {
					s.Level = old.Level
				}
			}
		}
		if err := w.moveLevel(tx, comp, s, ""); err != nil {
			return err
		}
	}
	return nil
}

// viewStanding shows a maker where they stand, and what the next step takes.
func (w *Workflow) viewStanding(tx Tx, p access.Principal) (*wire.Standing, error) {
	start, there := w.Compact().Principal(p.Email)
	if !there || !p.Is(access.Maker) {
		return nil, nil
	}
	s, err := tx.Standing(p.Email)
	if err == nil && s == nil {
		s, err = w.addUp(tx, w.Compact(), p.Email)
	}
	if err != nil {
		return nil, err
	}
	f := recordFigures(s.Record, w.Now())
	out := &wire.Standing{Level: string(p.Level), Start: string(start.Level), Why: s.Why,
		Record: wire.Record{Applied: f.Applied, Clean: f.Clean, Conflicts: f.Conflicts, Undone: f.Undone, Rejected: f.Rejected, Days: f.Days, DaysSinceBad: f.DaysSinceBad}}
	if s.Why != "" {
		at := s.At
		out.Since = &at
	}
	for _, l := range w.Compact().Levels {
		if !p.Level.AtLeast(l.Level) && (out.Next == nil || access.Level(out.Next.Level).AtLeast(l.Level) && access.Level(out.Next.Level) != l.Level) {
			out.Next = &wire.NextLevel{Level: string(l.Level), When: l.When.Text, Say: strings.TrimSpace(l.Say)}
			rule, err := guard.CompileRecord(levelRule(l))
			out.Next.Reached = err == nil && rule.Holds(f)
		}
	}
	return out, nil
}

// checkLevels compiles the rules of levels.
func checkLevels(c *compact.Compact) (problems []compact.Problem) {
	for _, l := range c.Levels {
		_, err := guard.CompileRecord(levelRule(l))
		var bad *guard.Error
		if errors.As(err, &bad) {
			problems = append(problems, c.ProblemIn(l.When, bad.Line, bad.Column, bad.Message(), bad.Mend()))
		} else if err != nil {
			public := errs.Public(err)
			problems = append(problems, c.Problem(l.When.Path, public.Message, public.Mend))
		}
	}
	return problems
}
