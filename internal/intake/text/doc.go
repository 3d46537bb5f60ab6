// Package text turns the bytes of a file into UTF-8, by streaming, and finds out
// which encoding they are in.
//
// # Finding out
//
// In this order: a byte order mark; UTF-16 and UTF-32 without one, told by where
// NULs and the common ASCII characters stand; UTF-8, which no other text is by
// accident; then evidence is weighed ([Detect]):
//
//   - Encodings of two bytes a character (Shift-JIS, EUC-JP, EUC-KR, GB18030,
//     Big5) must be valid throughout, their characters must stand beside each
//     other as they do in words, and most must be from the common part of the
//     set: kana, Hangul, the kanji and hanzi of the first level.
//   - Encodings of one byte are judged by the letters they make. Each language
//     has an alphabet; the encoding whose letters are all in the alphabet of one
//     language is likelier than one whose letters are in none. Small letters
//     before a capital, symbols and frames inside words, letters of two scripts
//     in one word, and bytes that mean nothing speak against it. Cyrillic and
//     Greek letters count by how often they occur.
//
// Of encodings that read the sample alike the commonest is named. The evidence
// gives a certainty, the alternatives, and cells that they read differently.
//
// # Reading
//
// What is not valid is never passed in silence. In UTF-8, a byte that is not
// valid is read as Windows-1252, which is what such bytes nearly always are (two
// files were joined, or a database was filled by two programs), and a [Mark] says
// where. If the text has been plain ASCII up to there, it was not known to be
// UTF-8 after all: its encoding is found out then, and reading goes on in that.
// Bytes that mean nothing become U+FFFD with a mark that says so. Marks are given
// by the place in the text that is read, so that the reader of records can tell
// which row is concerned.
//
// Not done here: what a byte order mark inside the text, or NUL, means; any
// normal form. Labels are those of the WHATWG Encoding Standard, and cp437,
// cp850, cp852, which it lacks, and utf-32.
package text
