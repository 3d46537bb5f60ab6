// Package csv reads a comma-, semicolon- or tab-separated file as it comes from
// people and programs, and writes the staging form of package intake (the
// contract of what comes out stands there). One pass, streaming, in bounded
// memory, without a Go value per cell.
//
// # What is read
//
// UTF-8 with or without a byte order mark, quoted as in RFC 4180. The first line
// that is not blank is the header; its cells are the columns' names, without the
// blanks around them.
//
//   - A record ends at CRLF, LF or a lone CR, also mixed in one file, and at the
//     end of the file. Every one of them, inside quotes too, begins a new
//     physical line; nothing else does (not U+2028, VT or FF).
//   - A cell that starts with a double quote ends at the next single double
//     quote; inside, "" is one quote and everything else stands for itself.
//   - A quote anywhere else is part of the text: 5" pipe.
//   - Blanks are part of the text, before a quote too; after a closing quote
//     they are text after a closing quote (below).
//   - A line without a single byte is blank: it is counted and left out, in a
//     file of one column too ("" writes an empty text there).
//
// # What is kept, marked or refused
//
// Nothing is repaired in silence. A record that cannot be trusted is kept and
// marked with a defect, so that its rows can be shown and mended; a file that
// cannot be trusted is refused with an [errs.Invalid] that names the line.
//
//   - Defect "quote:N": text follows the closing quote of the Nth cell ("a"b).
//     The text of that cell is staged as it stands in the file, quotes included,
//     up to the next separator. It outranks "cells", as the count means little then.
//   - Defect "cells:N": N cells stand where the header has another number. Missing
//     cells are NULL. Cells beyond the header are not staged, which the defect
//     says. Cells beyond it that are empty (nothing between the separators, as
//     spreadsheets write them) lose nothing and are no defect; "" or a blank
//     there is text, and one.
//   - Refused: an empty file or only a header; a quote never closed; bytes that are
//     not UTF-8; NUL; a column without a name or named twice; limits exceeded.
//
// Errors of the input's reader are passed on as they are, wrapped: a client that
// hung up has not sent a bad file. A full disk is [errs.Unavailable].
//
// # The separator
//
// The header line decides, outside quotes, among comma, semicolon and tab. Where
// it holds more than one of them, the one that splits more of the first records
// into the header's number of cells is taken, then the one that makes more
// columns; if that leaves two, the file is refused rather than guessed at.
// Where it holds none, the file has one column, and comma separates.
//
// # How
//
// A source keeps a window of checked bytes (UTF-8, no NUL, within the limit).
// A scanner reads one record of the window and appends its staging form to an
// output buffer, eight bytes a step: load a word, store it, find the first byte
// that needs attention. Where the window ends inside a record, the record is
// dropped from the output, the window moved and refilled, grown if it must, and
// the record read again. So there is one grammar, in one place, which also reads
// the header and tries out separators. A fault of the input (say, a byte that is
// not UTF-8) counts only when the scanner gets there: the first trouble in the
// file is the one reported, however the bytes arrived.
//
// # Bounds
//
// Memory is a window and an output buffer: about 1 MiB for records of ordinary
// size whatever the file's, and a few times [Limits].MaxRecord at the worst. The staging form is at most some eight times the file (one
// character a line) plus the NULLs of missing cells, of which more than 256 Mi
// are refused: a file of one-cell lines under a header of thousands must not fill
// the disk.
//
// Not done here, and to come without a change in what comes out: other encodings
// and quoting dialects, preambles, several header lines. They become an earlier
// pass that writes this dialect.
package csv
