package access

import (
	"slices"
	"time"
)

// Grant is access that an owner gave to one person for a time, beyond what the
// Compact gives: to see a dataset, and the values of columns of it.
type Grant struct {
	Dataset string
	Columns []string
	Until   time.Time
}

// Now gives the person with those of the grants that still hold: a grant lapses by
// the clock, whoever looks.
func (p Principal) Now(grants []Grant, now time.Time) Principal {
	p.Grants = slices.DeleteFunc(slices.Clone(grants), func(g Grant) bool { return !now.Before(g.Until) })
	return p
}

// granted tells whether the person was given access to the dataset; with a column,
// to the values of that.
func (p Principal) granted(dataset, column string) bool {
	return slices.ContainsFunc(p.Grants, func(g Grant) bool {
		return g.Dataset == dataset && (column == "" || slices.Contains(g.Columns, column))
	})
}

// MayGrant tells whether the person may give somebody access to the dataset:
// its listed owners, and never to themselves.
func MayGrant(p Principal, to Email, d Dataset) bool { return d.OwnedBy(p) && p.Email != to }
