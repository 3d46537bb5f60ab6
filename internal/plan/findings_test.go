package plan_test

import (
	"strings"
	"testing"

	"sutor/internal/plan"
	"sutor/internal/record"
)

// A finding is told in the words that people use of their columns; scripts find the
// column by its name.
func TestFindingsSayLabels(t *testing.T) {
	t.Parallel()
	c := record.Column{Name: "vat", Label: "VAT number", Type: record.Type{Kind: record.Text}}
	pattern := &plan.Limit{Text: "^[A-Z]{2}", Say: "Two letters of the country come first."}
	for _, f := range []struct{ column, message, want string }{
		{plan.PatternFinding(c, pattern).Column, plan.PatternFinding(c, pattern).Message, "VAT number is not written as it must be: Two letters of the country come first."},
		{plan.PatternFinding(c, &plan.Limit{Text: "^[A-Z]{2}"}).Column, plan.PatternFinding(c, &plan.Limit{Text: "^[A-Z]{2}"}).Message, "VAT number does not match the pattern ^[A-Z]{2}."},
		{plan.NotNullFinding(c).Column, plan.NotNullFinding(c).Message, "VAT number must have a value, and has none."},
		{plan.UniqueFinding(record.Schema{c}).Column, plan.UniqueFinding(record.Schema{c}).Message, "VAT number must be unique in the system, and another row has the same."},
	} {
		if f.column != "vat" || f.message != f.want {
			t.Errorf("of %q: %q, want %q", f.column, f.message, f.want)
		}
	}
	c.Label = ""
	if got := plan.NotNullFinding(c).Message; !strings.HasPrefix(got, "vat ") {
		t.Errorf("without a label: %q", got)
	}
}
