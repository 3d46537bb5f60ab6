package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	beSutorIfAsked()
	os.Exit(m.Run())
}

// A small day: every figure is there, and written where it belongs.
func TestRun(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "performance.md")
	if err := os.WriteFile(file, []byte("<!-- begin many -->\n<!-- end many -->\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := run(t.Context(), options{changes: 4, rows: 10, makers: 2, leaves: 200, batch: 100, out: file}, &out); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"go run ./bench/many -out " + file, "ready after", "idle", "4 changes of 10 rows, 2 at once: planned, p95", "leaves a second"} {
		if !strings.Contains(string(written), want) {
			t.Errorf("the page has no %q:\n%s", want, written)
		}
	}
	if !strings.Contains(string(written), out.String()) {
		t.Errorf("printed is something else:\n%s", out.String())
	}
}
