package change

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"sutor/internal/access"
	"sutor/internal/finding"
)

// OwnersUndo is how long after an apply a listed owner may reverse it alone.
const OwnersUndo = 30 * 24 * time.Hour

// RouteInput is all that a route depends on.
type RouteInput struct {
	Maker    access.Email
	Dataset  string // that the steps are for, in a family; "" in a change over one dataset
	Findings []finding.Finding
	Owners   int    // how many owners must approve; 0 is one
	Freedom  string // why the maker may go ahead without the owner; "" if not
	Reversal string // why this reversal needs nobody's decision; "" for a normal route
	// Deciders gives the people who may decide in a role, the maker included.
	Deciders func(access.Role) []access.Email
	Left     func(access.Role) []Vacancy // those who would, but have left; nil for none
	Hands    []access.Email              // who went on with the change in its maker's place
}

// Route is who must decide, with reasons. Why explains an empty route. Blocked
// says why it cannot be walked: a role that nobody can fill blocks, it never
// counts as approved.
type Route struct {
	Steps   []Step
	Why     string
	Blocked string
}

// RouteFor computes the route. Guardrails that ask for an approval always add
// their step, whatever freedom says; on a reversal they are told as warnings by
// the plan and ask for nothing.
func RouteFor(in RouteInput) Route {
	steps := asked(in)
	why := ""
	switch {
	case len(steps) == 0 && in.Reversal != "":
		why = in.Reversal
	case len(steps) == 0 && in.Freedom != "":
		why = in.Freedom
	default:
		steps = ownersToo(steps, in)
	}
	for i := range steps {
		in.name(&steps[i])
	}
	return Route{Steps: steps, Why: why, Blocked: unwalkable(steps)}
}

// name says who may decide in a step: nobody who made the change.
func (in RouteInput) name(s *Step) {
	made := func(e access.Email) bool { return e == in.Maker || slices.Contains(in.Hands, e) }
	s.Who = slices.DeleteFunc(slices.Clone(in.Deciders(s.Role)), made)
	if in.Left == nil {
		return
	}
	for _, v := range in.Left(s.Role) {
		if v.To = slices.DeleteFunc(slices.Clone(v.To), made); !made(v.Of) {
			s.Left = append(s.Left, v)
		}
	}
}

// JoinRoutes makes the one route of a family of those that its members would have:
// each dataset's people decide for it.
func JoinRoutes(all []Route) (r Route) {
	for _, one := range all {
		r.Steps = append(r.Steps, one.Steps...)
		if r.Why == "" {
			r.Why = one.Why
		}
	}
	if len(r.Steps) > 0 {
		r.Why = ""
	}
	r.Blocked = unwalkable(r.Steps)
	return r
}

// asked gives the steps that guardrails ask for.
func asked(in RouteInput) (steps []Step) {
	for _, f := range in.Findings {
		if f.Severity != finding.Approve {
			continue
		}
		role := access.Role(f.By)
		if role == "" {
			role = access.Owner
		}
		steps = addStep(steps, Step{Role: role, Needs: max(f.Needs, 1), Dataset: in.Dataset, Why: Reason(f)})
	}
	return steps
}

// Reason words the reason of a step that a guardrail asks for.
func Reason(f finding.Finding) string { return fmt.Sprintf("Guardrail %s: %s", f.Guardrail, f.Message) }

// ownersToo adds the owners, first, where no guardrail asks for as many.
func ownersToo(steps []Step, in RouteInput) []Step {
	own := Step{Role: access.Owner, Needs: 1, Dataset: in.Dataset, Why: "The owner of the dataset decides."}
	if in.Owners > 1 {
		own.Needs, own.Why = in.Owners, fmt.Sprintf("%d owners of the dataset decide.", in.Owners)
	}
	for i, s := range steps {
		if s.Role != access.Owner {
			continue
		}
		if s.Needs < own.Needs {
			steps[i].Needs, steps[i].Why = own.Needs, own.Why+" "+s.Why
		}
		return steps
	}
	return append([]Step{own}, steps...)
}

