package verifyjs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	verifyjs "sutor/test/verify-js"
)

const (
	golden = "../../internal/evidence/testdata/pack-v1.zip"
	key    = "sutor/example-trading+7180a716+AdlxHmIgMtxbYVzJBJiLLYQAU8fYuk9PFBu5f/4CbpUB"
)

// The command for people: what it prints, and its exit codes.
func TestCommand(t *testing.T) {
	t.Parallel()
	pack, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	pack[len(pack)/2] ^= 1
	bad := filepath.Join(t.TempDir(), "bad.zip")
	if err := os.WriteFile(bad, pack, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args string
		exit int
		says string
	}{
		{golden, 0, "Key: this claims to be " + key},
		{golden + " --key " + key, 0, "VERIFIED: change c-1 is applied, up to its export at 2026-03-01T09:00:26.025Z."},
		{golden + " --key " + strings.Replace(key, "4CbpUB", "4CbpUC", 1), 1, "NOT VERIFIED: pack.json: it comes from another log"},
		{bad, 1, "NOT VERIFIED: "},
		{"nowhere.zip", 2, "The pack cannot be read"},
		{golden + " --what", 2, "usage: "},
	} {
		out, err := exec.Command("node", append([]string{"verify.mjs"}, strings.Fields(tt.args)...)...).CombinedOutput()
		exit := 0
		if e, is := err.(*exec.ExitError); is {
			exit = e.ExitCode()
		} else if err != nil {
			t.Fatal(err)
		}
		if exit != tt.exit || !strings.Contains(string(out), tt.says) {
			t.Errorf("%s: exit %d, want %d with %q:\n%s", tt.args, exit, tt.exit, tt.says, out)
		}
	}
}

// recorder is a test that may fail.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Errorf(string, ...any) { r.failed = true }

// Agree is a test itself: it fails where the verdicts differ, both ways.
func TestAgreeFindsADifference(t *testing.T) {
	t.Parallel()
	pack, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		pack []byte
		err  error
		want bool
	}{
		"both prove":  {pack, nil, false},
		"both refuse": {pack[1:], os.ErrInvalid, false},
		"one refuses": {pack, os.ErrInvalid, true},
		"one proves":  {pack[1:], nil, true},
	} {
		r := &recorder{TB: t}
		if verifyjs.Agree(r, tt.pack, key, tt.err); r.failed != tt.want {
			t.Errorf("%s: failed is %t", name, r.failed)
		}
	}
}
