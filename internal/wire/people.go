package wire

import "time"

// Standing is where a maker stands by their record.
type Standing struct {
	Level  string     `json:"level"`           // in force
	Start  string     `json:"start"`           // that the Compact gives
	Since  *time.Time `json:"since,omitempty"` // of the last move
	Why    string     `json:"why,omitempty"`   // of the last move, in a sentence
	Record Record     `json:"record"`
	Next   *NextLevel `json:"next,omitempty"` // absent where no rule gives a higher level
}

// Record is what a maker's own changes came to.
type Record struct {
	Applied      int64 `json:"applied"`
	Clean        int64 `json:"clean"` // of the applied: never sent back, met no conflict, not undone
	Conflicts    int64 `json:"conflicts"`
	Undone       int64 `json:"undone"`
	Rejected     int64 `json:"rejected"`
	Days         int64 `json:"days"`           // since the first was applied
	DaysSinceBad int64 `json:"days_since_bad"` // since one was undone, rejected or met a conflict last
}

// NextLevel is what the next step takes.
type NextLevel struct {
	Level   string `json:"level"`
	When    string `json:"when"` // in the language of guardrails
	Say     string `json:"say"`
	Reached bool   `json:"reached,omitempty"` // the record is so already: the next change that ends moves the level
}

// Naming asks for a deputy.
type Naming struct {
	Deputy   string   `json:"deputy"`
	From     string   `json:"from,omitempty"`     // a day, or a moment (RFC 3339); absent: now
	Until    string   `json:"until"`              // a day, which is inside, or a moment, which is not
	Datasets []string `json:"datasets,omitempty"` // absent: all
}

// Deputy is somebody who decides in a person's place.
type Deputy struct {
	ID       string    `json:"id"`
	Person   string    `json:"person"`
	Deputy   string    `json:"deputy"`
	From     time.Time `json:"from"`
	Until    time.Time `json:"until"`
	Datasets []string  `json:"datasets,omitempty"` // absent: all
	InForce  bool      `json:"in_force"`           // now
	Why      string    `json:"why,omitempty"`      // why not
}
