package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"sutor/internal/wire"
)

func ofDataset(dataset string) url.Values {
	q := url.Values{}
	set(q, map[string]string{"dataset": dataset})
	return q
}

// Recipes lists the recipes that the person may use, of one dataset or of all ("").
func (c *Client) Recipes(ctx context.Context, dataset string) ([]wire.Recipe, error) {
	return get[[]wire.Recipe](ctx, c, "/recipes", ofDataset(dataset))
}

// Recipe gives one by its name or id, in one of its versions (0: the latest).
func (c *Client) Recipe(ctx context.Context, dataset, nameOrID string, version int) (wire.Recipe, error) {
	q := ofDataset(dataset)
	if version > 0 {
		q.Set("version", strconv.Itoa(version))
	}
	return get[wire.Recipe](ctx, c, path("recipes", nameOrID), q)
}

// SaveRecipe saves how a change read its file, under a name; of a change over several
// datasets, the file of the one that is named.
func (c *Client) SaveRecipe(ctx context.Context, name, from, dataset string, share bool) (out wire.Recipe, err error) {
	in := struct {
		Name    string `json:"name"`
		From    string `json:"from"`
		Dataset string `json:"dataset,omitempty"`
		Share   bool   `json:"share,omitempty"`
	}{name, from, dataset, share}
	return out, c.post(ctx, "/recipes", "", in, &out)
}

// RemoveRecipe takes a recipe out of the lists.
func (c *Client) RemoveRecipe(ctx context.Context, dataset, nameOrID string) (out wire.Recipe, err error) {
	return out, c.document(ctx, call{method: http.MethodPost, path: prefix + path("recipes", nameOrID, "remove"), query: ofDataset(dataset)}, &out)
}
