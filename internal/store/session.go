package store

import (
	"context"
	"crypto/sha256"
	"time"
)

// SessionRows keeps the rows of browser sessions; each store implements it. Keys
// are hashes of tokens, times are in stored form.
type SessionRows interface {
	// FindSession gives the data of a session that expires after now.
	FindSession(ctx context.Context, key []byte, now string) (data []byte, ok bool, err error)
	// SaveSession stores a session in place of a former one with this key, and
	// removes some that have expired by now, so that nobody else need clean up.
	SaveSession(ctx context.Context, key, data []byte, expires, now string) error
	// DeleteSession removes a session, if there is one.
	DeleteSession(ctx context.Context, key []byte) error
}

// Sessions keeps browser sessions; it is a store for scs.SessionManager. Tokens
// are hashed before they are stored, so who reads the database cannot take over a
// session. (Leave HashTokenInStore of the manager off: it would hash twice.)
type Sessions struct {
	rows SessionRows
	now  func() time.Time
}

// NewSessions keeps sessions in rows; now tells the time.
func NewSessions(rows SessionRows, now func() time.Time) *Sessions { return &Sessions{rows, now} }

// FindCtx gives a session's data; an expired one is not found.
func (s *Sessions) FindCtx(ctx context.Context, token string) (data []byte, ok bool, err error) {
	return s.rows.FindSession(ctx, hashed(token), TimeText(s.now()))
}

// CommitCtx stores a session, in place of a former one with this token.
func (s *Sessions) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	return s.rows.SaveSession(ctx, hashed(token), data, TimeText(expiry), TimeText(s.now()))
}

// DeleteCtx removes a session, if there is one.
func (s *Sessions) DeleteCtx(ctx context.Context, token string) error {
	return s.rows.DeleteSession(ctx, hashed(token))
}

// Find is FindCtx without a context, which scs asks for too.
func (s *Sessions) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx without a context.
func (s *Sessions) Commit(token string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expiry)
}

// Delete is DeleteCtx without a context.
func (s *Sessions) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

func hashed(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
