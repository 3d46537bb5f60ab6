package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sutor/internal/finding"
	"sutor/internal/wire"
)

// Me tells who the token's person is.
func (c *Client) Me(ctx context.Context) (wire.Person, error) {
	return get[wire.Person](ctx, c, "/me", nil)
}

// Health gives the state of everything that is configured.
func (c *Client) Health(ctx context.Context) (wire.Health, error) {
	return get[wire.Health](ctx, c, "/health", nil)
}

// Datasets lists what the person may see.
func (c *Client) Datasets(ctx context.Context) ([]wire.Dataset, error) {
	return get[[]wire.Dataset](ctx, c, "/datasets", nil)
}

// Dataset gives one dataset with its columns.
func (c *Client) Dataset(ctx context.Context, name string) (wire.Dataset, error) {
	return get[wire.Dataset](ctx, c, path("datasets", name), nil)
}

// Live gives a page of a dataset's rows as they are now; the query is the route's.
func (c *Client) Live(ctx context.Context, name string, query url.Values) (wire.LiveRows, error) {
	return get[wire.LiveRows](ctx, c, path("datasets", name, "rows"), query)
}

// Export writes all rows of a dataset to w; format is csv or xlsx. It tells how
// many bytes there were.
func (c *Client) Export(ctx context.Context, name, format string, w io.Writer) (int64, error) {
	return c.download(ctx, call{method: http.MethodGet, path: prefix + path("datasets", name, "export"), query: url.Values{"format": {format}}}, w)
}

// Freeze stops a dataset at once, and Unfreeze lifts that.
func (c *Client) Freeze(ctx context.Context, name, say string) (wire.Dataset, error) {
	return c.stop(ctx, name, "freeze", say)
}

// Unfreeze lifts the freeze of a dataset.
func (c *Client) Unfreeze(ctx context.Context, name, say string) (wire.Dataset, error) {
	return c.stop(ctx, name, "unfreeze", say)
}

func (c *Client) stop(ctx context.Context, name, what, say string) (out wire.Dataset, err error) {
	err = c.post(ctx, path("datasets", name, what), "", map[string]string{"say": say}, &out)
	return out, err
}

// File is a file to be sent. Size is in bytes, -1 where it is not known.
type File struct {
	Name string
	Size int64
	From io.Reader
}

// Proposal is what a maker hands in.
type Proposal struct {
	Dataset, Title, Reason string
	Choices
}

// Choices are what a maker may choose, with the API's words; empty ones are left
// to the server.
type Choices struct {
	Recipe          string // a name or an id
	Mode, Empty     string
	LeaveOutInvalid bool
	Map             []string // "File column=column"
	Formats         []string // "column=format"
	Key             []string // columns that rows are found by
	Normalize       string
	Within, ApplyAt string

	// How the file is read.
	Sheet, Encoding, Delimiter, Quote, Escape string
	Table, SkipLines, HeaderLines             string // numbers
}

func (o Choices) values() url.Values {
	q := url.Values{}
	if len(o.Map) > 0 {
		q["map"] = o.Map
	}
	if len(o.Formats) > 0 {
		q["format"] = o.Formats
	}
	if len(o.Key) > 0 {
		q["key"] = o.Key
	}
	if o.LeaveOutInvalid {
		q.Set("leave_out_invalid", "true")
	}
	set(q, map[string]string{"recipe": o.Recipe, "mode": o.Mode, "empty": o.Empty, "normalize": o.Normalize, "within": o.Within, "apply_at": o.ApplyAt, "sheet": o.Sheet, "encoding": o.Encoding, "delimiter": o.Delimiter,
		"quote": o.Quote, "escape": o.Escape, "table": o.Table, "skip_lines": o.SkipLines, "header_lines": o.HeaderLines})
	return q
}

// set adds what is not empty.
func set(q url.Values, values map[string]string) {
	for name, value := range values {
		if value != "" {
			q.Set(name, value)
		}
	}
}

