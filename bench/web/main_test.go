package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
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

// Shuffled, a file has the same rows, and few stay where they were.
func TestShuffled(t *testing.T) {
	t.Parallel()
	var plain, shuffled strings.Builder
	if err := errors.Join(customers(&plain, 1000, false), customers(&shuffled, 1000, true)); err != nil {
		t.Fatal(err)
	}
	want, got := strings.Split(plain.String(), "\n"), strings.Split(shuffled.String(), "\n")
	stay := 0
	for i := range want {
		if got[i] == want[i] {
			stay++
		}
	}
	if stay > 10 {
		t.Errorf("%d rows stay where they were", stay)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Error("it has other rows")
	}
}
