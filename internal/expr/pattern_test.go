package expr

import "testing"

// TestPatternIsSpelledOut: nothing is left that engines read by tables of their own.
func TestPatternIsSpelledOut(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"(?i)k":       "[Kk\u212a]",
		"(?i)é1":      "[Éé]1",
		"(?P<year>a)": "(a)",
		"(?<year>a)":  "(a)",
	} {
		_, got, err := pattern(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		tree1, tree2 := parsed(t, got), parsed(t, want)
		if tree1 != tree2 {
			t.Errorf("%s is written %s, want %s", in, got, want)
		}
	}
	if _, _, err := pattern(`(?:\pL{1,100}){1,10}`); err == nil {
		t.Error("a pattern too large for other engines is not refused")
	}
}

func parsed(t *testing.T, s string) string {
	t.Helper()
	re, _, err := pattern(s)
	if err != nil {
		t.Fatal(err)
	}
	return re.String()
}
