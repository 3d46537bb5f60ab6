package sqlite

import (
	"context"
	"crypto/sha256"
	"time"
)

// Sessions keeps browser sessions; it is a store for scs.SessionManager. Tokens
// are hashed before they are stored, so who reads the file cannot take over a
// session. (Leave HashTokenInStore of the manager off: it would hash twice.)
type Sessions struct {
	db  *DB
	now func() time.Time
}

// Sessions gives the session store; now tells the time.
func (db *DB) Sessions(now func() time.Time) *Sessions { return &Sessions{db, now} }

// FindCtx gives a session's data; an expired one is not found.
func (s *Sessions) FindCtx(ctx context.Context, token string) (data []byte, ok bool, err error) {
	row := s.db.reader.QueryRowContext(ctx, `SELECT data FROM sessions WHERE token = ? AND expires > ?`, hashed(token), textOf(s.now()))
	ok, err = scanned(row, &data)
	return data, ok, err
}

// CommitCtx stores a session, in place of a former one with this token. It also
// removes some that have expired, so that nobody else need clean up.
func (s *Sessions) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	err := s.db.write(ctx, `INSERT INTO sessions (token, data, expires) VALUES (?, ?, ?)
		ON CONFLICT (token) DO UPDATE SET data = excluded.data, expires = excluded.expires`, hashed(token), data, textOf(expiry))
	if err != nil {
		return err
	}
	return s.db.write(ctx, `DELETE FROM sessions WHERE token IN (SELECT token FROM sessions WHERE expires <= ? LIMIT 100)`, textOf(s.now()))
}

// DeleteCtx removes a session, if there is one.
func (s *Sessions) DeleteCtx(ctx context.Context, token string) error {
	return s.db.write(ctx, `DELETE FROM sessions WHERE token = ?`, hashed(token))
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
