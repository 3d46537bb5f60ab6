package postgres

import (
	"context"
	"time"

	"sutor/internal/store"
)

// Sessions gives the session store for scs; now tells the time. Servers that
// share a database share its sessions.
func (db *DB) Sessions(now func() time.Time) *store.Sessions { return store.NewSessions(db, now) }

// FindSession implements store.SessionRows.
func (db *DB) FindSession(ctx context.Context, key []byte, now string) (data []byte, ok bool, err error) {
	ok, err = scanned(db.pool.QueryRow(ctx, `SELECT data FROM sessions WHERE token = $1 AND expires > $2`, key, now), &data)
	return data, ok, err
}

// SaveSession implements store.SessionRows. Expired rows that another server
// removes at the same moment are left to it.
func (db *DB) SaveSession(ctx context.Context, key, data []byte, expires, now string) error {
	err := db.write(ctx, `INSERT INTO sessions (token, data, expires) VALUES ($1, $2, $3)
		ON CONFLICT (token) DO UPDATE SET data = excluded.data, expires = excluded.expires`, key, data, expires)
	if err != nil {
		return err
	}
	return db.write(ctx, `DELETE FROM sessions WHERE token IN (SELECT token FROM sessions WHERE expires <= $1 LIMIT 100 FOR UPDATE SKIP LOCKED)`, now)
}

// DeleteSession implements store.SessionRows.
func (db *DB) DeleteSession(ctx context.Context, key []byte) error {
	return db.write(ctx, `DELETE FROM sessions WHERE token = $1`, key)
}

var _ store.SessionRows = (*DB)(nil)
