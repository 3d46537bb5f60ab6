package change_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
)

// standing gives a person with the places that they take.
func standing(name access.Email, in ...access.StandIn) access.Principal {
	p, known := people[name]
	if !known {
		p = access.Principal{Email: name}
	}
	p.StandsIn = in
	return p
}

func deputyOf(name access.Email, datasets ...string) access.StandIn {
	return access.StandIn{For: people[name], Datasets: datasets, Deputy: "d"}
}

func heirOf(name access.Email) access.StandIn { return access.StandIn{For: people[name], Left: true} }

func inPlace(by, of access.Email, as access.Role) change.Decision {
	return change.Decision{By: by, For: of, Role: as, Approve: true, Digest: thePlan}
}

// What a deputy may decide, and what not (the threats stand at the refusals).
func TestDeputyDecides(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		maker   access.Email
		hands   []access.Email
		route   []change.Step
		earlier []change.Decision
		who     access.Principal
		as      string // role/for; "" where it is refused
		kind    errs.Kind
		says    string
	}{
		{name: "in the owner's place", route: steps(access.Owner), who: standing("dora", deputyOf("olaf")), as: "owner/olaf"},
		{name: "in the manager's place", route: steps(access.Owner, access.Manager), who: standing("dora", deputyOf("mona")), as: "manager/mona"},
		{name: "for this dataset", route: steps(access.Owner), who: standing("dora", deputyOf("olaf", "customers")), as: "owner/olaf"},
		{name: "for another dataset only", route: steps(access.Owner), who: standing("eva", deputyOf("olaf", "products")), kind: errs.Forbidden, says: "no role"},
		{name: "of nobody who decides", route: steps(access.Owner), who: standing("dora", deputyOf("eva")), kind: errs.NotFound, says: "no change"},
		{name: "a steward has no deputy", route: steps(access.Owner, access.Steward), who: standing("eva", deputyOf("ivan")), kind: errs.Forbidden, says: "no role"},
		{name: "the own right comes first", route: []change.Step{owner(2)}, who: standing("olga", deputyOf("olaf")), as: "owner/"},
		{name: "the deputy is the maker", route: steps(access.Owner), who: standing("maria", deputyOf("olaf")), kind: errs.Forbidden, says: "You made change"},
		{name: "the deputy of a maker who is an owner", maker: "marlo", route: steps(access.Owner), who: standing("dora", deputyOf("marlo")), kind: errs.Forbidden, says: "You take the place of marlo, who made"},
		{name: "the maker's deputy, in another's place", maker: "marlo", route: steps(access.Owner), who: standing("dora", deputyOf("olaf"), deputyOf("marlo")), kind: errs.Forbidden, says: "who made"},
		{name: "the maker named an owner their deputy: that owner keeps the own right", maker: "marlo", route: steps(access.Owner), who: standing("olaf", deputyOf("marlo")), as: "owner/"},
		{name: "who went on with it in the maker's place", hands: []access.Email{"mona"}, route: steps(access.Manager), who: standing("mona", heirOf("maria")), kind: errs.Forbidden, says: "You made change"},
		{name: "the deputy of one who went on with it", hands: []access.Email{"mona"}, route: steps(access.Owner, access.Manager), who: standing("eva", deputyOf("mona")), kind: errs.Forbidden, says: "no role"},
		{name: "a person and their deputy are one pair of eyes: the deputy second", route: []change.Step{owner(2)}, earlier: []change.Decision{approved("olaf", access.Owner)}, who: standing("dora", deputyOf("olaf")), kind: errs.Blocked, says: "count once"},
		{name: "and the person second", route: []change.Step{owner(2)}, earlier: []change.Decision{inPlace("dora", "olaf", access.Owner)}, who: standing("olaf"), kind: errs.Blocked, says: "in your place"},
		{name: "twice for two people", route: []change.Step{owner(2)}, earlier: []change.Decision{inPlace("dora", "olaf", access.Owner)}, who: standing("dora", deputyOf("olaf"), deputyOf("olga")), kind: errs.Blocked, says: "nobody decides twice"},
		{name: "in the own right and for another", route: []change.Step{owner(2)}, earlier: []change.Decision{approved("olga", access.Owner)}, who: standing("olga", deputyOf("olaf")), kind: errs.Blocked, says: "nobody decides for two roles"},
		{name: "for two roles", route: steps(access.Owner, access.Manager), earlier: []change.Decision{inPlace("dora", "olaf", access.Owner)}, who: standing("dora", deputyOf("olaf"), deputyOf("mona")), kind: errs.Blocked, says: "nobody decides twice"},
		{name: "two deputies of one person", route: []change.Step{owner(2)}, earlier: []change.Decision{inPlace("dora", "olaf", access.Owner)}, who: standing("dirk", deputyOf("olaf")), kind: errs.Blocked, says: "olaf has decided"},
		{name: "two people and two deputies", route: []change.Step{owner(2)}, earlier: []change.Decision{inPlace("dora", "olaf", access.Owner)}, who: standing("dirk", deputyOf("olga")), as: "owner/olga"},
		{name: "a manager who could go on with it, but did not", route: steps(access.Owner), who: standing("mona", heirOf("maria"), heirOf("olaf")), as: "owner/olaf"},
		{name: "the manager for an owner who has left", route: steps(access.Owner), who: standing("mona", heirOf("olaf")), as: "owner/olaf"},
	} {
		maker := c.maker
		if maker == "" {
			maker = "maria"
		}
		ch := made(maker, change.Submitted, c.route)
		ch.Decisions, ch.Hands = c.earlier, c.hands
		seat, err := change.Judge(ch, change.ActApprove, c.who, customers)
		got := ""
		if err == nil {
			got = fmt.Sprintf("%s/%s", seat.Role, seat.For)
		}
		if got != c.as || err != nil && (errs.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: as %q, %v", c.name, got, err)
		}
	}
}

