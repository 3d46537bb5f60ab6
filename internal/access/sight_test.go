package access_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sutor/internal/access"
)

// shown has everything that keeps something from somebody.
var shown = access.Dataset{Name: "customers", Department: "sales", Owners: []access.Email{"olaf@example.test"},
	Share: access.Share{See: []access.Who{"finance"}, Propose: []access.Who{"fred@example.test"}},
	Columns: map[string]access.Column{
		"rating": {VisibleTo: []access.Who{"owner", "auditor"}},
		"iban":   {VisibleTo: []access.Who{"owner", "manager", "eva@example.test"}, Mask: access.Last4},
	},
	Rows: []access.RowRule{
		{For: []access.Who{"maria@example.test"}, Where: "country == 'DE'"},
		{For: []access.Who{"maria@example.test", "finance"}, Where: "country == 'FR'"},
	}}

// What each person sees of rating, of iban, and of rows.
func TestSee(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		who          string
		p            access.Principal
		rating, iban access.Mask
		rows         string // the conditions, "|" in between; empty for all rows
	}{
		{"the owner", person("olaf@example.test", sales, access.Owner), access.NoMask, access.NoMask, ""},
		{"a maker with two rules", person("maria@example.test", sales, access.Maker), access.Hide, access.Last4, "country == 'DE'|country == 'FR'"},
		{"a maker named by her address", person("EVA@example.test", sales, access.Maker), access.Hide, access.NoMask, ""},
		{"the department's manager", person("mona@example.test", sales, access.Manager), access.Hide, access.NoMask, ""},
		{"another department's manager", person("fay@example.test", finance, access.Manager), access.Hide, access.Last4, "country == 'FR'"},
		{"an owner of something else", person("owen@example.test", sales, access.Owner), access.Hide, access.Last4, ""},
		{"an auditor", person("aud@example.test", nil, access.Auditor), access.NoMask, access.Last4, ""},
		{"a steward, who knows columns by name", person("ivan@example.test", nil, access.Steward), access.Dots, access.Last4, ""},
		{"an owner whom a rule names, too", person("olaf@example.test", finance, access.Owner), access.NoMask, access.NoMask, "country == 'FR'"},
	} {
		s := access.See(c.p, shown)
		if s.Of("rating") != c.rating || s.Of("iban") != c.iban || s.Of("name") != access.NoMask {
			t.Errorf("%s sees rating as %q and iban as %q, want %q and %q", c.who, s.Of("rating"), s.Of("iban"), c.rating, c.iban)
		}
		if got := strings.Join(s.Where, "|"); got != c.rows || s.AllRows() != (c.rows == "") {
			t.Errorf("%s sees the rows %q, want %q", c.who, got, c.rows)
		}
	}
}

// Shared with finance to see, with fred to propose; a role in a share means
// everybody who has it.
func TestShare(t *testing.T) {
	t.Parallel()
	look := []access.Action{access.SeeDataset, access.SeeRows, access.Export, access.SeeChanges, access.SeeValues}
	lea := person("lea@example.test", finance, access.Maker)
	fred := person("fred@example.test", nil, access.Maker)
	byRole := shown
	byRole.Share = access.Share{See: []access.Who{"manager"}}
	for _, c := range []struct {
		who string
		p   access.Principal
		d   access.Dataset
		may []access.Action
	}{
		{"a maker of the department that may see", lea, shown, look},
		{"a maker who may propose", fred, shown, append(slices.Clone(look), access.Propose)},
		{"somebody who may propose, but is no maker", person("fred@example.test", nil), shown, look},
		{"a manager elsewhere, shared with the role", person("fay@example.test", finance, access.Manager), byRole, look},
		{"a maker elsewhere, shared with another role", lea, byRole, nil},
	} {
		for _, a := range []access.Action{access.SeeDataset, access.SeeRows, access.Export, access.SeeChanges, access.SeeValues, access.Propose, access.ProveChanges, access.Freeze} {
			if got := access.May(c.p, a, c.d); got != slices.Contains(c.may, a) {
				t.Errorf("%s may %s: %t", c.who, a, got)
			}
		}
	}
}

// A grant lets somebody see until its end, and not a moment longer.
func TestGrant(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	grants := []*access.Request{{Dataset: "customers", Columns: []string{"iban"}, Until: noon, State: access.Granted},
		{Dataset: "others", Columns: []string{"rating"}, Until: noon.Add(time.Hour), State: access.Granted},
		{Dataset: "customers", Columns: []string{"rating"}, Until: noon.Add(time.Hour), State: access.Ended}}
	stranger := person("sue@example.test", []access.Department{"legal"}, access.Maker)
	for _, c := range []struct {
		at   time.Time
		sees bool
	}{{noon.Add(-time.Nanosecond), true}, {noon, false}} {
		p := stranger
		p.Grants = access.GrantsOf(grants, c.at)
		if access.May(p, access.SeeRows, shown) != c.sees || access.May(p, access.Propose, shown) {
			t.Errorf("at %s: sees %t, proposes %t", c.at, access.May(p, access.SeeRows, shown), access.May(p, access.Propose, shown))
		}
		if s := access.See(p, shown); s.Sees("iban") != c.sees || s.Sees("rating") {
			t.Errorf("at %s: iban %t, rating %t", c.at, s.Sees("iban"), s.Sees("rating"))
		}
	}
	asked := access.Request{State: access.Asked, Asked: noon}
	if last := noon.Add(access.AnswerWithin); asked.At(last.Add(-1)) != access.Asked || asked.At(last) != access.Lapsed {
		t.Error("a request lapses after fourteen days, not before")
	}
	olaf := person("olaf@example.test", sales, access.Owner)
	if access.MayGrant(olaf, "olaf@example.test", shown) || !access.MayGrant(olaf, "sue@example.test", shown) || access.MayGrant(stranger, "lea@example.test", shown) {
		t.Error("owners grant, to others than themselves, and nobody else does")
	}
}

// Whatever a mask shows is dots and at most the last four characters, and of a
// short value none.
func TestMask(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mask        access.Mask
		value, want string
	}{
		{access.Dots, "DE89370400440532013000", "•••"},
		{access.Last4, "DE89370400440532013000", "•••3000"},
		{access.Last4, "1234567", "•••"},
		{access.Last4, "ÄÖÜäöüßé", "•••öüßé"},
		{access.Dots, "", "•••"},
		{access.NoMask, "x", "x"},
	} {
		if got := c.mask.Of(c.value); got != c.want {
			t.Errorf("%s of %q is %q, want %q", c.mask, c.value, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.String().Draw(t, "value")
		seen, all := []rune(strings.TrimPrefix(access.Last4.Of(value), "•••")), []rune(value)
		if len(seen) > 4 || 2*len(seen) > len(all) {
			t.Fatalf("of %d characters %d are shown", len(all), len(seen))
		}
	})
}
