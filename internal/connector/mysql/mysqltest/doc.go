// Package mysqltest gives tests a MariaDB server of their own.
//
// The server lives in a temporary folder and on a free port of 127.0.0.1, waits
// for no disk, and is ended afterwards, also when the process that started it is
// killed (on Linux, by the parent-death signal). It is the real thing: there is
// nothing to mock.
//
//   - A package's tests call [Main] from TestMain, and [Database] for a fresh
//     empty database each.
//   - Where the environment variable SUTOR_TEST_MYSQL holds the URL of an
//     administrator's database, that server is used and none is started. The command
//     withmysql (in cmd/withmysql) starts one server for a whole run of many packages
//     and sets the variable.
//
// MariaDB's programs are looked for in PATH and in /usr/sbin. Where there are none,
// tests fail with a sentence that says how to install them; they never skip.
//
// MariaDB refuses to run as root. A process of root therefore starts it as the
// user mysql, whom Debian's package creates, and gives that user the folder.
package mysqltest
