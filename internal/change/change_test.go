package change_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/finding"
)

// The state machine of the contract (docs/lifecycle.md); nothing else may move.
func TestMayMove(t *testing.T) {
	t.Parallel()
	legal := map[change.State]string{
		change.Draft:     "planning withdrawn",
		change.Planning:  "planned failed withdrawn",
		change.Planned:   "planning submitted approved withdrawn",                // approved: an empty route
		change.Submitted: "approved rejected planned planning withdrawn expired", // planned: decisions void
		change.Approved:  "applying planned planning withdrawn expired",          // planned: decisions void
		change.Applying:  "applied partly_applied failed planned approved",       // planned: a conflict; approved: stopped
		change.Rejected:  "planning withdrawn",                                   // sent back
		change.Failed:    "planning withdrawn",
		change.Expired:   "planning withdrawn",
		change.Applied:   "undone",
	}
	for _, from := range change.States() {
		for _, to := range change.States() {
			want := slices.Contains(strings.Fields(legal[from]), string(to))
			if got := change.MayMove(from, to); got != want {
				t.Errorf("%s → %s: %t, want %t", from, to, got, want)
			}
		}
	}
	if len(change.States()) != 13 {
		t.Errorf("there are %d states", len(change.States()))
	}
	change.Moves(change.Applied)[0] = change.Draft
	if change.MayMove(change.Applied, change.Draft) {
		t.Error("whoever asks for the moves can change them")
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	two := []change.Step{{Role: access.Owner, Needs: 2, Why: "w"}, {Role: access.Manager, Needs: 1}}
	rejected := change.Decision{By: "olaf", Role: access.Owner, Digest: thePlan}
	for _, c := range []struct {
		name      string
		decisions []change.Decision
		want      []change.Step
	}{
		{"nothing decided", nil, two},
		{"one of two owners", []change.Decision{approved("olaf", access.Owner)}, []change.Step{{Role: access.Owner, Needs: 1, Why: "w"}, two[1]}},
		{"the same owner twice", []change.Decision{approved("olaf", access.Owner), approved("olaf", access.Owner)}, []change.Step{{Role: access.Owner, Needs: 1, Why: "w"}, two[1]}},
		{"a rejection is no approval", []change.Decision{rejected}, two},
		{"another role's approval", []change.Decision{approved("mona", access.Manager)}, two[:1]},
		{"all", []change.Decision{approved("olaf", access.Owner), approved("olga", access.Owner), approved("mona", access.Manager)}, nil},
		{"more than all", []change.Decision{approved("olaf", access.Owner), approved("olga", access.Owner), approved("both", access.Owner), approved("mona", access.Manager)}, nil},
	} {
		ch := made("maria", change.Submitted, two)
		ch.Decisions = c.decisions
		if d := cmp.Diff(c.want, ch.Open()); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}

func TestVoidDecisions(t *testing.T) {
	t.Parallel()
	c := made("maria", change.Submitted, steps(access.Owner))
	if c.VoidDecisions("nothing there") {
		t.Error("no decision became void")
	}
	c.Decisions = []change.Decision{approved("olaf", access.Owner)}
	if !c.VoidDecisions("first") || len(c.Valid()) != 0 || len(c.Open()) != 1 {
		t.Error("a void decision counts")
	}
	if c.VoidDecisions("second") || c.Decisions[0].Void != "first" {
		t.Error("why a decision became void is told anew")
	}
	c.Plan = nil
	c.Decisions[0].Void = ""
	if len(c.Valid()) != 0 {
		t.Error("a decision counts without a plan")
	}
}

func asks(by access.Role) finding.Finding {
	return finding.Finding{Guardrail: "g", Severity: finding.Approve, By: string(by), Message: "Say."}
}

func asksFor(by access.Role, needs int, say string) finding.Finding {
	return finding.Finding{Guardrail: "g", Severity: finding.Approve, By: string(by), Needs: needs, Message: say}
}

func TestRouteFor(t *testing.T) {
	t.Parallel()
	everybody := map[access.Role][]access.Email{access.Owner: {"olaf", "olga"}, access.Manager: {"mona"}, access.Steward: {"ivan"}}
	warns := finding.Finding{Severity: finding.Warn, By: "manager"}
	for _, c := range []struct {
		name     string
		in       change.RouteInput
		deciders map[access.Role][]access.Email
		route    string // role×needs, in order
		why      string
		blocked  string
	}{
		{name: "the owner decides", deciders: everybody, route: "owner×1"},
		{name: "warnings ask for nobody", in: change.RouteInput{Findings: []finding.Finding{warns}}, deciders: everybody, route: "owner×1"},
		{name: "a guardrail adds a manager", in: change.RouteInput{Findings: []finding.Finding{asks(access.Manager)}}, deciders: everybody, route: "owner×1 manager×1"},
		{name: "without a role the owner is meant", in: change.RouteInput{Findings: []finding.Finding{asks("")}}, deciders: everybody, route: "owner×1"},
		{name: "two guardrails, one manager", in: change.RouteInput{Findings: []finding.Finding{asks(access.Manager), asks(access.Manager)}}, deciders: everybody, route: "owner×1 manager×1"},
		{name: "a guardrail adds two managers", in: change.RouteInput{Findings: []finding.Finding{asksFor(access.Manager, 2, "x")}}, deciders: map[access.Role][]access.Email{access.Owner: {"olaf"}, access.Manager: {"mona", "max"}}, route: "owner×1 manager×2"},
		{name: "two guardrails do not add up, the greatest counts", in: change.RouteInput{Findings: []finding.Finding{asks(access.Owner), asksFor(access.Owner, 2, "x"), asks(access.Owner)}}, deciders: everybody, route: "owner×2"},
		{name: "two owners decide on the dataset", in: change.RouteInput{Owners: 2}, deciders: everybody, route: "owner×2"},
		{name: "two owners, of whom a guardrail asks for one", in: change.RouteInput{Owners: 2, Findings: []finding.Finding{asks(access.Owner)}}, deciders: everybody, route: "owner×2"},
		{name: "two owners, and a guardrail that asks for a manager", in: change.RouteInput{Owners: 2, Findings: []finding.Finding{asks(access.Manager)}}, deciders: everybody, route: "owner×2 manager×1"},
		{name: "two owners, one of whom is the maker", in: change.RouteInput{Maker: "olga", Owners: 2}, deciders: everybody, route: "owner×2", blocked: "It needs 2 people who decide as owner, and the Compact names only 1 who may."},
		{name: "two owners, one of whom must be the manager", in: change.RouteInput{Owners: 2, Findings: []finding.Finding{asks(access.Manager)}}, deciders: map[access.Role][]access.Email{access.Owner: {"olaf", "both"}, access.Manager: {"both"}}, route: "owner×2 manager×1", blocked: "as manager"},
		{name: "freedom", in: change.RouteInput{Freedom: "free"}, deciders: everybody, why: "free"},
		{name: "freedom never overrides a guardrail", in: change.RouteInput{Freedom: "free", Findings: []finding.Finding{asks(access.Manager)}}, deciders: everybody, route: "owner×1 manager×1"},
		{name: "freedom never overrides the owner's own guardrail", in: change.RouteInput{Freedom: "free", Findings: []finding.Finding{asks("")}}, deciders: everybody, route: "owner×1"},
		{name: "an exempt reversal", in: change.RouteInput{Reversal: "undo"}, deciders: map[access.Role][]access.Email{}, why: "undo"},
		{name: "nobody has the role", in: change.RouteInput{Findings: []finding.Finding{asks(access.Steward)}}, deciders: map[access.Role][]access.Email{access.Owner: {"olaf"}}, route: "owner×1 steward×1", blocked: "as steward"},
		{name: "only the maker has the role", in: change.RouteInput{Maker: "olaf"}, deciders: map[access.Role][]access.Email{access.Owner: {"olaf"}}, route: "owner×1", blocked: "as owner"},
		{name: "one person for two roles", in: change.RouteInput{Findings: []finding.Finding{asks(access.Manager)}}, deciders: map[access.Role][]access.Email{access.Owner: {"both"}, access.Manager: {"both"}}, route: "owner×1 manager×1", blocked: "as manager"},
		{name: "one of two roles can be filled by another", in: change.RouteInput{Findings: []finding.Finding{asks(access.Manager)}}, deciders: map[access.Role][]access.Email{access.Owner: {"both", "olaf"}, access.Manager: {"both"}}, route: "owner×1 manager×1"},
	} {
		c.in.Deciders = func(r access.Role) []access.Email { return c.deciders[r] }
		got := change.RouteFor(c.in)
		var route []string
		for _, s := range got.Steps {
			route = append(route, fmt.Sprintf("%s×%d", s.Role, s.Needs))
			if s.Why == "" {
				t.Errorf("%s: the step %s does not say why", c.name, s.Role)
			}
		}
		if strings.Join(route, " ") != c.route || got.Why != c.why {
			t.Errorf("%s: %q because %q, want %q because %q", c.name, route, got.Why, c.route, c.why)
		}
		if (got.Blocked == "") != (c.blocked == "") || !strings.Contains(got.Blocked, c.blocked) {
			t.Errorf("%s: blocked %q, want %q", c.name, got.Blocked, c.blocked)
		}
		if len(got.Steps) == 0 && got.Why == "" {
			t.Errorf("%s: an empty route does not say why", c.name)
		}
	}
}

// A route is blocked if and only if trying every way to give its places to
// different people fails. What is asked of one role does not add up: the greatest
// number counts, and every reason is said.
func TestRouteIsWalkableIffPeopleSuffice(t *testing.T) {
	t.Parallel()
	roles := []access.Role{access.Owner, access.Manager, access.Steward}
	rapid.Check(t, func(rt *rapid.T) {
		deciders := map[access.Role][]access.Email{}
		for _, r := range roles {
			for _, who := range []access.Email{"a", "b", "c", "maker"} {
				if rapid.Bool().Draw(rt, string(r)+" "+string(who)) {
					deciders[r] = append(deciders[r], who)
				}
			}
		}
		vacancies := map[access.Role][]change.Vacancy{}
		for _, of := range []access.Email{"x", "y"} {
			if r := rapid.SampledFrom([]access.Role{"", access.Owner, access.Manager}).Draw(rt, "left "+string(of)); r != "" {
				vacancies[r] = append(vacancies[r], change.Vacancy{Of: of, To: rapid.SliceOfDistinct(rapid.SampledFrom([]access.Email{"a", "b", "h", "maker"}), rapid.ID[access.Email]).Draw(rt, "heirs")})
			}
		}
		in := change.RouteInput{Maker: "maker", Left: func(r access.Role) []change.Vacancy { return vacancies[r] }, Owners: rapid.IntRange(0, 3).Draw(rt, "owners"), Deciders: func(r access.Role) []access.Email { return deciders[r] }}
		most := map[access.Role]int{access.Owner: max(in.Owners, 1)}
		for i, r := range rapid.SliceOf(rapid.SampledFrom(roles)).Draw(rt, "guardrails") {
			needs := rapid.IntRange(0, 3).Draw(rt, "needs")
			in.Findings = append(in.Findings, asksFor(r, needs, fmt.Sprintf("Reason %d.", i)))
			most[r] = max(most[r], needs, 1)
		}
		route := change.RouteFor(in)
		said := ""
		var places []change.Step
		for _, s := range route.Steps {
			if s.Needs != most[s.Role] {
				rt.Fatalf("%s is asked for %d people; the most that anything asks for is %d", s.Role, s.Needs, most[s.Role])
			}
			said += s.Why
			for range s.Needs {
				places = append(places, s)
			}
		}
		for _, f := range in.Findings {
			if !strings.Contains(said, f.Message) {
				rt.Fatalf("the route does not say %q: %q", f.Message, said)
			}
		}
		want := assignable(places, deciders, map[access.Email]bool{"maker": true})
		if walkable := route.Blocked == ""; walkable != want {
			rt.Fatalf("walkable: %t, by trial: %t, route %v, people %v", walkable, want, route.Steps, deciders)
		}
	})
}

// assignable tries every person for the first step, and the rest after that.
func assignable(steps []change.Step, deciders map[access.Role][]access.Email, taken map[access.Email]bool) bool {
	if len(steps) == 0 {
		return true
	}
	for _, who := range deciders[steps[0].Role] {
		if taken[who] {
			continue
		}
		taken[who] = true
		if assignable(steps[1:], deciders, taken) {
			return true
		}
		delete(taken, who)
	}
	for _, v := range steps[0].Left {
		for _, who := range v.To {
			if taken[who] || taken[v.Of] {
				continue
			}
			taken[who], taken[v.Of] = true, true
			if assignable(steps[1:], deciders, taken) {
				return true
			}
			delete(taken, who)
			delete(taken, v.Of)
		}
	}
	return false
}

func TestRiskOf(t *testing.T) {
	t.Parallel()
	warn := finding.Finding{Severity: finding.Warn}
	for _, c := range []struct {
		name      string
		counts    change.Counts
		tableRows int64
		findings  []finding.Finding
		score     int
		factors   string
	}{
		{name: "a few rows of many", counts: change.Counts{Update: 20}, tableRows: 100_000},
		{name: "unchanged rows are no risk", counts: change.Counts{Unchanged: 1_000_000, Invalid: 5}, tableRows: 1_000_000},
		{name: "rows", counts: change.Counts{Update: 1_000}, tableRows: 1_000_000, score: 5, factors: "rows"},
		{name: "a share of a few rows", counts: change.Counts{Update: 19}, tableRows: 20},
		{name: "half of the table", counts: change.Counts{Update: 50}, tableRows: 100, score: 30, factors: "share"},
		{name: "an empty table has no shares", counts: change.Counts{Insert: 50}},
		{name: "one delete", counts: change.Counts{Delete: 1}, tableRows: 1_000_000, score: 5, factors: "deletes"},
		{name: "warnings", tableRows: 1, findings: []finding.Finding{warn, warn, {Severity: finding.Block}}, score: 10, factors: "warnings"},
		{name: "never above 100", counts: change.Counts{Delete: 100_000}, tableRows: 100_000, findings: []finding.Finding{warn, warn, warn, warn, warn}, score: 100, factors: "rows share deletes warnings"},
	} {
		got := change.RiskOf(change.RiskInput{Weights: compact.DefaultWeights(), Counts: c.counts, TableRows: c.tableRows, Findings: c.findings, At: monday})
		var factors []string
		for _, f := range got.Factors {
			factors = append(factors, string(f.Name))
			if f.Why == "" || f.Points <= 0 {
				t.Errorf("%s: the factor %s gives %d points because %q", c.name, f.Name, f.Points, f.Why)
			}
		}
		if got.Score != c.score || strings.Join(factors, " ") != c.factors {
			t.Errorf("%s: %d by %v, want %d by %s", c.name, got.Score, factors, c.score, c.factors)
		}
	}
}
