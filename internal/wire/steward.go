package wire

import "time"

// CompactVersion is one time at which a version of the Compact was put in force.
type CompactVersion struct {
	Digest string    `json:"digest"`
	Since  time.Time `json:"since"`
}

// Operations is how the server is: for stewards.
type Operations struct {
	Checks  []Check          `json:"checks"`
	Jobs    []RunningJob     `json:"jobs"`    // what is worked on, or waits for a worker, oldest first
	Changes map[string]int64 `json:"changes"` // by state, of the newest 10,000
	Leaves  int64            `json:"leaves"`  // of the evidence log
	Sizes   Sizes            `json:"sizes"`
	Started time.Time        `json:"started"` // this server
	Node    string           `json:"node"`
}

// Sizes are what is stored, in bytes.
type Sizes struct {
	Metadata  int64 `json:"metadata"`
	Artifacts int64 `json:"artifacts"` // files and plans, counted anew every ten minutes; -1: it could not be told
}

// RunningJob is a change that is planned or applied.
type RunningJob struct {
	Change   string    `json:"change"`
	Dataset  string    `json:"dataset"`
	State    string    `json:"state"`
	Since    time.Time `json:"since"`
	Node     string    `json:"node,omitempty"` // that works on it; absent while it waits
	Progress *Progress `json:"progress,omitempty"`
}

// Searched is a page of what a search of the evidence found, newest first.
type Searched struct {
	Changes []Change `json:"changes"`
	More    bool     `json:"more"`             // there may be further ones: go on before the last
	Before  string   `json:"before,omitempty"` // from where to go on
}
