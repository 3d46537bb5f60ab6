package api

import (
	"strings"
	"testing"

	"sutor/internal/errs"
)

// FuzzParseMap: a mapping is taken as it is written or refused as Usage.
func FuzzParseMap(f *testing.F) {
	for _, seed := range []string{"Kunde=id", "a=b=c", "note=", "=id", "", "Größe =size"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		columns, err := parseMap([]string{text})
		if err != nil {
			if errs.KindOf(err) != errs.Usage || strings.Contains(text, "=") && text[0] != '=' {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		for from, to := range columns {
			if from+"="+to != text || strings.Contains(to, "=") {
				t.Errorf("%q became %q and %q", text, from, to)
			}
		}
	})
}
