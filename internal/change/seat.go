package change

import (
	"slices"

	"sutor/internal/access"
	"sutor/internal/errs"
)

// Segregation of duties is seen through deputies. A decision has one pair of eyes:
// who makes it and, where it is made in somebody's place, that person too. None of
// the two may have made the change, and none may stand behind another decision on
// it: so nobody decides for two roles, nobody for two people, and a person and
// their deputy count once. Whom the maker named as their deputy decides in nobody
// else's place either, as that would be the maker's side; a right of their own they
// keep, or a maker could take a decider's right away by naming them. A manager to
// whom a leaver's duties came unasked is barred only once they used them.

// capacity is one way in which a person may decide: in their own right, or in the
// place of somebody.
type capacity struct {
	who   access.Principal // whose rights count
	place access.Email     // whose place it is; "" in their own right
	in    access.StandIn
}

// capacities gives the ways in which a person may decide on a change, their own
// right first; barred are those which they would have but for the maker's sake.
func capacities(c *Change, p access.Principal) (may, barred []capacity) {
	makers := slices.ContainsFunc(p.StandsIn, func(s access.StandIn) bool { return s.For.Email == c.Maker && s.Deputy != "" })
	may = []capacity{{who: p}}
	for _, s := range p.StandsIn {
		q := capacity{who: s.For, place: s.For.Email, in: s}
		switch {
		case makers:
			barred = append(barred, q)
		case !c.MadeBy(s.For.Email):
			may = append(may, q)
		}
	}
	return may, barred
}

// fills tells whether one can decide in a role for a dataset. Stewards have no
// deputies: a route that names them asks for any of them.
func (q capacity) fills(r access.Role, d access.Dataset) bool {
	if q.place != "" && !q.in.Covers(d.Name) {
		return false
	}
	switch r {
	case access.Owner:
		return d.OwnedBy(q.who)
	case access.Manager:
		return q.who.Is(access.Manager) && q.who.In(d.Department)
	case access.Steward:
		return q.place == "" && q.who.Is(access.Steward)
	}
	return false
}

// fillsStep tells whether one can decide where a step asks for somebody: in its
// role, for its dataset, which is the only one in a change over one.
func (q capacity) fillsStep(s Step, ds []access.Dataset) bool {
	return slices.ContainsFunc(ds, func(d access.Dataset) bool { return (s.Dataset == "" || s.Dataset == d.Name) && q.fills(s.Role, d) })
}

// asMaker tells whether the person may go on with the change as its maker does, and
// with whose rights: the maker themself or, after they have left, who took their
// duties over.
func asMaker(c *Change, p access.Principal, ds []access.Dataset) (access.Principal, bool) {
	if c.Maker == p.Email {
		return p, true
	}
	for _, s := range p.StandsIn {
		if s.Left && s.For.Email == c.Maker && each(ds, func(d access.Dataset) bool { return s.Covers(d.Name) }) {
			return s.For, true
		}
	}
	return access.Principal{}, false
}

// seatFor picks what a decision counts as: of the open steps that the person can
// fill, the first after which the others can still fill the rest. Nobody decides for
// two roles; in one, they decide for all datasets at once.
func seatFor(c *Change, p access.Principal, ds []access.Dataset) (Seat, error) {
	decided := []access.Email{p.Email}
	var inPlace error // why no decision in somebody's place is open
	for _, old := range c.Valid() {
		switch {
		case old.By == p.Email && old.For == "":
			return Seat{}, errs.New(errs.Blocked, "You have decided on change %s already, as %s; nobody decides for two roles.", c.ID, old.Role)
		case old.By == p.Email:
			return Seat{}, errs.New(errs.Blocked, "You have decided on change %s already, in the place of %s; nobody decides twice.", c.ID, old.For)
		case old.For == p.Email:
			return Seat{}, errs.New(errs.Blocked, "%s has decided on change %s already, in your place: a person and their deputy count once.", old.By, c.ID)
		}
		decided = append(decided, old.eyes()...)
	}
	open := c.Open()
	may, _ := capacities(c, p)
	var first Seat
	for _, q := range may {
		if slices.Contains(decided[1:], q.place) {
			inPlace = errs.New(errs.Blocked, "%s has decided on change %s already: a person and their deputy count once.", q.place, c.ID)
			continue
		}
		for _, s := range open {
			if !q.fillsStep(s, ds) {
				continue
			}
			if first.Role == "" {
				first = Seat{s.Role, q.place}
			}
			rest := slices.Clone(open)
			for i := range rest {
				if rest[i].Role == s.Role && q.fillsStep(rest[i], ds) {
					rest[i].Needs--
				}
			}
			if _, ok := walkable(rest, append(slices.Clone(decided), q.place)); ok {
				return Seat{s.Role, q.place}, nil
			}
		}
	}
	switch {
	case first.Role != "":
		return first, nil
	case inPlace != nil:
		return Seat{}, inPlace
	}
	return Seat{}, errs.New(errs.Blocked, "Change %s does not wait for a decision of yours: its route asks for somebody else.", c.ID).
		WithMend("See its route with: sutor change show %s", c.ID)
}

// MayDecideAs tells whether a decision of the person could count in the role, in
// some state of the change.
func MayDecideAs(c *Change, r access.Role, p access.Principal, ds ...access.Dataset) bool {
	may, _ := capacities(c, p)
	return slices.ContainsFunc(may, func(q capacity) bool {
		return slices.ContainsFunc(ds, func(d access.Dataset) bool { return q.fills(r, d) })
	})
}
