package change_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/finding"
)

// monday is a moment in working hours.
var monday = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func TestRiskFactors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		in      change.RiskInput
		factors string
		says    string
	}{
		{"critical column", change.RiskInput{Columns: []change.ColumnFacts{{Label: "Credit limit", Critical: true, Written: 1}, {Label: "City", Written: 9}}}, "critical+4", "critical: Credit limit"},
		{"critical column that is not written", change.RiskInput{Columns: []change.ColumnFacts{{Label: "Credit limit", Critical: true}}}, "", ""},
		{"jumps", change.RiskInput{Columns: []change.ColumnFacts{{Label: "Price", Written: 99, Jumps: 8}, {Label: "Cost", Written: 99, Jumps: 2}}}, "jumps+10", "Price (8), Cost (2)"},
		{"first change", change.RiskInput{FirstBy: true}, "first-change+3", "first change"},
		{"new layout", change.RiskInput{NewLayout: true}, "new-layout+2", "same columns"},
		{"a reversal has no layout of its own", change.RiskInput{FirstBy: true, NewLayout: true, Reversal: true}, "", ""},
		{"too few to tell what is usual", change.RiskInput{Counts: change.Counts{Update: 900}, Usual: []int64{1, 1, 1, 1}}, "", ""},
		{"as large as one before", change.RiskInput{Counts: change.Counts{Update: 9}, Usual: []int64{1, 1, 9, 1, 1}}, "", ""},
		{"three times the largest", change.RiskInput{Counts: change.Counts{Update: 27}, Usual: []int64{1, 1, 9, 1, 1}}, "unusual-size+10", "27 rows; the largest of the last 5 changes wrote 9"},
		{"at night", change.RiskInput{At: time.Date(2026, 11, 23, 3, 7, 0, 0, time.UTC)}, "hour+2", "03:07"},
		{"on a Sunday", change.RiskInput{At: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}, "hour+2", "Sunday"},
		{"beside another", change.RiskInput{Waiting: []change.Overlap{{Change: "1007", Rows: 3}, {Change: "1008"}}}, "waiting+10", "change 1007 (3 rows)"},
	} {
		c.in.Weights = compact.DefaultWeights()
		if c.in.At.IsZero() {
			c.in.At = monday
		}
		var names, why []string
		for _, f := range change.RiskOf(c.in).Factors {
			names, why = append(names, string(f.Name)+"+"+strconv.Itoa(f.Points)), append(why, f.Why)
		}
		if got := strings.Join(names, " "); got != c.factors || !strings.Contains(strings.Join(why, " "), c.says) {
			t.Errorf("%s: %s %q, want %s %q", c.name, got, why, c.factors, c.says)
		}
	}
}

// A factor that weighs nothing is not told.
func TestRiskWithoutWeight(t *testing.T) {
	t.Parallel()
	in := change.RiskInput{Weights: compact.Weights{}, Counts: change.Counts{Delete: 1_000_000}, TableRows: 1_000_000, FirstBy: true}
	if r := change.RiskOf(in); r.Score != 0 || len(r.Factors) != 0 {
		t.Errorf("%+v", r)
	}
}

// The same input always has the same risk; one more row, warning, jump or
// overlap never lowers it; and it is the sum of its reasons, at most 100.
func TestRiskLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := randomRisk(t)
		r := change.RiskOf(in)
		sum := 0
		for _, f := range r.Factors {
			sum += f.Points
		}
		if r.Score != min(sum, 100) {
			t.Fatalf("the score is %d, its reasons add up to %d", r.Score, sum)
		}
		more := in
		more.Columns = append([]change.ColumnFacts{}, in.Columns...)
		switch rapid.IntRange(0, 5).Draw(t, "more") {
		case 0:
			more.Counts.Insert++
		case 1:
			more.Counts.Update++
		case 2:
			more.Counts.Delete++
		case 3:
			more.Findings = append(in.Findings, finding.Finding{Severity: finding.Warn})
		case 4:
			more.Columns = append(more.Columns, change.ColumnFacts{Label: "x", Critical: true, Written: 1, Jumps: 1})
		case 5:
			more.Waiting = append(in.Waiting, change.Overlap{Change: "9", Rows: 1})
		}
		if after := change.RiskOf(more); after.Score < r.Score {
			t.Fatalf("the risk fell from %d to %d", r.Score, after.Score)
		}
	})
}

func randomRisk(t *rapid.T) change.RiskInput {
	n := func(name string) int64 {
		return rapid.OneOf(rapid.Int64Range(0, 30), rapid.Int64Range(0, 200_000)).Draw(t, name)
	}
	in := change.RiskInput{Weights: compact.DefaultWeights(), Counts: change.Counts{Insert: n("insert"), Update: n("update"), Delete: n("delete")},
		TableRows: n("table"), FirstBy: rapid.Bool().Draw(t, "first"), NewLayout: rapid.Bool().Draw(t, "layout"),
		At: monday.Add(time.Duration(rapid.IntRange(0, 7*24).Draw(t, "hours")) * time.Hour), Reversal: rapid.Bool().Draw(t, "reversal")}
	for range rapid.IntRange(0, 8).Draw(t, "usual") {
		in.Usual = append(in.Usual, n("size"))
	}
	for range rapid.IntRange(0, 3).Draw(t, "columns") {
		in.Columns = append(in.Columns, change.ColumnFacts{Label: "c", Critical: rapid.Bool().Draw(t, "critical"), Written: n("written"), Jumps: n("jumps")})
	}
	for range rapid.IntRange(0, 4).Draw(t, "warnings") {
		in.Findings = append(in.Findings, finding.Finding{Severity: finding.Warn})
	}
	return in
}

// What is usual is the median of what earlier changes met; what met nothing says
// nothing.
func TestUsualSpread(t *testing.T) {
	t.Parallel()
	facts := func(spread float64) []change.ColumnFacts {
		return []change.ColumnFacts{{Column: "price", Spread: spread}, {Column: "name"}}
	}
	got := change.UsualSpread([][]change.ColumnFacts{facts(10), facts(0), facts(1000), facts(20), nil})
	if len(got) != 1 || got["price"] != 20 {
		t.Errorf("%v", got)
	}
}
