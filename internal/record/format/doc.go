// Package format knows the ways in which people write numbers, dates and truth
// values: "1.234,50", "(500)", "€ 12", "31. Dezember 2025", "ja". A [Format]
// turns such a text into the one standard grammar of package record; it never
// makes a value itself, so whatever it makes is judged there like any other text.
//
// # A format is data
//
// A format has a grammar, a regular expression that a cell must match in full,
// and a chain of replacements that end in the standard grammar. Both are in RE2
// syntax, which Go and DuckDB share, so that package plan's reference and its
// engine run the very same format ([Format.Grammar], [Format.Stages]). A text
// either has one reading in a format, or none. The law, held by tests: what the
// grammar matches is, after the replacements, matched by the standard grammar.
//
// # What formats there are
//
// [For] lists those that are found out by themselves, the standard grammar first:
//
//   - Numbers are named by an example: "1.234,50" has a decimal comma and points
//     between thousands (which may be absent), "1234,50" has none, "12,34,567.50"
//     is the Indian way. A minus may stand behind, or be a pair of brackets.
//   - Numbers with a currency or a unit, "1.234,50 €": every cell carries exactly
//     this sign, before or behind the number. [SignOf] says which sign a text
//     carries: of a closed list, so that a slip of the finger is not a unit; a
//     person may name any other ([Named]). "1.234,50 %/100" is a percentage that
//     stands for a share of one.
//   - Dates are named by the order of day, month and year: dmy, mdy, ymd; dmy2 and
//     mdy2 have years of two digits, which stand for 1950 to 2049. A month may be
//     a name in English, German, French or Dutch. The same with a time.
//   - Truth values are named by their two words: ja/nein, oui/non, …
//
// Some are never found out, since they are right too seldom, and must be chosen:
// ymd2, and "x/" for a column where an x is yes and an empty cell is no.
//
// Which format a column has is not decided here, where there is only a single
// text, but over the whole column: package plan, docs/values.md.
package format
