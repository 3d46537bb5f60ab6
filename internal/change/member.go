package change

import (
	"slices"
	"strings"

	"sutor/internal/record"
)

// Member is what a change over several datasets, a family of parents and
// children, has of one of them: its file, the choices, its plan and what was
// written there. The rest the members have in common: one state, one route, one
// lease, and one plan, whose digest is that of the joint manifest, which lists
// theirs (package plan, Joint). So a family is proposed, approved, applied and
// undone as a whole.
//
// What is judged or done dataset by dataset goes through [Change.ByDataset], where
// each member looks like a plain change: such code needs to know nothing of
// families. A family's Dataset has the names of all its datasets and so is no
// dataset's name: code that forgets the members finds no rights and no rules there,
// and refuses.
type Member struct {
	Dataset       string        `json:"dataset"`
	DatasetDigest record.Digest `json:"dataset_digest,omitempty"`
	Options       Options       `json:"options"`
	Input         *Input        `json:"input,omitempty"`
	Plan          *Plan         `json:"plan,omitempty"`
	Result        *Result       `json:"result,omitempty"`
	Twin          ID            `json:"twin,omitempty"`
}

// MostMembers bounds a family: each has a file, a plan and a step of the route.
const MostMembers = 16

// IsFamily tells whether the change is over several datasets.
func (c *Change) IsFamily() bool { return len(c.Members) > 0 }

// Datasets gives the names of the change's datasets; once there is a plan of a
// family, parents first.
func (c *Change) Datasets() []string {
	if !c.IsFamily() {
		return []string{c.Dataset}
	}
	names := make([]string, len(c.Members))
	for i, m := range c.Members {
		names[i] = m.Dataset
	}
	return names
}

// JoinDatasets is what a family has for its Dataset: a name is a word of lower-case
// letters, digits, dashes and underscores, so this is none.
func JoinDatasets(names []string) string { return strings.Join(names, ", ") }

// SplitDatasets gives the names that a change's Dataset has: one, or a family's.
func SplitDatasets(joined string) []string { return strings.Split(joined, ", ") }

// ByDataset gives the change as one plain change for each of its datasets, in the
// order of its members; a plain change gives itself. A member seen so is a copy: it
// is read, and what becomes of it is written to Members. The decisions and the route
// are the whole's, bound to the whole's digest, so it has none.
func (c *Change) ByDataset() []*Change {
	if !c.IsFamily() {
		return []*Change{c}
	}
	all, trial := make([]*Change, len(c.Members)), c.TrialOf()
	for i, m := range c.Members {
		one := *c
		one.Trial = trial.on(m)
		one.Members, one.Route, one.Decisions = nil, nil, nil
		one.Dataset, one.DatasetDigest, one.Options = m.Dataset, m.DatasetDigest, m.Options
		one.Input, one.Plan, one.Result, one.Twin = m.Input, m.Plan, m.Result, m.Twin
		all[i] = &one
	}
	return all
}

// TakeFrom takes over the file and the choices of one of its datasets, as seen by
// ByDataset.
func (c *Change) TakeFrom(one *Change) {
	if !c.IsFamily() {
		c.Input, c.Options = one.Input, one.Options
		return
	}
	m := &c.Members[slices.Index(c.Datasets(), one.Dataset)]
	m.Input, m.Options = one.Input, one.Options
}

// On gives the change as it is over one of its datasets; nil where it is none of
// them.
func (c *Change) On(dataset string) *Change {
	if i := slices.Index(c.Datasets(), dataset); i >= 0 {
		return c.ByDataset()[i]
	}
	return nil
}

// MemberRisk is the risk of one member of a change.
type MemberRisk struct {
	Dataset string
	Risk    Risk
}

// JoinRisks gives the risk of a whole change. Of each factor the most that a member
// has counts, once: so the whole is never less risky than any of its members.
func JoinRisks(all []MemberRisk) Risk {
	if len(all) == 1 {
		return all[0].Risk
	}
	var joint Risk
	for _, one := range all {
		for _, f := range one.Risk.Factors {
			f.Why = one.Dataset + ": " + f.Why
			i := slices.IndexFunc(joint.Factors, func(g RiskFactor) bool { return g.Name == f.Name })
			switch {
			case i < 0:
				joint.Factors = append(joint.Factors, f)
			case f.Points > joint.Factors[i].Points:
				joint.Factors[i] = f
			}
		}
	}
	for _, f := range joint.Factors {
		joint.Score = min(joint.Score+f.Points, 100)
	}
	return joint
}
