package change

import (
	"slices"
	"time"

	"sutor/internal/record"
)

// Purged says what of a change was removed because its time was over.
type Purged struct {
	Inputs  *time.Time      `json:"inputs,omitempty"`  // its files
	Values  *time.Time      `json:"values,omitempty"`  // the rows of its plans, what was stored, samples in findings
	Pending []record.Digest `json:"pending,omitempty"` // artefacts that are still to be removed
}

// Before tells whether none of these was purged yet.
func (p *Purged) Before(inputs, values bool) bool {
	return p == nil || !(inputs && p.Inputs != nil) && !(values && p.Values != nil)
}

// Purge notes that something is removed, with the artefacts in which it stands, and
// takes the values out of what the change itself holds.
func (c *Change) Purge(inputs, values bool, at time.Time, artefacts []record.Digest) {
	if c.Purged == nil {
		c.Purged = &Purged{}
	}
	if inputs {
		c.Purged.Inputs = &at
	}
	if values {
		c.Purged.Values = &at
		c.withoutSamples()
	}
	c.Purged.Pending = append(c.Purged.Pending, artefacts...)
}

func (c *Change) withoutSamples() {
	if c.Plan != nil {
		plan := *c.Plan
		plan.Findings = slices.Clone(plan.Findings)
		for i := range plan.Findings {
			plan.Findings[i].Samples = nil
		}
		c.Plan = &plan
	}
	if c.Result != nil {
		for i := range c.Result.Findings {
			c.Result.Findings[i].Samples = nil
		}
	}
}
