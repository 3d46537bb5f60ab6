package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"sutor/internal/access"
	"sutor/internal/errs"
)

// memory keeps accounts and tokens for tests.
type memory struct {
	mu       sync.Mutex
	accounts map[access.Email]Account
	tokens   map[TokenID]Token
	broken   error
}

func (m *memory) Account(_ context.Context, email access.Email) (Account, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, known := m.accounts[email]
	if !known {
		return a, errors.Join(m.broken, errs.New(errs.NotFound, "no account"))
	}
	return a, m.broken
}

func (m *memory) SaveAccount(_ context.Context, a Account) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.accounts[a.Email] = a
	return m.broken
}

func (m *memory) Token(_ context.Context, id TokenID) (Token, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return Token{}, m.broken
	}
	t, known := m.tokens[id]
	if !known {
		return t, errs.New(errs.NotFound, "no token")
	}
	return t, nil
}

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

const maria, hers, home = "maria@example.test", "correct horse", "192.0.2.7:4711"

// setup gives a gate that knows Maria and her password.
func setup(t *testing.T) (*Gate, *memory, *clock) {
	t.Helper()
	m := &memory{accounts: map[access.Email]Account{}, tokens: map[TokenID]Token{}}
	c := &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	g := NewGate(m, m, c.now)
	if err := g.SetPassword(t.Context(), maria, hers); err != nil {
		t.Fatal(err)
	}
	return g, m, c
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	g, _, _ := setup(t)
	for _, email := range []access.Email{maria, "  Maria@Example.TEST "} {
		if means, err := g.SignIn(t.Context(), email, hers, home); err != nil || means != "session" {
			t.Errorf("SignIn(%q): %q, %v", email, means, err)
		}
	}
}

