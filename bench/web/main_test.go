package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A change of some thousand new rows: every figure is there, and written where it belongs.
func TestRun(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "performance.md")
	if err := os.WriteFile(file, []byte("<!-- begin few -->\n<!-- end few -->\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), options{rows: 60_000, samples: 2, rate: 20, during: time.Second, out: file, place: "few"}); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"go run ./bench/web -rows 60000 -out " + file + " -place few", "first page", "the last rows", "rows, by the API", "all of them", "first load", "layout shift"} {
		if !strings.Contains(string(written), want) {
			t.Errorf("the page has no %q:\n%s", want, written)
		}
	}
}
