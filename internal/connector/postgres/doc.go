// Package postgres connects PostgreSQL: it implements package driver with pgx.
//
// # Versions
//
// PostgreSQL 13 and newer (13 brought trim_scale and pg_current_xact_id); tested
// on 15. The database's encoding must not be SQL_ASCII, which promises nothing
// about its texts; from any other the server converts to UTF-8. Behind a pooler
// such as PgBouncer the pool must work by session.
//
// # Rights
//
// The account needs CONNECT and TEMPORARY on the database (without the latter Describe
// calls each table read-only, and a lookup names the GRANT), USAGE on the schema,
// SELECT on the tables that are read, and INSERT, UPDATE or DELETE on those that
// are changed. It also needs USAGE on the sequences that new rows are numbered by: of
// columns whose default they are left to, and, where the Compact says that an identity or
// serial column is given to new rows, on that one's, for their numbers are drawn before
// they are written, and PostgreSQL asks for that right then; and USAGE on the schemas of
// types that are named (behind domains, of lists, citext). Demands finds these in the
// catalog (rights.go). Where a file has texts that are no values of
// types such as jsonb, it also needs the use of PL/pgSQL, which everybody has unless it
// was taken away, to tell which ones. Row security applies to it as to anyone: rows hidden from it look
// absent. Describe says so, and an insert whose key such a row has is refused by
// the unique index; BYPASSRLS, or a policy that lets all rows through, is better.
//
// # How rows travel
//
// Rows move by COPY in both directions, as bytes; no Go value is made per cell.
//
// Up: keys or changes go into a temporary table that lives for one transaction.
// Its columns are made by CREATE TABLE … AS SELECT from the user's own columns,
// so they have their types and collations, and the join matches as the system
// itself does. COPY is in its text format, transcoded from the canonical dialect
// by a byte pass: before version 18 a line \. inside a quoted CSV value ended
// the data (PostgreSQL 18 release notes, COPY). Records read are compared with
// the rows that COPY counted. Masks are staged as bits, of which the server takes
// one at once; to find a character of a text it walks there.
//
// Where a lookup has the rows compared, the values stand beside the keys, as texts (floats
// as floats): what is the same as the text that the row would come back with is the same,
// whatever collation the column has, and nothing is refused for not fitting it.
//
// Down: COPY (…) TO STDOUT (FORMAT csv, FORCE_QUOTE *) writes the canonical
// dialect; it goes straight to the caller's writer past a pass that counts its
// records, which are compared with the server's count.
//
// Rows are found by key through a join that the planner plans. Where the table lies in
// the order of the key, it is told that an index reads one page after the other
// (order.go), for the length of the transaction or of the step.
//
// A snapshot is a REPEATABLE READ, READ ONLY transaction on a connection of its own,
// whose moment every fetch takes over in a transaction of its own (snapshot.go).
//
// # How rows are written
//
// An apply is one READ COMMITTED transaction. UPDATE and DELETE carry "live row
// equals before" in their WHERE clause: after a wait for another's lock
// PostgreSQL evaluates it again on the new version of the row, so the judgement
// is part of the locking write. What RETURNING gives is compared there with what the
// row says, and comes back where it is otherwise; so that it shows, the values to be
// written are staged without the limits by which a column rounds or cuts off. Where fewer rows were written than sent, a savepoint
// takes the step back and a query names the conflicts. An INSERT relies on the
// unique index over the key to meet a row that another session inserts at the
// same moment; without such an index only rows committed before are seen.
//
// PostgreSQL judges a unique constraint that is not deferrable after each row, in
// an order of its own. Rows of an update that give up a value which another row
// of it takes are therefore set to NULL there first, by a write of their own that
// judges and locks them, and then written with the others. Triggers see both. A
// column that a foreign key refers to is not emptied so: rows that refer to it
// would be emptied with it, for good.
//
// Rows of one insert may leave different columns to their defaults; they go in
// one statement, so that rows may refer to each other.
//
// The session pins search_path to pg_catalog and every name is written with its
// schema. Only within an apply is search_path the account's own again, because
// the user's triggers and defaults may rely on it; there the operators are
// written with their schema, or compare types for which pg_catalog has the exact
// operator, which always comes first.
//
// # Values
//
// Session settings (UTC, ISO, extra_float_digits, bytea_output, IntervalStyle) make
// the server's own output canonical for most types; see types.go for the rest. Of
// intervals, JSON, addresses, bits, ranges and arrays only the server knows which
// texts stand for the same value: spell.go asks it, shape.go says before what it
// would cut off, round or guess. money travels as numeric, since its texts are
// written and read by lc_monetary. These cannot be proposed
// but may be stored, and are read as the system prints them, so that they never
// equal a proposed value and an undo gives them back: infinite dates and
// timestamps, years before 1 (BC) or after 9999, numeric NaN and Infinity.
// A domain is what is behind it. Negative scales, and whatever else is not named in
// types.go, are described as unsupported, with the reason.
//
// Text compares by bytes (COLLATE "C") where a row is judged, and by the
// column's own collation where a key is matched; citext by the operator of its
// extension. Native types compare by what the server writes: 30 days are not 1 month.
//
// # Kinds of tables
//
// Tables, partitioned ones and partitions are written. A table that others inherit
// from is not: what is deleted from a child would come back in the parent. Views are
// not, whatever triggers they have. A table that only foreign keys, lookups and
// impacts reach is read as a query reads it, with the rows of its children.
//
// # Limits
//
// What RETURNING gives is taken for what is stored unless the table has AFTER
// triggers: then the rows are read again within the transaction. What a trigger
// does that is deferred to the commit is not seen. A hot
// standby or a read-only database can be described and exported but not fetched
// from by key, since that takes a temporary table (a database whose transactions
// are only read-only by default can be fetched from). Sequences behind identity
// columns do not advance by values that are given.
package postgres
