package change

import (
	"time"

	"sutor/internal/access"
)

// Stop is the emergency stop of a dataset: from the moment it is there until it
// is lifted, nothing is applied to it, whatever was approved. (A freeze of the
// Compact is planned, with a beginning and an end.)
type Stop struct {
	Dataset string       `json:"dataset"`
	By      access.Email `json:"by"`
	At      time.Time    `json:"at"`
	Say     string       `json:"say"`
}
