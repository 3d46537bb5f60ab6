package change

import (
	"fmt"

	"sutor/internal/finding"
)

// Risk is a score from 0 to 100 with its reasons. The same plan always has the
// same risk.
type Risk struct {
	Score   int
	Factors []Factor
}

// Factor is one reason of a risk.
type Factor struct {
	Name   string
	Points int
	Why    string
}

// RiskOf judges a plan by its size, its share of the table, its deletes and its
// warnings.
func RiskOf(c Counts, tableRows int64, findings []finding.Finding) Risk {
	var r Risk
	add := func(name string, points int, format string, args ...any) {
		if points > 0 {
			r.Factors = append(r.Factors, Factor{name, points, fmt.Sprintf(format, args...)})
			r.Score = min(r.Score+points, 100)
		}
	}
	n := c.Written()
	add("rows", graded(n, 1_000, 10_000, 100_000), "It writes %d rows.", n)
	if tableRows > 0 {
		percent := n * 100 / tableRows
		add("share", graded(percent, 1, 10, 50), "It writes %d %% of the table's %d rows.", percent, tableRows)
	}
	add("deletes", graded(c.Delete, 1, 100, 1_000), "It deletes %d rows.", c.Delete)
	warnings := 0
	for _, f := range findings {
		if f.Severity == finding.Warn {
			warnings++
		}
	}
	add("warnings", min(5*warnings, 15), "Kinds of warnings: %d.", warnings)
	return r
}

// graded gives 5, 15 or 30 points from the first, second or third threshold on.
func graded(n, low, middle, high int64) int {
	switch {
	case n >= high:
		return 30
	case n >= middle:
		return 15
	case n >= low:
		return 5
	}
	return 0
}
