package workflow

import (
	"context"
	"fmt"
	"slices"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/intake"
	"sutor/internal/plan"
	"sutor/internal/recipe"
	"sutor/internal/wire"
)

// Recipes lists the recipes that the person may use; of one dataset, or of all ("").
func (w *Workflow) Recipes(ctx context.Context, p access.Principal, dataset string) ([]wire.Recipe, error) {
	if dataset != "" {
		if _, err := w.seen(p, dataset); err != nil {
			return nil, err
		}
	}
	out := []wire.Recipe{}
	err := w.Store.View(ctx, func(tx Tx) error {
		out = out[:0]
		all, err := w.recipes(tx, p, dataset)
		for _, r := range all {
			out = append(out, w.viewRecipe(r, p))
		}
		return err
	})
	return out, err
}

// recipes gives those that the person sees.
func (w *Workflow) recipes(tx Tx, p access.Principal, dataset string) (out []*recipe.Recipe, err error) {
	names := []string{}
	for _, d := range w.Compact().Datasets {
		if dataset == "" || d.Name == dataset {
			names = append(names, d.Name)
		}
	}
	all, err := tx.Recipes(names, p.Email)
	for _, r := range all {
		if r.Sees(p, w.Compact().AccessDataset(r.Dataset)) {
			out = append(out, r)
		}
	}
	return out, err
}

// Recipe gives one recipe by its name or id, in one of its versions (0 for the
// latest). A removed one is found by its id.
func (w *Workflow) Recipe(ctx context.Context, p access.Principal, dataset, nameOrID string, version int) (wire.Recipe, error) {
	var out wire.Recipe
	err := w.Store.View(ctx, func(tx Tx) error {
		r, err := w.recipe(tx, p, dataset, nameOrID)
		if err != nil {
			return err
		}
		if version == 0 {
			version = r.Version
		}
		v, err := tx.RecipeVersion(r.ID, version)
		if errs.KindOf(err) == errs.NotFound {
			return errs.New(errs.NotFound, "The recipe %s has no version %d.", r.Name, version).WithMend("It has versions 1 to %d.", r.Version)
		}
		if err != nil {
			return err
		}
		out = w.viewRecipe(r, p)
		out.Version, out.SavedBy, out.At, out.From = v.Version, string(v.By), v.At, string(v.From)
		see := w.sight(p, r.Dataset)
		o := see.choices(v.Options)
		out.Columns, out.Map, out.Mode = see.headings(v), o.Map, string(v.Options.Mode)
		out.ClearEmpty, out.LeaveOutInvalid = v.Options.ClearEmpty, v.Options.LeaveOut
		out.Formats, out.Normalize, out.Key = o.Formats, v.Options.Normalize, o.Key
		if v.Options.File != (intake.Choice{}) {
			out.File = plan.CanonicalJSON(v.Options.File)
		}
		return nil
	})
	return out, err
}

// headings are those of the files of a recipe that somebody may know: the heading of
// what goes to a column tells of it.
func (s sight) headings(v *recipe.Version) []string {
	return slices.DeleteFunc(slices.Clone(v.Columns), func(heading string) bool {
		column, goes := v.Options.Map[heading]
		return goes && v.By != s.p.Email && !s.Sees(column)
	})
}

// recipe finds what the person means by a name or an id. What they may not see is
// as good as none.
func (w *Workflow) recipe(tx Tx, p access.Principal, dataset, nameOrID string) (*recipe.Recipe, error) {
	all, err := w.recipes(tx, p, dataset)
	if err != nil {
		return nil, err
	}
	r, found := recipe.Find(all, p.Email, nameOrID)
	if found {
		if err := onlyOne(all, r, p.Email, nameOrID); err != nil {
			return nil, err
		}
		return r, nil
	}
	r, err = tx.Recipe(recipe.ID(nameOrID)) // a removed one
	if err == nil && r.Sees(p, w.Compact().AccessDataset(r.Dataset)) && (dataset == "" || dataset == r.Dataset) {
		return r, nil
	}
	if err != nil && errs.KindOf(err) != errs.NotFound {
		return nil, err
	}
	return nil, errs.New(errs.NotFound, "There is no recipe %.80q that you may see.", nameOrID).WithMend("See which there are: sutor recipe list")
}

// onlyOne refuses a name that means recipes of several datasets.
func onlyOne(all []*recipe.Recipe, r *recipe.Recipe, who access.Email, name string) error {
	for _, other := range all {
		if r.Name == name && other.Name == name && other.Dataset != r.Dataset && (other.Author == who) == (r.Author == who) {
			return errs.New(errs.Usage, "There are recipes %s of several datasets: %s, %s.", name, r.Dataset, other.Dataset).
				WithMend("Say which one you mean: --dataset %s", r.Dataset)
		}
	}
	return nil
}

