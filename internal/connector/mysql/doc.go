// Package mysql connects MariaDB and MySQL: it implements package driver with
// github.com/go-sql-driver/mysql.
//
// # Versions
//
// MariaDB 10.4 and MySQL 8.0, and newer; tested on MariaDB 10.11. What MySQL does
// otherwise is cared for where it is known (a temporary table is read once a
// statement, local_infile is off by default, json has a type of its own), and not
// tested.
//
// # Rights
//
// On the database of the connection: CREATE TEMPORARY TABLES (without it Describe, which
// tries, calls each table read-only, and a lookup names the GRANT), and REFERENCES or the
// right to write on the whole database, without which the server shows no foreign keys:
// Describe says so then, and no row is deleted of which nobody knows what goes along. On the
// tables: SELECT, and INSERT, UPDATE or DELETE where they are changed. An account may end its
// own sessions; nothing else is needed. Foreign keys of tables in another database are seen
// where the account has such a right there too. On MySQL a right of the account on the table
// itself is taken for one on the database.
//
// # How rows travel
//
// Up: records go into a temporary table (InnoDB, of the session alone) whose columns
// have the types and collations of the user's, by LOAD DATA LOCAL from a stream. There
// the server makes a warning of a value that it has to alter, where elsewhere it would
// refuse it; one warning refuses the whole. Where the server does not take files
// from clients (local_infile), the same rows go in INSERT statements, which takes
// several times as long and changes nothing else.
//
// Where a lookup has the rows compared, the values stand beside the keys: texts as UTF-8 that
// is compared by bytes, instants as DATETIME and bytes as BLOB, which hold what the column
// might not; all others in the column's type, where one value has one text.
//
// Down: rows come as text and are shown as they lie in the connection's buffer, past
// a pass that makes them canonical.
//
// A snapshot is a REPEATABLE READ transaction on a connection of its own. A statement
// of it that is given up is ended by KILL QUERY, from another connection, so that the
// transaction stays.
//
// # How rows are written
//
// An apply is one READ COMMITTED transaction on a connection of its own, which ends
// with it. UPDATE and DELETE join the temporary table and carry "live row equals
// before" in their condition: InnoDB evaluates it on the row that it has locked. An
// UPDATE has so many rows as the server can keep aside in memory (step.go, partRows).
//
// What was written is then compared with what the rows say, in the same transaction and
// under its locks, and the rows that are stored otherwise are read. All are read where a
// value may come back otherwise than it was sent: a FLOAT, spaces at the end of a CHAR,
// a text of a character set that takes two characters for one ([column.returns]).
//
// Where fewer rows were written than sent, a savepoint takes the step back and a query
// names the conflicts. An INSERT relies on a unique index over the key to meet a row that
// another session inserts at the same moment.
//
// The server judges unique constraints after each row. Rows of an update that give up
// a value which another row of it takes are therefore set to NULL there first, by a
// write of their own that judges and locks them. Triggers see both. A column that a
// foreign key refers to is not emptied so, as far as the account can see it: rows that
// refer to it would be emptied with it, for good. Foreign keys are
// judged row by row too: rows of one table that refer to each other are inserted with
// those first that others refer to, and deleted the other way round.
//
// Tables whose storage engine has no transactions (MyISAM, Aria, MEMORY) are described
// as read-only, for a change could be left half done.
//
// # Recovery
//
// The server keeps no name of a transaction that has ended, so what became of a commit
// whose answer was lost is told by the rows (workflow/recovering.go). Whether one is still
// open is told by a named lock that its session holds (open.go), and so one that a frozen
// server left open can be ended. Where there are no such locks (Galera), it holds its rows
// until the server of the database closes the connection, after ten minutes at most
// (wait_timeout of the session).
//
// # Keys that the server gives
//
// The next numbers of an AUTO_INCREMENT are read from the table's counter and written as
// values that are given: draw.go says what happens where another program is given one.
// Sequences are not drawn from: they take rights of their own, and may go round.
//
// # Values
//
// Texts compare by bytes where a row is judged, and by their column's own collation,
// which may take ada, Ada and "Àda " for equal, where a key is matched.
//
// Whole numbers have 8 to 64 bits and may be unsigned. tinyint(1), which is what
// BOOLEAN makes, and bit(1) are yes or no. DATETIME has no time zone; TIMESTAMP is an
// instant, from 1970 to 2038 (2106 from MariaDB 11.5 on). MariaDB's json is longtext, and is
// kept byte by byte. These cannot be proposed but may be stored, and are read as the
// server prints them, so that they never equal a proposed value and an undo gives them
// back: 0000-00-00 and other days that there are not, times of day below 0 and from
// 24 hours on, numbers other than 0 and 1 in a yes-or-no column. So it is with the empty
// text that the server keeps in an enum in place of a refused label, but for the undo:
// the server takes it from nobody. NUL characters in a text end the reading with a
// sentence.
//
// Unsupported are float(m,d) and double(m,d), which round, year, which reads 5 as 2005,
// bit of more than one, set, MySQL's json, inet4, inet6 and geometry.
//
// # Limits
//
// A step judges at most some 500 columns: the temporary table holds each twice, and
// InnoDB gives a table 1,017. A server that writes its binary log as statements
// (binlog_format=STATEMENT) is refused: it does not allow READ COMMITTED. On a server
// with a binary log in another format nothing of the temporary tables reaches it but
// their making and dropping. What a trigger writes into a table without transactions
// stays when the change is rolled back.
package mysql
