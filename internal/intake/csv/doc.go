// Package csv reads separated text as it comes from people and programs, in any
// encoding (package text) and any dialect (package dialect), both found out where
// nobody says them (package sniff), and writes the staging form of package intake
// (the contract of what comes out stands there). One pass, streaming, in bounded
// memory, without a Go value per cell.
//
// # What is read
//
// One table of the file: the first, or the one that was chosen. Lines above it,
// below it and other tables are left out, with a [Note] that says where they are.
// Its columns are named by the header, whose lines are joined by a blank; without
// one they are "Column 1", "Column 2" and so on. A column without a name becomes
// "Column 3", the second "Price" becomes "Price (2)", both with a note.
//
//   - A record ends at CRLF, LF or a lone CR, also mixed in one file, or at the
//     dialect's own record end, and at the end of the file. Every one of them,
//     inside quotes too, begins a new physical line; nothing else does (not
//     U+2028, VT or FF).
//   - Blanks are part of the text. A quote that does not start a cell is, too.
//   - A line without a single byte is blank: it is counted and left out, in a
//     file of one column too ("" writes an empty text there).
//
// [Options] overrides what would be found out. Who says both the lines to skip
// and those of the header says where the table is: all that stands below is rows
// then. What was found, given back as options, reads the file the same way.
//
// # What is kept, mended, marked or refused
//
// Nothing is repaired in silence. A record that breaks the dialect, or has not as
// many cells as the table, is mended where exactly one reading is left (package
// dialect says how); a stray quote that swallowed the lines behind it gives them
// back. Its defect begins with "~", and a note lists the lines:
//
//   - "~quote:N": quotes that nobody escaped; the first of them is in cell N.
//   - "~escape:1", "~delimiter:1", "~quotation:1": the record uses another escape,
//     delimiter or quote. A row in another delimiter must fit the types of its
//     columns.
//   - "~encoding:N": N characters were not in the file's encoding and were read as
//     Windows-1252.
//
// A record that cannot be mended is kept and marked, and is no row of a plan:
//
//   - "quote:N": text follows the closing quote of the Nth cell ("a"b), or its quote
//     is never closed. The cell is staged as it stands in the file, quotes
//     included. It outranks "cells", as the count means little then.
//   - "cells:N": N cells stand where the table has another number. Missing cells
//     are NULL. Cells beyond the table are not staged, which the defect says; if
//     they are empty (nothing between the separators, as spreadsheets write them)
//     nothing is lost, and it is no defect.
//   - "encoding:N": N characters mean nothing in the file's encoding.
//
// Refused with an [errs.Invalid] that names the line: an empty file; NUL (unless
// it is the escape); a quote never closed where no good row follows; limits
// exceeded. A file that is only a header is read, with a note that blocks. Errors
// of the input's reader are passed on as they are, wrapped: a client that hung up
// has not sent a bad file. A full disk is [errs.Unavailable].
//
// # How
//
// The decoded text goes through a source, a window of bytes without NUL. A scanner
// reads one record of the window and appends its staging form to an output
// buffer. For dialects that are RFC 4180 but for the delimiter it goes eight bytes
// a step: load a word, store it, find the first byte that needs attention; all
// others go through the general parser, which is also the fast one's slow twin in
// tests. Where the window ends inside a record, the record is dropped from the
// output, the window moved and refilled, grown if it must, and the record read
// again. Only a record that is suspect is looked at again for mending, so that a
// clean file pays nothing for it.
//
// # Bounds
//
// Memory is the sample (package sniff), a window and an output buffer: some MiB
// for records of ordinary size whatever the file's, and a few times
// [Limits].MaxRecord at the worst; a quote still open after 4 MiB is taken for a
// stray one if good rows follow its line. What is read again to mend records is
// bounded by eight times the file. The staging form is at most some eight times
// the file (one character a line) plus the NULLs of missing cells, of which more
// than 256 Mi are refused. Package intake bounds the staging of every kind of file.
//
// What stands around a table is known as far as the sample goes. In texts of more
// than [sniff.WholeBytes], up to ten lines of one cell at the very end are
// footnotes, too, and a row of totals is pointed at; further tables beyond the
// sample are rows with a defect.
package csv
