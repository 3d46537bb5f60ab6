package change

import (
	"time"

	"sutor/internal/access"
	"sutor/internal/finding"
	"sutor/internal/record"
)

// TriedOnSubmit is how many rows a plan may write to be tried by itself when it is
// submitted. A larger one is tried when somebody asks for it.
const TriedOnSubmit = 10_000

// Outcome is how a trial ended.
type Outcome string

const (
	Passed  Outcome = "passed"  // the system would take the plan, as it is now
	Refused Outcome = "refused" // the system refuses some of it; findings say what
	Moved   Outcome = "moved"   // live rows are not what the plan says any more
	Unknown Outcome = "unknown" // it could not be tried
)

// Trial is how the system took a plan that was written in a transaction and rolled
// back. It belongs to that plan, and is no part of it: nobody decides on it.
type Trial struct {
	Plan     record.Digest     `json:"plan"`
	By       access.Email      `json:"by"`
	At       time.Time         `json:"at"`
	Outcome  Outcome           `json:"outcome"`
	Why      string            `json:"why,omitempty"` // where it did not pass, in a sentence
	Findings []finding.Finding `json:"findings,omitempty"`
	Members  []Tried           `json:"members,omitempty"` // of a family, in place of Findings: the datasets in which something was found
}

// Tried is what a trial of a family found in one dataset.
type Tried struct {
	Dataset  string            `json:"dataset"`
	Findings []finding.Finding `json:"findings"`
}

// Blocks tells whether what was found would stop the apply too.
func (t *Trial) Blocks() bool { return t != nil && (t.Outcome == Refused || t.Outcome == Moved) }

// TrialOf gives the trial of the plan that stands; nil if that was not tried.
func (c *Change) TrialOf() *Trial {
	if c.Trial == nil || c.Plan == nil || c.Trial.Plan != c.Plan.Digest {
		return nil
	}
	return c.Trial
}

// on gives the trial of a family's plan as that of one member's.
func (t *Trial) on(m Member) *Trial {
	if t == nil || m.Plan == nil {
		return nil
	}
	one := *t
	one.Plan, one.Members = m.Plan.Digest, nil
	for _, tried := range t.Members {
		if tried.Dataset == m.Dataset {
			one.Findings, one.Why = tried.Findings, tried.Findings[0].Message
		}
	}
	return &one
}

// Trying says that a process tries a plan on a dataset: applies of others wait for
// it, as long as its lease is alive.
type Trying struct {
	Dataset string `json:"dataset"`
	Change  ID     `json:"change"`
	Lease   Lease  `json:"lease"`
}
