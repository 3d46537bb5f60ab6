package access

import (
	"slices"
	"time"
)

// RequestID identifies somebody's asking for access; it is short and can be typed.
type RequestID string

// RequestState is how far somebody's asking for access is.
type RequestState string

const (
	Asked   RequestState = "asked"
	Granted RequestState = "granted"
	Denied  RequestState = "denied"
	Ended   RequestState = "ended"  // before its time, by whoever asked or an owner
	Lapsed  RequestState = "lapsed" // its time is over: that of a grant, or that in which to answer
)

// AnswerWithin is how long an owner has to answer somebody who asks for access.
const AnswerWithin = 14 * 24 * time.Hour

// Request is somebody's asking to see a dataset, or columns of it, for a time, and
// what came of it. It is kept as one JSON document; fields are added, never renamed.
type Request struct {
	ID      RequestID    `json:"id"`
	Person  Email        `json:"person"`
	Dataset string       `json:"dataset"` // as asked for: there may be none of that name
	Columns []string     `json:"columns,omitempty"`
	Days    int          `json:"days"`
	Reason  string       `json:"reason"`
	State   RequestState `json:"state"` // as last stored; see [Request.At]
	Asked   time.Time    `json:"asked"`

	By      Email     `json:"by,omitempty"` // who granted, denied or ended it
	Comment string    `json:"comment,omitempty"`
	Decided time.Time `json:"decided,omitzero"`
	Until   time.Time `json:"until,omitzero"` // of a grant
}

// At tells its state at a time: it lapses by the clock, before anybody stores that.
func (r Request) At(now time.Time) RequestState {
	switch {
	case r.State == Asked && !now.Before(r.Asked.Add(AnswerWithin)), r.State == Granted && !now.Before(r.Until):
		return Lapsed
	}
	return r.State
}

// GrantsOf gives the grants among somebody's requests.
func GrantsOf(all []*Request, now time.Time) (out []Grant) {
	for _, r := range all {
		if r.At(now) == Granted {
			out = append(out, Grant{Dataset: r.Dataset, Columns: slices.Clone(r.Columns), Until: r.Until})
		}
	}
	return out
}
