package duck_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sutor/internal/change"
	"sutor/internal/finding"
	"sutor/internal/plan"
)

// Ann has a credit of 100.00, Bob of 200.50, Cid none: the quartiles are some 50
// apart, and so they are usually.
func TestFacts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, file string
		want       []plan.Facts
	}{
		{"within three times the spread", "id,credit\n1,250\n2,200.50\n", []plan.Facts{{Column: "credit", Written: 1, Updated: 1, Spread: 50.25}}},
		{"beyond it", "id,credit\n1,251\n2,200.50\n", []plan.Facts{{Column: "credit", Written: 1, Updated: 1, Jumps: 1, Spread: 50.25}}},
		{"beyond it, and not by half of what it was", "id,credit\n2,290\n", []plan.Facts{{Column: "credit", Written: 1, Updated: 1}}},
		{"a new value and a new row are no jumps", "id,name,credit\n3,Cid,9999\n70,New,9999\n", []plan.Facts{{Column: "name", Written: 1}, {Column: "credit", Written: 2, Updated: 1}}},
		{"texts do not jump", "id,name\n1,Anna\n2,Bob\n", []plan.Facts{{Column: "name", Written: 1, Updated: 1}}},
	} {
		b := newBench(t)
		b.spread = map[string]float64{"credit": 50.25}
		_, out := b.plan(c.file, change.Options{Mode: change.Upsert})
		if diff := cmp.Diff(c.want, out.Facts, cmpopts.EquateApprox(0, 0.001)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// Risk never falls when a row is added: whatever the others are, each row is a jump
// or none, and what it writes is written.
func TestARowMoreIsNeverLess(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	dice := rand.New(rand.NewPCG(1, 2))
	for _, usual := range []float64{0, 1, 50.25, 1e9} {
		b.spread = map[string]float64{"credit": usual}
		var before plan.Facts
		var rows strings.Builder
		for _, id := range dice.Perm(5) {
			fmt.Fprintf(&rows, "%d,%d.50\n", id+1, dice.IntN(600))
			s, out := b.plan("id,credit\n"+rows.String(), change.Options{Mode: change.Upsert})
			s.Close()
			if now := out.Facts[0]; now.Jumps < before.Jumps || now.Written < before.Written {
				t.Errorf("with spread %v and the last row of\n%s%+v becomes %+v", usual, rows.String(), before, now)
			} else {
				before = now
			}
		}
	}
}

// The rules of a key's column are asked of new rows; what is there already is not
// written, and stays.
func TestKeyRulesOfNewRows(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.rules = map[string]plan.ColumnRule{"id": {OneOf: []string{"1", "70"}}}
	_, out := b.plan("id,name\n2,Rob\n70,New\n71,Newer\n", change.Options{Mode: change.Upsert})
	want := finding.Finding{Guardrail: finding.OneOf, Column: "id", Rows: 1}
	for _, f := range out.Findings {
		if f.Guardrail == want.Guardrail && f.Column == want.Column && f.Rows == want.Rows && f.Invalid {
			return
		}
	}
	t.Errorf("no finding about row 71: %+v", out.Findings)
}
