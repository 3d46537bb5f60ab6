package change

import (
	"time"

	"sutor/internal/access"
	"sutor/internal/record"
)

// Split is how a change was divided: an owner approved some rows of its plan, which
// go on as the same change, and the rest went back to its maker as another.
type Split struct {
	Plan    record.Digest `json:"plan"` // of the whole
	By      access.Email  `json:"by"`
	At      time.Time     `json:"at"`
	Say     string        `json:"say"`               // which rows are the part, as the owner named them
	Rows    int64         `json:"rows"`              // of the part
	Rest    int64         `json:"rest"`              // of the other change
	Unknown int64         `json:"unknown,omitempty"` // of the rest, rows of which it could not be judged
}
