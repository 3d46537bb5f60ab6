package access

import (
	"slices"
	"time"
)

// Deputy is somebody whom a person has named to decide in their place, for a time
// and a scope, in its stored form: fields are added, never renamed.
type Deputy struct {
	ID       string    `json:"id"` // random: it stands in leaves
	Person   Email     `json:"person"`
	Deputy   Email     `json:"deputy"`
	From     time.Time `json:"from"`               // inside
	Until    time.Time `json:"until"`              // outside
	Datasets []string  `json:"datasets,omitempty"` // none: all
}

// InForce tells whether it holds at a time.
func (d Deputy) InForce(at time.Time) bool { return !at.Before(d.From) && at.Before(d.Until) }

// Covers tells whether a dataset is in its scope.
func (d Deputy) Covers(dataset string) bool {
	return len(d.Datasets) == 0 || slices.Contains(d.Datasets, dataset)
}

// StandIn is one whose place a person takes now, for some datasets: because they
// named the person as their deputy, or because they have left and their duties went
// to the person. For holds no stand-ins of its own: a deputy of a deputy has no
// rights.
type StandIn struct {
	For      Principal
	Datasets []string // none: all
	Left     bool     // For has left: their own changes are the person's to look after, too
	Deputy   string   // the ID of the Deputy; "" where duties went to the manager
}

// Covers tells whether it is for the dataset.
func (s StandIn) Covers(dataset string) bool {
	return len(s.Datasets) == 0 || slices.Contains(s.Datasets, dataset)
}

// decides tells whether the person may ever decide on changes of the dataset, as
// an owner or a manager.
func (p Principal) decides(d Dataset) bool {
	return d.OwnedBy(p) || p.Is(Manager) && p.In(d.Department)
}

// places gives those whose place the person takes in the dataset, who decide there
// or whose changes were left behind.
func (p Principal) places(d Dataset) (out []Principal) {
	for _, s := range p.StandsIn {
		if s.Covers(d.Name) && (s.For.decides(d) || s.Left && s.For.Is(Maker) && s.For.In(d.Department)) {
			out = append(out, s.For)
		}
	}
	return out
}

// inPlace tells whether the person takes somebody's place in the dataset: then they
// see what they must answer for.
func (p Principal) inPlace(d Dataset) bool { return len(p.places(d)) > 0 }

// alone gives the person in their own right.
func (p Principal) alone() Principal {
	p.StandsIn = nil
	return p
}
