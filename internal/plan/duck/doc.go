// Package duck makes plans with DuckDB: the engine behind package plan, and the
// only place that reads and writes Parquet.
//
// Every run has a DuckDB instance to itself, in memory with a spill folder, one
// thread, limits of its memory and of its spill ([Options]), no network, and no files but
// the engine's, artefacts and those of the run. One that was used shortly is emptied and
// serves the next (pool.go): to open one takes longer than most of what is asked of it. A
// semaphore hands out the slots; who waits is told so by the caller's progress. The disk
// that a plan may take is promised to it before, or it is refused (room.go); what its files
// take is counted as they are written, and bounded (disk.go).
//
// Bulk data goes through files in the canonical CSV dialect of package record:
// staging in, keys up to the system, live rows back, deltas out. No value is a
// Go value on its way; Go code sees counts, findings and single pages. Where rows of a
// Parquet file only go on as they are, to be digested or sent, they are read without the
// engine, right from the values of its pages (eachrow.go).
//
// A small file, as most are, is planned without a slot or an instance, row by row
// (small.go, plan.Reference); its Parquet file is written in Go (parquet.go).
//
// A file is gone through once before DuckDB reads it: its keys go up meanwhile, and the
// system finds their rows (ahead.go). Live rows that are what the file says are known as
// they arrive, and go no further: the tables below have of them what is counted and what
// their keys are asked for (arriving.go). Most others go on beside the row of the file,
// which is in no need of being read into cells or joined (pair.go). Or the system
// compares: then values go up too, and of rows that are the same little comes back
// (there.go). What nothing else waits for is done on another connection (meanwhile.go): the
// digest of the content, and the plan's file, which is written while rows are checked and
// guardrails judged, as if all were as it most often is (foresee.go). It reads in one
// transaction, since the run goes on writing its tables.
//
// A plan that somebody looks at stays open, and few do at once (shelf.go). Pages near the
// top of a large one do not wait until its rows are in the file's order (browse.go), nor
// for those who do. Where the file is in another order than its keys, its rows are copied into
// the file's order meanwhile (page.go). Rows that another table tells of are selected by a bit each and not by
// a join (shelf.go, among): a join that spills loses the order of the rows.
//
// # Tables of a run
//
//	unknown rows of the file that did not become known as live rows arrived, as in cells
//	cells   line, defect, and a column e, p, s, v: empty? problem, its text, canonical text
//	live    n, k…, l…              live rows by line number; and same, where they tell it: of
//	        those that came as they are, of alike, and of the pairs in differing
//	alike   n, k…, l…              those that are the same, in the columns needed of every row
//	met     line, found, k…        one row a usable key
//	differing  of these, those that are new or differ: and l, m, w: live, written? and what;
//	        and paired, where live rows are compared as they arrive
//	rows    the same, and a: after
//	hits    f, line, sample        what the checks found
//	deltas  op, line, k…, b…, a…, m…: of the rows that are valid
//
// A reversal has cells of what was applied, and live of what was stored (reverse.go); and
// abreast, which are the cells read in a row, without a join (foresee.go).
//
// A column's number is its place in Spec.Key, then Spec.Judged. No cast is ever
// bare: a text is cast only after its grammar matched (cells.go).
package duck
