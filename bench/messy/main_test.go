package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestPlace(t *testing.T) {
	t.Parallel()
	page := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(page, []byte("before\n<!-- begin score -->\nold\n<!-- end score -->\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := place(page, map[string]string{"score": "new\n"}); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(page); err != nil || string(got) != "before\n<!-- begin score -->\nnew\n<!-- end score -->\nafter\n" {
		t.Errorf("%q %v", got, err)
	}
	if err := place(page, map[string]string{"corpora": "x"}); err == nil {
		t.Error("a page without a place")
	}
}

func TestPattern(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		`In line 12, byte 7 is none.`:     "In line N, byte N is none.",
		`Two columns are named "a 1", 3.`: `Two columns are named "…", N.`,
	} {
		if got := pattern(said); got != want {
			t.Errorf("%q", got)
		}
	}
}
