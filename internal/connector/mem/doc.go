// Package mem is a connected system in memory, for tests: tables are Go slices
// behind a mutex, and every rule of a database that plans have to mind is a few
// plain lines (keys, unique and foreign keys, NOT NULL, defaults, generated and
// identity columns). It passes the suite of package drivertest, so what a test
// learns from it holds for real systems. It is not in connector/all.
//
// # What a database is
//
// A [Database] is made by [New], filled by [Database.Create] and
// [Database.Insert], looked at by [Database.Rows], and opened any number of
// times by [Database.Open]. Values are canonical text, nil for NULL. A row is
// never changed in place: an update puts another row where it stood.
//
// # Transactions
//
// One transaction at a time: Begin waits for the writer's place, and gives up
// after driver.Options.LockSeconds. A transaction copies a table before its
// first write to it and works on the copy; readers see what was committed. Commit
// puts the copies in place of the tables, Rollback forgets them. Constraints are
// judged over the whole table at the end of each step, so unique values may swap
// within one.
//
// # Equality is the system's
//
// Two values of a column are the same row's key, or break a unique constraint,
// where [Table] says so: char(n) without the blanks at its end, columns in
// Table.NoCase in any case. What is read back is what is stored: a plan that
// matched keys by their text would not find the row, and that is what the
// package is for. Before is compared exactly, as everywhere.
//
// Floats are read back in PostgreSQL's texts ("1", "1e+16", "Infinity"), which
// package driver allows, so that whoever forgets to make them canonical fails.
//
// Not done: what a foreign key says about deletes is described and not carried
// out (a reference left behind is refused), and the fate of a transaction cannot
// be asked for.
package mem
