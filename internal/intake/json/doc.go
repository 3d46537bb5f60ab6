// Package json reads JSON and JSON Lines, and writes the staging form of package
// intake (the contract of what comes out stands there).
//
// # What is read
//
// UTF-8, with or without a byte order mark, strictly as RFC 8259 has it, in one of
// three forms:
//
//   - an array of objects: [{"id": 1, "name": "A"}, …]
//   - objects one after the other, as JSON Lines has them a line each
//   - an object that holds such an array, as interfaces answer: {"rows": [{…}, …]}.
//     Its other members are left out, by name. With several arrays of objects
//     [Options].Member says which; without it the file is refused.
//
// The columns are the names of the objects' members, in the order in which they
// first appear. A member that is not there, and null, is NULL. A text is the text;
// a number is the very characters that stand in the file (1e3 stays 1e3, no digit
// of a long number is lost); true and false are these words; an object or an array
// is its canonical text: no blanks, members sorted by name, as few escapes as
// can be, numbers untouched. The line of a row is the one where its object begins.
//
// # What is refused
//
// Nothing is repaired. What is not JSON is refused with its line and column; so
// is what JSON allows and nobody could read one way: the same name twice in one
// object, a NUL character or half a surrogate pair in a text, elements that are no
// objects. So are more than 64 levels, and whatever is beyond the limits.
//
// # How
//
// Three passes over the file, each in bounded memory: the first finds the form, the
// second the columns, the third writes. A scanner cuts the stream into whole
// values by brackets and quotes, at most [Limits].MaxRecord of bytes at a time; a
// parser reads one.
package json
