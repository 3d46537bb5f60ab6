package sqlite

import (
	"context"
	"time"

	"sutor/internal/store"
)

// Sessions gives the session store for scs; now tells the time.
func (db *DB) Sessions(now func() time.Time) *store.Sessions { return store.NewSessions(db, now) }

// FindSession implements store.SessionRows.
func (db *DB) FindSession(ctx context.Context, key []byte, now string) (data []byte, ok bool, err error) {
	ok, err = scanned(db.reader.QueryRowContext(ctx, `SELECT data FROM sessions WHERE token = ? AND expires > ?`, key, now), &data)
	return data, ok, err
}

// SaveSession implements store.SessionRows.
func (db *DB) SaveSession(ctx context.Context, key, data []byte, expires, now string) error {
	err := db.write(ctx, `INSERT INTO sessions (token, data, expires) VALUES (?, ?, ?)
		ON CONFLICT (token) DO UPDATE SET data = excluded.data, expires = excluded.expires`, key, data, expires)
	if err != nil {
		return err
	}
	return db.write(ctx, `DELETE FROM sessions WHERE token IN (SELECT token FROM sessions WHERE expires <= ? LIMIT 100)`, now)
}

// DeleteSession implements store.SessionRows.
func (db *DB) DeleteSession(ctx context.Context, key []byte) error {
	return db.write(ctx, `DELETE FROM sessions WHERE token = ?`, key)
}

var _ store.SessionRows = (*DB)(nil)
