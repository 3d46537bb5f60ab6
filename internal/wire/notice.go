package wire

import "time"

// Inbox is a page of what a person was told.
type Inbox struct {
	Notices []Notice `json:"notices"` // newest first
	Waiting Waiting  `json:"waiting"`
}

// Waiting counts what waits for a person.
type Waiting struct {
	Unread int64 `json:"unread"`         // notices
	Decide int64 `json:"decide"`         // changes
	More   bool  `json:"more,omitempty"` // there is more than was counted
}

// Notice tells a person that something waits for them, or happened.
type Notice struct {
	ID      int64     `json:"id"`
	Kind    string    `json:"kind"` // asked, approved, sent_back, applied, conflict, comment, mention …
	Says    string    `json:"says"` // a sentence
	At      time.Time `json:"at"`
	By      string    `json:"by,omitempty"`     // who did it
	Change  string    `json:"change,omitempty"` // what it is about
	Title   string    `json:"title,omitempty"`  // of the change
	Dataset string    `json:"dataset,omitempty"`
	Quote   string    `json:"quote,omitempty"`  // the words that came with it
	Urgent  bool      `json:"urgent,omitempty"` // it is mailed at once
	Waits   bool      `json:"waits,omitempty"`  // the decision that it asks for still waits for you
	Read    bool      `json:"read"`
}

// Mail is a mail in the outbox of a demo.
type Mail struct {
	To      string    `json:"to"`
	At      time.Time `json:"at"`
	Subject string    `json:"subject"`
	Text    string    `json:"text"`
}
