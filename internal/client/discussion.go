package client

import (
	"context"

	"sutor/internal/wire"
)

// Comment says something about a change.
func (c *Client) Comment(ctx context.Context, id, text string) (out wire.Comment, err error) {
	err = c.post(ctx, path("changes", id, "comments"), "", map[string]string{"text": text}, &out)
	return out, err
}

// Discussion gives what was said about a change, oldest first.
func (c *Client) Discussion(ctx context.Context, id string) ([]wire.Comment, error) {
	return get[[]wire.Comment](ctx, c, path("changes", id, "comments"), nil)
}

// History gives the evidence of a change in words, each entry with its proof.
func (c *Client) History(ctx context.Context, id string) (wire.History, error) {
	return get[wire.History](ctx, c, path("changes", id, "history"), nil)
}
