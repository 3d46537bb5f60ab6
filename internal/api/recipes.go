package api

import (
	"context"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/wire"
)

// RecipeName is the part of an input that names a recipe.
type RecipeName struct {
	Recipe  string `path:"recipe" maxLength:"64" doc:"The recipe's name or id; your own counts before a shared one of the same name"`
	Dataset string `query:"dataset" doc:"Only recipes of this dataset"`
}

type recipesInput struct {
	Dataset string `query:"dataset" doc:"Only recipes of this dataset"`
}

func (s *server) recipes(ctx context.Context, p access.Principal, in *recipesInput) (*doc[[]wire.Recipe], error) {
	all, err := s.uc.Recipes(ctx, p, in.Dataset)
	if all == nil {
		all = []wire.Recipe{} // a list, never null
	}
	return &doc[[]wire.Recipe]{all}, err
}

type recipeInput struct {
	RecipeName
	Version int `query:"version" minimum:"0" doc:"An earlier version; without it the latest"`
}

func (s *server) recipe(ctx context.Context, p access.Principal, in *recipeInput) (*doc[wire.Recipe], error) {
	r, err := s.uc.Recipe(ctx, p, in.Dataset, in.Recipe, in.Version)
	return &doc[wire.Recipe]{r}, err
}

// Saving is a recipe to be saved.
type Saving struct {
	Name    string `json:"name" maxLength:"60" doc:"Of a new recipe, or of one that gets its next version"`
	From    string `json:"from" maxLength:"64" doc:"The change whose reading is saved"`
	Dataset string `json:"dataset,omitempty" maxLength:"64" doc:"Of a change over several datasets, the one whose file it is"`
	Share   bool   `json:"share,omitempty" doc:"With all makers of the dataset's department"`
}

type saveInput struct{ Body Saving }

func (s *server) saveRecipe(ctx context.Context, p access.Principal, in *saveInput) (*doc[wire.Recipe], error) {
	r, err := s.uc.SaveRecipe(ctx, p, in.Body.Name, change.ID(in.Body.From).On(in.Body.Dataset), in.Body.Share)
	return &doc[wire.Recipe]{r}, err
}

func (s *server) removeRecipe(ctx context.Context, p access.Principal, in *RecipeName) (*doc[wire.Recipe], error) {
	r, err := s.uc.RemoveRecipe(ctx, p, in.Dataset, in.Recipe)
	return &doc[wire.Recipe]{r}, err
}
