package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"sutor/internal/errs"
)

//go:embed migrations/*.sql
var migrations embed.FS

func provider(db *sql.DB) (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, dir,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
}

// migrate brings the tables up to date; one process at a time.
func (db *DB) migrate(ctx context.Context) (err error) {
	pool := stdlib.OpenDBFromPool(db.pool)
	defer func() { err = errors.Join(err, pool.Close()) }()
	var may bool
	if err := pool.QueryRowContext(ctx, `SELECT coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)`).Scan(&may); err != nil {
		return err
	}
	if !may {
		return errs.New(errs.Unavailable, "Sutor's account may not make tables in the metadata database.").
			WithMend("Its administrator lets the account own the database, or gives it a schema: CREATE SCHEMA AUTHORIZATION account")
	}
	p, err := provider(pool)
	if err != nil {
		return err
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if current > target {
		return errs.New(errs.Invalid, "The metadata database was made by a newer Sutor: it has version %d, and this one knows versions up to %d.", current, target).
			WithMend("Use the newer Sutor, or another database.")
	}
	_, err = p.Up(ctx)
	return err
}
