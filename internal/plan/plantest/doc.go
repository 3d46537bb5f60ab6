// Package plantest holds the engine of plans to their meaning: DuckDB's plan
// (package plan/duck) and the reference's (plan.Reference) are the same for
// random schemas, tables, files, options and rules. There is no code to import
// here, only tests.
//
// # A case
//
// A case is a few rows of a table and of a file. A plan costs the engine the
// same for one case or for many, so a world (world_test.go) mostly has many that
// share their schema, rules and options, and a column of the key and of every
// unique constraint keeps them apart.
//
// The table stands in package connector/mem: columns of any kind, a key of one or
// two, NULLs, defaults, generated and identity columns, unique and foreign keys,
// some columns that are the same in any case. The file (file_test.go) has the
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
// Not held together yet: reversals (duck.Session.Reverse), which have no
// reference.
package plantest