// Whoever guesses learns nothing of who has an account.
// On the pages a token stands in the password's place: for its own person only,
// as long as it holds, and slowed down like any guess.
func TestSignInWithAToken(t *testing.T) {
	t.Parallel()
	g, m, c := setup(t)
	token, secret, err := NewToken("erik@example.test", c.now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	m.tokens = map[TokenID]Token{token.ID: token}
	if means, err := g.SignIn(t.Context(), "Erik@Example.test", secret, home); err != nil || means != Session {
		t.Errorf("means %q, %v", means, err)
	}
	if _, err := g.SignIn(t.Context(), maria, secret, home); errs.KindOf(err) != errs.Unsigned {
		t.Errorf("somebody else's token: %v", err)
	}
	_, forged, err := NewToken("erik@example.test", c.now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.SignIn(t.Context(), "erik@example.test", forged, home); errs.KindOf(err) != errs.Unsigned {
		t.Errorf("a token of another server: %v", err)
	}
	c.pass(time.Hour)
	if _, err := g.SignIn(t.Context(), "erik@example.test", secret, home); errs.KindOf(err) != errs.Unsigned {
		t.Errorf("an expired token: %v", err)
	}
}

func TestWrongAndUnknownAreOneAnswer(t *testing.T) {
	t.Parallel()
	g, _, _ := setup(t)
	want := wrong().Error()
	for name, try := range map[string]struct{ email, password string }{
		"wrong password": {maria, "correct house"},
		"empty password": {maria, ""},
		"unknown person": {"nobody@example.test", hers},
		"nobody":         {"", ""},
		"long password":  {maria, strings.Repeat("x", longest+1)},
		"long e-mail":    {strings.Repeat("x", longestEmail+1), hers},
	} {
		_, err := g.SignIn(t.Context(), access.Email(try.email), try.password, home)
		if errs.KindOf(err) != errs.Unsigned || err.Error() != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestABrokenStoreIsNotAWrongPassword(t *testing.T) {
	t.Parallel()
	g, m, _ := setup(t)
	m.broken = errs.New(errs.Unavailable, "The disk of the server is full.")
	if _, err := g.SignIn(t.Context(), maria, hers, home); errs.KindOf(err) != errs.Unavailable {
		t.Errorf("sign-in: %v", err)
	}
	_, secret, err := NewToken(maria, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := g.Authenticate(t.Context(), secret); errs.KindOf(err) != errs.Unavailable {
		t.Errorf("token: %v", err)
	}
}

func TestOneAccountIsSlowedDown(t *testing.T) {
	t.Parallel()
	g, _, c := setup(t)
	for i := range accountRate.size {
		// From many addresses: it is the account that is slowed down.
		from := fmt.Sprintf("198.51.100.%d", i)
		if _, err := g.SignIn(t.Context(), maria, "wrong guess", from); errs.KindOf(err) != errs.Unsigned {
			t.Fatalf("attempt %d: %v", i+1, err)
		}
	}
	_, err := g.SignIn(t.Context(), maria, hers, home)
	if errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "Wait 60 seconds") {
		t.Fatalf("the right password after %d wrong ones: %v", accountRate.size, err)
	}
	if _, err := g.SignIn(t.Context(), "olaf@example.test", "wrong guess", home); errs.KindOf(err) != errs.Unsigned {
		t.Errorf("another account suffers: %v", err)
	}
	c.pass(accountRate.refill)
	if _, err := g.SignIn(t.Context(), maria, hers, home); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

func TestOneAddressIsSlowedDown(t *testing.T) {
	t.Parallel()
	g, _, c := setup(t)
	for i := range addressRate.size {
		if wait := g.address.take(addressKey(home), c.now()); wait != 0 {
			t.Fatalf("attempt %d waits %s", i+1, wait)
		}
	}
	if _, err := g.SignIn(t.Context(), maria, hers, home); errs.KindOf(err) != errs.Unavailable {
		t.Errorf("from the busy address: %v", err)
	}
	if _, err := g.SignIn(t.Context(), maria, hers, "203.0.113.1:1"); err != nil {
		t.Errorf("from another address: %v", err)
	}
}

// Attempts at the same moment cannot outrun the bucket.
func TestGuessesAtOnce(t *testing.T) {
	t.Parallel()
	g, _, _ := setup(t)
	var all sync.WaitGroup
	var mu sync.Mutex
	judged := 0
	for range 3 * accountRate.size {
		all.Go(func() {
			_, err := g.SignIn(t.Context(), maria, "wrong guess", home)
			mu.Lock()
			defer mu.Unlock()
			if errs.KindOf(err) == errs.Unsigned {
				judged++
			}
		})
	}
	all.Wait()
	if judged != accountRate.size {
		t.Errorf("%d passwords were looked at, want %d", judged, accountRate.size)
	}
}

func TestSigningInOftenIsNotGuessing(t *testing.T) {
	t.Parallel()
	g, _, _ := setup(t)
	for i := range 2 * accountRate.size {
		if _, err := g.SignIn(t.Context(), maria, hers, home); err != nil {
			t.Fatalf("time %d: %v", i+1, err)
		}
	}
}

func TestSetPassword(t *testing.T) {
	t.Parallel()
	g, m, _ := setup(t)
	for _, password := range []string{"", "1234567", strings.Repeat("x", longest+1)} {
		if err := g.SetPassword(t.Context(), maria, password); errs.KindOf(err) != errs.Usage {
			t.Errorf("a password of %d bytes: %v", len(password), err)
		}
	}
	if err := g.SetPassword(t.Context(), " ", "long enough"); errs.KindOf(err) != errs.Usage {
		t.Errorf("without a person: %v", err)
	}
	before := m.accounts[maria].Hash
	if err := g.SetPassword(t.Context(), maria, hers); err != nil {
		t.Fatal(err)
	}
	if after := m.accounts[maria].Hash; after == before || strings.Contains(after, hers) {
		t.Errorf("the same password must get another salt: %s, %s", before, after)
	}
}

// A hash of weaker parameters is renewed when its password is known.
func TestOldHashIsRenewed(t *testing.T) {
	t.Parallel()
	g, m, _ := setup(t)
	weak, salt := params{memory: 8 << 10, passes: 1, threads: 1}, make([]byte, saltSize)
	m.accounts[maria] = Account{Email: maria, Hash: phc{weak, salt, weak.key(hers, salt)}.String()}
	if _, err := g.SignIn(t.Context(), maria, "wrong guess", home); errs.KindOf(err) != errs.Unsigned {
		t.Fatal(err)
	}
	if h, err := parsePHC(m.accounts[maria].Hash); err != nil || h.params != weak {
		t.Fatalf("a wrong password changed the hash: %v, %v", h, err)
	}
	for range 2 {
		if _, err := g.SignIn(t.Context(), maria, hers, home); err != nil {
			t.Fatal(err)
		}
	}
	if h, err := parsePHC(m.accounts[maria].Hash); err != nil || h.params != current {
		t.Errorf("still made with %v, %v", h.params, err)
	}
}

func TestSlotsAreWaitedForNoLongerThanTheContext(t *testing.T) {
	t.Parallel()
	g, _, _ := setup(t)
	for range hashers {
		g.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.SignIn(ctx, maria, hers, home); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
