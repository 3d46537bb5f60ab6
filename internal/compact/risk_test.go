package compact_test

import (
	"strings"
	"testing"

	"sutor/internal/compact"
)

// The dataset's own weights come before the Compact's, and those before what
// counts where nobody says anything.
func TestRiskWeights(t *testing.T) {
	t.Parallel()
	text := strings.Replace(example(t), "timezone:", "risk: {deletes: 50, hour: 0}\ntimezone:", 1)
	text = strings.Replace(text, "    allow:", "    risk: {hour: 7}\n    allow:", 1)
	c := parse(t, text)
	usual := compact.DefaultWeights()
	d, _ := c.Dataset("customers")
	for factor, want := range map[compact.Factor]int{compact.RiskDeletes: 50, compact.RiskHour: 7, compact.RiskRows: usual[compact.RiskRows]} {
		if d.Risk[factor] != want {
			t.Errorf("%s weighs %d on the dataset, want %d", factor, d.Risk[factor], want)
		}
	}
	if c.Risk[compact.RiskHour] != 0 || len(c.Risk) != len(usual) {
		t.Errorf("the Compact's weights are %v", c.Risk)
	}
}

func TestRiskWeightsRefused(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"deletes: 101", "deletes: -1", "deletes: 1.5", "deletes: many", "deletes: 007", "delete: 5"} {
		_, problems := compact.Parse("c.yaml", []byte(strings.Replace(example(t), "timezone:", "risk: {"+wrong+"}\ntimezone:", 1)))
		if !compact.Failed(problems) || problems[0].Mend == "" {
			t.Errorf("%s: %v", wrong, problems)
		}
	}
}
