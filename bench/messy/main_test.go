package main

import "testing"

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
