package identity

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sutor/internal/errs"
)

// issue makes a token that the gate's store knows.
func issue(t *testing.T, m *memory, c *clock, ttl time.Duration) (Token, string) {
	t.Helper()
	token, secret, err := NewToken(maria, c.now(), ttl)
	if err != nil {
		t.Fatal(err)
	}
	m.tokens[token.ID] = token
	return token, secret
}

func TestToken(t *testing.T) {
	t.Parallel()
	g, m, c := setup(t)
	token, secret := issue(t, m, c, time.Hour)
	if !regexp.MustCompile(`^sutor_[0-9A-Za-z]{10}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$`).MatchString(secret) {
		t.Errorf("form of %q", secret)
	}
	person, means, err := g.Authenticate(t.Context(), secret)
	if err != nil || person != maria || string(means) != "token:"+string(token.ID) {
		t.Errorf("got %s by %s, %v", person, means, err)
	}
	if strings.Contains(secret, string(token.Hash[:])) {
		t.Error("the hash stands in the secret")
	}
}

func TestTokenRefused(t *testing.T) {
	t.Parallel()
	g, m, c := setup(t)
	known, secret := issue(t, m, c, time.Hour)
	_, stranger, err := NewToken(maria, c.now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	// Its id is public, so anybody can make a secret with it and fitting check digits.
	forged := "sutor_" + string(known.ID) + "_" + strings.Repeat("A", secretDigits)
	forged += "_" + check(forged)
	revoked, dead := issue(t, m, c, time.Hour)
	revoked.Revoked = c.now()
	m.tokens[revoked.ID] = revoked
	for name, try := range map[string]struct{ secret, says string }{
		"nothing":       {"", "not an access token"},
		"a password":    {"correct horse", "not an access token"},
		"another's":     {"ghp_" + secret[len("sutor_"):], "not an access token"},
		"very long":     {strings.Repeat(secret, 100), "not an access token"},
		"cut":           {secret[:len(secret)-1], "cut or mistyped"},
		"mistyped":      {swap(secret, 30), "cut or mistyped"},
		"case changed":  {"sutor" + strings.ToUpper(secret[5:]), "cut or mistyped"},
		"never issued":  {stranger, "not one of this server's"},
		"forged secret": {forged, "not one of this server's"},
		"revoked":       {dead, "revoked on 2026-03-01"},
	} {
		_, _, err := g.Authenticate(t.Context(), try.secret)
		if errs.KindOf(err) != errs.Unsigned || !strings.Contains(err.Error(), try.says) {
			t.Errorf("%s: %v, want it to say %q", name, err, try.says)
		}
		if try.secret != "" && strings.Contains(err.Error(), try.secret) {
			t.Errorf("%s: the message repeats the secret", name)
		}
	}
}

func TestTokenExpires(t *testing.T) {
	t.Parallel()
	g, m, c := setup(t)
	_, secret := issue(t, m, c, time.Hour)
	c.pass(time.Hour - time.Nanosecond)
	if _, _, err := g.Authenticate(t.Context(), secret); err != nil {
		t.Errorf("just before: %v", err)
	}
	c.pass(time.Nanosecond)
	if _, _, err := g.Authenticate(t.Context(), secret); errs.KindOf(err) != errs.Unsigned || !strings.Contains(err.Error(), "expired on 2026-03-01") {
		t.Errorf("at its end: %v", err)
	}
}

func TestTokenNeedsPersonAndTime(t *testing.T) {
	t.Parallel()
	if _, _, err := NewToken("", time.Now(), time.Hour); errs.KindOf(err) != errs.Usage {
		t.Errorf("for nobody: %v", err)
	}
	if _, _, err := NewToken(maria, time.Now(), 0); errs.KindOf(err) != errs.Usage {
		t.Errorf("for no time: %v", err)
	}
}

// Any single character changed is seen by the check digits alone.
func TestEverySlipOfTheFingerIsSeen(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		_, secret, err := NewToken(maria, time.Now(), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		at := rapid.IntRange(0, len(secret)-1).Draw(t, "at")
		if _, err := parseSecret(secret); err != nil {
			t.Fatal(err)
		}
		if _, err := parseSecret(swap(secret, at)); err == nil {
			t.Fatalf("a slip at %d of %s passed", at, secret)
		}
	})
}

// swap changes the character at i into another letter.
func swap(s string, i int) string {
	other := byte('x')
	if s[i] == other {
		other = 'y'
	}
	return s[:i] + string(other) + s[i+1:]
}

func TestBase62(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		number []byte
		digits int
		want   string
	}{
		{nil, 3, "000"}, {[]byte{61}, 1, "z"}, {[]byte{62}, 2, "10"}, {[]byte{0xff, 0xff, 0xff, 0xff}, 6, "4gfFC3"},
		{[]byte{62}, 1, "0"},
	} {
		if got := base62(c.number, c.digits); got != c.want {
			t.Errorf("base62(%x, %d) = %s, want %s", c.number, c.digits, got, c.want)
		}
	}
}

func FuzzParseSecret(f *testing.F) {
	_, secret, err := NewToken(maria, time.Now(), time.Hour)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(secret)
	f.Add("sutor___")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := parseSecret(text)
		if (err == nil) != (len(id) == idDigits) {
			t.Errorf("%q gave %q, %v", text, id, err)
		}
	})
}
