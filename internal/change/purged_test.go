package change_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/finding"
)

// Once the time of its values is over, no change holds any of them: not as samples, and
// not as examples, whoever found them.
func TestPurgedChangeHoldsNoValues(t *testing.T) {
	t.Parallel()
	found := []finding.Finding{{Guardrail: "value", Rows: 1, Message: "Not a number.", Samples: []string{"4711"},
		Examples: []finding.Example{{Row: 2, Key: "4711", Value: "4711", Live: "4711"}}}}
	plan := &change.Plan{Findings: found}
	c := change.Change{Plan: plan, Trial: &change.Trial{Findings: found, Members: []change.Tried{{Findings: found}}}, Result: &change.Result{Findings: found},
		Members: []change.Member{{Plan: plan, Result: &change.Result{Findings: found}}}}
	c.Purge(false, true, time.Unix(0, 0), nil)
	text, err := json.Marshal(c)
	if err != nil || strings.Contains(string(text), "4711") || strings.Count(string(text), "Not a number.") != 6 {
		t.Errorf("%s, %v", text, err)
	}
	if plan.Findings[0].Examples == nil {
		t.Error("what others hold was changed")
	}
}

// Whoever acted on a change is gone from it with its texts; its maker is not.
func TestErasedChangeHoldsNobody(t *testing.T) {
	t.Parallel()
	const who, said = "olaf@example.test", "a private word"
	result, input := &change.Result{Message: said}, &change.Input{Name: said}
	c := change.Change{Maker: "maria@example.test", Title: said, Reason: said, Why: said, RouteWhy: said, Blocked: said, Hands: []access.Email{who}, Applier: who, HeldBy: who,
		Route: []change.Step{{Why: said}}, Decisions: []change.Decision{{By: who, For: who, Comment: said}}, Halt: &change.Halt{By: who, Say: said},
		Problem: &change.Problem{Message: said}, Trial: &change.Trial{By: who, Why: said}, Split: &change.Split{By: who, Say: said}, Input: input, Result: result,
		Members: []change.Member{{Input: input, Result: result}}}
	c.EraseTexts(time.Unix(0, 0))
	text, err := json.Marshal(c)
	if err != nil || strings.Contains(string(text), who) || strings.Contains(string(text), said) || !strings.Contains(string(text), "maria@example.test") {
		t.Errorf("%s, %v", text, err)
	}
}
