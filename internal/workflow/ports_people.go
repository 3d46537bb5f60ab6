package workflow

import (
	"sutor/internal/access"
	"sutor/internal/change"
)

// People keeps what is known of people beside the Compact: where makers stand by
// their record, and who decides in whose place.
type People interface {
	// SaveStanding stores where a maker stands, in place of what was stored before.
	SaveStanding(change.Standing) error
	// Standing gives it; nil if none is stored.
	Standing(person access.Email) (*change.Standing, error)
	// SaveDeputy stores a deputy, in place of the one with the same ID.
	SaveDeputy(access.Deputy) error
	// EndDeputy takes a deputy away, if there is one.
	EndDeputy(id string) error
	// Deputies lists all that are stored, those whose time is over or to come too.
	Deputies() ([]access.Deputy, error)
}
