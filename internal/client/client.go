// Package client speaks to a Sutor server over its HTTP API, in the documents of
// package wire.
//
// A [Client] keeps nothing but the server's address and a token. Files are
// streamed both ways. Every refusal of the server comes back as the *errs.Error
// that the server had: the problem document carries the exit code, and the exit
// code is the kind. A server that does not answer, or an answer that is not
// Sutor's, becomes an error in the same form, so callers show errors and never
// look at HTTP.
//
// Waiting is the server's: [Client.Settle] asks with a long poll and never
// sleeps. Nothing is tried twice: a call whose answer was lost may have worked,
// and only a person can tell by looking at the change.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sutor/internal/errs"
)

// prefix is where the API lives on a server.
const prefix = "/api/v1"

// Client calls one server as one person. It is safe for concurrent use.
type Client struct {
	base  *url.URL
	token string
	http  *http.Client
}

// New makes a client for the server at address (http://host:port, maybe with a
// path in front of the API). The token may be empty; then all that needs a
// sign-in is refused by the server.
func New(address, token string) (*Client, error) {
	base, err := url.Parse(strings.TrimRight(address, "/"))
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, errs.New(errs.Usage, "%q is not the address of a server.", address).
			WithMend("Write it as http://host:port, with --server or in SUTOR_SERVER.")
	}
	return &Client{base: base, token: token, http: &http.Client{
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			TLSHandshakeTimeout:   10 * time.Second,
			ExpectContinueTimeout: time.Second,
			ResponseHeaderTimeout: 10 * time.Minute, // a check of the whole evidence answers at its end
			ForceAttemptHTTP2:     true,
		},
		// A redirected POST would lose its body, and a token must not wander.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Address is the server's.
func (c *Client) Address() string { return c.base.String() }

// Close gives up idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// call is one request.
type call struct {
	method, path string
	query        url.Values
	body         io.Reader
	size         int64 // of body; -1 where it is not known
	contentType  string
	match        string // If-Match
}

// worthAsking is the size in bytes from which on a body is sent only when the
// server wants it: one that is not signed in, or too large, is refused unsent.
const worthAsking = 1 << 20

// get reads a JSON document.
func get[T any](ctx context.Context, c *Client, path string, query url.Values) (T, error) {
	var out T
	err := c.document(ctx, call{method: http.MethodGet, path: prefix + path, query: query}, &out)
	return out, err
}

// post sends a JSON document (nil for none) and reads the answer into out.
func (c *Client) post(ctx context.Context, path, match string, in, out any) error {
	q := call{method: http.MethodPost, path: prefix + path, match: match}
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("client.post: %w", err)
		}
		q.body, q.size, q.contentType = bytes.NewReader(b), int64(len(b)), "application/json"
	}
	return c.document(ctx, q, out)
}

func (c *Client) document(ctx context.Context, q call, out any) error {
	res, err := c.do(ctx, q)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // read to the end, nothing is lost
	from := &fileReader{r: res.Body}
	if err := json.NewDecoder(from).Decode(out); err != nil {
		if ctx.Err() != nil {
			return interrupted(ctx)
		}
		if from.err != nil {
			return c.silent(q.method, true, from.err)
		}
		return c.strange(res.StatusCode).Because(err)
	}
	return nil
}

// download copies a file that the server streams to w, and tells its size.
func (c *Client) download(ctx context.Context, q call, w io.Writer) (int64, error) {
	res, err := c.do(ctx, q)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }() // read to the end, nothing is lost
	from := &fileReader{r: res.Body}
	n, err := io.Copy(w, from)
	switch {
	case err == nil:
		return n, nil
	case ctx.Err() != nil:
		return n, interrupted(ctx)
	case from.err != nil:
		return n, errs.New(errs.Unavailable, "The server ended the file before it was whole.").
			WithMend("Try again; the server's log has the reason.").Because(err)
	}
	return n, errs.New(errs.Unavailable, "The file cannot be written: %v.", err).Because(err)
}

// fileReader remembers that reading failed, not writing.
type fileReader struct {
	r   io.Reader
	err error
}

func (f *fileReader) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil && err != io.EOF {
		f.err = err
	}
	return n, err
}

// do sends a call; an answer other than success becomes an error.
func (c *Client) do(ctx context.Context, q call) (*http.Response, error) {
	target := c.base.JoinPath(q.path)
	target.RawQuery = q.query.Encode()
	r, err := http.NewRequestWithContext(ctx, q.method, target.String(), q.body)
	if err != nil {
		return nil, fmt.Errorf("client.do: %w", err)
	}
	r.Header.Set("Accept", "application/json")
	if q.body != nil {
		r.ContentLength = q.size
		if q.size == 0 {
			r.Body = http.NoBody
		}
		r.Header.Set("Content-Type", q.contentType)
		if q.size >= worthAsking {
			r.Header.Set("Expect", "100-continue")
		}
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	if q.match != "" {
		r.Header.Set("If-Match", `"`+q.match+`"`)
	}
	res, err := c.http.Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return nil, interrupted(ctx)
		}
		return nil, c.silent(q.method, sent(err), err)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		defer func() { _ = res.Body.Close() }() // the answer is an error already
		return nil, c.refusal(res)
	}
	return res, nil
}

// path escapes the parts of a path that hold names.
func path(parts ...string) string {
	var b strings.Builder
	for _, part := range parts {
		b.WriteString("/" + url.PathEscape(part))
	}
	return b.String()
}
