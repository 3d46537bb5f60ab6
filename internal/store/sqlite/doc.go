// Package sqlite keeps the metadata in one SQLite file: changes, Compacts, the
// evidence log, tokens, accounts and browser sessions. [DB] implements
// workflow.Store (checked by package storetest), the ports of package identity,
// and the rows of browser sessions. What it shares with the other stores stands
// in package store.
//
// # Two pools
//
// Everything that writes goes through one connection, with BEGIN IMMEDIATE: a
// unit of work holds the write lock from its first statement on, so it never
// fails half-way because somebody else wrote in between, and units of work queue
// in Go. River (package job) writes through the same connection ([DB.Writer]),
// in the same file: that is how a job commits together with the change it works
// on. Reading has a pool of its own on read-only connections; with the write-
// ahead log readers see the last committed state and wait for nobody. Connections keep
// the statements that they compiled.
//
// Every commit is synced (synchronous=FULL): what the contract calls recorded
// survives a power cut. Another process may use the file at the same time, as
// `sutor token issue` does beside a running server; each waits up to ten seconds
// for the other's write lock.
//
// # How it evolves
//
// Migrations are numbered files in migrations/, run by goose when the file is
// opened. A file made by a newer Sutor is refused, never guessed at. A change is
// one JSON document (change.Change, whose fields are added, never renamed) beside
// columns that repeat what lists are filtered by; the document is the truth.
// Leaves and hashes of the log are guarded by triggers against being changed or
// deleted by accident; against intent there are the log's checkpoints. An erased
// envelope is overwritten in the file (secure_delete); the write-ahead log may
// hold it until its next checkpoint, at the latest until the last process closes.
//
// # Errors
//
// A full disk and a lock that is not to be had are errs.Unavailable, a stale
// version errs.Blocked, an unknown id errs.NotFound; SQL never reaches a public
// message. [DB.Watch] tells of commits made through this DB only, not by another
// process.
package sqlite
