// Package dialect is the grammar of separated text: what a [Dialect] is, how a
// record is read in it ([Parser]), and how a record that breaks it can still be
// read where only one reading is left ([Parser.Mend]).
//
// # The grammar
//
// Text is UTF-8. A record ends at the dialect's own record end, or else at CRLF,
// LF or a lone CR, also mixed. A line without a byte is blank and no record. Cells
// stand between delimiters of one or more characters. A cell that starts with
// the quote ends at the next quote that is not escaped; inside, everything but
// escapes stands for itself. The escape is the quote itself (doubled, as in RFC
// 4180) or another character, which then also takes its meaning from a delimiter
// or an escape; before anything else it stands for itself (C:\temp). Blanks are
// text. Text after a closing quote breaks the cell, and a quote never closed the
// record: the grammar says so and decides nothing.
//
// # Mending
//
// A record is mended only if it has too few or too many cells, a broken cell, or
// a quote that is not closed where it should be. Readings are tried in an order
// from the likely to the unlikely; one is taken only if it gives exactly the
// table's number of cells and no other reading of the same cost does:
//
//   - "escape": quotes escaped by a backslash in a file that doubles them, or the
//     other way about;
//   - "delimiter", "quotation": the whole record in another common delimiter, or
//     every cell in another quote;
//   - "quote": a quote that nobody escaped, told by the delimiters around it. A
//     quote closes a cell only before a delimiter or the end; blanks may stand
//     between. One that opens a cell and is never closed is text.
//
// Search is a table of cells by places (dynamic programming), so that it costs
// cells × places whatever the record; records beyond [MendLimit] are not mended.
// What cannot be mended is for the caller to mark.
//
// Not done here: finding the dialect (package sniff), lines and limits of files
// (package csv), what a cell's text means.
package dialect
