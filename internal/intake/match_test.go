package intake

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"sutor/internal/errs"
)

func customers() []Target {
	return []Target{
		{Name: "id", Label: "Customer number", Also: []string{"Kundennummer"}, Key: true},
		{Name: "payment_terms", Label: "Payment terms", Also: []string{"terms", "Zahlungsziel"}},
		{Name: "street", Label: "Straße"},
		{Name: "Cust\"omer"},
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		header []string
		maps   []string
		want   Matching
	}{
		{"by name", []string{"payment_terms", "id", "Cust\"omer"}, nil, Matching{Columns: []Matched{{File: 0, Target: 1, How: ByName}, {File: 1, Target: 0, How: ByName}, {File: 2, Target: 3, How: ByName}}}},
		{"by label and also", []string{"Kundennummer", "Payment terms"}, nil, Matching{Columns: []Matched{{File: 0, Target: 0, How: ByAlso}, {File: 1, Target: 1, How: ByLabel}}}},
		{"similar", []string{"ID", "PAYMENT-Terms", "STRASSE", "CUST\"OMER"}, nil,
			Matching{Columns: []Matched{{File: 0, Target: 0, How: BySimilar}, {File: 1, Target: 1, How: BySimilar}, {File: 2, Target: 2, How: BySimilar}, {File: 3, Target: 3, How: BySimilar}}}},
		{"similar label and also", []string{"customer_NUMBER", "zahlungs ziel"}, nil, Matching{Columns: []Matched{{File: 0, Target: 0, How: BySimilar}, {File: 1, Target: 1, How: BySimilar}}}},
		{"unmatched", []string{"id", "note", "-"}, nil, Matching{Columns: []Matched{{File: 0, Target: 0, How: ByName}}, Unmatched: []int{1, 2}}},
		{"map", []string{"Nr", "id", "Ziel = neu"}, []string{"Nr=id", "Ziel = neu=payment_terms"},
			Matching{Columns: []Matched{{File: 0, Target: 0, How: ByMap}, {File: 2, Target: 1, How: ByMap}}, Unmatched: []int{1}}},
		{"left out", []string{"id", "terms"}, []string{"terms="}, Matching{Columns: []Matched{{File: 0, Target: 0, How: ByName}}, LeftOut: []LeftOut{{File: 1, How: ByMap}}}},
		{"left out to settle two", []string{"id", "terms", "Zahlungsziel"}, []string{"terms="},
			Matching{Columns: []Matched{{File: 0, Target: 0, How: ByName}, {File: 2, Target: 1, How: ByAlso}}, LeftOut: []LeftOut{{File: 1, How: ByMap}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Match(tt.header, customers(), parse(t, tt.maps))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got, fates...); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// fates compares what becomes of columns, whatever is said about why.
var fates = cmp.Options{cmpopts.IgnoreFields(Matched{}, "Confidence", "Why"), cmpopts.IgnoreFields(LeftOut{}, "Why"), cmpopts.IgnoreFields(Matching{}, "Questions")}

func parse(t *testing.T, texts []string) (maps []Map) {
	t.Helper()
	for _, s := range texts {
		m, err := ParseMap(s)
		if err != nil {
			t.Fatal(err)
		}
		maps = append(maps, m)
	}
	return maps
}

func TestMatchRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		header []string
		maps   []string
		kind   errs.Kind
		say    []string
	}{
		{"no key", []string{"name", "terms"}, nil, errs.Invalid, []string{`"id"`, `"name", "terms"`, "--map 'File column=id'"}},
		{"key left out", []string{"id", "terms"}, []string{"id="}, errs.Invalid, []string{`"id"`}},
		{"two for one", []string{"id", "terms", "Zahlungsziel"}, nil, errs.Invalid, []string{`"terms" and "Zahlungsziel"`, `"payment_terms"`, "--map 'Zahlungsziel=payment_terms'"}},
		{"two for one, one of them similar", []string{"id", "ID"}, nil, errs.Invalid, []string{`"id" and "ID"`}},
		{"unknown file column", []string{"id", "Terms new"}, []string{"Term new=payment_terms"}, errs.Usage, []string{"The file has no column", `Did you mean "Terms new"`}},
		{"unknown target", []string{"id", "x"}, []string{"x=payment_term"}, errs.Usage, []string{"The dataset has no column", `Did you mean "payment_terms"`}},
		{"unknown and far", []string{"id", "x"}, []string{"x=zzzzzzzzz"}, errs.Usage, []string{`There are: "id"`}},
		{"exact in map", []string{"id", "x"}, []string{"X=street"}, errs.Usage, []string{"exact"}},
		{"file column twice", []string{"id", "x"}, []string{"x=street", "x=id"}, errs.Usage, []string{"mapped twice"}},
		{"target twice", []string{"x", "y"}, []string{"x=id", "y=id"}, errs.Usage, []string{`"x" and "y"`}},
		{"hostile names", []string{"id", "'; DROP TABLE x; --\x1b[31m", "terms", "payment terms"}, nil, errs.Invalid, []string{"Two columns"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Match(tt.header, customers(), parse(t, tt.maps))
			e := errs.As(err)
			if e == nil || e.Kind != tt.kind || e.Mend == "" {
				t.Fatalf("%v", err)
			}
			for _, say := range tt.say {
				if !strings.Contains(e.Error(), say) {
					t.Errorf("%q does not say %q", e.Error(), say)
				}
			}
			if strings.Contains(e.Error(), "\x1b") {
				t.Errorf("%q reaches a terminal", e.Error())
			}
		})
	}
}

func TestMatchAmbiguous(t *testing.T) {
	t.Parallel()
	targets := []Target{{Name: "id"}, {Name: "ID"}, {Name: "a", Also: []string{"total"}}, {Name: "b", Also: []string{"total"}}}
	for _, column := range []string{"Id", "total"} {
		_, err := Match([]string{column}, targets, nil)
		if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "equally well") {
			t.Errorf("%s: %v", column, err)
		}
	}
	got, err := Match([]string{"id", "ID", "Total"}, targets, []Map{{File: "Total", Target: "b"}})
	want := []Matched{{File: 0, Target: 0, How: ByName}, {File: 1, Target: 1, How: ByName}, {File: 2, Target: 3, How: ByMap}}
	if err != nil || !cmp.Equal(got.Columns, want, fates...) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestParseMapRefuses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "x", "=id", "  =id"} {
		if _, err := ParseMap(s); errs.KindOf(err) != errs.Usage {
			t.Errorf("%q: %v", s, err)
		}
	}
}

