// Package pollute makes messy files on purpose, each with the table that a reader
// should make of it, and scores what a reader made.
//
// It follows the taxonomy and the score of Pollock (G. Vitagliano, M. Hameed,
// L. Jiang, L. Reisener, E. Wu, F. Naumann: Pollock: A Data Loading Benchmark,
// PVLDB 16(8), 2023), with a source table, a writer and a scorer of our own.
//
// # The files
//
// A clean [Table] is laid out as a document: rows of cells with separators
// between them, each row with a dialect of its own. A pollution changes one thing
// in the document, or in what is expected of it; then the document is written.
// Nothing is drawn by chance: the same call gives the same bytes.
//
// [Survey] is the list of the published benchmark, one file for each, 2,290 over
// a table of 84 lines and 9 columns:
//
//   - the clean file; size 0; no line end at the end, and two; no header; a header
//     of two and of three lines; a preamble; a second table that is narrower, as
//     wide and wider; a header alone; one row alone (13)
//   - a separator less, at every line and place (672); one more (756)
//   - separated by semicolons, tabs, blanks, comma and blank; quoted by
//     apostrophes; quotes escaped by a backslash, and not at all; lines ended by
//     LF, and by CR (9)
//   - one line separated by blanks (84); an extra quote at the start of a cell, at
//     every line and place (756)
//
// [Taxonomy] is what the paper's taxonomy names beyond that list: encodings,
// footnotes, header names that are double, empty or very long, separators of
// several characters, quotes, escapes and line ends of single rows, rows of fewer
// and more cells, line breaks in cells, columns that are empty, tables apart by a
// blank line.
//
// # What is expected
//
// The clean table, as the benchmark has it: a missing or extra separator does not
// change what the cells are, an extra quote is part of its cell's text, several
// header lines are joined by a blank, of several tables the first counts. Without
// a header the rows alone are expected.
//
// # The score
//
// Out of 10 a file: one for being read at all, and precision, recall and F1 of
// header cells, records and cells ([Points]). As in the benchmark, records are
// compared by their cells put together, so that a cell at the wrong place costs
// cells, not records. Unlike it, texts are compared as they are: neither case nor
// the form of a number or a date is forgiven. [Points].Exact, which the benchmark
// does not have, tells whether everything is where it belongs.
//
// The weights of [Survey] are how often the paper's survey of 3,712 real files met
// each pollution, as the benchmark publishes them; a pollution of many files
// shares its weight among them.
package pollute
