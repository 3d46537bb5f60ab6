package recipe_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/recipe"
)

const maria, max, olaf access.Email = "maria@example.test", "max@example.test", "olaf@example.test"

func person(e access.Email, d access.Department, roles ...access.Role) access.Principal {
	return access.Principal{Email: e, Roles: roles, Departments: []access.Department{d}}
}

func TestWhoMay(t *testing.T) {
	t.Parallel()
	d := access.Dataset{Name: "customers", Department: "sales", Owners: []access.Email{olaf}}
	own := recipe.Recipe{Author: maria}
	shared := recipe.Recipe{Author: maria, Shared: true}
	for name, c := range map[string]struct {
		who  access.Principal
		want string // sees own, changes own, sees shared, changes shared
	}{
		"the author":           {person(maria, "sales", access.Maker), "yyyy"},
		"the author, moved":    {person(maria, "finance", access.Maker), "nyny"},
		"a colleague":          {person(max, "sales", access.Maker), "nnyn"},
		"a maker of elsewhere": {person(max, "finance", access.Maker), "nnnn"},
		"the owner":            {person(olaf, "sales", access.Owner), "nnyy"},
		"another owner":        {person(max, "sales", access.Owner), "nnnn"},
		"an auditor":           {person(max, "", access.Auditor), "nnnn"},
		"a steward":            {person(max, "", access.Steward), "nnnn"},
		"a manager":            {person(max, "sales", access.Manager), "nnnn"},
	} {
		got := ""
		for _, yes := range []bool{own.Sees(c.who, d), own.MayChange(c.who, d), shared.Sees(c.who, d), shared.MayChange(c.who, d)} {
			got += map[bool]string{true: "y", false: "n"}[yes]
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	all := []*recipe.Recipe{{ID: "r1", Name: "monthly", Author: max, Shared: true}, {ID: "r2", Name: "monthly", Author: maria}, {ID: "r3", Name: "r1", Author: maria}}
	for _, c := range []struct {
		who  access.Email
		word string
		want recipe.ID
	}{{maria, "monthly", "r2"}, {olaf, "monthly", "r1"}, {olaf, "r2", "r2"}, {maria, "r1", "r3"}, {olaf, "r1", "r1"}, {maria, "Monthly", ""}} {
		got, ok := recipe.Find(all, c.who, c.word)
		if ok != (c.want != "") || ok && got.ID != c.want {
			t.Errorf("%s means by %s: %+v", c.who, c.word, got)
		}
	}
}

func TestCheckName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"monthly", "Preise Q1 (NL)", "月次"} {
		if err := recipe.CheckName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"", " x", "a\nb", "\x1b[31m", "\xff", strings.Repeat("x", recipe.MaxName+1)} {
		if err := recipe.CheckName(name); errs.KindOf(err) != errs.Usage {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func planned() *change.Change {
	return &change.Change{ID: "1007", Dataset: "customers", Maker: maria,
		Options: change.Options{Mode: change.Update, ClearEmpty: true, Map: map[string]string{"X": "terms"}, Recipe: &change.Recipe{Name: "old"}},
		Plan: &change.Plan{Mapping: []change.Mapped{{File: "Nr", Column: "id", How: "label"}, {File: "X", Column: "terms", How: "map"},
			{File: "Y", How: "map"}, {File: "Z", Candidates: []change.Candidate{{Column: "note"}}}}}}
}

// A recipe says what every column is, and leaves out what was not used; memory
// keeps what was decided only.
func TestSavedAndRemembered(t *testing.T) {
	t.Parallel()
	columns, o := recipe.Saved(planned())
	want := change.Options{Mode: change.Update, ClearEmpty: true, Map: map[string]string{"Nr": "id", "X": "terms", "Y": "", "Z": ""}}
	if d := cmp.Diff(want, o); d != "" || !slices.Equal(columns, []string{"Nr", "X", "Y", "Z"}) {
		t.Errorf("%v\n%s", columns, d)
	}
	m := recipe.Remember(planned(), "sales", planned().CreatedAt, nil)
	if d := cmp.Diff(map[string]string{"Nr": "id", "X": "terms", "Y": ""}, m.Options.Map); d != "" {
		t.Error(d)
	}
	chosen := recipe.Version{Recipe: "r1", Version: 3, Columns: columns, Options: o}.Choose("monthly")
	if chosen.Map != nil || chosen.Recipe.Name != "monthly" || chosen.Recipe.Version != 3 || !maps.Equal(chosen.Recipe.Map, want.Map) || chosen.Mode != change.Update {
		t.Errorf("%+v", chosen)
	}
}

func TestDifference(t *testing.T) {
	t.Parallel()
	r := &change.Recipe{Name: "monthly", Columns: []string{"Nr", "Terms", "Note", "Old"}, Map: map[string]string{"Nr": "id", "Terms": "terms", "Note": "", "Old": "gone"}}
	columns := []string{"id", "terms", "city"}
	option := func(file, column string) string { return "--map '" + file + "=" + column + "'" }
	for name, c := range map[string]struct {
		header []string
		looks  map[string]string
		maps   map[string]string
		say    []string
	}{
		"the same":              {[]string{"Terms", "Nr", "Note", "Old"}, nil, map[string]string{"Nr": "id", "Terms": "terms", "Note": "", "Old": ""}, []string{`no column "gone" any more`}},
		"case and blanks":       {[]string{"nr", "TERMS ", "Old"}, nil, map[string]string{"nr": "id", "TERMS ": "terms", "Old": ""}, []string{`"gone"`}},
		"missing":               {[]string{"Nr"}, nil, map[string]string{"Nr": "id"}, []string{`"Terms" (terms) is missing`}},
		"new":                   {[]string{"Nr", "Terms", "City"}, map[string]string{"City": "city"}, map[string]string{"Nr": "id", "Terms": "terms"}, []string{`"City" is new, and was left out, though it looks like city`, "--map 'City=city'"}},
		"renamed":               {[]string{"Nr", "Terms 27"}, map[string]string{"Terms 27": "terms"}, map[string]string{"Nr": "id"}, []string{`"Terms" (terms) is missing, and "Terms 27" looks like it under a new name`, "--map 'Terms 27=terms'"}},
		"new, and like nothing": {[]string{"Nr", "Terms", "§"}, nil, map[string]string{"Nr": "id", "Terms": "terms"}, []string{`"§" is new, and was left out`, "save the recipe anew"}},
	} {
		got, d := recipe.Fits(r, c.header, columns)
		for i := range d.New {
			d.New[i].Looks = c.looks[d.New[i].File]
		}
		if diff := cmp.Diff(c.maps, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		message, mend := d.Sentences(option)
		for _, say := range c.say {
			if !strings.Contains(message+" "+mend, say) {
				t.Errorf("%s: %q does not say %q", name, message+" "+mend, say)
			}
		}
	}
}

// Read back by the header that it was saved from, a recipe says the same and finds
// no difference, in any order.
func TestPropertySameHeader(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(t, "columns")
		r := &change.Recipe{Map: map[string]string{}}
		var columns []string
		for i := range n {
			name := fmt.Sprintf("%s%d", rapid.SampledFrom([]string{"a", "A ", "ä", "x\x00"}).Draw(t, "name"), i)
			r.Columns, r.Map[name] = append(r.Columns, name), ""
			if rapid.Bool().Draw(t, "used") {
				r.Map[name] = fmt.Sprint("c", i)
				columns = append(columns, r.Map[name])
			}
		}
		header := rapid.Permutation(r.Columns).Draw(t, "header")
		got, d := recipe.Fits(r, header, columns)
		if !d.None() || !maps.Equal(got, r.Map) || recipe.HeaderOf(header) != recipe.HeaderOf(r.Columns) {
			t.Fatalf("%+v: %v", d, got)
		}
	})
}
