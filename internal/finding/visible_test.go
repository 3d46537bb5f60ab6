package finding_test

import (
	"testing"

	"sutor/internal/finding"
)

func TestVisible(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "plain text": "plain text", " a  b ": "␣a  b␣", "  ": "␣␣", "A\u200bB": "A‹U+200B›B", "\ufeffid": "‹U+FEFF›id", "1\u00a0234": "1‹U+00A0›234",
		"👩\u200d👧": "👩\u200d👧", "a\u202eb": "a‹U+202E›b",
	} {
		if got := finding.Visible(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
	if got := finding.Sample("x\u00ad"); got != "x‹U+00AD›" {
		t.Errorf("the sample is %q", got)
	}
}
