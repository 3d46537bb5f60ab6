// Package pgtest gives tests a PostgreSQL server of their own.
//
// The server lives in a temporary folder and on a free port of 127.0.0.1, runs
// without fsync, and is ended afterwards, also when the process that started it
// is killed (on Linux, by the parent-death signal). It is the real thing: there
// is nothing to mock.
//
//   - A package's tests call [Main] from TestMain, and [Database] for a fresh
//     empty database each.
//   - Where the environment variable SUTOR_TEST_PG holds the URL of a
//     superuser's database, that server is used and none is started. The command
//     withpg (in cmd/withpg) starts one server for a whole run of many packages
//     and sets the variable.
//
// PostgreSQL's programs are looked for in PATH and where Debian keeps them
// (/usr/lib/postgresql/*/bin, the newest version first). Where there are none,
// tests fail with a sentence that says how to install them; they never skip.
//
// PostgreSQL refuses to run as root. A process of root therefore starts it as
// the user postgres, whom Debian's package creates, and gives that user the
// folder.
package pgtest
