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
