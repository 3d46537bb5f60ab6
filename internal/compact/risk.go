package compact

import (
	"fmt"
	"maps"
	"strconv"
)

// Factor is one reason why a change can be risky.
type Factor string

// The factors. What each of them looks at is package change's (RiskOf).
const (
	RiskRows     Factor = "rows"         // many rows are written
	RiskShare    Factor = "share"        // a large share of the table is written
	RiskDeletes  Factor = "deletes"      // rows are deleted
	RiskCritical Factor = "critical"     // columns marked critical are written
	RiskJumps    Factor = "jumps"        // numbers move further than is usual in their column
	RiskMaker    Factor = "first-change" // the maker has not changed this dataset before
	RiskLayout   Factor = "new-layout"   // no change of late wrote these columns
	RiskUnusual  Factor = "unusual-size" // larger than the dataset's last twenty changes
	RiskWarnings Factor = "warnings"     // the plan has warnings
	RiskHour     Factor = "hour"         // planned at night or at the weekend
	RiskWaiting  Factor = "waiting"      // another change waits with the same rows
)

// Weights gives the most points that each factor may add; 0 switches it off.
type Weights map[Factor]int

// DefaultWeights are what counts where the file says nothing.
func DefaultWeights() Weights {
	return Weights{RiskRows: 30, RiskShare: 30, RiskDeletes: 30, RiskCritical: 20, RiskJumps: 20, RiskMaker: 3, RiskLayout: 2,
		RiskUnusual: 20, RiskWarnings: 15, RiskHour: 2, RiskWaiting: 10}
}

var riskShape = shape{"risk", []key{
	{string(RiskRows), false, "rows: 30"},
	{string(RiskShare), false, "share: 30"},
	{string(RiskDeletes), false, "deletes: 30"},
	{string(RiskCritical), false, "critical: 20"},
	{string(RiskJumps), false, "jumps: 20"},
	{string(RiskMaker), false, "first-change: 3"},
	{string(RiskLayout), false, "new-layout: 2"},
	{string(RiskUnusual), false, "unusual-size: 20"},
	{string(RiskWarnings), false, "warnings: 15"},
	{string(RiskHour), false, "hour: 2"},
	{string(RiskWaiting), false, "waiting: 10"},
}}

// weights reads the section under `risk`, over what counts without it.
func (s section) weights(otherwise Weights) Weights {
	n, ok := s.values["risk"]
	if !ok {
		return otherwise
	}
	w := maps.Clone(otherwise)
	risk := s.r.section(n, "`risk`", riskShape)
	for name, n := range risk.values {
		text, ok := s.r.filled(n)
		if !ok {
			continue
		}
		points, err := strconv.Atoi(text)
		if err != nil || points < 0 || points > 100 || text != strconv.Itoa(points) {
			s.r.problem(n.path, fmt.Sprintf("%q is no number of points.", short(text)), "Write a whole number from 0 (never counts) to 100.")
			continue
		}
		w[Factor(name)] = points
	}
	return w
}
