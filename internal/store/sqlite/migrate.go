package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"

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
	return goose.NewProvider(goose.DialectSQLite3, db, dir,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
}

// migrate brings the schema up to date. Goose holds no lock over a whole run on
// SQLite, so another process that opens the new file at the same moment may win
// a step, which then fails here because its tables are there already. Whoever
// lost looks again; each try can lose to one step at most.
func migrate(ctx context.Context, db *sql.DB) error {
	p, err := provider(db)
	if err != nil {
		return err
	}
	var lost error
	for range 2 + len(p.ListSources()) {
		current, target, err := p.GetVersions(ctx)
		if err == nil && current > target {
			return errs.New(errs.Invalid, "The metadata database was made by a newer Sutor: it has version %d, and this one knows versions up to %d.", current, target).
				WithMend("Use the newer Sutor, or another data folder.")
		}
		if err == nil {
			_, err = p.Up(ctx)
		}
		if err == nil || ctx.Err() != nil || !lostRace(err) {
			return err
		}
		lost = errors.Join(lost, err)
	}
	return lost
}
