package sqlite

import (
	"slices"

	"sutor/internal/system/driver"
)

// Rights says what the account of the operating system needs: SQLite has none of its own.
func Rights(dsn string, needs []driver.Need) []string {
	at, err := parseDSN(dsn)
	if err != nil {
		return nil
	}
	if at.readOnly || !slices.ContainsFunc(needs, driver.Need.Changes) {
		return []string{"The server's user may read the file " + at.path + "."}
	}
	return []string{"The server's user may read and write the file " + at.path + " and its folder (SQLite has no accounts of its own)."}
}
