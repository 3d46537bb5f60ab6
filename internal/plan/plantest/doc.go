// Package plantest holds the engine of plans to their meaning: DuckDB's plan
// (package plan/duck) and the reference's (plan.Reference) are the same for
// random schemas, tables, files, options and rules, and so are the plans that
// take applied ones back. There is no code to import
// here, only tests.
//
// # A case
//
// A case is a few rows of a table and of a file. A plan costs the engine the
// same for one case or for many, so a world (world_test.go) mostly has many that
// share their schema, rules and options, and a column of the key and of every
// unique constraint keeps them apart.
//
// The table stands in package connector/mem: columns of any kind, that which only the
// system reads and writes among them, a key of one or two, NULLs, defaults, generated
// and identity columns, unique and foreign keys, some columns that are the same in any
// case. Rows may be found by another unique key than the table's, and have none where
// the system numbers them. The file (file_test.go) has the
// cells that engines are known to read in their own ways (value_test.go). The
// rules are column rules, row rules and the maker's options (rule_test.go).
// Values come from small pools, so that keys meet and constraints break.
//
// # What is compared
//
//   - counts, the canonical rows byte by byte, their digest, and the findings with
//     all fields: ranges, samples, order, wording;
//   - errors, by their public sentence;
//   - the digest and the counts of the same file with its rows in another order.
//
// Two thousand cases run by default, a hundred thousand with SUTOR_LONG=1. A
// failing world is made smaller by package rapid, which also prints how to run it
// again. What the cases were is counted, so that a generator that draws nothing
// of interest is found out. A large file is planned with one and with several
// threads, and in another order: how an engine cuts its work up must not be seen.
//
// # Taken back
//
// Of many worlds the plan is applied (undo_test.go), as package workflow does it,
// to the table in memory, which keeps its constraints. Others then work on it
// (meanwhile_test.go): rows are changed, deleted, their keys used again; columns
// are dropped, added, and null no more; constraints are added, rows referred to
// from elsewhere. Then the plan that takes it all back is made by
// duck.Session.Reverse and by plan.ReferenceReversal, and compared in the same
// way, and in the reason of each row that is left alone. That plan is applied and
// taken back in its turn, so that deletes are undone too.
//
// Two laws hold by themselves: where nobody else touched the table, what was
// applied and taken back leaves it as it was; and a reversal of which nothing was
// hidden is not refused by the system.
package plantest
