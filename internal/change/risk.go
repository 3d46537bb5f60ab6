package change

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sutor/internal/compact"
	"sutor/internal/finding"
)

// Risk is a score from 0 to 100 with its reasons. It is computed once, when a
// plan stands, and stays with the plan.
type Risk struct {
	Score   int          `json:"score"`
	Factors []RiskFactor `json:"factors,omitempty"`
	// Grounds are what it was judged by, beside the plan's counts and findings; nil in
	// plans that were made before they were kept.
	Grounds *Grounds `json:"grounds,omitempty"`
}

// Grounds are what a risk depends on and a plan does not have: kept, so that other
// weights can be tried on it later.
type Grounds struct {
	Columns   []ColumnFacts `json:"columns,omitempty"`
	Usual     []int64       `json:"usual,omitempty"`
	FirstBy   bool          `json:"first_by,omitempty"`
	NewLayout bool          `json:"new_layout,omitempty"`
	Waiting   []Overlap     `json:"waiting,omitempty"`
	At        time.Time     `json:"at"`
}

// RiskFactor is one reason of a risk.
type RiskFactor struct {
	Name   compact.Factor `json:"name"`
	Points int            `json:"points"`
	Why    string         `json:"why"`
}

// RiskInput is all that a risk depends on: the same input always has the same
// risk, and more rows never have less.
type RiskInput struct {
	Weights   compact.Weights
	Counts    Counts
	TableRows int64
	Findings  []finding.Finding
	Columns   []ColumnFacts
	Usual     []int64   // rows that each of the dataset's last changes wrote, at most twenty
	FirstBy   bool      // the maker has never changed this dataset
	NewLayout bool      // none of the last changes wrote these columns
	Waiting   []Overlap // other changes that wait with some of the same rows
	At        time.Time // when it was planned, in the Compact's zone
	Reversal  bool      // whose size and layout are another change's
}

// ColumnFacts are what a plan does to one column.
type ColumnFacts struct {
	Column   string `json:"column"`
	Label    string `json:"label"`
	Critical bool   `json:"critical,omitempty"`
	Written  int64  `json:"written"` // rows that write it
	// Jumps counts the updates that move a number by more than half of what it was
	// and by more than three times the spread that is usual in the column.
	Jumps int64 `json:"jumps,omitempty"`
	// Spread is the distance between the quartiles of the live rows which the plan has
	// met: what is usual for later changes, never for this one ([UsualSpread]).
	Spread float64 `json:"spread,omitempty"`
}

// UsualSpread gives, by column, the median of the spreads that earlier changes met.
// It is no matter of the change's own rows: with one more of them, none may cease to
// be a jump.
func UsualSpread(before [][]ColumnFacts) map[string]float64 {
	all := map[string][]float64{}
	for _, facts := range before {
		for _, f := range facts {
			if f.Spread > 0 {
				all[f.Column] = append(all[f.Column], f.Spread)
			}
		}
	}
	usual := map[string]float64{}
	for column, spreads := range all {
		slices.Sort(spreads)
		usual[column] = spreads[len(spreads)/2]
	}
	return usual
}

// Overlap is another change that waits for its decision or its apply with rows
// that this one writes too.
type Overlap struct {
	Change ID    `json:"change"`
	Rows   int64 `json:"rows"`
}

// UsualSize is how many of the last changes tell what size is usual, and
// fewestUsual how many there must be. A share of a table counts from fewestShare
// rows on: two rows of a table of three are no large change.
const (
	UsualSize   = 20
	fewestUsual = 5
	fewestShare = 20
)

