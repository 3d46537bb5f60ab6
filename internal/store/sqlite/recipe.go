package sqlite

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"

	"sutor/internal/access"
	"sutor/internal/recipe"
	"sutor/internal/store"
	"sutor/internal/workflow"
)

// NewRecipeID implements workflow.Recipes: r1, r2, …
func (t *tx) NewRecipeID() (recipe.ID, error) {
	n, err := t.next("recipe")
	return recipe.ID(fmt.Sprintf("r%d", n)), err
}

func (t *tx) next(counter string) (n int64, err error) {
	err = t.row(`INSERT INTO counters (name, value) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value`, counter).Scan(&n)
	return n, fault(err)
}

// SaveRecipe implements workflow.Recipes.
func (t *tx) SaveRecipe(r *recipe.Recipe, v *recipe.Version) error {
	doc, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO recipes (id, dataset, name, author, shared, removed, doc) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET shared = excluded.shared, removed = excluded.removed, doc = excluded.doc`,
		r.ID, r.Dataset, r.Name, r.Author, r.Shared, r.Removed, string(doc))
	if err != nil || v == nil {
		return err
	}
	if doc, err = json.Marshal(v); err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO recipe_versions (recipe, version, doc) VALUES (?, ?, ?)`, v.Recipe, v.Version, string(doc))
	return err
}

// Recipe implements workflow.Recipes.
func (t *tx) Recipe(id recipe.ID) (*recipe.Recipe, error) {
	var doc []byte
	if err := t.row(`SELECT doc FROM recipes WHERE id = ?`, id).Scan(&doc); err != nil {
		return nil, found(err, store.NoRecipe(id))
	}
	return store.Read[recipe.Recipe](doc)
}

// RecipeVersion implements workflow.Recipes.
func (t *tx) RecipeVersion(id recipe.ID, version int) (*recipe.Version, error) {
	var doc []byte
	if err := t.row(`SELECT doc FROM recipe_versions WHERE recipe = ? AND version = ?`, id, version).Scan(&doc); err != nil {
		return nil, found(err, store.NoRecipe(id))
	}
	return store.Read[recipe.Version](doc)
}

// Recipes implements workflow.Recipes.
func (t *tx) Recipes(datasets []string, person access.Email) (list []*recipe.Recipe, err error) {
	names, err := json.Marshal(datasets)
	if err != nil {
		return nil, err
	}
	err = t.each(func(rows *sql.Rows) error {
		r, err := read[recipe.Recipe](rows)
		list = append(list, r)
		return err
	}, `SELECT doc FROM recipes WHERE removed = 0 AND (author = ? OR shared = 1) AND (? OR dataset IN (SELECT value FROM json_each(?)))
		ORDER BY name, dataset, id`, person, datasets == nil, string(names))
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
	_, err = t.exec(`INSERT INTO memories (dataset, person, header, department, number, doc) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (dataset, person, header) DO UPDATE SET department = excluded.department, number = excluded.number, doc = excluded.doc`,
		m.Dataset, m.Person, m.Header, m.Department, n, string(doc))
	return err
}

// Memories implements workflow.Memories.
func (t *tx) Memories(dataset string, person access.Email, d access.Department, limit int) (list []recipe.Memory, err error) {
	err = t.each(func(rows *sql.Rows) error {
		m, err := read[recipe.Memory](rows)
		if err == nil {
			list = append(list, *m)
		}
		return err
	}, `SELECT doc FROM memories WHERE dataset = `+text+` AND (person = `+text+` OR department = `+text+`) ORDER BY number DESC LIMIT `+strconv.Itoa(limit), dataset, person, d)
	return list, err
}

// read reads the one document of a row.
func read[T any](row interface{ Scan(...any) error }) (*T, error) {
	var doc []byte
	if err := row.Scan(&doc); err != nil {
		return nil, fault(err)
	}
	return store.Read[T](doc)
}

var _ workflow.Recipes = (*tx)(nil)
