package all

import (
	"slices"
	"testing"

	"sutor/internal/connector/sqlite"
)

func TestConnectors(t *testing.T) {
	t.Parallel()
	if got, want := Connectors().Kinds(), []string{"mysql", "postgres", "sqlite"}; !slices.Equal(got, want) {
		t.Errorf("kinds %v, want %v", got, want)
	}
	for kind, open := range Connectors() {
		if open == nil {
			t.Errorf("%s has no Open", kind)
		}
		if Rights(kind) == nil {
			t.Errorf("%s does not tell which rights it needs", kind)
		}
	}
}

func TestTwiceListed(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a kind listed twice should panic")
		}
	}()
	registry(connector{"sqlite", sqlite.Open, nil}, connector{"sqlite", sqlite.Open, nil})
}
