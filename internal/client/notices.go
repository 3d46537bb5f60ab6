package client

import (
	"context"
	"net/url"
	"strconv"

	"sutor/internal/wire"
)

// Notices gives a page of what the person was told, newest first; before is the id
// of the last page's last notice, 0 for the first page.
func (c *Client) Notices(ctx context.Context, unread bool, limit int, before int64) (wire.Inbox, error) {
	q := url.Values{"limit": {strconv.Itoa(limit)}, "before": {strconv.FormatInt(before, 10)}}
	if unread {
		q.Set("unread", "true")
	}
	return get[wire.Inbox](ctx, c, "/notices", q)
}

// ReadNotices marks notices as read: those with these ids or, without any, all up
// to and with the last.
func (c *Client) ReadNotices(ctx context.Context, ids []int64, last int64) (out wire.Waiting, err error) {
	in := struct {
		IDs  []int64 `json:"ids,omitempty"`
		UpTo int64   `json:"up_to,omitempty"`
	}{ids, last}
	err = c.post(ctx, "/notices/read", "", in, &out)
	return out, err
}
