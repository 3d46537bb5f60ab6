package compact

import (
	"os"
	"strings"
	"testing"
)

func reference(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../docs/compact.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The reference's example is valid and shows every section.
func TestReferenceExample(t *testing.T) {
	t.Parallel()
	_, rest, ok := strings.Cut(reference(t), "```yaml\n")
	example, _, closed := strings.Cut(rest, "```\n")
	if !ok || !closed {
		t.Fatal("the reference has no example")
	}
	c, problems := Parse("docs/compact.md", []byte(example))
	if c == nil || len(problems) > 0 {
		t.Fatalf("the reference's example has problems: %v", problems)
	}
	d := c.Datasets[0]
	if len(d.Columns) == 0 || len(d.Guardrails) == 0 || len(d.Impact) == 0 || len(d.Freedom) == 0 || len(c.Freezes) == 0 {
		t.Error("the reference's example leaves a section out")
	}
}

// The reference explains every key.
func TestReferenceKeys(t *testing.T) {
	t.Parallel()
	text := reference(t)
	for _, s := range []shape{rootShape, systemShape, personShape, datasetShape, columnShape, guardrailShape, impactShape,
		freedomShape, retainShape, freezeShape, riskShape} {
		for _, k := range s.names() {
			if !strings.Contains(text, "| `"+k+"`") && !strings.Contains(text, "`, `"+k+"` |") {
				t.Errorf("the reference does not explain %s.%s", s.name, k)
			}
		}
	}
}
