// Package store holds what the metadata stores have in common, whatever the
// database: the stored form of changes and times, browser sessions, who wants to
// know of commits, and the sentences of what is not there. The stores stand in
// sub-folders, one a database, all alike; package storetest checks them.
//
// Stored form: a change is one JSON document (change.Change, whose fields are
// added, never renamed) beside columns that repeat what lists are filtered by;
// the document is the truth. Times are text in UTC, always with nine decimals, so
// that they are exact in every database and sort as text.
//
// Migrations are numbered files in each store's own migrations/, the same numbers
// for the same step in every database; a number that one of them does not need is
// there all the same, and empty.
package store
