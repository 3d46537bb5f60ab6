package change

import (
	"time"

	"sutor/internal/access"
)

// Happening is what of a change's life counts in its maker's record.
type Happening string

const (
	WasApplied  Happening = "applied"
	WasUndone   Happening = "undone"   // its reversal was applied
	WasRejected Happening = "rejected" // somebody sent it back
	MetConflict Happening = "conflict" // live data were not what was approved; nothing was written
)

// Event is one of them.
type Event struct {
	What Happening
	At   time.Time
}

// Record is what a maker's own changes came to, reversals left aside. It is the
// sum over the changes, so the order in which they were made does not matter.
type Record struct {
	Applied   int64      `json:"applied"`
	Clean     int64      `json:"clean"` // of the applied: never sent back, met no conflict, not undone
	Conflicts int64      `json:"conflicts"`
	Undone    int64      `json:"undone"`
	Rejected  int64      `json:"rejected"`
	First     *time.Time `json:"first,omitempty"`    // when the first was applied
	LastBad   *time.Time `json:"last_bad,omitempty"` // when one was undone, rejected or met a conflict last
}

// RecordOf adds up the lives of changes, each in its order.
func RecordOf(changes ...[]Event) (r Record) {
	for _, life := range changes {
		for i, e := range life {
			r = r.With(life[:i], e)
		}
	}
	return r
}

// With adds what happened to a change, before which the others had.
func (r Record) With(before []Event, e Event) Record {
	spotless := true
	for _, b := range before {
		spotless = spotless && b.What == WasApplied
	}
	switch e.What {
	case WasApplied:
		r.Applied++
		if spotless {
			r.Clean++
		}
		if r.First == nil || e.At.Before(*r.First) {
			r.First = &e.At
		}
		return r
	case WasUndone:
		r.Undone++
		if spotless {
			r.Clean--
		}
	case WasRejected:
		r.Rejected++
	case MetConflict:
		r.Conflicts++
	}
	if r.LastBad == nil || e.At.After(*r.LastBad) {
		r.LastBad = &e.At
	}
	return r
}

const day = 24 * time.Hour

// Days gives the whole days since the first change was applied; 0 before that.
func (r Record) Days(now time.Time) int64 { return daysSince(r.First, now) }

// DaysSinceBad gives the whole days since something went wrong last; where nothing
// ever did, those since the first change was applied.
func (r Record) DaysSinceBad(now time.Time) int64 {
	if r.LastBad == nil {
		return r.Days(now)
	}
	return daysSince(r.LastBad, now)
}

func daysSince(at *time.Time, now time.Time) int64 {
	if at == nil || now.Before(*at) {
		return 0
	}
	return int64(now.Sub(*at) / day)
}

// Standing is where a maker stands: the record, and the level that was found by it
// last, in its stored form: fields are added, never renamed.
type Standing struct {
	Person access.Email `json:"person"`
	Level  access.Level `json:"level"` // in force
	Record Record       `json:"record"`
	Why    string       `json:"why,omitempty"` // of the last move, for the maker; "" if there was none
	At     time.Time    `json:"at"`            // of the last move, or when it was first found
}
