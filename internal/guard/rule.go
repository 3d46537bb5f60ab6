package guard

import (
	"fmt"

	"sutor/internal/access"
	"sutor/internal/errs"
	"sutor/internal/finding"
)

// Each says on what a rule is judged.
type Each string

const (
	EachRow    Each = "row"    // once for every row of the plan
	EachChange Each = "change" // once for the change as a whole
	EachRecord Each = "record" // on a maker's record: the rules of levels
)

// Rule is a guardrail as it stands in the Compact.
type Rule struct {
	Name  string
	Each  Each
	When  string // in the guardrail language
	Then  finding.Severity
	By    access.Role // Then approve: whose approval; empty for the owner's
	Say   string      // what people read when it hits
	Needs int         // Then approve: how many of them; 0 is one
}

// Error says why a rule cannot be compiled, and where in its text.
type Error struct {
	Rule   string
	Line   int // from 1, within the rule's text
	Column int // from 1, in characters
	public *errs.Error
}

// Message says what is wrong.
func (e *Error) Message() string { return e.public.Message }

// Mend says how to mend it.
func (e *Error) Mend() string { return e.public.Mend }

// Error gives the place, what is wrong and how to mend it.
func (e *Error) Error() string {
	return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.public.Error())
}

// Unwrap gives the public error, of kind Invalid.
func (e *Error) Unwrap() error { return e.public }

// Hits is what judging a rule over a plan gave.
type Hits struct {
	Rows    int64    // rows hit, those that could not be judged included; 0 for a change rule
	Unknown int64    // of them, rows that could not be judged
	Ranges  []string // as finding.Finding.Ranges
	Samples []string // as finding.Finding.Samples
}

// notJudged stands before what a rule says where its answer is unknown.
const notJudged = "could not be judged: "

// finding words a hit. allUnknown: no row was hit for certain.
func (r Rule) finding(h Hits, allUnknown bool) finding.Finding {
	f := finding.Finding{Guardrail: r.Name, Severity: r.Then, Rows: h.Rows, Message: r.Say, Ranges: h.Ranges, Samples: h.Samples, Unknown: h.Unknown}
	f.Mend, f.Who = r.mend(h.Rows)
	if r.Then == finding.Approve {
		f.By, f.Who = string(r.approver()), string(r.approver())
		if r.Needs > 1 {
			f.Needs = r.Needs
		}
	}
	switch {
	case allUnknown:
		f.Message = notJudged + r.Say
		f.Mend = "Give the rule the values it reads; what cannot be judged counts as hit."
		f.Who = finding.Maker
	case h.Unknown > 0:
		f.Message = fmt.Sprintf("%s (%d of %d rows could not be judged.)", r.Say, h.Unknown, h.Rows)
	}
	return f
}

// mend says what can be done about a hit, and who can; rows are 0 for the change
// as a whole.
func (r Rule) mend(rows int64) (mend, who string) {
	these, otherwise := "the rows", "Correct the rows, or take them out."
	if rows == 0 {
		these, otherwise = "the change", "Propose another file, with fewer rows perhaps."
	}
	switch r.Then {
	case finding.Block:
		return otherwise + " The rule stands in the Compact, which the steward keeps.", finding.Maker
	case finding.Approve:
		return fmt.Sprintf("Nothing needs to be mended: somebody with the role %s looks at %s and decides.", r.approver(), these), ""
	}
	return fmt.Sprintf("Look whether %s should be so; nothing stops it.", these), finding.Maker
}

func (r Rule) approver() access.Role {
	if r.By == "" {
		return access.Owner
	}
	return r.By
}