// addStep joins steps of one role: the greatest number counts, as one decision
// answers them all, and their reasons are kept together.
func addStep(steps []Step, s Step) []Step {
	for i := range steps {
		if steps[i].Role == s.Role {
			steps[i].Needs = max(steps[i].Needs, s.Needs)
			steps[i].Why += " " + s.Why
			return steps
		}
	}
	return append(steps, s)
}

// unwalkable says which step nobody can fill.
func unwalkable(steps []Step) string {
	missing, ok := walkable(steps, nil)
	switch {
	case ok:
		return ""
	case missing.Needs > 1 && len(missing.Who)+len(missing.Left) < missing.Needs:
		return fmt.Sprintf("It needs %d people who decide as %s, and the Compact names only %d who may.", missing.Needs, Asks([]Step{missing}), len(missing.Who)+len(missing.Left))
	case missing.Needs > 1:
		return fmt.Sprintf("It needs %d people who decide as %s: the Compact names too few, or people who decide in another role already.", missing.Needs, Asks([]Step{missing}))
	}
	return fmt.Sprintf("Nobody can decide as %s: the Compact names nobody else for that role, or only people who decide in another role already.", Asks([]Step{missing}))
}

// walkable tells whether there are people for all steps at once, without those
// who have decided already, and if not, for which step there is nobody. Since
// nobody decides for two roles, each person takes one, and in it decides wherever
// the steps name them: for several datasets of a family at once.
func walkable(steps []Step, decided []access.Email) (missing Step, ok bool) {
	for n := range steps {
		if !seatable(steps[:n+1], decided) {
			return steps[n], false
		}
	}
	return Step{}, true
}

// seatable goes through the people one by one, and for each through what they could
// decide as: in a role, in their own right or in a place that somebody left, which
// takes one of those who may. What is still needed after so many people, and which
// places are taken, decides the rest, so no such point is looked at twice.
func seatable(steps []Step, decided []access.Email) bool {
	people := map[access.Email][]Seat{}
	free := func(e access.Email) bool { return !slices.Contains(decided, e) }
	left := make([]byte, len(steps)) // decisions that each step still needs
	may := func(who access.Email, seat Seat) {
		if free(who) && !slices.Contains(people[who], seat) {
			people[who] = append(people[who], seat)
		}
	}
	for i, s := range steps {
		left[i] = byte(max(s.Needs, 0))
		for _, who := range s.Who {
			may(who, Seat{Role: s.Role})
		}
		for _, v := range s.Left {
			for _, who := range v.To {
				if free(v.Of) {
					may(who, Seat{s.Role, v.Of})
				}
			}
		}
	}
	s := seating{steps: steps, people: people, order: slices.Sorted(maps.Keys(people)), seen: map[string]bool{}}
	return s.from(0, left, nil)
}

// seating is one search.
type seating struct {
	steps  []Step
	people map[access.Email][]Seat
	order  []access.Email
	seen   map[string]bool
}

// from tells whether the people from the given one on can give what is still needed.
func (s seating) from(person int, left []byte, taken []access.Email) bool {
	if !slices.ContainsFunc(left, func(n byte) bool { return n > 0 }) {
		return true
	}
	at := fmt.Sprint(person, left, slices.Sorted(slices.Values(taken)))
	if person == len(s.order) || s.seen[at] {
		return false
	}
	s.seen[at] = true
	who := s.order[person]
	for _, seat := range s.people[who] {
		if slices.Contains(taken, seat.For) {
			continue
		}
		now := taken
		if seat.For != "" {
			now = append(slices.Clone(taken), seat.For)
		}
		if s.from(person+1, s.after(left, who, seat), now) {
			return true
		}
	}
	return s.from(person+1, left, taken)
}

// after gives what is still needed once somebody has decided in a seat.
func (s seating) after(left []byte, who access.Email, seat Seat) []byte {
	rest := slices.Clone(left)
	for i, step := range s.steps {
		if step.Role == seat.Role && rest[i] > 0 && step.takes(who, seat.For) {
			rest[i]--
		}
	}
	return rest
}

// takes tells whether a step takes a decision of somebody, in the place of another
// or in their own right.
func (s Step) takes(who, place access.Email) bool {
	if place == "" {
		return slices.Contains(s.Who, who)
	}
	return slices.ContainsFunc(s.Left, func(v Vacancy) bool { return v.Of == place && slices.Contains(v.To, who) })
}
