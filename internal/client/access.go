package client

import (
	"context"

	"sutor/internal/wire"
)

// Accesses lists who asked for access, and what came of it.
func (c *Client) Accesses(ctx context.Context) ([]wire.Access, error) {
	return get[[]wire.Access](ctx, c, "/access", nil)
}

// AskAccess asks to see a dataset, or columns of it, for so many days.
func (c *Client) AskAccess(ctx context.Context, dataset string, columns []string, days int, reason string) (out wire.Access, err error) {
	in := struct {
		Dataset string   `json:"dataset"`
		Columns []string `json:"columns,omitempty"`
		Days    int      `json:"days"`
		Reason  string   `json:"reason"`
	}{dataset, columns, days, reason}
	return out, c.post(ctx, "/access", "", in, &out)
}

// GrantAccess gives what was asked for, for so many days (0: as many).
func (c *Client) GrantAccess(ctx context.Context, id string, days int, words string) (out wire.Access, err error) {
	in := struct {
		Days    int    `json:"days,omitempty"`
		Comment string `json:"comment,omitempty"`
	}{days, words}
	return out, c.post(ctx, path("access", id, "grant"), "", in, &out)
}

// DenyAccess says no, and why.
func (c *Client) DenyAccess(ctx context.Context, id, words string) (out wire.Access, err error) {
	return out, c.post(ctx, path("access", id, "deny"), "", comment{words}, &out)
}

// EndAccess ends a grant before its time, or takes a request back.
func (c *Client) EndAccess(ctx context.Context, id, words string) (out wire.Access, err error) {
	return out, c.post(ctx, path("access", id, "end"), "", comment{words}, &out)
}
