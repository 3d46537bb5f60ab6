package store_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"sutor/internal/store"
)

func TestTimesSortAsText(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("", 3600))
	var texts []string
	for _, d := range []time.Duration{0, 1, time.Millisecond, time.Second, 365 * 24 * time.Hour} {
		at := start.Add(d)
		text := store.TimeText(at)
		var back store.Time
		if err := back.Scan(text); err != nil || !back.Equal(at) {
			t.Errorf("%s was read as %v, %v", text, back, err)
		}
		texts = append(texts, text)
	}
	if !slices.IsSorted(texts) {
		t.Errorf("out of order: %q", texts)
	}
}

// The same number is the same step in every database.
func TestMigrationsStandSideBySide(t *testing.T) {
	t.Parallel()
	steps := func(dialect string) (names []string) {
		entries, err := os.ReadDir(filepath.Join(dialect, "migrations"))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	sqlite, postgres := steps("sqlite"), steps("postgres")
	if len(sqlite) == 0 || !slices.Equal(sqlite, postgres) {
		t.Errorf("sqlite has %q, postgres has %q", sqlite, postgres)
	}
}