// Propose sends a file as a new change, which comes back in state planning.
func (c *Client) Propose(ctx context.Context, p Proposal, f File) (wire.Change, error) {
	q := p.values()
	set(q, map[string]string{"dataset": p.Dataset, "title": p.Title, "reason": p.Reason, "name": f.Name})
	return c.upload(ctx, "/changes", q, f)
}

// RuleProposal is what a maker hands in without a file.
type RuleProposal struct {
	Title           string `json:"title,omitempty"`
	Reason          string `json:"reason,omitempty"`
	LeaveOutInvalid bool   `json:"leave_out_invalid,omitempty"`
	ApplyAt         string `json:"apply_at,omitempty"` // RFC 3339
	wire.ByRule
}

// ProposeRule proposes a change by rule, which comes back in state planning.
func (c *Client) ProposeRule(ctx context.Context, dataset string, p RuleProposal) (out wire.Change, err error) {
	err = c.post(ctx, path("datasets", dataset, "rule"), "", p, &out)
	return out, err
}

// Replan plans again: with another file if there is one, and what is chosen
// otherwise; of a change over several datasets, of the one that is named.
func (c *Client) Replan(ctx context.Context, id, dataset string, o Choices, f *File) (wire.Change, error) {
	q := inDataset(o.values(), dataset)
	if f == nil {
		var out wire.Change
		err := c.document(ctx, call{method: http.MethodPost, path: prefix + path("changes", id, "replan"), query: q}, &out)
		return out, err
	}
	set(q, map[string]string{"name": f.Name})
	return c.upload(ctx, path("changes", id, "replan"), q, *f)
}

// BadRows writes the rows that findings make invalid to w, with warned those of
// all findings; format is csv or xlsx.
func (c *Client) BadRows(ctx context.Context, id, dataset, format string, warned bool, w io.Writer) (int64, error) {
	q := inDataset(url.Values{"format": {format}}, dataset)
	if warned {
		q.Set("warned", "true")
	}
	return c.download(ctx, call{method: http.MethodGet, path: prefix + path("changes", id, "bad-rows"), query: q}, w)
}

// Mend hands mended rows in: a file as BadRows gave it or, in a file named .json,
// cells (wire.Mends).
func (c *Client) Mend(ctx context.Context, id, dataset string, f File) (wire.Change, error) {
	kind := "application/octet-stream"
	if strings.HasSuffix(strings.ToLower(f.Name), ".json") {
		kind = "application/json"
	}
	return c.uploadAs(ctx, path("changes", id, "mends"), kind, inDataset(url.Values{"name": {f.Name}}, dataset), f)
}

func (c *Client) upload(ctx context.Context, where string, q url.Values, f File) (wire.Change, error) {
	return c.uploadAs(ctx, where, "application/octet-stream", q, f)
}

func (c *Client) uploadAs(ctx context.Context, where, kind string, q url.Values, f File) (wire.Change, error) {
	var out wire.Change
	err := c.document(ctx, call{method: http.MethodPost, path: prefix + where, query: q, body: f.From, size: f.Size, contentType: kind}, &out)
	return out, err
}

// Filter picks changes; zero fields pick all.
type Filter struct {
	Dataset string
	States  []string
	Mine    bool
	Limit   int
	Before  string
}

// Changes lists changes, newest first.
func (c *Client) Changes(ctx context.Context, f Filter) ([]wire.Change, error) {
	q := url.Values{}
	if f.Dataset != "" {
		q.Set("dataset", f.Dataset)
	}
	if len(f.States) > 0 {
		q.Set("state", strings.Join(f.States, ","))
	}
	if f.Mine {
		q.Set("mine", "true")
	}
	if f.Limit > 0 {
		q.Set("limit", strconv.Itoa(f.Limit))
	}
	if f.Before != "" {
		q.Set("before", f.Before)
	}
	return get[[]wire.Change](ctx, c, "/changes", q)
}

// Change gives one change. With a wait (at most a minute) the server answers
// when it is neither planning nor applying, or when the wait is over.
func (c *Client) Change(ctx context.Context, id string, wait time.Duration) (wire.Change, error) {
	q := url.Values{}
	if wait > 0 {
		q.Set("wait", wait.String())
	}
	return get[wire.Change](ctx, c, path("changes", id), q)
}

