// Package intake turns a file that somebody brings into rows that can be judged:
// [Read] makes any file one canonical staging file, and [Match] says which of its
// columns is which column of the dataset.
//
// # The staging file
//
// This is the contract; whatever the file was, this comes out, and more kinds of
// files will not change it. The staging file is in the canonical CSV dialect of
// package record, one record for each record of the file, in the file's order:
//
//		line,defect,cell…
//
//	  - line: the number of the physical line where the record starts, from 1, as
//	    an editor shows it (without quotes; the only value that is).
//	  - defect: NULL, or why the record cannot be trusted: a short code, a colon and
//	    a number. "cells:5" is a record of 5 cells in a table of another number;
//	    "quote:2" has text after the closing quote of its second cell. A code that
//	    begins with "~" was repaired: "~quote:2" is a row like any other.
//	  - cell…: one for each column of the header, in its order. NULL where nothing
//	    stands between the separators, the empty text where "" stands there, else
//	    the text exactly as it stands in the file: no trimming, no conversion, no
//	    normal form. What of a text is a value is the plan's to say.
//
// A defective record keeps the cells that exist; missing ones are NULL; ones
// beyond the header are not staged, which is what its defect says. Whoever reads
// staging must treat a record with a defect as invalid, never as a row, unless it
// was repaired. Package csv says in detail what is a defect, what is mended, what
// is refused and what is neither.
//
// Texts are only texts here: formulas, SQL, markup and invisible characters pass
// unchanged and mean nothing.
//
// # What can be read
//
// Separated text (package csv), JSON and JSON Lines (package json), and one such
// file inside a ZIP archive or gzip (package archive). A file is what its bytes
// say, never what its name says; what cannot be read is recognised by its first
// bytes and refused with its name and how to mend it ([Read]). [Inspect] tells
// what was understood, [Convert] writes the table as plain CSV.
//
// What was repaired or left out stands in [Result].Notes and, for a row, in its
// defect.
//
// # Matching columns
//
// [Matcher] says which column of a file is which column of the dataset. What is
// certain comes first: the person's own word (--map) or a recipe's, then the
// dataset column's exact name, its label, one of its other names, the same three
// without regard to case, blanks, underscores and hyphens, and then what was
// decided before about a column of this name. Two that fit equally are refused.
//
// What is left over on both sides may be guessed, by evidence that is weighed to a
// confidence from 0 to 100: another word for the same thing (synonyms.txt, in
// English, German, French and Dutch), one slip of the finger, and what stands in
// the column beside what stands in the live one. A guess is taken from 75 on (90
// for a key), and only where it is 10 ahead of everything else that either side
// could be matched to; it is always told. Below that nothing is guessed: the
// column is left out, with a question and the words that answer it; a key that is
// not certain stops the plan.
//
// Laws, held by tests: no column of the dataset gets two columns of the file; a
// column that resembles nothing changes nothing for the others; the order of the
// dataset's columns decides nothing.
//
// # Bounds
//
// [Limits] bound the file, its rows and columns, and the staging file, whatever the
// kind: a few bytes of a workbook, an archive or JSON can become very many. Staging
// is bounded where it is written, in [Read], so that no reader need know of it; what
// is written over it later (mended cells) goes through [Limits.Staging].
package intake
