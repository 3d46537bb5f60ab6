package postgres

import (
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"sutor/internal/access"
	"sutor/internal/recipe"
	"sutor/internal/store"
	"sutor/internal/workflow"
)

// NewRecipeID implements workflow.Recipes: r1, r2, … Others who want
// one wait until this transaction has ended.
func (t *tx) NewRecipeID() (recipe.ID, error) {
	n, err := t.next("recipe")
	return recipe.ID(fmt.Sprintf("r%d", n)), err
}

func (t *tx) next(counter string) (n int64, err error) {
	t.wrote = true
	err = t.row(`INSERT INTO counters (name, value) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value`, counter).Scan(&n)
	return n, fault(err)
}

// SaveRecipe implements workflow.Recipes.
func (t *tx) SaveRecipe(r *recipe.Recipe, v *recipe.Version) error {
	doc, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO recipes (id, dataset, name, author, shared, removed, doc) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (id) DO UPDATE SET shared = excluded.shared, removed = excluded.removed, doc = excluded.doc`,
		r.ID, r.Dataset, r.Name, r.Author, r.Shared, r.Removed, string(doc))
	if err != nil || v == nil {
		return err
	}
	if doc, err = json.Marshal(v); err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO recipe_versions (recipe, version, doc) VALUES ($1, $2, $3)`, v.Recipe, v.Version, string(doc))
	return err
}

// Recipe implements workflow.Recipes. Inside Do the recipe is locked.
func (t *tx) Recipe(id recipe.ID) (*recipe.Recipe, error) {
	query := `SELECT doc FROM recipes WHERE id = $1`
	if t.locks {
		query += ` FOR UPDATE`
	}
	var doc []byte
	if err := t.row(query, text(id)).Scan(&doc); err != nil {
		return nil, found(err, store.NoRecipe(id))
	}
	return store.Read[recipe.Recipe](doc)
}

// RecipeVersion implements workflow.Recipes.
func (t *tx) RecipeVersion(id recipe.ID, version int) (*recipe.Version, error) {
	var doc []byte
	if err := t.row(`SELECT doc FROM recipe_versions WHERE recipe = $1 AND version = $2`, text(id), version).Scan(&doc); err != nil {
		return nil, found(err, store.NoRecipe(id))
	}
	return store.Read[recipe.Version](doc)
}

// Recipes implements workflow.Recipes.
func (t *tx) Recipes(datasets []string, person access.Email) (list []*recipe.Recipe, err error) {
	err = t.each(func(row pgx.Row) error {
		r, err := read[recipe.Recipe](row)
		list = append(list, r)
		return err
	}, `SELECT doc FROM recipes WHERE NOT removed AND (author = $1 OR shared) AND ($2 OR dataset = ANY ($3))
		ORDER BY name COLLATE "C", dataset COLLATE "C", id COLLATE "C"`, text(person), datasets == nil, texts(datasets))
	return list, err
}

// Remember implements workflow.Memories.
func (t *tx) Remember(m recipe.Memory) error {
	doc, err := json.Marshal(m)
	if err != nil {
		return err
	}
	n, err := t.next("memory")
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO memories (dataset, person, header, department, number, doc) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (dataset, person, header) DO UPDATE SET department = excluded.department, number = excluded.number, doc = excluded.doc`,
		m.Dataset, m.Person, m.Header, m.Department, n, string(doc))
	return err
}

// Memories implements workflow.Memories.
func (t *tx) Memories(dataset string, person access.Email, d access.Department, limit int) (list []recipe.Memory, err error) {
	err = t.each(func(row pgx.Row) error {
		m, err := read[recipe.Memory](row)
		if err == nil {
			list = append(list, *m)
		}
		return err
	}, `SELECT doc FROM memories WHERE dataset = $1 AND (person = $2 OR department = $3) ORDER BY number DESC LIMIT $4`,
		text(dataset), text(person), text(d), limit)
	return list, err
}

// read reads the one document of a row.
func read[T any](row pgx.Row) (*T, error) {
	var doc []byte
	if err := row.Scan(&doc); err != nil {
		return nil, fault(err)
	}
	return store.Read[T](doc)
}

var _ workflow.Recipes = (*tx)(nil)
