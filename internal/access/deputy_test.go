package access

import (
	"slices"
	"testing"
)

// A deputy sees what the person sees in whose place they decide, for the datasets
// they were named for, and has no other right.
func TestDeputySees(t *testing.T) {
	t.Parallel()
	d := Dataset{Name: "customers", Department: "sales", Owners: []Email{"olaf"}, Columns: map[string]Column{"salary": {VisibleTo: []Who{"owner"}}, "iban": {VisibleTo: []Who{"auditor"}}},
		Rows: []RowRule{{For: []Who{"olaf@example.test"}, Where: "after.country == 'DE'"}}}
	olaf := Principal{Email: "olaf", Roles: []Role{Owner}}
	named := func(of Principal, datasets ...string) Principal {
		return Principal{Email: "dora", Roles: []Role{Maker}, Departments: []Department{"finance"}, StandsIn: []StandIn{{For: of, Datasets: datasets}}}
	}
	dora := named(olaf)
	for a, may := range map[Action]bool{SeeDataset: true, SeeRows: true, SeeChanges: true, SeeValues: true, Export: false, Propose: false, ProveChanges: false, Freeze: false} {
		if May(dora, a, d) != may {
			t.Errorf("in the owner's place: %s: %t", a, !may)
		}
		if May(named(olaf, "products"), a, d) || May(named(Principal{Email: "eva", Roles: []Role{Maker}, Departments: []Department{"sales"}}), a, d) {
			t.Errorf("for another dataset, or in the place of a maker who is only away: %s", a)
		}
	}
	s := See(dora, d)
	if !s.Sees("salary") || s.Sees("iban") || !s.AllRows() {
		t.Errorf("%+v", s)
	}
	restricted := Principal{Email: "olaf@example.test", Roles: []Role{Owner}}
	d.Owners = []Email{restricted.Email}
	if s := See(named(restricted), d); !slices.Equal(s.Where, []string{"after.country == 'DE'"}) {
		t.Errorf("more rows than the person sees: %+v", s)
	}
}