// Every file column has one fate, no target two file columns, and the order of
// the targets decides nothing.
func TestPropertyMatching(t *testing.T) {
	t.Parallel()
	name := rapid.SampledFrom([]string{"id", "ID", "i d", "name", "Name", "na-me", "Größe", "GROESSE", "gro\u0308ße", "x", "y", "-"})
	rapid.Check(t, func(t *rapid.T) {
		header := rapid.SliceOfNDistinct(name, 1, 6, rapid.ID).Draw(t, "header")
		var targets []Target
		for i, n := range rapid.SliceOfNDistinct(name, 1, 6, rapid.ID).Draw(t, "names") {
			targets = append(targets, Target{Name: n, Label: name.Draw(t, fmt.Sprint("label", i))})
		}
		got, err := Match(header, targets, nil)
		turned := slices.Clone(targets)
		slices.Reverse(turned)
		again, errAgain := Match(header, turned, nil)
		if (err == nil) != (errAgain == nil) {
			t.Fatalf("%v, turned around %v", err, errAgain)
		}
		if err != nil {
			return
		}
		seen, taken := map[int]bool{}, map[int]bool{}
		for _, f := range got.Unmatched {
			seen[f] = true
		}
		for i, c := range got.Columns {
			if seen[c.File] || taken[c.Target] {
				t.Fatalf("%+v", got)
			}
			seen[c.File], taken[c.Target] = true, true
			if other := again.Columns[i]; turned[other.Target].Name != targets[c.Target].Name || other.How != c.How {
				t.Fatalf("%+v, turned around %+v", got, again)
			}
		}
		if len(seen) != len(header) {
			t.Fatalf("%+v for %d columns", got, len(header))
		}
	})
}

func FuzzMatch(f *testing.F) {
	f.Add("id\nname", "id\nName", "name=id")
	f.Add("Straße\nSTRASSE", "strasse", "=")
	f.Fuzz(func(t *testing.T, header, names, option string) {
		var targets []Target
		for _, n := range distinct(names) {
			targets = append(targets, Target{Name: n, Label: strings.ToUpper(n)})
		}
		var maps []Map
		if m, err := ParseMap(option); err == nil {
			maps = append(maps, m)
		}
		if _, err := Match(distinct(header), targets, maps); err != nil {
			if k := errs.KindOf(err); k != errs.Invalid && k != errs.Usage {
				t.Fatal(err)
			}
		}
	})
}

func distinct(lines string) []string {
	all := strings.Split(lines, "\n")
	slices.Sort(all)
	return slices.Compact(all)
}
