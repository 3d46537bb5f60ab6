package client

import (
	"context"

	"sutor/internal/wire"
)

// Deputies lists who decides in whose place, as far as it concerns the asker.
func (c *Client) Deputies(ctx context.Context) ([]wire.Deputy, error) {
	return get[[]wire.Deputy](ctx, c, "/deputies", nil)
}

// NameDeputy has somebody decide in the asker's place for a time.
func (c *Client) NameDeputy(ctx context.Context, in wire.Naming) (out wire.Deputy, err error) {
	err = c.post(ctx, "/deputies", "", in, &out)
	return out, err
}

// EndDeputy ends a deputy of the asker, by address or id, or that they are one.
func (c *Client) EndDeputy(ctx context.Context, who string) (out wire.Deputy, err error) {
	err = c.post(ctx, "/deputies/end", "", map[string]string{"deputy": who}, &out)
	return out, err
}
