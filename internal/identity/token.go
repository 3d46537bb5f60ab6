package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"hash/crc32"
	"math/big"
	"strings"
	"time"

	"sutor/internal/access"
	"sutor/internal/errs"
)

// TokenID names a token; it is public.
type TokenID string

// Token is an access token for the API and the command line. Only the hash of
// its secret is kept.
type Token struct {
	ID      TokenID // short and public: stands in evidence as "token:ID"
	Person  access.Email
	Hash    [32]byte // SHA-256 of the whole text of the token
	Created time.Time
	Expires time.Time
	Revoked time.Time // zero while it holds
}

const (
	idDigits     = 10
	secretDigits = 43 // 62^43 > 2^256
	checkDigits  = 6  // 62^6 > 2^32
	tokenPrefix  = "sutor"
)

// NewToken makes a token for a person, valid for ttl from now on, and the text
// that is given to the person once and kept nowhere.
func NewToken(person access.Email, now time.Time, ttl time.Duration) (t Token, secret string, err error) {
	if person == "" || ttl <= 0 {
		return Token{}, "", errs.New(errs.Usage, "A token needs a person and a time for which it is valid.")
	}
	id := base62(random(8), idDigits)
	secret = strings.Join([]string{tokenPrefix, id, base62(random(32), secretDigits)}, "_")
	secret += "_" + check(secret)
	return Token{
		ID:      TokenID(id),
		Person:  person,
		Hash:    sha256.Sum256([]byte(secret)),
		Created: now,
		Expires: now.Add(ttl),
	}, secret, nil
}

// Means gives how the token stands in evidence: "token:ID".
func (t Token) Means() access.Means { return access.Means("token:" + t.ID) }

// matches compares in constant time.
func (t Token) matches(secret string) bool {
	sum := sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(sum[:], t.Hash[:]) == 1
}

// valid tells whether the token holds at this time.
func (t Token) valid(now time.Time) error {
	switch {
	case !t.Revoked.IsZero():
		return unsigned("The access token %s was revoked on %s.", t.ID, t.Revoked.UTC().Format(time.DateOnly))
	case !now.Before(t.Expires):
		return unsigned("The access token %s expired on %s.", t.ID, t.Expires.UTC().Format(time.DateOnly))
	}
	return nil
}

// IDOf gives the ID of a token's text, for somebody who has found it; the text itself where
// it is none, which may be an ID.
func IDOf(text string) TokenID {
	if id, err := parseSecret(text); err == nil {
		return id
	}
	return TokenID(text)
}

// parseSecret gives the id in a token's text if its form and check digits fit.
func parseSecret(secret string) (TokenID, error) {
	parts := strings.Split(secret, "_")
	if len(secret) > 200 || len(parts) != 4 || parts[0] != tokenPrefix {
		return "", unsigned("This is not an access token: one looks like sutor_…_…_….")
	}
	body := secret[:strings.LastIndexByte(secret, '_')]
	if len(parts[1]) != idDigits || len(parts[2]) != secretDigits || parts[3] != check(body) {
		return "", unsigned("The access token is cut or mistyped: its check digits do not fit.")
	}
	return TokenID(parts[1]), nil
}

func check(body string) string {
	sum := crc32.ChecksumIEEE([]byte(body))
	return base62([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)}, checkDigits)
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails (crypto/rand)
	return b
}

// base62 writes a number (big-endian bytes) with so many digits 0-9A-Za-z, the
// lowest ones where it has more.
func base62(number []byte, digits int) string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	n, base, digit := new(big.Int).SetBytes(number), big.NewInt(62), new(big.Int)
	text := make([]byte, digits)
	for i := digits - 1; i >= 0; i-- {
		n.DivMod(n, base, digit)
		text[i] = alphabet[digit.Int64()]
	}
	return string(text)
}
