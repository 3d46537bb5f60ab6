package errs_test

import (
	"strings"
	"testing"

	"sutor/internal/errs"
)

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"label", "system", "guardrails", "key", "by"}
	tests := map[string]string{"lable": "label", "Label": "label", "gaurdrail": "guardrails", "sistem": "system", "kye": "key",
		"b": "by", "webhook": "", "": "", strings.Repeat("label", 100): ""}
	for name, want := range tests {
		if got := errs.Nearest(name, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
}
