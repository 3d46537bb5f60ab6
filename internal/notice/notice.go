// Package notice is what people are told: that something waits for them, or that
// something happened to a change of theirs. A notice is written for one person in
// the same metadata transaction as the event it tells of, so nothing happens that
// nobody is told of, and nobody is told of what did not happen.
//
// A notice keeps who, what and when, and no sentence: that is made when it is
// read, from the change as it stands and by the rights of then, so a notice never
// tells more than its reader may see today. What it quotes (a comment, the words
// of a decision) stays where it is kept.
package notice

import (
	"slices"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
)

// ID numbers notices in their order; 0 is none.
type ID int64

// Kind says what a notice tells.
type Kind string

const (
	Asked      Kind = "asked"       // you are asked to decide
	Decided    Kind = "decided"     // somebody approved, and others still must
	Approved   Kind = "approved"    // everybody who must has approved: it can be applied
	SentBack   Kind = "sent_back"   // somebody rejected it, with a comment
	Split      Kind = "split"       // an owner approved a part; the other rows are its maker's again
	Planned    Kind = "planned"     // its plan stands
	PlanFailed Kind = "plan_failed" // no plan could be made
	Applied    Kind = "applied"
	Conflict   Kind = "conflict" // live rows were not what was approved; nothing was written
	Failed     Kind = "failed"   // the system refused; nothing was written
	Stopped    Kind = "stopped"  // somebody stopped the apply before its commit
	Undone     Kind = "undone"
	Voided     Kind = "voided"    // decisions became void
	Withdrawn  Kind = "withdrawn" // its maker took it back
	Expired    Kind = "expired"
	Comment    Kind = "comment"
	Mention    Kind = "mention"  // somebody named you in a comment
	Reminder   Kind = "reminder" // you were asked to decide, and it still waits
	Expiring   Kind = "expiring" // it will expire if nobody acts
	Told       Kind = "told"     // anything else, in the words of Say
)

// urgent are the kinds that are mailed at once; the others wait for the day's
// bundle.
var urgent = []Kind{Asked, Conflict, Failed, Reminder, Expiring, Mention}

// Urgent tells whether a notice of this kind cannot wait for tomorrow.
func (k Kind) Urgent() bool { return slices.Contains(urgent, k) }

// Decides tells whether a notice of this kind asks for a decision.
func (k Kind) Decides() bool { return k == Asked || k == Reminder }

// Notice is what one person was told, in its stored form: fields are added, never
// renamed.
type Notice struct {
	ID      ID           `json:"-"`
	To      access.Email `json:"to"`
	Kind    Kind         `json:"kind"`
	By      access.Email `json:"by,omitempty"`      // who did it; "" for Sutor
	Change  change.ID    `json:"change,omitempty"`  // what it is about; "" for none
	Dataset string       `json:"dataset,omitempty"` // whose change it is, or what it is about itself
	Comment int64        `json:"comment,omitempty"` // the number of the comment in the change's discussion
	Say     string       `json:"say,omitempty"`     // one sentence, of kinds that need one; no values
	At      time.Time    `json:"at"`
	Read    *time.Time   `json:"-"` // when its reader saw it; nil if not yet
	Mail    int64        `json:"-"` // the number of the mail that carries it; 0 if none does yet
}
