// Package sqlite connects SQLite databases (file format 3, written by any
// SQLite; the library itself is compiled in, 3.44 or newer).
//
// # What it needs
//
// The dsn is the path of the database file, or (not in a Compact, which takes paths alone) a
// "file:" URI with the parameters mode (ro or rw), immutable, nolock and vfs. The server's user needs
// to read the file and, for changes, to write the file and its folder. A missing
// file is an error: an empty database is never created. The database's own
// journal mode is kept. Only the schema main is offered.
//
// # Names
//
// SQLite takes Customer and customer for the same table. Names here are exact,
// so that a Compact means one thing: [database.Describe] compares them byte for
// byte and, where only the case differs, says how the table is called.
//
// # Types
//
// SQLite enforces almost nothing, so a type is what the column declares
// ([typeOf] has the whole table), and what does not keep to it stays visible.
// Whole numbers count as 64 bits unless the declared name says less. Decimals
// are kept as binary floating point, which is exact up to 15 digits: more
// digits are declined, except in whole numbers up to 18 digits, and a decimal
// without precision counts as one of 15 digits. Booleans are stored as 0 and 1,
// bytes as a BLOB; dates, times, timestamps and UUIDs as their canonical text. Names
// of other systems count where SQLite's own rules make whole numbers, texts or
// bytes of them (UNSIGNED BIG INT, VARCHAR2, LONGTEXT); where they make numbers of
// texts of digits (STRING, JSON), or where each cell may be of another type (ANY, no
// type at all), the column is declined. A STRICT table differs only in what it lets
// in, and a table WITHOUT ROWID only in its key, which is never NULL.
//
// # Storage classes
//
// A cell has a storage class of its own, whatever its column declares, and two
// cells are equal here only if the class is equal too. A cell of another class
// than this package would write (or, for a decimal, of more digits than the
// column declares) is read as its class, a colon and the value: "text:true" in a
// boolean column, "real:1.5" in an integer one, "blob:00FF" in a date. That is never the
// canonical text of a value, so it is seen and never confused, and writing it
// back stores exactly what was there. Dates, timestamps and UUIDs that are
// spelled differently ("2026-03-31T14:30") are read as they stand; a text there
// that could be taken for a prefix is read with "text:".
//
// A text column's value may be any text, so there is no room for a prefix:
// bytes (a BLOB), text that is not UTF-8, and text with a NUL character end the
// reading with a sentence that names table, column and key.
//
// # How rows travel
//
// Up: rows are bound, many a statement, into a temporary table of the one
// connection in use, kept where SQLite keeps temporary tables (temp_store),
// never in the file. Its columns have the affinity of the table's, and in every
// comparison the table's column stands on the left, so that its collation
// decides. More rows than a few are looked up in the order of their keys: each page
// of the table is read once then, and not for each of its rows.
//
// Down: SQLite writes each row as a JSON array, in one call and with the class of
// each value in it, so one text a row comes back and not one value a cell; the
// record of the canonical dialect is made of that ([appendCell]). Numbers have 17
// digits there, which is exact. Of rows that were written only those come back that
// are stored otherwise than they say, as by a default; all, where the database has
// triggers.
//
// # Writing
//
// SQLite has one writer at a time. BEGIN IMMEDIATE takes that place before
// anything is compared, so from the comparison of the live rows with "before" to
// the commit nobody else can write. Foreign keys are enforced, and a conflict
// clause in the table's definition (ON CONFLICT REPLACE and the like) is
// overruled: a violated constraint is a refusal, never a silent deletion.
// While rows are written, 64 MB of the file's pages are kept in memory: a page that has no room
// is written before the commit, and each time the journal must be on the disk first.
// Transactions have no names: what became of one is found by looking at the rows.
//
// The keys of new rows that have none are told before they are written: the numbers
// after the largest in the table, or with AUTOINCREMENT after the largest ever given.
//
// SQLite judges a unique constraint after each row. Rows of an update that give up
// a value which another row of it takes are set to NULL there first, where they
// may be, and where no foreign key refers to the column: rows that refer to it would
// be emptied with it, for good. Triggers see both.
//
// # Limits
//
// In a database of UTF-16 SQLite itself gives half of a surrogate pair as U+FFFD, and
// a long text that begins with U+FEFF without it, before anybody sees them: two texts
// that differ in nothing else are read as the same.
//
// A step judges at most some 990 columns, for the temporary table holds each
// twice and SQLite gives a table 2,000. Unless the database is in WAL mode a
// commit waits for those who read, an export included, and reading waits for a
// commit; the lock's time-out bounds the first, five seconds the second. A snapshot is
// such a reading for as long as it is open. Foreign
// keys that are not deferred are checked after each statement, and an insert is
// one statement for all rows that write the same columns.
package sqlite
