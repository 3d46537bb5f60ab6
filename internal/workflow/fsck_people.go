package workflow

import (
	"maps"
	"slices"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/plan"
)

// counts adds a change to its maker's record.
func (a *audit) counts(c *change.Change, t *told) {
	if c.IsReversal() {
		return
	}
	r := a.records[c.Maker]
	if r == nil {
		r = &change.Record{}
		a.records[c.Maker] = r
	}
	for i, e := range t.events {
		*r = r.With(t.events[:i], e)
	}
}

// standings compares where makers stand with what the leaves of their changes and of
// their levels tell. Who has none stored yet was never asked about.
func (a *audit) standings(tx Tx) error {
	for _, maker := range slices.Sorted(maps.Keys(a.records)) {
		s, err := tx.Standing(maker)
		if err != nil {
			return err
		}
		if s == nil {
			continue
		}
		if string(plan.CanonicalJSON(s.Record)) != string(plan.CanonicalJSON(*a.records[maker])) {
			a.report.Problem("The stored record of a maker (%s) is not what the leaves of their changes add up to.", maker)
		}
		if to, moved := a.levels[maker]; moved && to != s.Level {
			a.report.Problem("The stored level of a maker (%s) is %s, but their last move led to %s.", maker, s.Level, to)
		}
	}
	return nil
}

// named compares the stored deputies with the leaves that named them: a right that
// somebody wrote into the database has no leaf.
func (a *audit) named(tx Tx) error {
	stored, err := tx.Deputies()
	if err != nil {
		return err
	}
	for _, d := range stored {
		body, named := a.deputies[d.ID]
		delete(a.deputies, d.ID)
		switch {
		case !named:
			a.report.Problem("The deputy %s is stored, but no leaf tells that they were named, or one tells that they were ended.", d.ID)
		case body.Who == "": // erased
		case access.Fold(body.Who) != d.Person || access.Fold(body.For) != d.Deputy || !maps.Equal(body.Details, scopeOf(d)):
			a.report.Problem("The deputy %s as stored is not who the leaf tells that was named, or not for that time and those datasets.", d.ID)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(a.deputies)) {
		a.report.Problem("The log tells of the deputy %s, but they are not stored.", id)
	}
	return nil
}