// SaveRecipe saves how a change read its file under a name: a new recipe, or the
// next version of one. share makes it there for all makers of the department; a
// shared one stays shared.
func (w *Workflow) SaveRecipe(ctx context.Context, p access.Principal, name string, from change.ID, share bool) (wire.Recipe, error) {
	if err := recipe.CheckName(name); err != nil {
		return wire.Recipe{}, err
	}
	var out wire.Recipe
	from, dataset := from.Split()
	err := w.Store.Do(ctx, func(tx Tx) error {
		s, err := w.judge(tx, p, from, change.ActSee)
		if err != nil {
			return err
		}
		if s.c, err = w.one(s.c, s.who, dataset); err != nil {
			return err
		}
		s.dataset = w.Compact().AccessDataset(s.c.Dataset)
		if err := savable(s); err != nil {
			return err
		}
		r, err := w.named(tx, s, name, share)
		if err != nil {
			return err
		}
		r.Version, r.At = r.Version+1, w.Now()
		v := &recipe.Version{Recipe: r.ID, Version: r.Version, By: s.who.Email, At: r.At, From: from}
		v.Columns, v.Options = recipe.Saved(s.c)
		out = w.viewRecipe(r, s.who)
		return tx.SaveRecipe(r, v)
	})
	return out, w.refused(ctx, p, from, "recipe.save", err)
}

// savable tells whether the person may keep the change's reading as a recipe.
func savable(s *step) error {
	if !access.May(s.who, access.Propose, s.dataset) {
		return errs.New(errs.Forbidden, "Only makers of the department %s may save recipes for %s.", s.dataset.Department, s.dataset.Name).
			WithMend("Ask a maker of that department, or the steward for the role.")
	}
	if s.c.IsReversal() || s.c.Plan == nil || len(s.c.Plan.Mapping) == 0 {
		return errs.New(errs.Blocked, "Change %s has no plan of a file, so there is nothing to save as a recipe.", s.c.ID).
			WithMend("Take a change whose plan stands.")
	}
	return nil
}

// named finds the recipe that a saving goes to, or begins one.
func (w *Workflow) named(tx Tx, s *step, name string, share bool) (*recipe.Recipe, error) {
	next, err := tx.NewRecipeID() // first, so that nobody else takes the name meanwhile
	if err != nil {
		return nil, err
	}
	all, err := w.recipes(tx, s.who, s.c.Dataset)
	if err != nil {
		return nil, err
	}
	r := &recipe.Recipe{ID: next, Name: name, Dataset: s.c.Dataset, Author: s.who.Email}
	for _, other := range all {
		if other.Name != name {
			continue
		}
		if other.Author == s.who.Email || share && other.MayChange(s.who, s.dataset) {
			r = other
		} else if share {
			return nil, errs.New(errs.Forbidden, "The shared recipe %s is %s's, so you may not change it.", name, other.Author).
				WithMend("Choose another name, or ask its author or an owner of %s.", s.c.Dataset)
		}
	}
	r.Shared = r.Shared || share
	return r, nil
}

// RemoveRecipe takes a recipe out of the lists. Its versions stay, for the changes
// that were made by them.
func (w *Workflow) RemoveRecipe(ctx context.Context, p access.Principal, dataset, nameOrID string) (wire.Recipe, error) {
	var out wire.Recipe
	err := w.Store.Do(ctx, func(tx Tx) error {
		p, err := w.today(tx, p)
		if err != nil {
			return err
		}
		found, err := w.recipe(tx, p, dataset, nameOrID)
		if err != nil {
			return err
		}
		r, err := tx.Recipe(found.ID) // as it is now, and nobody else's until this ends
		if err != nil {
			return err
		}
		if !r.MayChange(p, w.Compact().AccessDataset(r.Dataset)) {
			return errs.New(errs.Forbidden, "The recipe %s is %s's, so you may not remove it.", r.Name, r.Author).
				WithMend("Ask its author, or an owner of %s.", r.Dataset)
		}
		r.Removed = true
		out = w.viewRecipe(r, p)
		return tx.SaveRecipe(r, nil)
	})
	return out, w.refused(ctx, p, "", "recipe.remove", err)
}

// chosenBy begins a change's options by a recipe; the maker's own choices come on
// top.
func (w *Workflow) chosenBy(tx Tx, p access.Principal, dataset, nameOrID string, choose func(*change.Options) error) (o change.Options, err error) {
	r, err := w.recipe(tx, p, dataset, nameOrID)
	if errs.KindOf(err) == errs.NotFound {
		if other, err := w.recipe(tx, p, "", nameOrID); err == nil {
			return o, errs.New(errs.Usage, "The recipe %s is for %s, not for %s.", other.Name, other.Dataset, dataset).
				WithMend("See which there are: sutor recipe list --dataset %s", dataset)
		}
	}
	if err != nil {
		return o, err
	}
	if r.Removed {
		return o, errs.New(errs.Blocked, "The recipe %s is removed.", r.Name).WithMend("Save it anew from a change: sutor recipe save")
	}
	v, err := tx.RecipeVersion(r.ID, r.Version)
	if err != nil {
		return o, fmt.Errorf("recipe %s: %w", r.ID, err)
	}
	see := w.sight(p, dataset)
	if len(v.Options.Key) > 0 && see.allOf(v.Options.Key) == nil { // left out, it would find other rows
		return o, errs.New(errs.Blocked, "The recipe %s finds rows by what you may not see, so you cannot use it.", r.Name).WithMend("%s", see.ask())
	}
	o = see.choices(v.Choose(r.Name))
	if choose != nil {
		err = choose(&o)
	}
	return o, err
}

func (w *Workflow) viewRecipe(r *recipe.Recipe, p access.Principal) wire.Recipe {
	return wire.Recipe{ID: string(r.ID), Name: r.Name, Dataset: r.Dataset, Author: string(r.Author), Shared: r.Shared, Removed: r.Removed,
		Version: r.Version, Versions: r.Version, At: r.At, MayChange: r.MayChange(p, w.Compact().AccessDataset(r.Dataset))}
}
