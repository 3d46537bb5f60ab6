// Package sutor is the guided tour of the code; it holds no code itself.
//
// Sutor lets the people who know the data change it, in bulk, while the process
// owner pushes the final button: a file becomes a frozen plan of exactly what
// would change, the owner approves exactly that, it is written only where live
// data still is what was approved, and it can be undone and proved. The words
// are in docs/glossary.md, the life of a change in docs/lifecycle.md.
//
//	file ──intake──► proposal ──plan──► delta ──guard──► findings ──route──► decisions ──apply──► system
//	                    ▲                                                                     │
//	                 mapping                      every step ──────────────► evidence ◄───────┘   undo = inverse plan, same way
//
// # The house
//
// Packages stand in rings; imports go to a smaller ring only (arch_test.go holds
// that, with the reason of each room). Read from the bottom:
//
// Ring 0. internal/errs: the few kinds of failure; each error has a sentence for
// people, a mend, and a hidden cause.
//
// Ring 1. internal/record is the heart of "nothing is guessed": a value is NULL
// or its canonical text, there is one lexical grammar a type, and rows travel in
// one CSV dialect; internal/record/format makes that grammar of what people write
// in other ways ("1.234,50 €", "31. Mai 2026", "ja"). internal/finding is what a check found. internal/access says
// who may do what, as pure functions.
//
// Ring 2. internal/wire holds the contract's JSON documents. internal/expr is
// the meaning of guardrails: three-valued, exact, judged in Go and printed as
// SQL. internal/compact reads the Compact and keeps every place in the file.
// internal/evidence is the Merkle log with its envelopes and packs;
// internal/evidence/logtest checks any storage of it. internal/intake turns a
// file into staging: internal/intake/text finds the encoding and reads it,
// internal/intake/dialect is the grammar of separated text and of its mending,
// internal/intake/sniff finds out how a text is written, internal/intake/csv reads
// it; internal/intake/json reads JSON, internal/intake/archive unpacks,
// internal/intake/xlsx reads and writes workbooks. internal/intake/pollute makes
// messy files with what a reader should make of them, and scores it.
// internal/system/driver is the small interface behind every
// connected system.
//
// Ring 3. internal/change is the life of one change as pure functions: states,
// decisions, routes, segregation of duties. internal/system is the portable
// handle around a driver (counting, redaction, the wording of failures);
// internal/system/drivertest is the suite that every connector passes.
// internal/client speaks to the API.
//
// Ring 4. internal/guard compiles the guardrail language (CEL's parser) to expr.
// internal/plan defines what a plan is; internal/plan/duck makes it with DuckDB,
// reads and writes the Parquet, and makes the inverse. plan.Reference and
// plan.ReferenceReversal make the same plans plainly, row by row, and
// internal/plan/plantest holds the two together on random schemas, tables, files
// and rules. The first makes the plans of small files, which are done before DuckDB
// would have begun (plan/duck/small.go). Else the deltas of a plan are columns in that
// file and never Go values, so there is no package for a single delta. internal/connector has one folder a kind: internal/connector/sqlite,
// internal/connector/postgres, internal/connector/mysql (MariaDB too); internal/connector/all lists them;
// internal/connector/mem is one in memory, for tests;
// internal/connector/postgres/pgtest and internal/connector/postgres/pgtest/cmd/withpg
// start a PostgreSQL for tests, internal/connector/mysql/mysqltest and
// internal/connector/mysql/mysqltest/cmd/withmysql a MariaDB. internal/artifact keeps files by digest, in a folder
// or in a bucket of S3; internal/artifact/s3test starts an S3 server for tests. What such
// servers have in common is internal/testserver (ring 0). internal/recipe is what is known of how
// files are read, from one file to the next.
// internal/identity proves who somebody is. internal/notice is what people are told,
// and of which leaf whom it concerns; internal/mail (ring 5) takes it to an SMTP server,
// internal/mail/mailtest is one for tests.
//
// Ring 5. internal/workflow: the use cases, one file each, and the ports they
// need. Every right and every rule is asked here, so no adapter can forget one.
// Start with act.go: the one way in which a person changes a change; sight.go is the
// one way in which a person sees rows and columns (docs/rights.md).
//
// Ring 6. internal/store keeps the metadata: internal/store/sqlite in a file, for
// one server; internal/store/postgres in a database that several servers share;
// internal/store/storetest checks both. internal/job is the queue (River), in the
// same database and the same transactions. internal/api, internal/web and internal/cli are
// thin; internal/api/routetest walks every route as every role,
// and looks for values that were planted where not everybody may see them. internal/web has a
// file a screen; internal/web/ui is the look: what screens are made of, with styles
// and scripts; internal/web/chart draws small pictures as SVG. internal/demo
// makes a company to try things on.
//
// Ring 7. internal/app puts it together. cmd/sutor is main and nothing else.
//
// # How it is tested
//
// test/script tells stories against the real program, attacks among them. Suites
// (drivertest, storetest, logtest) hold every implementation to one meaning.
// test/fault kills servers, cuts lines, restarts PostgreSQL and fills disks in the
// middle of a change, and finds each change done once or not at all.
// test/browser tells stories in Chromium and has axe-core look at every page.
// test/verify-js is a second verifier of evidence packs, in Node, which must agree with
// the first on every pack of the tests.
// Laws are property tests: the SQL of every cell equals record.Type.Parse, every
// rule in SQL equals its judgement in Go, DuckDB's plan equals the reference's, its undo too,
// file → plan → apply → undo gives back the table, a pack with any byte changed
// does not verify. bench measures against what people would do by hand;
// bench/web how fast pages are with a change of a million rows, what they weigh, and that
// nothing on them moves; bench/many how soon a server is ready, and how long small changes
// take when many hand theirs in at once.
//
// # Doubts, and what comes next
//
// A server that ends in the middle of an apply is recovered by whoever takes its
// lease over, by asking the system for the transaction, or the rows
// (workflow/lease.go, workflow/recovering.go). The next server in the same data
// folder does so at once; another, which shares the metadata, waits for the lease to
// lapse, ten seconds and a look every five. A transaction that a frozen server
// leaves open is ended on PostgreSQL, and on MariaDB where it has named locks (a Galera
// cluster ends it itself, after ten minutes); in an SQLite file nobody but that server
// can. The connector for MySQL is tested on MariaDB only, and
// test/fault does not strike it; test/script tells of a server that dies at its commit.
// Servers of one database share a bucket of artefacts, or a folder. Of a
// bucket, the time that keeps what was just stored from being removed counts from the
// beginning of its upload; and one that cannot be reached fails the plan that needs it,
// instead of letting it wait.
//
// A file's rows may be found by another unique key than the dataset's, and new rows may
// get their key from the system when they are written (plan/match.go,
// workflow/foundby.go, workflow/given.go). A family is found by its datasets' own keys,
// and none of its rows can refer to one whose key is not known yet.
//
// What the plan cannot see, and the system refuses at apply, all of it rolled
// back: a unique or foreign key over columns that a new row leaves to a default;
// two new keys that only the system holds equal; a second NULL where NULLs count as
// equal; a value that other rows refer to, and that an update changes, where they would
// not follow it (where they would, the plan stops: plan.FollowedFinding); a unique or
// foreign key over a column that the system computes. On SQLite
// the plan cannot tell that a foreign key is judged at the commit, and refuses an
// update that refers to a row which the same plan inserts.
//
// Rows of other tables that the system deletes or changes with those of a plan (ON DELETE,
// ON UPDATE) stop the plan. It does not see those that come to refer between plan and
// apply, those that refer to what the system computes of a written column, and on MariaDB
// those of a table on which Sutor's account has no right: they go along in silence.
//
// A maker's level moves at events only, so a rule of days is asked at the next of
// them (workflow/levels.go); a rehearsal takes it as it stands. A deputy is known to the
// metadata, not to the Compact: a rehearsal cannot know who will stand in.
//
// A trial lives in one request, so a proxy that cuts off silent connections cuts off
// the trial of a very large plan; nothing of it stays. The rows that the system refuses
// are looked for within bounds (workflow/refusals.go), after an apply for a minute at
// most: of a plan of millions the rule may be told without them. A part is named by lines
// of the file: rows of a change without a file, and of a sync, are approved as a whole.
//
// Of what judges a change, risk, impact, the route by guardrails and by freedom, freezes,
// the emergency stop, the rehearsal of a Compact, the rolled-back trial and the approval
// of a part are there, and so is a change over parents and children, a family
// (change.Member; in workflow together.go proposes it, family.go opens it,
// familysight.go says who sees what of it). A family is not approved in part, and none
// of it is a sync or by rule. Rules set values; they do not delete rows. What a rule's
// condition is for is counted by the web app and the API, not by a command.
//
// To look at a part before it is approved makes a plan whose files nobody refers to until
// it is approved so, and which nothing removes: an artefact is named by its content, and
// may become another change's at any moment.
//
// Retention erases the texts of changes (workflow/erase.go), once, and not those of other
// leaves (a deputy's naming, access that was asked for, a Compact). Nobody can have the
// texts of one person erased at once.
//
// Types that only the system reads and writes (record.Native; connector/postgres/spell.go)
// are compared by how it writes them; compact check asks it for those that `one_of` lists.
//
// A small plan costs some hundredths of a second of one core, about half of it for the
// files, the job and the evidence around it (bench/many). Ten makers at once wait for the
// one writer of SQLite's metadata: three transactions a plan, and those of its job. Small
// applies, reversals, syncs and changes by rule take DuckDB's fifty statements of a
// millisecond or two each, on an instance that stays open for the next (plan/duck/pool.go).
//
// Costs beside psql are in docs/performance.md; a million rows into ten million take 0.87
// times as long as psql. A third of that is the system's own lookup of
// the file's keys. A live row that the file has already is known as it arrives, by its
// texts (plan/duck/arriving.go); not in a sync, where a format is chosen, where the maker
// sees some rows only, for some lines of a file, or with types that only the system
// writes: all rows are compared then once they are here. Of a large file with few of the
// columns that are looked at, the system itself compares, where it can (plan/duck/there.go;
// docs/systems.md has what that saves); not where empty cells clear, in a sync, or where
// live values must say how a column is written, and numbers come back of every row, for
// their spread. The insert looks for its keys even where a unique index would. What was
// stored is compared within PostgreSQL; the other connectors give it
// back whole, to be compared here.
package sutor
