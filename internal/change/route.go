package change

import (
	"fmt"
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
	Findings []finding.Finding
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
	var steps []Step
	for _, f := range in.Findings {
		if f.Severity != finding.Approve {
			continue
		}
		role := access.Role(f.By)
		if role == "" {
			role = access.Owner
		}
		steps = addStep(steps, Step{Role: role, Needs: 1, Why: fmt.Sprintf("Guardrail %s: %s", f.Guardrail, f.Message)})
	}
	why := ""
	switch {
	case len(steps) == 0 && in.Reversal != "":
		why = in.Reversal
	case len(steps) == 0 && in.Freedom != "":
		why = in.Freedom
	case !slices.ContainsFunc(steps, func(s Step) bool { return s.Role == access.Owner }):
		steps = append([]Step{{Role: access.Owner, Needs: 1, Why: "The owner of the dataset decides."}}, steps...)
	}
	for i := range steps {
		steps[i].Who = slices.DeleteFunc(slices.Clone(in.Deciders(steps[i].Role)), func(e access.Email) bool { return e == in.Maker })
	}
	return Route{Steps: steps, Why: why, Blocked: unwalkable(steps)}
}

// addStep joins steps of one role; their reasons are kept together.
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
	if role, ok := walkable(steps, nil); !ok {
		return fmt.Sprintf("Nobody can decide as %s: the Compact names nobody else for that role, or only people who decide in another role already.", role)
	}
	return ""
}

// walkable tells whether there are people for all steps at once, without those
// who have decided already, and if not, for which role there is nobody. Since
// nobody decides for two roles, each person fills one place at most.
func walkable(steps []Step, decided []access.Email) (missing access.Role, ok bool) {
	taken := map[access.Email]int{} // person → place
	var places []Step
	for _, s := range steps {
		for range s.Needs {
			places = append(places, s)
		}
	}
	candidates := func(place int) []access.Email {
		return slices.DeleteFunc(slices.Clone(places[place].Who), func(e access.Email) bool { return slices.Contains(decided, e) })
	}
	for place, s := range places {
		if !assign(place, candidates, taken, map[access.Email]bool{}) {
			return s.Role, false
		}
	}
	return "", true
}

// assign finds a person for a place, moving others aside where that helps
// (augmenting path of a bipartite matching).
func assign(place int, candidates func(int) []access.Email, taken map[access.Email]int, seen map[access.Email]bool) bool {
	for _, who := range candidates(place) {
		if seen[who] {
			continue
		}
		seen[who] = true
		other, busy := taken[who]
		if !busy || assign(other, candidates, taken, seen) {
			taken[who] = place
			return true
		}
	}
	return false
}
