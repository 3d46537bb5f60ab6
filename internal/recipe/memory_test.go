package recipe_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/recipe"
)

// dated is a submitted change of a file with a date column.
func dated(id change.ID, who access.Email, formats map[string]string, m change.Mapped) *change.Change {
	m.File, m.Column, m.How = "Seit", "since", "label"
	return &change.Change{ID: id, Dataset: "customers", Maker: who, Options: change.Options{Formats: formats},
		Plan: &change.Plan{Mapping: []change.Mapped{{File: "Nr", Column: "id", How: "label"}, m}}}
}

// A choice stays remembered with the change in which it was made: whether it counted
// in the next file, was not needed, or the next file spoke of other columns only. It
// is given up for a later choice, and where a later file is read otherwise.
func TestChoicesStay(t *testing.T) {
	t.Parallel()
	first := recipe.Remember(dated("1001", maria, map[string]string{"since": "dmy"}, change.Mapped{Format: "dmy"}), "sales", planned().CreatedAt, nil)
	for name, c := range map[string]struct {
		next *change.Change
		want map[string]recipe.Format
	}{
		"it counted":       {dated("1002", maria, nil, change.Mapped{Format: "dmy", FormatFrom: "1001"}), map[string]recipe.Format{"since": {"dmy", "1001"}}},
		"it was right":     {dated("1002", maria, nil, change.Mapped{Format: "dmy"}), map[string]recipe.Format{"since": {"dmy", "1001"}}},
		"not needed":       {dated("1002", maria, nil, change.Mapped{}), map[string]recipe.Format{"since": {"dmy", "1001"}}},
		"another column":   {dated("1002", maria, map[string]string{"price": "1.234,50"}, change.Mapped{}), map[string]recipe.Format{"since": {"dmy", "1001"}, "price": {"1.234,50", "1002"}}},
		"chosen anew":      {dated("1002", maria, map[string]string{"since": "mdy"}, change.Mapped{Format: "mdy"}), map[string]recipe.Format{"since": {"mdy", "1002"}}},
		"another now":      {dated("1002", maria, nil, change.Mapped{Format: "mdy"}), map[string]recipe.Format{}},
		"somebody else's":  {dated("1002", max, nil, change.Mapped{}), map[string]recipe.Format{}},
		"by a colleague's": {dated("1002", max, nil, change.Mapped{Format: "dmy", FormatFrom: "1001"}), map[string]recipe.Format{"since": {"dmy", "1001"}}},
	} {
		m := recipe.Remember(c.next, "sales", planned().CreatedAt, []recipe.Memory{first})
		if d := cmp.Diff(c.want, recipe.Formats([]recipe.Memory{m}, maria, m.Columns, "1003")); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	if _, o := recipe.Saved(dated("1002", maria, nil, change.Mapped{Format: "dmy", FormatFrom: "1001"})); o.Formats["since"] != "dmy" {
		t.Errorf("a recipe of it: %+v", o)
	}
}

// The person's own counts first, then the same header, then the newest.
func TestWhoseFormat(t *testing.T) {
	t.Parallel()
	header, other := []string{"Nr", "Seit"}, []string{"Nr"}
	of := func(id change.ID, who access.Email, columns []string, format string) recipe.Memory {
		return recipe.Memory{Person: who, Change: id, Header: recipe.HeaderOf(columns), Options: change.Options{Formats: map[string]string{"since": format}}}
	}
	list := []recipe.Memory{of("6", maria, header, "ymd"), of("5", max, other, "mdy2"), of("4", max, header, "mdy"), of("3", maria, other, "dmy2"), of("2", maria, header, "dmy"), of("1", max, header, "ymd2")}
	for _, c := range []struct {
		list []recipe.Memory
		want recipe.Format
	}{{list, recipe.Format{Format: "dmy", Change: "2"}}, {list[:4], recipe.Format{Format: "dmy2", Change: "3"}}, {list[:3], recipe.Format{Format: "mdy", Change: "4"}}, {list[:2], recipe.Format{Format: "mdy2", Change: "5"}}} {
		if d := cmp.Diff(map[string]recipe.Format{"since": c.want}, recipe.Formats(c.list, maria, header, "6")); d != "" {
			t.Error(d)
		}
	}
}