// Who took a leaver's duties over goes on with their changes; nobody else does, and a
// deputy of somebody who is only away does not.
func TestGoingOnWithALeaversChange(t *testing.T) {
	t.Parallel()
	for _, a := range []change.Act{change.ActReplan, change.ActMend, change.ActSubmit, change.ActWithdraw, change.ActApply} {
		s := map[change.Act]change.State{change.ActApply: change.Approved}[a]
		if s == "" {
			s = change.Planned
		}
		for name, c := range map[string]struct {
			who access.Principal
			may bool
		}{
			"who took over": {standing("mona", heirOf("maria")), true}, "a deputy of one who is away": {standing("mona", deputyOf("maria")), false},
			"another manager": {people["mona"], false}, "for another dataset": {standing("mona", access.StandIn{For: people["maria"], Left: true, Datasets: []string{"products"}}), false},
		} {
			_, err := change.Judge(made("maria", s, nil), a, c.who, customers)
			if c.may != (err == nil) || err != nil && errs.KindOf(err) != errs.Forbidden {
				t.Errorf("%s by %s: %v", a, name, err)
			}
		}
	}
}

// Whoever decides in whatever order and in whosever place: behind the decisions of
// one change nobody stands twice, and nobody who made it; and what counts as done
// was done by so many different people.
func TestNobodyStandsBehindTwoDecisions(t *testing.T) {
	t.Parallel()
	names := []access.Email{"maria", "marlo", "olaf", "olga", "mona", "both", "dora", "dirk"}
	rapid.Check(t, func(t *rapid.T) {
		maker := rapid.SampledFrom([]access.Email{"maria", "marlo"}).Draw(t, "maker")
		c := made(maker, change.Submitted, []change.Step{owner(rapid.IntRange(1, 3).Draw(t, "owners")), {Role: access.Manager, Needs: rapid.IntRange(0, 2).Draw(t, "managers")}})
		c.Hands = rapid.SliceOfN(rapid.SampledFrom(names), 0, 1).Draw(t, "hands")
		places := map[access.Email][]access.StandIn{}
		for range rapid.IntRange(0, 6).Draw(t, "deputies") {
			who, of := rapid.SampledFrom(names).Draw(t, "deputy"), rapid.SampledFrom(names[:6]).Draw(t, "of")
			if who != of {
				places[who] = append(places[who], access.StandIn{For: people[of], Left: rapid.Bool().Draw(t, "left")})
			}
		}
		for range rapid.IntRange(1, 14).Draw(t, "tries") {
			who := rapid.SampledFrom(names).Draw(t, "who")
			seat, err := change.Judge(c, change.ActApprove, standing(who, places[who]...), customers)
			if err == nil {
				c.Decisions = append(c.Decisions, inPlace(who, seat.For, seat.Role))
			}
		}
		seen := map[access.Email]bool{}
		for _, d := range c.Decisions {
			for _, e := range []access.Email{d.By, d.For} {
				if e != "" && (seen[e] || c.MadeBy(e)) {
					t.Fatalf("%s stands behind two decisions or made the change: %+v, made by %s and %v", e, c.Decisions, c.Maker, c.Hands)
				}
				seen[e] = true
			}
		}
		for _, s := range c.Route {
			done := len(slices.DeleteFunc(slices.Clone(c.Decisions), func(d change.Decision) bool { return d.Role != s.Role }))
			i := slices.IndexFunc(c.Open(), func(o change.Step) bool { return o.Role == s.Role })
			if i < 0 && done < s.Needs || i >= 0 && c.Open()[i].Needs != s.Needs-done {
				t.Fatalf("%d approvals as %s of %d, but open is %+v", done, s.Role, s.Needs, c.Open())
			}
		}
	})
}
