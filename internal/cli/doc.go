// Package cli is the command line. A command is arguments → run → view: a struct
// that kong fills, a method Run that calls the server through package client (or
// a function of [Local] for what works without one), and a view, once for people
// and once as JSON. There is one file for each group of commands, and view_*.go
// for what several of them show.
//
// What scripts rely on (docs/cli.md): with --json exactly one JSON document on
// standard output (rows: one object a line), errors on standard error, there as
// a problem document with --json; the exit code is errs.Kind.ExitCode, wrong
// arguments exit with 2. What one types next is the last thing a command says.
//
// Texts for people may hold anything that stood in a file or a database, so all
// that goes to a person passes [clean], which disarms control characters: no
// cell can move the cursor or turn a line around.
package cli