// Settled tells that nobody works on the change now.
func Settled(ch wire.Change) bool { return ch.State != "planning" && ch.State != "applying" }

// Settle waits until nobody works on the change any more. It asks again after
// every, and shows seen each answer.
func (c *Client) Settle(ctx context.Context, ch wire.Change, every time.Duration, seen func(wire.Change)) (wire.Change, error) {
	for {
		seen(ch)
		if Settled(ch) {
			return ch, nil
		}
		next, err := c.Change(ctx, ch.ID, every)
		if err != nil {
			return ch, err
		}
		ch = next
	}
}

// RowsWanted picks rows of a plan; zero fields pick all.
type RowsWanted struct {
	Dataset string // of a change over several
	Op      string
	Finding string // the name of a guardrail or check
	Changed string // a column that changes
	Column  string // a column that, before or after, has Has in it, is Is, or is empty
	Has     string
	Is      string
	Empty   bool
}

// Rows gives a page of the rows of a plan that are wanted.
func (c *Client) Rows(ctx context.Context, id string, want RowsWanted, limit, offset int64) (wire.Rows, error) {
	q := url.Values{"limit": {strconv.FormatInt(limit, 10)}, "offset": {strconv.FormatInt(offset, 10)}}
	set(q, map[string]string{"dataset": want.Dataset, "op": want.Op, "finding": want.Finding, "changed": want.Changed, "column": want.Column, "has": want.Has, "is": want.Is})
	if want.Empty {
		q.Set("empty", "true")
	}
	return get[wire.Rows](ctx, c, path("changes", id, "rows"), q)
}

// Reading tells how a change's file is read.
func (c *Client) Reading(ctx context.Context, id, dataset string) (wire.Reading, error) {
	return get[wire.Reading](ctx, c, path("changes", id, "reading"), inDataset(url.Values{}, dataset))
}

// Findings gives what the checks found; of one dataset, or of all ("").
func (c *Client) Findings(ctx context.Context, id, dataset string) ([]finding.Finding, error) {
	return get[[]finding.Finding](ctx, c, path("changes", id, "findings"), inDataset(url.Values{}, dataset))
}

// Since tells what a change would write otherwise than the plan of its last decision.
func (c *Client) Since(ctx context.Context, id string) (wire.Since, error) {
	return get[wire.Since](ctx, c, path("changes", id, "since"), nil)
}

type comment struct {
	Comment string `json:"comment,omitempty"`
}

func (c *Client) act(ctx context.Context, id, act, digest string, in any) (wire.Change, error) {
	var out wire.Change
	err := c.post(ctx, path("changes", id, act), digest, in, &out)
	return out, err
}

// Try has the plan written in a transaction that is rolled back.
func (c *Client) Try(ctx context.Context, id string) (wire.Change, error) {
	return c.act(ctx, id, "try", "", comment{})
}

// Submit asks for the decision on the plan with this digest; "" for the one that
// stands, here and in the other acts that name no decision.
func (c *Client) Submit(ctx context.Context, id, digest, words string) (wire.Change, error) {
	return c.act(ctx, id, "submit", digest, comment{words})
}

// Withdraw takes the change back.
func (c *Client) Withdraw(ctx context.Context, id, digest, words string) (wire.Change, error) {
	return c.act(ctx, id, "withdraw", digest, comment{words})
}

// Approve approves exactly the plan with this digest.
func (c *Client) Approve(ctx context.Context, id, digest, words string) (wire.Change, error) {
	return c.act(ctx, id, "approve", digest, comment{words})
}

// Part names rows of a plan, in one way: by a condition, by a finding, or as all but
// those of a finding.
type Part struct {
	Only    string `json:"only,omitempty"`
	Finding string `json:"finding,omitempty"`
	Without string `json:"without,omitempty"`
}

// ApprovePart approves some rows of exactly the plan with this digest.
func (c *Client) ApprovePart(ctx context.Context, id, digest string, p Part, words string) (wire.Change, error) {
	return c.act(ctx, id, "approve-part", digest, struct {
		Part
		comment
	}{p, comment{words}})
}

