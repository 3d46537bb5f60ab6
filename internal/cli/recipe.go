package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sutor/internal/wire"
)

type recipeListCmd struct {
	Dataset string `placeholder:"NAME" help:"Only of this dataset."`
}

func (k *recipeListCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	all, err := cl.Recipes(c.ctx, k.Dataset)
	if err != nil {
		return err
	}
	return c.show(all, func(p *page) {
		if len(all) == 0 {
			p.line("There are no recipes that you may use. Save one from a change: sutor recipe save NAME --from CHANGE")
			return
		}
		t := table{head: []string{"RECIPE", "DATASET", "VERSION", "AUTHOR", "", "ID"}}
		for _, r := range all {
			t.row(r.Name, r.Dataset, fmt.Sprint(r.Version), r.Author, sharing(r), r.ID)
		}
		t.write(p)
	})
}

func sharing(r wire.Recipe) string {
	switch {
	case r.Removed:
		return "removed"
	case r.Shared:
		return "shared"
	}
	return "own"
}

// recipeName names a recipe.
type recipeName struct {
	Name    string `arg:"" help:"The recipe, by its name or id."`
	Dataset string `placeholder:"NAME" help:"Of this dataset, where several have a recipe of that name."`
}

type recipeShowCmd struct {
	recipeName
	Version int `placeholder:"N" help:"An earlier version; the latest without it."`
}

func (k *recipeShowCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	r, err := cl.Recipe(c.ctx, k.Dataset, k.Name, k.Version)
	if err != nil {
		return err
	}
	return c.show(r, func(p *page) { showRecipe(p, r) })
}

func showRecipe(p *page, r wire.Recipe) {
	p.line("Recipe %s for %s (%s, %s), made by %s.", r.Name, r.Dataset, r.ID, sharing(r), r.Author)
	p.line("Version %d of %d, saved by %s on %s from change %s.", r.Version, r.Versions, r.SavedBy, when(r.At), r.From)
	choices := []string{r.Mode}
	if r.ClearEmpty {
		choices = append(choices, "empty cells clear")
	}
	if r.LeaveOutInvalid {
		choices = append(choices, "invalid rows are left out")
	}
	if len(r.Key) > 0 {
		choices = append(choices, "rows are found by "+strings.Join(r.Key, ", "))
	}
	for _, column := range slices.Sorted(maps.Keys(r.Formats)) {
		choices = append(choices, column+" is written as "+r.Formats[column])
	}
	if r.Normalize != "" {
		choices = append(choices, "texts are normalised ("+r.Normalize+")")
	}
	p.line("%s.", capital(strings.Join(choices, ", ")))
	p.line("")
	t := table{head: []string{"FILE COLUMN", "COLUMN"}}
	for _, name := range r.Columns {
		column := r.Map[name]
		if column == "" {
			column = "(left out)"
		}
		t.row(name, column)
	}
	t.write(p)
}

type recipeSaveCmd struct {
	Name  string `arg:"" help:"The name; one that you have gets its next version."`
	From  string `required:"" placeholder:"CHANGE" help:"The change whose reading is saved."`
	Share bool   `help:"With all makers of the dataset's department."`
	ofDataset
}

func (k *recipeSaveCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	r, err := cl.SaveRecipe(c.ctx, k.Name, k.From, k.Dataset, k.Share)
	if err != nil {
		return err
	}
	return c.show(r, func(p *page) {
		p.line("Recipe %s for %s is saved: version %d (%s).", r.Name, r.Dataset, r.Version, sharing(r))
		p.line("Use it: sutor change plan %s FILE --recipe %s", r.Dataset, word(r.Name))
	})
}

// word quotes a text that a shell would take apart.
func word(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool {
		return !(r == '-' || r == '_' || r == '.' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z')
	}) {
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	return text
}

type recipeRemoveCmd struct{ recipeName }

func (k *recipeRemoveCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	r, err := cl.RemoveRecipe(c.ctx, k.Dataset, k.Name)
	if err != nil {
		return err
	}
	return c.show(r, func(p *page) {
		p.line("Recipe %s for %s is removed. Its versions can still be read: sutor recipe show %s", r.Name, r.Dataset, r.ID)
	})
}
