// Package sniff finds out how a separated text is written, without hints: its
// dialect, its tables, their headers, and what stands around them. It looks at
// the beginning of the text only, decides the same every time, and never changes
// a byte; package csv then reads the whole file as found, and says row by row
// what does not fit.
//
// # The dialect
//
// Candidates are generated from the text (a delimiter must stand in a good part
// of its lines, a quote at the edges of cells, an escape before a quote), each
// reads a sample, and what it makes of it is scored by how much it looks like
// tables. The idea of judging a dialect by the table it makes, row lengths and
// cell types together, is from the literature: van den Burg, Nazábal and Sutton
// (Data Mining and Knowledge Discovery 33, 2019); García (Software: Practice and
// Experience 2024); the pollutions that a reader must expect from Vitagliano et
// al. (Pollock, PVLDB 16(8), 2023). The score is the product of
//
//   - uniformity: how many rows have the commonest width, and how many have the
//     width of the row before (several tables in one file are uniform, too);
//   - types: how many cells are something (a number, a date, a word, a sentence
//     without another delimiter in it), and how far a column holds one type only;
//   - cells: wider rows say more, (width−1)/width;
//   - coherence of quotes: rows with text after a closing quote count against;
//   - how usual the delimiter is.
//
// A colon that stands in times only is none. One column is what is left when
// nothing else scores.
//
// # The tables
//
// All rows of the sample stand in blocks: runs of one width. A row or two of
// another width inside a block are ragged rows of it. Blocks of the same width
// divided by blank lines only are one table, unless the second begins with a
// header of its own. A block of at least two cells and two rows is a table;
// what stands above the first is preamble, below the last are footnotes. Above a
// wide table a few rows of two cells are preamble as well, and so are rows of
// full width in which nothing but the first cell is filled; below the table these
// are footnotes only if they have no place in their column, are far longer than
// what stands there, or look like a sentence.
//
// # The header
//
// A column is typed where nine of ten of its filled cells have one hard type
// (number, date, time, truth value). A row is header where typed columns hold
// something else there. Where no column is typed, the first row is the header
// unless a cell is missing, stands twice, or occurs again below in its column.
// Years in sequence are a header, too. Where names are known that columns may
// have, a first row of such names is the header, and all of it, whatever it looks like.
//
// # Bounds
//
// At most [SampleBytes] are parsed for structure and a small part of them for
// each candidate, some dozens; time and memory do not depend on the file.
package sniff
