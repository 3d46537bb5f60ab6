package sqlite

import (
	"database/sql"
	"errors"

	"github.com/mattn/go-sqlite3"

	"sutor/internal/errs"
)

// fault gives SQLite's own errors their public face; others stay as they are.
func fault(err error) error {
	var e sqlite3.Error
	if err == nil || errs.As(err) != nil || !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case sqlite3.ErrFull:
		return errs.New(errs.Unavailable, "The disk of the server is full (metadata).").
			WithMend("Nothing was recorded; tell the steward to make room, then try again.").Because(err)
	case sqlite3.ErrIoErr:
		return errs.New(errs.Unavailable, "The disk of the server is full or failing (metadata).").
			WithMend("Nothing was recorded; tell the steward, then try again.").Because(err)
	case sqlite3.ErrBusy, sqlite3.ErrLocked:
		return errs.New(errs.Unavailable, "The metadata database is held by another process.").
			WithMend("Nothing was recorded; try again.").Because(err)
	case sqlite3.ErrCantOpen, sqlite3.ErrPerm, sqlite3.ErrReadonly:
		return errs.New(errs.Unavailable, "The metadata database cannot be written.").
			WithMend("Nothing was recorded; tell the steward, then try again.").Because(err)
	case sqlite3.ErrNotADB, sqlite3.ErrCorrupt:
		return errs.New(errs.Invalid, "The metadata database is damaged, or its file is something else.").
			WithMend("Restore it from a backup, or use another data folder.").Because(err)
	}
	return err
}

// lostRace tells whether a migration step failed because somebody else did it.
func lostRace(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && (e.Code == sqlite3.ErrError || e.Code == sqlite3.ErrBusy || e.Code == sqlite3.ErrConstraint)
}

// found gives the error of reading a row that must be there: absent if it is not.
func found(err error, absent *errs.Error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return absent
	}
	return fault(err)
}

// scanned reads a row that may be absent, and tells whether it was there.
func scanned(row *sql.Row, into ...any) (bool, error) {
	err := row.Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, fault(err)
}
