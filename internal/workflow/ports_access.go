package workflow

import (
	"cmp"
	"strings"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
)

// Accesses keeps who asked to see what, and what came of it.
type Accesses interface {
	// NewRequestID gives the next request's id. Whoever asks for one waits until
	// others who did have committed.
	NewRequestID() (access.RequestID, error)
	// SaveRequest stores a request, in place of a former state of it.
	SaveRequest(r *access.Request) error
	// Request gives one; errs.NotFound if there is none.
	Request(id access.RequestID) (*access.Request, error)
	// Requests lists newest first.
	Requests(f RequestFilter) ([]*access.Request, error)
}

// RequestFilter picks requests; zero fields pick all.
type RequestFilter struct {
	Person access.Email
	States []access.RequestState // as stored: what lapses may still be asked or granted
}

// Reads counts what people read until it becomes leaves of the evidence.
type Reads interface {
	// CountRead adds to the count of the same person, dataset, change and period.
	CountRead(r Read) error
	// TakeReads gives the counts of all periods before this one, oldest first, and
	// forgets them.
	TakeReads(before time.Time) ([]Read, error)
}

// Read is how often, and how many rows, somebody read in one period.
type Read struct {
	Period  time.Time // its first moment
	Person  access.Email
	Dataset string
	Change  change.ID // whose plan was read; "" for live rows
	Calls   int64
	Rows    int64
}

// Compare orders reads by period, then by who read what.
func (r Read) Compare(other Read) int {
	return cmp.Or(r.Period.Compare(other.Period), strings.Compare(string(r.Person), string(other.Person)),
		strings.Compare(r.Dataset, other.Dataset), strings.Compare(string(r.Change), string(other.Change)))
}
