package change_test

import (
	"slices"
	"strings"
	"testing"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/record"
)

const thePlan = record.Digest("sha256:plan")

var customers = access.Dataset{Name: "customers", Department: "sales", Owners: []access.Email{"olaf", "olga", "marlo", "both"}}

// people are everybody who could come along, by name: one for each role, and
// those with two.
var people = map[access.Email]access.Principal{
	"maria": person("maria", "sales", access.Maker), // makes the changes
	"eva":   person("eva", "sales", access.Maker),
	"fred":  person("fred", "finance", access.Maker),
	"olaf":  person("olaf", "", access.Owner),
	"olga":  person("olga", "", access.Owner),
	"owen":  person("owen", "sales", access.Owner), // not listed
	"marlo": person("marlo", "sales", access.Maker, access.Owner),
	"mona":  person("mona", "sales", access.Manager),
	"fay":   person("fay", "finance", access.Manager),
	"both":  person("both", "sales", access.Owner, access.Manager),
	"ivan":  person("ivan", "", access.Steward),
	"aud":   person("aud", "", access.Auditor),
}

func person(name, department string, roles ...access.Role) access.Principal {
	p := access.Principal{Email: access.Email(name), Roles: roles}
	if department != "" {
		p.Departments = []access.Department{access.Department(department)}
	}
	return p
}

func owner(needs int) change.Step { return change.Step{Role: access.Owner, Needs: needs} }

func steps(roles ...access.Role) (route []change.Step) {
	for _, r := range roles {
		route = append(route, change.Step{Role: r, Needs: 1})
	}
	return route
}

func made(by access.Email, s change.State, route []change.Step) *change.Change {
	return &change.Change{ID: "1001", Dataset: "customers", State: s, Maker: by, Route: route, Plan: &change.Plan{Digest: thePlan}}
}

func approved(by access.Email, as access.Role) change.Decision {
	return change.Decision{By: by, Role: as, Approve: true, Digest: thePlan}
}

// Who has the right to an act in some state (docs/lifecycle.md), on a change
// that maria made. Who is in neither list may not see the change at all.
func TestRights(t *testing.T) {
	t.Parallel()
	unseen := []access.Email{"fred", "owen", "fay"}
	rights := map[change.Act][]access.Email{
		change.ActSee:      {"maria", "eva", "marlo", "olaf", "olga", "mona", "both", "ivan", "aud"},
		change.ActReplan:   {"maria"},
		change.ActMend:     {"maria"},
		change.ActTry:      {"maria", "marlo", "olaf", "olga", "both"},
		change.ActSubmit:   {"maria"},
		change.ActWithdraw: {"maria"},
		change.ActApprove:  {"marlo", "olaf", "olga", "mona", "both"},
		change.ActReject:   {"marlo", "olaf", "olga", "mona", "both"},
		change.ActApply:    {"maria", "marlo", "olaf", "olga", "both"},
		change.ActStop:     {"maria", "marlo", "olaf", "olga", "both"},
		change.ActHold:     {"maria", "marlo", "olaf", "olga", "both"},
		change.ActUndo:     {"maria", "eva", "marlo", "olaf", "olga", "both"},
		change.ActProve:    {"maria", "marlo", "olaf", "olga", "mona", "both", "aud"},
	}
	if len(rights) != len(change.Acts) {
		t.Fatalf("the table knows %d acts, the program %d", len(rights), len(change.Acts))
	}
	for a, may := range rights {
		for name, p := range people {
			for _, s := range change.States() {
				_, err := change.Judge(made("maria", s, steps(access.Owner, access.Manager)), a, p, customers)
				switch kind := errs.KindOf(err); {
				case slices.Contains(unseen, name):
					if err == nil || kind != errs.NotFound {
						t.Errorf("%s of a %s change by %s, who may not see it: %v", a, s, name, err)
					}
				case !slices.Contains(may, name):
					if err == nil || kind != errs.Forbidden {
						t.Errorf("%s of a %s change by %s, who has no right to it: %v", a, s, name, err)
					}
				case err != nil && kind != errs.Blocked:
					t.Errorf("%s of a %s change by %s, who has the right to it: %v", a, s, name, err)
				}
			}
		}
	}
}

// A steward decides where the route names stewards, and nowhere else.
func TestStewardDecidesWhereNamed(t *testing.T) {
	t.Parallel()
	seat, err := change.Judge(made("maria", change.Submitted, steps(access.Owner, access.Steward)), change.ActApprove, people["ivan"], customers)
	if err != nil || seat != (change.Seat{Role: access.Steward}) {
		t.Errorf("as %q, %v", seat, err)
	}
	_, err = change.Judge(made("maria", change.Submitted, steps(access.Owner)), change.ActApprove, people["ivan"], customers)
	if errs.KindOf(err) != errs.Forbidden {
		t.Errorf("a steward decided though the route names none: %v", err)
	}
}

// In which states an act is possible, for somebody who has the right to it.
func TestStates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		act change.Act
		who access.Email
		in  string
	}{
		{change.ActSee, "ivan", "draft planning planned submitted approved rejected applying applied partly_applied failed undone withdrawn expired"},
		{change.ActProve, "aud", "draft planning planned submitted approved rejected applying applied partly_applied failed undone withdrawn expired"},
		{change.ActReplan, "maria", "planned submitted approved rejected failed expired"},
		{change.ActMend, "maria", "planned submitted approved rejected failed expired"},
		{change.ActSubmit, "maria", "planned"},
		{change.ActWithdraw, "maria", "draft planning planned submitted approved rejected failed expired"},
		{change.ActApprove, "olaf", "submitted"},
		{change.ActReject, "olaf", "submitted"},
		{change.ActApply, "maria", "approved applying"},
		{change.ActUndo, "olaf", "applied"},
	} {
		for _, s := range change.States() {
			_, err := change.Judge(made("maria", s, steps(access.Owner)), c.act, people[c.who], customers)
			possible := slices.Contains(strings.Fields(c.in), string(s))
			if possible && err != nil || !possible && errs.KindOf(err) != errs.Blocked {
				t.Errorf("%s of a %s change: %v", c.act, s, err)
			}
			if err != nil && !strings.Contains(err.Error(), s.Words()) && !strings.Contains(err.Error(), "applied already") {
				t.Errorf("the refusal does not say that the change is %s: %v", s.Words(), err)
			}
		}
	}
}

