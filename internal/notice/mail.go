package notice

import (
	"time"

	"sutor/internal/access"
)

// Mail carries notices to one person, in its stored form: fields are added, never
// renamed. What it says is made when it is sent, by the rights of then.
type Mail struct {
	Number   int64        `json:"-"`
	To       access.Email `json:"to"`
	Notices  []ID         `json:"notices"`
	Attempts int          `json:"attempts"`          // begun
	Trouble  string       `json:"trouble,omitempty"` // of the last attempt, in a sentence
	Lost     bool         `json:"lost,omitempty"`    // given up; Trouble says why
	// Subject and Text are kept of what went to an outbox only, to be read there.
	Subject string     `json:"subject,omitempty"`
	Text    string     `json:"text,omitempty"`
	Due     time.Time  `json:"-"` // when to try next
	Done    *time.Time `json:"-"` // when it was sent, or given up
}

// Letter is a mail as it goes out.
type Letter struct {
	ID      string // the same at each attempt, so that who gets it twice keeps one
	To      access.Email
	Name    string
	Subject string
	Text    string
	At      time.Time
}

// Again is how long to wait after so many attempts: a minute at first, six hours at
// most.
func Again(attempts int) time.Duration {
	return min(time.Minute<<min(attempts-1, 9), 6*time.Hour)
}

// MostAttempts is after how many a mail is given up: two days.
const MostAttempts = 16
