// Package postgres keeps the metadata in a PostgreSQL database, which several
// servers can share: changes, Compacts, the evidence log, tokens, accounts and
// browser sessions. [DB] implements workflow.Store (checked by package
// storetest), the ports of package identity, and the rows of browser sessions.
// What it shares with the other stores stands in package store; what it does
// otherwise than package sqlite, and why, stands here.
//
// # Units of work
//
// Do is one READ COMMITTED transaction that takes locks as it goes:
//
//   - a change read inside Do is locked (FOR UPDATE) until its end, so units of
//     work on one change follow each other, on whichever server they run, and
//     each sees what the one before has stored;
//   - the log is locked from its first use inside Do until its end (an advisory
//     lock), reading included, since a leaf is computed from those before it;
//     everybody else's append waits, and none is lost;
//   - the Compact in force, read inside Do, stays in force until its end: whoever
//     puts another one in force waits for those who were judged by this one;
//   - a dataset's turn is taken (an advisory lock) by who is about to apply to it or
//     to try on it, so of two servers one sees the other;
//   - the counter of ids is locked by who takes one, so ids follow the order of
//     commits.
//
// Lists inside Do take no locks: who stores a change from a list meets the
// version check (errs.Blocked).
//
// Two units of work that wait for each other are told apart by PostgreSQL, which
// ends one of them; that one is run again, at most twice. Therefore what is
// handed to Do must be repeatable: it sets what it computes and never adds to
// what an earlier run left behind, and its effects outside the transaction may
// happen twice. (Package sqlite never repeats.)
//
// View is a REPEATABLE READ, READ ONLY transaction: one snapshot, waiting for
// nobody. The snapshot is taken at its first read.
//
// A connection that is lost while a unit of work is committed leaves its outcome
// unknown; the error says so. The version check makes trying again safe.
//
// # Commits of others
//
// A unit of work that wrote notifies a channel, sutor_commit_N, with the name of
// its process. Each DB listens on one connection of its own; [DB.Watch] tells of
// its own commits directly and of the others' when they are heard. A listener
// that was cut off connects again and then tells everybody to look, since
// something may have been missed. While it is cut off, waiting takes as long as
// the waiter's own time limit, and nothing else is wrong.
//
// # How it evolves
//
// Migrations are numbered files in migrations/, run by goose when the database is
// opened, under an advisory lock, one server at a time ([DB.Alone]). A database
// that a newer Sutor made is refused. The tables stand in the first schema of the
// account's search_path; an account that owns nothing else, in a database of its
// own, is the simplest.
//
// Leaves and hashes of the log are guarded by triggers against being changed or
// deleted by accident; against intent there are the log's checkpoints. An erased
// envelope is deleted; its bytes leave the table's file with the next VACUUM, and
// the write-ahead log and backups when those are removed: how long that takes is
// the database administrator's to say.
//
// # Versions, rights, settings
//
// PostgreSQL 13 and newer, encoding UTF8. The account needs CONNECT, and CREATE
// on the schema. A pooler in between must work by session, because of LISTEN.
// Every connection waits at most 10 seconds for a lock, and the server ends a
// transaction that stands idle for 30 seconds, so that a machine that vanished
// holds no change for longer. A server or account with synchronous_commit off is
// overruled: what the contract calls recorded survives a power cut.
//
// # Errors
//
// What cannot be reached, or not now, is errs.Unavailable; a stale version
// errs.Blocked, an unknown id errs.NotFound. No error, nor its cause, holds the
// URL's password: the texts of its parser are dropped, and URLs in which a part
// of a password could pass for a host or a database are refused.
package postgres