// RiskOf judges a plan.
func RiskOf(in RiskInput) Risk {
	j := riskJudge{in: in, risk: Risk{Grounds: &Grounds{in.Columns, in.Usual, in.FirstBy, in.NewLayout, in.Waiting, in.At}}}
	c, written := in.Counts, in.Counts.Written()
	j.graded(compact.RiskRows, written, 1_000, 10_000, 100_000, "It writes %s rows.", finding.Grouped(written))
	if in.TableRows > 0 && written >= fewestShare {
		percent := written * 100 / in.TableRows
		j.graded(compact.RiskShare, percent, 1, 10, 50, "It writes %d %% of the table's %s rows.", percent, finding.Grouped(in.TableRows))
	}
	j.graded(compact.RiskDeletes, c.Delete, 1, 100, 1_000, "It deletes %s rows.", finding.Grouped(c.Delete))
	j.columns()
	j.history(written)
	warnings := int64(0)
	for _, f := range in.Findings {
		if f.Severity == finding.Warn {
			warnings++
		}
	}
	j.add(compact.RiskWarnings, min(2*int(warnings), 6), "Kinds of warnings: %d.", warnings)
	j.circumstances()
	return j.risk
}

type riskJudge struct {
	in   RiskInput
	risk Risk
}

// graded adds a sixth, half or all of a factor's points from the first, second
// or third threshold on.
func (j *riskJudge) graded(name compact.Factor, n, low, middle, high int64, format string, args ...any) {
	switch {
	case n >= high:
		j.add(name, 6, format, args...)
	case n >= middle:
		j.add(name, 3, format, args...)
	case n >= low:
		j.add(name, 1, format, args...)
	}
}

// add adds sixths of a factor's points, rounded up.
func (j *riskJudge) add(name compact.Factor, sixths int, format string, args ...any) {
	points := (j.in.Weights[name]*sixths + 5) / 6
	if points == 0 {
		return
	}
	j.risk.Factors = append(j.risk.Factors, RiskFactor{name, points, fmt.Sprintf(format, args...)})
	j.risk.Score = min(j.risk.Score+points, 100)
}

func (j *riskJudge) columns() {
	var critical, jumps int64
	var criticals, jumping []string
	for _, c := range j.in.Columns {
		if c.Critical && c.Written > 0 {
			critical, criticals = max(critical, c.Written), append(criticals, c.Label)
		}
		if c.Jumps > 0 {
			jumps, jumping = jumps+c.Jumps, append(jumping, fmt.Sprintf("%s (%s)", c.Label, finding.Grouped(c.Jumps)))
		}
	}
	j.graded(compact.RiskCritical, critical, 1, 100, 1_000, "It writes what the Compact calls critical: %s.", strings.Join(criticals, ", "))
	j.graded(compact.RiskJumps, jumps, 1, 10, 100, "Numbers move much further than is usual in their column: %s.", strings.Join(jumping, ", "))
}

// history compares with the changes before.
func (j *riskJudge) history(written int64) {
	if j.in.Reversal {
		return
	}
	if j.in.FirstBy {
		j.add(compact.RiskMaker, 6, "It is its maker's first change of this dataset.")
	}
	if j.in.NewLayout {
		j.add(compact.RiskLayout, 6, "None of the last changes wrote the same columns.")
	}
	if len(j.in.Usual) < fewestUsual {
		return
	}
	if most := max(slices.Max(j.in.Usual), 1); written > most {
		j.graded(compact.RiskUnusual, written/most, 1, 3, 10, "It writes %s rows; the largest of the last %d changes wrote %s.", finding.Grouped(written), len(j.in.Usual), finding.Grouped(most))
	}
}

// Working hours; outside them fewer people see what happens.
const (
	firstHour = 6
	lastHour  = 20
)

func (j *riskJudge) circumstances() {
	at := j.in.At
	switch day := at.Weekday(); {
	case day == time.Saturday || day == time.Sunday:
		j.add(compact.RiskHour, 6, "It was planned on a %s.", day)
	case at.Hour() < firstHour || at.Hour() >= lastHour:
		j.add(compact.RiskHour, 6, "It was planned at %s, outside working hours.", at.Format("15:04"))
	}
	var who []string
	for _, o := range j.in.Waiting {
		if o.Rows > 0 {
			who = append(who, fmt.Sprintf("change %s (%s rows)", o.Change, finding.Grouped(o.Rows)))
		}
	}
	if len(who) > 0 {
		j.add(compact.RiskWaiting, 6, "Some of its rows wait in another change too: %s. Whichever is applied second is refused.", strings.Join(who, ", "))
	}
}