// LookPart tells what ApprovePart would do.
func (c *Client) LookPart(ctx context.Context, id, digest string, p Part) (out wire.PartLook, err error) {
	err = c.post(ctx, path("changes", id, "part"), digest, p, &out)
	return out, err
}

// Reject sends exactly the plan with this digest back.
func (c *Client) Reject(ctx context.Context, id, digest, words string) (wire.Change, error) {
	return c.act(ctx, id, "reject", digest, comment{words})
}

// Apply asks for the plan to be written; it comes back in state applying.
func (c *Client) Apply(ctx context.Context, id, digest, words string) (wire.Change, error) {
	return c.act(ctx, id, "apply", digest, comment{words})
}

// Stop gives an apply up before its commit.
func (c *Client) Stop(ctx context.Context, id, words string) (wire.Change, error) {
	return c.act(ctx, id, "stop", "", comment{words})
}

// Hold takes back what was approved.
func (c *Client) Hold(ctx context.Context, id, words string) (wire.Change, error) {
	return c.act(ctx, id, "hold", "", comment{words})
}

// Purge removes old values and files, or with dry counts them.
func (c *Client) Purge(ctx context.Context, dry bool) (out wire.Purge, err error) {
	q := url.Values{}
	if dry {
		q.Set("dry_run", "true")
	}
	err = c.document(ctx, call{method: http.MethodPost, path: prefix + "/purge", query: q}, &out)
	return out, err
}

// Undo proposes the reversal: a new change.
func (c *Client) Undo(ctx context.Context, id, words string) (wire.Change, error) {
	return c.act(ctx, id, "undo", "", comment{words})
}

// Evidence writes a change's pack to w and tells its size in bytes.
func (c *Client) Evidence(ctx context.Context, id string, w io.Writer) (int64, error) {
	return c.download(ctx, call{method: http.MethodGet, path: prefix + path("changes", id, "evidence")}, w)
}

// Compact gives the Compact in force.
func (c *Client) Compact(ctx context.Context) (wire.Compact, error) {
	return get[wire.Compact](ctx, c, "/compact", nil)
}

// Rehearse tries a Compact on the last changes; 0 for as many as the server thinks.
func (c *Client) Rehearse(ctx context.Context, text string, last int) (out wire.Rehearsal, err error) {
	err = c.post(ctx, "/compact/rehearsal", "", wire.RehearsalRequest{Text: text, Last: last}, &out)
	return out, err
}

// Checkpoint gives the evidence log's signed head.
func (c *Client) Checkpoint(ctx context.Context) (wire.Checkpoint, error) {
	return get[wire.Checkpoint](ctx, c, "/evidence/checkpoint", nil)
}

// Fsck checks the whole evidence log. A fault is errs.Invalid; the report comes
// with it.
func (c *Client) Fsck(ctx context.Context) (out wire.Fsck, err error) {
	err = c.post(ctx, "/evidence/fsck", "", nil, &out)
	var r *reported
	if errors.As(err, &r) {
		return wire.Fsck{Report: r.report}, r.error
	}
	return out, err
}

// CompactVersions lists which versions of the Compact were in force.
func (c *Client) CompactVersions(ctx context.Context) ([]wire.CompactVersion, error) {
	return get[[]wire.CompactVersion](ctx, c, "/compact/versions", nil)
}

// CompactVersion gives one version of the Compact.
func (c *Client) CompactVersion(ctx context.Context, digest string) (wire.Compact, error) {
	return get[wire.Compact](ctx, c, path("compact", "versions", digest), nil)
}

// Operations tells how the server is.
func (c *Client) Operations(ctx context.Context) (wire.Operations, error) {
	return get[wire.Operations](ctx, c, "/operations", nil)
}

// SearchEvidence finds changes by what their evidence says; the query is the route's.
func (c *Client) SearchEvidence(ctx context.Context, query url.Values) (wire.Searched, error) {
	return get[wire.Searched](ctx, c, "/evidence/changes", query)
}
