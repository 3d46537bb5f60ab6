package identity

import (
	"strings"
	"testing"
)

func TestPHC(t *testing.T) {
	t.Parallel()
	text := newPHC(hers)
	h, err := parsePHC(text)
	if err != nil || h.String() != text {
		t.Fatalf("%s gave %v, %v", text, h, err)
	}
	if !strings.HasPrefix(text, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("%s has other parameters than OWASP's first choice", text)
	}
	if !h.matches(hers) || h.matches(hers+" ") || h.matches("") {
		t.Error("only the password itself matches")
	}
}

func TestDecoyCostsTheSame(t *testing.T) {
	t.Parallel()
	h, err := parsePHC(decoy())
	if err != nil || h.params != current {
		t.Errorf("decoy with %v, %v", h.params, err)
	}
}

func TestPHCRefused(t *testing.T) {
	t.Parallel()
	good := newPHC(hers)
	for name, text := range map[string]string{
		"empty":             "",
		"another algorithm": strings.Replace(good, "argon2id", "argon2i", 1),
		"another version":   strings.Replace(good, "v=19", "v=16", 1),
		"huge memory":       strings.Replace(good, "m=19456", "m=4294967295", 1),
		"no memory":         strings.Replace(good, "m=19456", "m=0", 1),
		"no passes":         strings.Replace(good, "t=2", "t=0", 1),
		"no threads":        strings.Replace(good, "p=1", "p=0", 1),
		"too many threads":  strings.Replace(good, "p=1", "p=256", 1),
		"another spelling":  strings.Replace(good, "m=19456", "m=019456", 1),
		"cut":               good[:len(good)-4],
		"without a key":     good[:strings.LastIndexByte(good, '$')],
		"one part more":     good + "$",
	} {
		if _, err := parsePHC(text); err == nil {
			t.Errorf("%s: %s passed", name, text)
		}
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add(newPHC(hers))
	f.Add("$argon2id$v=19$m=8,t=1,p=1$$")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := parsePHC(text)
		if err == nil && (h.String() != text || !h.sane()) {
			t.Errorf("%q was read as %v", text, h)
		}
	})
}
