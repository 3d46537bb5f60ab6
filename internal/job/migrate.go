package job

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"

	"sutor/internal/errs"
)

// migrate brings River's tables up to date and refuses those of a newer River,
// whose versions River's own migrator passes over without a word.
func migrate[T any](ctx context.Context, db Database[T], log *slog.Logger) error {
	migrator, err := rivermigrate.New(db.driver, &rivermigrate.Config{Logger: log})
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrating the queue: %w", err)
	}
	there, err := db.driver.GetExecutor().MigrationGetByLine(ctx, &riverdriver.MigrationGetByLineParams{Line: riverdriver.MigrationLineMain})
	if err != nil {
		return fmt.Errorf("reading the queue's version: %w", err)
	}
	known := 0
	for _, m := range migrator.AllVersions() {
		known = max(known, m.Version)
	}
	for _, m := range there {
		if m.Version > known {
			return errs.New(errs.Invalid, "The metadata database was made by a newer Sutor: its queue has version %d, and this one knows versions up to %d.", m.Version, known).
				WithMend("Use the newer Sutor, or another database.")
		}
	}
	return nil
}
