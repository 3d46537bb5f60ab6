package csv

import (
	"errors"
	"fmt"
	"syscall"

	"sutor/internal/errs"
	"sutor/internal/finding"
)

// The sentences of every refusal. Texts from the file are quoted and cut, so
// that control characters in them do nothing to a terminal.

const byteLimit = "Split the file, or ask the steward, who can raise the limit in the configuration."

func quote(text string) string { return fmt.Sprintf("%q", finding.Sample(text)) }

func emptyFile(bytes int64) error {
	if bytes == 0 {
		return errs.New(errs.Invalid, "The file is empty: it has no bytes at all.").
			WithMend("Choose the file again; if it should have content, save it again first.")
	}
	return errs.New(errs.Invalid, "The file is empty: it has no line with text.").
		WithMend("Put the columns' names in the first line and the rows below it.")
}

func noSuchTable(table, found int) error {
	return errs.New(errs.Usage, "There is no table %d in the file.", table).
		WithMend("Choose one from 1 to %d, or leave it out for the first.", found)
}

func tooManyColumns(line int64, found, limit int) error {
	return errs.New(errs.Invalid, "The header (line %d) has %d columns; at most %d are taken.", line, found, limit).
		WithMend("Leave out columns that are not needed, or ask the steward, who can raise the limit in the configuration.")
}

func neverClosed(line int64) error {
	return errs.New(errs.Invalid, "The double quote that opens a cell in line %d is never closed: the rest of the file would be one cell.", line).
		WithMend(`Close it, or write a quote that belongs to the text twice ("") inside a quoted cell.`)
}

func cellTooLarge(line, opened int64, s *scanner, limit int) error {
	if s.quoted {
		return errs.New(errs.Invalid, "Cell %d of the record in line %d, opened by a double quote in line %d, has more than %d bytes.", s.cells, line, opened, limit).
			WithMend("Check that the quote is closed; if the cell is really that long, ask the steward, who can raise the limit in the configuration.")
	}
	return errs.New(errs.Invalid, "Cell %d in line %d has more than %d bytes.", s.cells, line, limit).
		WithMend("Check the separators and line ends; if the cell is really that long, ask the steward, who can raise the limit in the configuration.")
}

func recordTooLong(line int64, limit int) error {
	return errs.New(errs.Invalid, "The record in line %d has more than %d bytes.", line, limit).
		WithMend("Check its quotes and line end; if it is really that long, ask the steward, who can raise the limit in the configuration.")
}

func tooRagged(line int64, columns int) error {
	return errs.New(errs.Invalid, "Up to line %d more than %d cells are missing: most rows are far shorter than the header with its %d columns.", line, maxPadding, columns).
		WithMend("Check that the header belongs to these rows and uses the same separator.")
}

func tooManyRows(limit int64) error {
	return errs.New(errs.Invalid, "The file has more than %d rows, the most that are taken.", limit).WithMend(byteLimit)
}

func tooLarge(limit int64) error {
	return errs.New(errs.Invalid, "The file has more than %d bytes, the most that are taken.", limit).WithMend(byteLimit)
}

func nulByte(line int64, column int) error {
	return errs.New(errs.Invalid, "Line %d holds a NUL character (byte %d of the line), which no text has: the file is damaged, or no CSV in UTF-8.", line, column).
		WithMend(`Open it in the program it comes from and save it as "CSV UTF-8".`)
}

// writeError tells a full disk, which people can do something about, from faults.
func writeError(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return errs.New(errs.Unavailable, "The disk of the server is full, so the file could not be stored.").
			WithMend("Nothing was changed. Tell the steward to make room, then try again.").Because(err)
	}
	return fmt.Errorf("csv: writing the staging file: %w", err)
}
