package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"

	"sutor/internal/errs"
	"sutor/internal/wire"
)

// refusal makes an error of the server's problem document.
func (c *Client) refusal(res *http.Response) error {
	var p wire.Problem
	text, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	if err != nil || json.Unmarshal(text, &p) != nil || p.Detail == "" || !strings.HasPrefix(p.Type, "urn:sutor:problem:") {
		return c.strange(res.StatusCode)
	}
	if p.Report != "" {
		return &reported{FromProblem(p), p.Report}
	}
	return FromProblem(p)
}

// FromProblem gives the error that a problem document tells of.
func FromProblem(p wire.Problem) *errs.Error {
	return &errs.Error{Kind: kindOf(p), Message: p.Detail, Mend: p.Mend}
}

// kindOf reads the kind from the exit code; only Unsigned shares its code.
func kindOf(p wire.Problem) errs.Kind {
	k := errs.Kind(p.Exit)
	switch {
	case p.Type == "urn:sutor:problem:"+errs.Unsigned.String():
		return errs.Unsigned
	case k < errs.Internal || k > errs.Unavailable:
		return errs.Internal
	}
	return k
}

// reported is a failed check of the evidence with its report.
type reported struct {
	error
	report string
}

func (r *reported) Unwrap() error { return r.error }

// strange is an answer that is not Sutor's: a proxy's, or another program's.
func (c *Client) strange(status int) *errs.Error {
	switch status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return errs.New(errs.Unavailable, "The server at %s cannot be reached: what stands in front of it answers with %d.", c.Address(), status).
			WithMend("Try again in a while.")
	}
	return errs.New(errs.Unavailable, "What answers at %s (with %d) is not a Sutor server.", c.Address(), status).
		WithMend("Check the address: --server or SUTOR_SERVER.")
}

// sent tells whether a call that got no answer may have reached the server.
func sent(err error) bool {
	var op *net.OpError
	return !errors.As(err, &op) || op.Op != "dial"
}

// silent is a server that did not answer. What it was asked to do, it may have
// done.
func (c *Client) silent(method string, sent bool, err error) *errs.Error {
	if sent && method != http.MethodGet {
		return errs.New(errs.Unavailable, "The line to the server at %s was lost before its answer came, so it may have done what it was asked for.", c.Address()).
			WithMend("Look before you do it again: sutor change list. The same file proposed twice is noticed.").Because(err)
	}
	return errs.New(errs.Unavailable, "The server at %s does not answer.", c.Address()).
		WithMend("Check that it runs and that the address is right: --server or SUTOR_SERVER.").Because(err)
}

func interrupted(ctx context.Context) error {
	return errs.New(errs.Unavailable, "Interrupted before the server had answered.").
		WithMend("What the server was asked to do may go on; look with: sutor change list").Because(context.Cause(ctx))
}
