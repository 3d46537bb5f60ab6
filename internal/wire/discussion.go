package wire

import "time"

// Comment is something that was said about a change.
type Comment struct {
	Number    int64     `json:"number"` // within the change's evidence
	By        string    `json:"by,omitempty"`
	Name      string    `json:"name,omitempty"` // of who said it
	At        time.Time `json:"at"`
	Text      string    `json:"text"`
	With      string    `json:"with,omitempty"`       // the step that it came with, in a sentence; absent of a comment
	Erased    bool      `json:"erased,omitempty"`     // who said what was erased
	Mentioned []string  `json:"mentioned,omitempty"`  // in the answer to a new comment: who was told
	CannotSee []string  `json:"cannot_see,omitempty"` // likewise: who is named and may not see the change, and was not told
}

// History is the evidence of a change, in words and with its proof.
type History struct {
	Change     string         `json:"change"`
	Entries    []HistoryEntry `json:"entries"`
	Size       int64          `json:"size"`       // leaves in the log
	Checkpoint string         `json:"checkpoint"` // the signed head that the proofs lead to
	Key        string         `json:"key"`        // to check its signature with
}

// HistoryEntry is one leaf.
type HistoryEntry struct {
	Leaf     int64             `json:"leaf"`   // its number in the log, from 0
	Number   int64             `json:"number"` // within the change, from 1
	At       time.Time         `json:"at"`
	Kind     string            `json:"kind"`
	Says     string            `json:"says"` // a sentence
	By       string            `json:"by,omitempty"`
	Means    string            `json:"means,omitempty"`
	From     string            `json:"from,omitempty"`
	To       string            `json:"to,omitempty"`
	Comment  string            `json:"comment,omitempty"`
	Message  string            `json:"message,omitempty"`
	Counts   map[string]int64  `json:"counts,omitempty"`
	Digests  map[string]string `json:"digests,omitempty"`
	Erased   bool              `json:"erased,omitempty"` // who did it, and the words, were erased
	Hash     string            `json:"hash"`
	Envelope string            `json:"envelope,omitempty"` // the digest of the words' envelope
	Proof    []string          `json:"proof"`              // hashes from this one to the root (RFC 6962)
}

// Mendable is the first rows of a change's file that cannot be taken.
type Mendable struct {
	Columns []string      `json:"columns"` // of the file
	Rows    []MendableRow `json:"rows"`
	More    bool          `json:"more,omitempty"` // there are others
}

// MendableRow is a row of the file.
type MendableRow struct {
	Row   int64          `json:"row"`
	Cells []MendableCell `json:"cells"`
	Why   string         `json:"why"`
}

// MendableCell is a cell of the file.
type MendableCell struct {
	Text   *string `json:"text"` // null for nothing, or where it is hidden
	Bad    bool    `json:"bad,omitempty"`
	Hidden bool    `json:"hidden,omitempty"` // it is not for the asker
}
