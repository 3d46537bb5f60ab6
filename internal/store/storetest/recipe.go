package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/intake"
	"sutor/internal/recipe"
	"sutor/internal/workflow"
)

// saveRecipe stores a recipe under a new id, with its first version.
func saveRecipe(t *testing.T, s Store, name, dataset string, author access.Email, shared bool) *recipe.Recipe {
	t.Helper()
	r := &recipe.Recipe{Name: name, Dataset: dataset, Author: author, Shared: shared, Version: 1, At: noon}
	do(t, s, func(tx workflow.Tx) (err error) {
		if r.ID, err = tx.NewRecipeID(); err != nil {
			return err
		}
		return tx.SaveRecipe(r, version(r))
	})
	return r
}

func version(r *recipe.Recipe) *recipe.Version {
	return &recipe.Version{Recipe: r.ID, Version: r.Version, By: r.Author, At: noon, From: "1001", Columns: []string{"Kd \"Nr\"", "x\x00", "Ziel"},
		Options: change.Options{Mode: change.Update, LeaveOut: true, Map: map[string]string{"Ziel": "terms", "x\x00": ""}, File: intake.Choice{Delimiter: ";"}}}
}

func recipeRoundTrip(t *testing.T, s Store) {
	r := saveRecipe(t, s, "monthly", "customers", maria, false)
	first := version(r)
	r.Version, r.Shared = 2, true
	do(t, s, func(tx workflow.Tx) error { return tx.SaveRecipe(r, version(r)) })
	view(t, s, func(tx workflow.Tx) error {
		got, err := tx.Recipe(r.ID)
		if err != nil {
			return err
		}
		if diff := cmp.Diff(r, got); diff != "" {
			t.Errorf("recipe (-want +got):\n%s", diff)
		}
		for _, want := range []*recipe.Version{first, version(r)} {
			got, err := tx.RecipeVersion(r.ID, want.Version)
			if err != nil {
				return err
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("version %d (-want +got):\n%s", want.Version, diff)
			}
		}
		return nil
	})
	err := s.Do(t.Context(), func(tx workflow.Tx) error { return tx.SaveRecipe(r, version(r)) })
	if err == nil {
		t.Error("a version was written twice")
	}
}

func unknownRecipe(t *testing.T, s Store) {
	r := saveRecipe(t, s, "monthly", "customers", maria, false)
	view(t, s, func(tx workflow.Tx) error {
		for _, id := range []recipe.ID{"", "r99", "\x00", "' OR 1=1 --"} {
			if _, err := tx.Recipe(id); errs.KindOf(err) != errs.NotFound {
				t.Errorf("Recipe(%q): %v", id, err)
			}
			if _, err := tx.RecipeVersion(id, 1); errs.KindOf(err) != errs.NotFound {
				t.Errorf("RecipeVersion(%q): %v", id, err)
			}
		}
		if _, err := tx.RecipeVersion(r.ID, 2); errs.KindOf(err) != errs.NotFound {
			t.Errorf("a version that is not there: %v", err)
		}
		return nil
	})
}

func listRecipes(t *testing.T, s Store) {
	saveRecipe(t, s, "monthly", "customers", maria, false)
	saveRecipe(t, s, "monthly", "customers", olaf, true)
	saveRecipe(t, s, "Annual", "products", olaf, false)
	removed := saveRecipe(t, s, "old", "customers", maria, false)
	removed.Removed = true
	do(t, s, func(tx workflow.Tx) error { return tx.SaveRecipe(removed, nil) })
	saveRecipe(t, s, "old", "customers", maria, false) // its name is free again
	for name, c := range map[string]struct {
		datasets []string
		person   access.Email
		want     []string
	}{
		"hers, and what is shared": {nil, maria, []string{"r1", "r2", "r5"}},
		"his":                      {nil, olaf, []string{"r3", "r2"}},
		"of one dataset":           {[]string{"products", "x\x00"}, olaf, []string{"r3"}},
		"of none":                  {[]string{}, olaf, nil},
		"somebody else's":          {nil, "\xff", []string{"r2"}},
	} {
		var got []string
		view(t, s, func(tx workflow.Tx) error {
			list, err := tx.Recipes(c.datasets, c.person)
			for _, r := range list {
				got = append(got, string(r.ID))
			}
			return err
		})
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func memoryRoundTrip(t *testing.T, s Store) {
	of := func(id change.ID, person access.Email, d access.Department, columns ...string) recipe.Memory {
		m := recipe.Memory{Dataset: "customers", Person: person, Department: d, Header: recipe.HeaderOf(columns), Change: id, At: noon, Columns: columns,
			Options: change.Options{Mode: change.Upsert, Map: map[string]string{columns[0]: "id"}, Formats: map[string]string{"since": "dmy"}, Normalize: "nfc"},
			Earlier: map[string]change.ID{"since": "1000"}}
		do(t, s, func(tx workflow.Tx) error { return tx.Remember(m) })
		return m
	}
	of("1001", maria, "sales", "Nr", "Ziel")
	his := of("1002", olaf, "sales", "Nr", "Ziel")
	hers := of("1003", maria, "sales", "Ziel", "Nr") // the same header
	other := of("1004", maria, "sales", "Nr", "x\x00")
	elsewhere := of("1005", "erik@example.test", "finance", "Nr")
	for name, c := range map[string]struct {
		person access.Email
		d      access.Department
		limit  int
		want   []recipe.Memory
	}{
		"her department's": {maria, "sales", 10, []recipe.Memory{other, hers, his}},
		"her own":          {maria, "hr", 10, []recipe.Memory{other, hers}},
		"the last one":     {maria, "sales", 1, []recipe.Memory{other}},
		"another's":        {"\x00", "finance", 10, []recipe.Memory{elsewhere}},
	} {
		view(t, s, func(tx workflow.Tx) error {
			got, err := tx.Memories("customers", c.person, c.d, c.limit)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
			none, errOther := tx.Memories("products", c.person, c.d, c.limit)
			if len(none) > 0 || errOther != nil {
				t.Errorf("of another dataset: %v, %v", none, errOther)
			}
			return err
		})
	}
}
