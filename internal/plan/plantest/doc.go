// Package plantest holds the engine of plans to their meaning: DuckDB's plan
// (package plan/duck) and the reference's (plan.Reference) are the same for
// random schemas, tables, files, options and rules. There is no code to import
// here, only tests.
//
// # A case
//
// A case is a small world (world_test.go): a table in package connector/mem with
// any kinds of columns, a key of one or two, NULLs, defaults, generated and
// identity columns, unique and foreign keys, some columns that are the same in
// any case; a file with the cells that engines are known to read in their own
// ways; column rules, row rules (rule_test.go) and the maker's options. Values
// come from small pools, so that keys meet and constraints break.
//
// # What is compared
//
//   - counts, the canonical rows byte by byte, their digest, and the findings with
//     all fields: ranges, samples, order, wording;
//   - errors, by their public sentence;
//   - the digest and the counts of the same file with its rows in another order.
//
// Two thousand cases run by default, a hundred thousand with SUTOR_LONG=1. A
// failing case is made smaller by package rapid, which also prints how to run it
// again. A larger case is planned with one and with several threads, and in
// another order: how an engine cuts its work up must not be seen.
package plantest