// Segregation of duties: whoever made a change does not decide on it, whatever
// else they are.
func TestMakerNeverDecides(t *testing.T) {
	t.Parallel()
	everything := access.Principal{Email: "marlo", Departments: []access.Department{"sales"}, Roles: access.Roles}
	for _, role := range []access.Role{access.Owner, access.Manager, access.Steward} {
		c := made("marlo", change.Submitted, steps(role))
		for _, a := range []change.Act{change.ActApprove, change.ActReject} {
			if _, err := change.Judge(c, a, everything, customers); errs.KindOf(err) != errs.Forbidden {
				t.Errorf("%s of the own change as %s: %v", a, role, err)
			}
		}
		c.Decisions = []change.Decision{approved("marlo", role)} // should it ever get there
		if len(c.Open()) != 1 {
			t.Errorf("an approval of the own change as %s counts", role)
		}
	}
}

// Reversals: a listed owner who made one may do what a maker may; an owner who
// did not may not.
func TestOwnersReversal(t *testing.T) {
	t.Parallel()
	reversal := made("olaf", change.Planned, nil)
	reversal.Reverses = "1000"
	for _, a := range []change.Act{change.ActSubmit, change.ActReplan, change.ActWithdraw} {
		if _, err := change.Judge(reversal, a, people["olaf"], customers); err != nil {
			t.Errorf("%s of the own reversal: %v", a, err)
		}
		if _, err := change.Judge(reversal, a, people["olga"], customers); errs.KindOf(err) != errs.Forbidden {
			t.Errorf("%s of another owner's reversal: %v", a, err)
		}
		if _, err := change.Judge(made("olaf", change.Planned, nil), a, people["olaf"], customers); errs.KindOf(err) != errs.Forbidden {
			t.Errorf("%s of a change that an owner proposed and could not: %v", a, err)
		}
	}
}

// A decision counts for one role, of one person, once.
func TestRoleOfDecision(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		route   []change.Step
		earlier []change.Decision
		who     access.Email
		as      access.Role // "" where it is refused
		says    string
	}{
		{name: "owner", route: steps(access.Owner), who: "olaf", as: access.Owner},
		{name: "manager", route: steps(access.Owner, access.Manager), who: "mona", as: access.Manager},
		{name: "both, first open step", route: steps(access.Owner, access.Manager), who: "both", as: access.Owner},
		{name: "both, who leaves the other role to the only one who has it", route: []change.Step{
			{Role: access.Owner, Needs: 1, Who: []access.Email{"both", "olaf"}}, {Role: access.Manager, Needs: 1, Who: []access.Email{"both"}}}, who: "both", as: access.Manager},
		{name: "both, after the other owner is taken", route: []change.Step{
			{Role: access.Owner, Needs: 2, Who: []access.Email{"both", "olaf"}}, {Role: access.Manager, Needs: 1, Who: []access.Email{"both", "mona"}}},
			earlier: []change.Decision{approved("olaf", access.Owner)}, who: "both", as: access.Owner},
		{name: "both, the step that is left", route: steps(access.Owner, access.Manager), earlier: []change.Decision{approved("olaf", access.Owner)}, who: "both", as: access.Manager},
		{name: "both, a second time", route: steps(access.Owner, access.Manager), earlier: []change.Decision{approved("both", access.Owner)}, who: "both", says: "nobody decides for two roles"},
		{name: "the same owner twice", route: []change.Step{owner(2)}, earlier: []change.Decision{approved("olaf", access.Owner)}, who: "olaf", says: "decided on change 1001 already"},
		{name: "two owners", route: []change.Step{owner(2)}, earlier: []change.Decision{approved("olaf", access.Owner)}, who: "olga", as: access.Owner},
		{name: "a manager who is not asked", route: steps(access.Owner), who: "mona", says: "asks for somebody else"},
		{name: "an owner where only a manager is open", route: steps(access.Owner, access.Manager), earlier: []change.Decision{approved("olaf", access.Owner)}, who: "olga", says: "asks for somebody else"},
		{name: "a void decision does not count", route: steps(access.Owner), earlier: []change.Decision{{By: "olaf", Role: access.Owner, Approve: true, Digest: thePlan, Void: "planned again"}}, who: "olaf", as: access.Owner},
		{name: "one of another plan does not count", route: steps(access.Owner), earlier: []change.Decision{{By: "olaf", Role: access.Owner, Approve: true, Digest: "sha256:old"}}, who: "olaf", as: access.Owner},
	} {
		change1 := made("maria", change.Submitted, c.route)
		change1.Decisions = c.earlier
		seat, err := change.Judge(change1, change.ActApprove, people[c.who], customers)
		if seat.Role != c.as || seat.For != "" || (c.as == "") != (err != nil) {
			t.Errorf("%s: as %q, %v", c.name, seat, err)
		}
		if err != nil && (errs.KindOf(err) != errs.Blocked || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
