package change

import (
	"slices"
	"time"

	"sutor/internal/finding"
	"sutor/internal/record"
)

// Purged says what of a change was removed because its time was over.
type Purged struct {
	Inputs  *time.Time      `json:"inputs,omitempty"`  // its files
	Values  *time.Time      `json:"values,omitempty"`  // the rows of its plans, what was stored, samples in findings
	Texts   *time.Time      `json:"texts,omitempty"`   // who decided, reasons, comments, and what people were told
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
		c.withoutValues()
	}
	c.Purged.Pending = append(c.Purged.Pending, artefacts...)
}

// Gone stands in the place of a name or a text that was erased.
const Gone = "erased"

// EraseTexts takes out of the change what its envelopes told: texts that people wrote,
// and who they were. The maker stays: their limits rest on the changes that they made.
func (c *Change) EraseTexts(at time.Time) {
	if c.Purged == nil {
		c.Purged = &Purged{}
	}
	c.Purged.Texts = &at
	c.Title, c.Reason, c.Why, c.RouteWhy, c.Blocked, c.Problem, c.Halt = Gone, "", "", "", "", nil, nil
	c.Hands, c.Applier, c.HeldBy, c.Route = nil, "", "", nil
	c.Decisions = slices.Clone(c.Decisions)
	for i, d := range c.Decisions {
		d.By, d.For, d.Comment = Gone, "", ""
		c.Decisions[i] = d
	}
	c.Input, c.Result = c.Input.unnamed(), c.Result.unsaid()
	c.Members = slices.Clone(c.Members)
	for i, m := range c.Members {
		c.Members[i].Input, c.Members[i].Result = m.Input.unnamed(), m.Result.unsaid()
	}
	if c.Trial != nil {
		trial := *c.Trial
		trial.By, trial.Why = Gone, ""
		c.Trial = &trial
	}
	if c.Split != nil {
		split := *c.Split
		split.By, split.Say = Gone, ""
		c.Split = &split
	}
}

func (in *Input) unnamed() *Input {
	if in == nil {
		return nil
	}
	out := *in
	out.Name = Gone
	return &out
}

func (r *Result) unsaid() *Result {
	if r == nil {
		return nil
	}
	out := *r
	out.Message = ""
	return &out
}

// withoutValues takes samples and examples out of all that was found.
func (c *Change) withoutValues() {
	c.Plan, c.Result = c.Plan.withoutValues(), c.Result.withoutValues()
	if c.Trial != nil {
		trial := *c.Trial
		trial.Findings, trial.Members = withoutValues(trial.Findings), slices.Clone(trial.Members)
		for i := range trial.Members {
			trial.Members[i].Findings = withoutValues(trial.Members[i].Findings)
		}
		c.Trial = &trial
	}
	c.Members = slices.Clone(c.Members)
	for i, m := range c.Members {
		c.Members[i].Plan, c.Members[i].Result = m.Plan.withoutValues(), m.Result.withoutValues()
	}
}

func (p *Plan) withoutValues() *Plan {
	if p == nil {
		return nil
	}
	out := *p
	out.Findings = withoutValues(p.Findings)
	return &out
}

func (r *Result) withoutValues() *Result {
	if r == nil {
		return nil
	}
	out := *r
	out.Findings = withoutValues(r.Findings)
	return &out
}

func withoutValues(all []finding.Finding) []finding.Finding {
	all = slices.Clone(all)
	for i := range all {
		all[i].Samples, all[i].Examples = nil, nil
	}
	return all
}
