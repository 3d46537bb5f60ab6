// Package xlsx reads and writes workbooks: the tables of .xlsx and .xlsm files,
// whichever program made them. [Read] makes the staging form of package intake
// out of one table; [Writer] writes a workbook that people can work in, and
// [ReadMark] knows it again. This is excelize's home, which makes all of a
// workbook but its rows. Reading is this package's own: excelize reads a million
// rows in most of a minute, and has no bounds for hostile files.
//
// # How a workbook is read
//
// A workbook is a ZIP archive of XML parts (ECMA-376, transitional or strict), in UTF-8 or UTF-16.
// A goroutine unpacks a part into blocks (feed.go), and another, on the second
// core, reads them through a window (xml.go): a scanner of its own that knows
// elements, attributes, text, CDATA and nothing that a workbook does not need.
// Shared strings are kept in their staging form, so that a cell is one copy
// (strings.go); numbers and days are written straight into the output
// (value.go). No Go value is made per cell, and memory does not depend on the
// number of rows: about 4 MiB, and up to 96 MiB of shared strings with four
// bytes for each; what is more goes to a temporary file.
//
// A sheet is opened twice: to look at its first rows and find the header
// (header.go), and to stage it from the start (stage.go).
//
// # Which table
//
// A person may choose a sheet, a table (a ListObject) or a named range that
// stands for one range, by name. Nobody chose: the first visible sheet with a row
// below its header, and where somebody declared a single table in it, that table.
// A chart, a dialog and a macro sheet are no sheets. Hidden sheets are read when
// they are chosen, and never otherwise. What is not read is said: other sheets,
// cells outside of the table, its row of totals.
//
// Where nobody declared a table, the header is the first row that is about as
// wide as the rows below it and holds texts; titles above it are narrower. No
// such row: the columns are called "Column 1", "Column 2" …, which is said too.
// Empty rows may stand in a table; where after one a row of texts begins another
// kind of rows, a second table begins there, and only the first is read. A column
// without a name is called by its number, the second of one name "name (2)".
//
// # What becomes of a cell
//
// What is stored is staged, never what is shown; where the two differ a [Note]
// says so, with the column, the number of rows and the first of them.
//
//   - Text (shared, inline, computed) stays as it is, 00123 too. The runs of rich
//     text are joined, phonetic hints left out, the escapes _x000D_ of ST_Xstring
//     resolved (but _x0000_, for no text holds a NUL).
//   - A number becomes the shortest plain decimal that gives its double again:
//     13.75, 0.1, 1500, never 1.5E3. A whole number that the file writes out is
//     never rounded, however long. Notes: 16 digits and more (a workbook keeps
//     15, an account number may have lost its last), noise of binary arithmetic,
//     shown rounded, in thousands, with a currency sign or unit, as per cent
//     (0.125 is staged where 12.5 % is shown).
//   - A number whose format is nothing but zeros (00000) becomes what is shown:
//     00123. That is what people mean by the format.
//   - A number becomes a day or time if, and only if, its format is one:
//     2026-01-31, 2026-01-31 13:45:00, 13:45:00, and hours that go on counting
//     ([h]:mm) 126:00:00; to the millisecond. Both calendars, 1900 (without 29
//     February 1900, which never was) and 1904. A part that is stored and not
//     shown, such as a time under a day's format, is staged, and noted.
//   - Truth values become true and false.
//   - An empty cell is NULL. An empty text in a cell is the empty text, but a row
//     in which nothing but formulas give empty texts is an empty row.
//
// # Defects
//
// A row whose cell cannot be trusted is staged with a defect, "code:N" with the
// number of the cell in the table, from 1:
//
//   - "formula": computed, and no program has computed it. Its cell is NULL.
//   - "error": an error such as #N/A, staged as it stands.
//   - "date", "number", "boolean": the cell is none, staged as it stands.
//   - "cells": a cell beyond the last column holds something, which is not staged;
//     N is the number that it would have.
//
// # What is refused
//
// What two programs could read in two ways: parts, rows or cells that stand twice
// or out of order, text outside of its elements, tags that do not match. What is
// an attack or may be one: document types (and with them all entities but XML's
// five), elements inside each other beyond 200, a part that unpacks to 200 times
// its size, a table sixteen times larger than its sheet, beyond 16 Mi shared
// strings. What is damaged or another kind of file: passwords, .xls, .xlsb, .ods.
// The names of parts lead nowhere, as nothing is unpacked to a place they name,
// and what a sheet claims about its size is not believed.
//
// # What is written
//
// A value is written so that reading the cell gives exactly it back, also after a
// spreadsheet program saved the workbook, and so that people see it as it is:
//
//   - numbers of up to 15 digits are numbers, which is as many as
//     Excel computes with; longer ones are text, so that no digit is lost;
//   - dates, and times to the second, from March 1900 on, are dates of Excel's;
//     others, instants with a zone, and fractions of a second are text;
//   - truth values are such; everything else is text, in cells formatted as text,
//     so that leading zeros stay where a person types them too;
//   - a text is never a formula, whatever it begins with;
//   - NULL and the empty text are both an empty cell: no spreadsheet program keeps
//     them apart, and a plan takes an empty cell for either (docs/values.md).
//
// What XML cannot hold is escaped as the format has it. A text longer than a cell
// holds is refused, never cut.
//
// [Book] says what the workbook looks like: comments at the headers, lists to
// choose from (on a hidden sheet, since a list in a cell's own rule holds 255
// characters), limits by type, protection without a password, a sheet that
// explains, and the [Mark] in its custom properties.
//
// The workbook is made twice without rows, the second time knowing how many there
// are. Its sheet is cut at <sheetData>: the first one's head goes out before the
// rows, the second one's tail after them, then all other parts. So rows are
// streamed, memory does not grow with them, and the first bytes leave at once.
//
// Not done: formulas are not computed, merged cells not filled, links not
// followed, number formats of other sections than the first not looked at.
package xlsx
