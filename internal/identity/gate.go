package identity

import (
	"context"
	"time"

	"sutor/internal/access"
	"sutor/internal/errs"
)

// Tokens finds tokens.
type Tokens interface {
	// Token gives the token with this id; errs.NotFound if there is none.
	Token(ctx context.Context, id TokenID) (Token, error)
}

// Accounts keeps local accounts, one a person.
type Accounts interface {
	// Account gives a person's account; errs.NotFound if there is none.
	Account(ctx context.Context, email access.Email) (Account, error)
	// SaveAccount stores an account in place of the person's former one.
	SaveAccount(ctx context.Context, a Account) error
}

// Account is a person's password.
type Account struct {
	Email   access.Email
	Hash    string    // PHC string, argon2id
	Changed time.Time // when the password was set
}

// Session is the means of a person who signed in on the pages.
const Session access.Means = "session"

// hashers is how many passwords are hashed at once, 19 MiB each.
const hashers = 4

// Gate lets in who can prove who they are. It is safe for concurrent use; there
// is one in a server, for it remembers failed attempts.
type Gate struct {
	tokens   Tokens
	accounts Accounts
	now      func() time.Time
	slots    chan struct{} // one element for each hash being computed
	account  *throttle
	address  *throttle
}

// NewGate makes a gate; now tells the time.
func NewGate(tokens Tokens, accounts Accounts, now func() time.Time) *Gate {
	return &Gate{
		tokens:   tokens,
		accounts: accounts,
		now:      now,
		slots:    make(chan struct{}, hashers),
		account:  newThrottle(accountRate),
		address:  newThrottle(addressRate),
	}
}

// Authenticate proves a person by the text of an access token. Everything that
// is wrong with it is errs.Unsigned.
func (g *Gate) Authenticate(ctx context.Context, secret string) (person access.Email, means access.Means, err error) {
	id, err := parseSecret(secret)
	if err != nil {
		return "", "", err
	}
	t, err := g.tokens.Token(ctx, id)
	if err != nil && errs.KindOf(err) != errs.NotFound {
		return "", "", err
	}
	if err != nil || !t.matches(secret) {
		return "", "", unsigned("This access token is not one of this server's.")
	}
	if err := t.valid(g.now()); err != nil {
		return "", "", err
	}
	return t.Person, t.Means(), nil
}

// SignIn proves a person by password, or by an access token of theirs in its
// place: so a steward can let somebody in without knowing a password of theirs,
// and the issuing is evidence. Either begins a session, which a token that
// expires meanwhile does not end. The address is where the attempt comes
// from, as in http.Request.RemoteAddr or without a port. A wrong password and an
// unknown person are the same errs.Unsigned; too many attempts are
// errs.Unavailable, with the time to wait.
func (g *Gate) SignIn(ctx context.Context, email access.Email, password, address string) (access.Means, error) {
	email = access.Fold(string(email))
	now := g.now()
	from := addressKey(address)
	if wait := g.address.take(from, now); wait > 0 {
		return "", tooMany(wait)
	}
	if len(password) > longest || len(email) > longestEmail {
		return "", wrong() // no account has these; nothing is worth a hash
	}
	if wait := g.account.take(string(email), now); wait > 0 {
		return "", tooMany(wait)
	}
	if err := g.prove(ctx, email, password); err != nil {
		return "", err
	}
	// Who has the secret was not guessing.
	g.address.giveBack(from)
	g.account.giveBack(string(email))
	return Session, nil
}

// prove tries the secret as an access token where it has the form of one.
func (g *Gate) prove(ctx context.Context, email access.Email, secret string) error {
	if _, err := parseSecret(secret); err != nil {
		return g.check(ctx, email, secret)
	}
	person, _, err := g.Authenticate(ctx, secret)
	if err == nil && access.Fold(string(person)) != email {
		return wrong()
	}
	return err
}

// check compares a password with the account's, or with a decoy if there is none.
func (g *Gate) check(ctx context.Context, email access.Email, password string) error {
	account, err := g.accounts.Account(ctx, email)
	if err != nil && errs.KindOf(err) != errs.NotFound {
		return err
	}
	known, hash := err == nil, account.Hash
	if !known {
		hash = decoy()
	}
	stored, err := parsePHC(hash)
	if err != nil {
		return errs.New(errs.Internal, "The account of this person cannot be read.").
			WithMend("Sign in with an access token instead; the steward issues one on the server: sutor token issue EMAIL").Because(err)
	}
	release, err := g.slot(ctx)
	if err != nil {
		return err
	}
	same := stored.matches(password)
	release()
	if !known || !same {
		return wrong()
	}
	if stored.params != current {
		return g.save(ctx, email, password)
	}
	return nil
}

// SetPassword gives a person a password, in place of any former one.
func (g *Gate) SetPassword(ctx context.Context, email access.Email, password string) error {
	if len(password) < shortest || len(password) > longest {
		return errs.New(errs.Usage, "A password has %d to %d characters; this one has %d.", shortest, longest, len(password))
	}
	email = access.Fold(string(email))
	if email == "" || len(email) > longestEmail {
		return errs.New(errs.Usage, "An account needs the e-mail of its person, %d characters at most.", longestEmail)
	}
	return g.save(ctx, email, password)
}

func (g *Gate) save(ctx context.Context, email access.Email, password string) error {
	release, err := g.slot(ctx)
	if err != nil {
		return err
	}
	hash := newPHC(password)
	release()
	return g.accounts.SaveAccount(ctx, Account{Email: email, Hash: hash, Changed: g.now()})
}

// slot waits for the right to compute a hash.
func (g *Gate) slot(ctx context.Context) (release func(), err error) {
	select {
	case g.slots <- struct{}{}:
		return func() { <-g.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func unsigned(format string, args ...any) *errs.Error {
	return errs.New(errs.Unsigned, format, args...).
		WithMend("The steward issues a new one on the server: sutor token issue EMAIL")
}

func wrong() error {
	return errs.New(errs.Unsigned, "The e-mail or the password is wrong.").
		WithMend("Check both. An access token does as well; the steward issues one on the server: sutor token issue EMAIL")
}

func tooMany(wait time.Duration) error {
	seconds := max(1, int64((wait+time.Second-1)/time.Second))
	return errs.New(errs.Unavailable, "There were too many attempts to sign in.").
		WithMend("Wait %d seconds, then try again.", seconds)
}
