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
		steps[i].Who = slices.DeleteFunc(slices.Clone(in.Deciders(steps[i].Role)), func(e access.Email) bool { return e == in.Maker })
	}
	return Route{Steps: steps, Why: why, Blocked: unwalkable(steps)}
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
		steps = addStep(steps, Step{Role: role, Needs: max(f.Needs, 1), Dataset: in.Dataset, Why: fmt.Sprintf("Guardrail %s: %s", f.Guardrail, f.Message)})
	}
	return steps
}

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
	case missing.Needs > 1 && len(missing.Who) < missing.Needs:
		return fmt.Sprintf("It needs %d people who decide as %s, and the Compact names only %d who may.", missing.Needs, describe([]Step{missing}), len(missing.Who))
	case missing.Needs > 1:
		return fmt.Sprintf("It needs %d people who decide as %s: the Compact names too few, or people who decide in another role already.", missing.Needs, describe([]Step{missing}))
	}
	return fmt.Sprintf("Nobody can decide as %s: the Compact names nobody else for that role, or only people who decide in another role already.", describe([]Step{missing}))
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

// seatable goes through the people one by one, and for each through the roles that
// they could take. What is still needed after so many people decides the rest, so
// no such point is looked at twice.
func seatable(steps []Step, decided []access.Email) bool {
	people := map[access.Email][]access.Role{}
	left := make([]byte, len(steps)) // decisions that each step still needs
	for i, s := range steps {
		left[i] = byte(max(s.Needs, 0))
		for _, who := range s.Who {
			if !slices.Contains(decided, who) && !slices.Contains(people[who], s.Role) {
				people[who] = append(people[who], s.Role)
			}
		}
	}
	order := slices.Sorted(maps.Keys(people))
	seen := map[string]bool{}
	var seat func(person int, left []byte) bool
	seat = func(person int, left []byte) bool {
		if !slices.ContainsFunc(left, func(n byte) bool { return n > 0 }) {
			return true
		}
		at := fmt.Sprint(person, left)
		if person == len(order) || seen[at] {
			return false
		}
		seen[at] = true
		who := order[person]
		for _, role := range people[who] {
			rest := slices.Clone(left)
			for i, s := range steps {
				if s.Role == role && rest[i] > 0 && slices.Contains(s.Who, who) {
					rest[i]--
				}
			}
			if seat(person+1, rest) {
				return true
			}
		}
		return false
	}
	return seat(0, left)
}
