package access_test

import (
	"slices"
	"strings"
	"testing"

	"sutor/internal/access"
)

var customers = access.Dataset{Name: "customers", Department: "sales", Owners: []access.Email{"olaf@example.test", "both@example.test"}}

func person(email string, departments []access.Department, roles ...access.Role) access.Principal {
	return access.Principal{Email: access.Fold(email), Departments: departments, Roles: roles}
}

var (
	sales   = []access.Department{"sales"}
	finance = []access.Department{"finance"}
)

// The table of the contract (docs/lifecycle.md), as far as it does not depend on one
// change. A row lists the actions that the person may do; no others.
func TestMay(t *testing.T) {
	t.Parallel()
	all := []access.Action{access.SeeDataset, access.SeeRows, access.Export, access.SeeChanges, access.SeeValues, access.Propose, access.ProveChanges}
	look := []access.Action{access.SeeDataset, access.SeeRows, access.Export, access.SeeChanges, access.SeeValues}
	for _, c := range []struct {
		who  string
		p    access.Principal
		may  []access.Action
		also access.Action
	}{
		{who: "maker of the department", p: person("maria@example.test", sales, access.Maker), may: look, also: access.Propose},
		{who: "maker of another department", p: person("fred@example.test", finance, access.Maker)},
		{who: "listed owner", p: person("olaf@example.test", nil, access.Owner), may: look, also: access.ProveChanges},
		{who: "listed owner, spelled otherwise", p: person(" OLAF@Example.Test", nil, access.Owner), may: look, also: access.ProveChanges},
		{who: "listed owner without the role", p: person("olaf@example.test", nil)},
		{who: "owner of something else", p: person("owen@example.test", sales, access.Owner)},
		{who: "manager of the department", p: person("mona@example.test", sales, access.Manager), may: look, also: access.ProveChanges},
		{who: "manager of another department", p: person("fay@example.test", finance, access.Manager)},
		{who: "steward", p: person("ivan@example.test", nil, access.Steward), may: []access.Action{access.SeeDataset, access.SeeChanges}},
		{who: "auditor", p: person("aud@example.test", nil, access.Auditor), may: look, also: access.ProveChanges},
		{who: "nobody in particular", p: person("x@example.test", sales)},
		{who: "maker and owner add up", p: person("both@example.test", sales, access.Maker, access.Owner), may: append(slices.Clone(look), access.Propose), also: access.ProveChanges},
		{who: "steward and maker add up", p: person("sam@example.test", sales, access.Steward, access.Maker), may: look, also: access.Propose},
	} {
		for _, a := range append(all, "anything else") {
			want := slices.Contains(c.may, a) || a == c.also && a != ""
			if got := access.May(c.p, a, customers); got != want {
				t.Errorf("a %s may %s: %t, want %t", c.who, a, got, want)
			}
		}
	}
}

func TestMayOnNoDataset(t *testing.T) {
	t.Parallel()
	none := access.Dataset{Name: "gone"}
	for _, p := range []access.Principal{person("a@example.test", sales, access.Maker), person("b@example.test", nil, access.Owner), person("c@example.test", nil, access.Maker, access.Manager)} {
		if access.May(p, access.SeeDataset, none) {
			t.Errorf("%v sees a dataset that belongs to no department and has no owner", p.Roles)
		}
	}
}

func TestMayPutInForce(t *testing.T) {
	t.Parallel()
	for _, r := range access.Roles {
		if got := access.MayPutInForce(person("x@example.test", sales, r)); got != (r == access.Steward) {
			t.Errorf("a %s may put a Compact in force: %t", r, got)
		}
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	for _, written := range []string{"maria@example.test", "MARIA@EXAMPLE.TEST", "Maria@Example.test", "  maria@example.test\t"} {
		if got := access.Fold(written); got != "maria@example.test" {
			t.Errorf("Fold(%q) = %q", written, got)
		}
	}
	if access.Fold("ÜNA@example.test") != access.Fold("üna@example.test") {
		t.Error("two spellings of one address are two people")
	}
	if s := "maria@example.test"; access.Fold(string(access.Fold(strings.ToUpper(s)))) != access.Email(s) {
		t.Error("folding twice is not folding once")
	}
}

func TestAtLeast(t *testing.T) {
	t.Parallel()
	for i, l := range access.Levels {
		for j, least := range access.Levels {
			if got := l.AtLeast(least); got != (i >= j) {
				t.Errorf("%s is at least %s: %t", l, least, got)
			}
		}
	}
	for _, unknown := range []access.Level{"", "wizard"} {
		if unknown.AtLeast(access.Newcomer) || access.Expert.AtLeast(unknown) {
			t.Errorf("the unknown level %q counts for something", unknown)
		}
	}
}
