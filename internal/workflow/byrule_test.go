package workflow_test

import (
	"testing"

	"sutor/internal/change"
	"sutor/internal/finding"
	"sutor/internal/workflow"
)

// The rows of a change by rule are found by their keys: no file gives them numbers,
// neither in what a check finds nor in a rehearsal.
func TestRowsOfARuleHaveNoNumbers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c, err := w.w.ProposeRule(ctx, w.as("maria"), workflow.RuleProposal{Dataset: "customers",
		Rule: change.Rule{Where: "id == 2", Set: []change.Assign{{Column: "credit", To: "2000"}}}})
	fine(t, err)
	w.work(t)
	c = w.see(t, "maria", c)
	if len(c.Findings) != 1 || len(c.Findings[0].Ranges) > 0 || len(c.Findings[0].Examples) != 1 {
		t.Fatalf("%+v", c.Findings)
	}
	if e := c.Findings[0].Examples[0]; e.Row != 0 || e.Key != "2" || c.Findings[0].Guardrail != "big-credit" {
		t.Errorf("%+v", e)
	}
	got := w.tried(t, "aud", c, "    guardrails:\n", "    guardrails:\n      - {name: two, each: row, when: 'after.credit == 2000', then: warn, say: Two thousand.}\n")
	if said(got) != "same two" || len(got.Rules[0].Ranges) > 0 || got.Rules[0].Now.Severity != string(finding.Warn) {
		t.Errorf("%+v", got)
	}
}
