package sqlite

import (
	"context"

	"sutor/internal/access"
	"sutor/internal/identity"
	"sutor/internal/store"
)

// Token implements identity.Tokens.
func (db *DB) Token(ctx context.Context, id identity.TokenID) (identity.Token, error) {
	t := identity.Token{ID: id}
	var hash []byte
	var created, expires, revoked store.Time
	err := db.reader.QueryRowContext(ctx, `SELECT person, hash, created, expires, revoked FROM tokens WHERE id = ?`, id).
		Scan(&t.Person, &hash, &created, &expires, &revoked)
	if err != nil {
		return identity.Token{}, found(err, store.NoToken(id))
	}
	t.Hash, err = store.HashOf(id, hash)
	t.Created, t.Expires, t.Revoked = created.Time, expires.Time, revoked.Time
	return t, err
}

// Account implements identity.Accounts.
func (db *DB) Account(ctx context.Context, email access.Email) (identity.Account, error) {
	a := identity.Account{Email: email}
	var changed store.Time
	err := db.reader.QueryRowContext(ctx, `SELECT hash, changed FROM accounts WHERE email = ?`, email).Scan(&a.Hash, &changed)
	if err != nil {
		return identity.Account{}, found(err, store.NoAccount(email))
	}
	a.Changed = changed.Time
	return a, nil
}

// SaveAccount implements identity.Accounts.
func (db *DB) SaveAccount(ctx context.Context, a identity.Account) error {
	return db.write(ctx, `INSERT INTO accounts (email, hash, changed) VALUES (?, ?, ?)
		ON CONFLICT (email) DO UPDATE SET hash = excluded.hash, changed = excluded.changed`, a.Email, a.Hash, store.TimeText(a.Changed))
}

// write runs one statement in a transaction of its own.
func (db *DB) write(ctx context.Context, query string, args ...any) error {
	_, err := db.writer.ExecContext(ctx, query, args...)
	return fault(err)
}

var (
	_ identity.Tokens   = (*DB)(nil)
	_ identity.Accounts = (*DB)(nil)
)
