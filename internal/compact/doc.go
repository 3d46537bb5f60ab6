// Package compact reads the Compact: the one YAML file in which a company has
// written down its systems, departments, people, datasets, guardrails and
// routes. It checks the file's structure, keeps the position of every part of
// it, and gives a typed model, a JSON schema and digests.
//
// # What is checked where
//
// [Parse] checks everything that the file alone can tell: keys, kinds of
// values, names that refer to each other, secrets that must not stand in it,
// and routes that nobody could walk. It reports all problems, not only the
// first, each with file, line, column, what is wrong and how to mend it. What
// needs a live system (does the column exist?) or the guardrail language (does
// the rule compile?) is checked by the caller, who reports it in the same form
// through [Compact.Problem] and [Compact.ProblemIn].
//
// # One reading of YAML
//
// YAML has several readings of one text (is NO a text, is 010 eight?), and ways
// to make a file say something else than it shows. Here the text of a scalar is
// read by the kind that its place expects, never by YAML's guess: in
// one_of: [NO, 1.50, 010] the three texts stand exactly as written. Refused are
// anchors, aliases, merge keys, tags, duplicate keys, several documents in one
// file, texts that are not UTF-8, and files above [MaxBytes]. One text is read
// further than YAML would: a `say` in {…} keeps the commas of its sentence
// (comma.go), which has no other meaning, and a warning tells of it.
//
// # Versions
//
// A version of the Compact is the SHA-256 of the file's bytes
// ([Compact.Digest]). Decisions are bound to less: [Compact.DatasetDigest]
// covers one dataset's section, its system's kind and name, the time zone and
// the people who can stand in its routes. Comments, the order of keys, and other
// datasets do not move it. Its form has a version and changes only with it.
//
// # Steps inside
//
//	bytes → document.go (YAML tree, positions, refusals)
//	      → section.go, comma.go (typed reading of one mapping) → read*.go (the model)
//	      → check.go (references) → warn.go (routes nobody can walk)
//
// The package resolves no secret on its own: [System.Resolve] does so when it is
// called, and what it gives is never kept in the model.
package compact
