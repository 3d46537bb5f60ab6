package cli

import (
	"strings"
	"testing"

	"sutor/internal/finding"
	"sutor/internal/wire"
)

// A reversal that is only planned has reversed nothing yet.
func TestReversedWords(t *testing.T) {
	t.Parallel()
	if got := reversedWords("applied"); !strings.Contains(got, "proposed") {
		t.Error(got)
	}
	if got := reversedWords("undone"); !strings.Contains(got, "was undone") {
		t.Error(got)
	}
}

// A change by rule and a reversal have no file that could be handed in again, and one
// whose plan only the rules have left behind needs no other.
func TestReplanWithoutFile(t *testing.T) {
	t.Parallel()
	ch := wire.Change{ID: "1008", State: "failed", May: []string{"replan"}, Rule: &wire.ByRule{}}
	if got := strings.Join(nextCommands(ch), "\n"); got != "sutor change replan 1008" {
		t.Error(got)
	}
	ch.Rule = nil
	if got := strings.Join(nextCommands(ch), "\n"); got != "sutor change replan 1008 FILE" {
		t.Error(got)
	}
	ch.State, ch.Plan = "planned", &wire.Plan{Counts: wire.Counts{Update: 1}}
	if got := nextCommands(ch); got[len(got)-1] != "sutor change replan 1008" {
		t.Error(got)
	}
}

// Samples are told where no example tells more.
func TestSamplesBesideExamples(t *testing.T) {
	t.Parallel()
	f := finding.Finding{Guardrail: "g", Severity: finding.Warn, Rows: 1, Samples: []string{"10008"}}
	shown := func() string {
		var p page
		showFindings(&p, []finding.Finding{f})
		return p.String()
	}
	if got := shown(); !strings.Contains(got, `for example "10008"`) {
		t.Error(got)
	}
	f.Examples = []finding.Example{{Row: 7, Key: "10008", Value: "NET31"}}
	if got := shown(); strings.Contains(got, "for example") || !strings.Contains(got, "row 7, key 10008") {
		t.Error(got)
	}
}
