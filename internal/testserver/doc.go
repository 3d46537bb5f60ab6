// Package testserver is what servers have in common that stand beside tests (packages
// pgtest, mysqltest and s3test): a process that ends with the one that started it, the
// account that it runs as, a port, the wait until it answers, and one server for all
// tests of a package, or for a whole command.
package testserver
