// Withmysql runs a command with a private MariaDB server beside it:
//
//	withmysql -- go test ./...
//
// The command finds the server's URL in SUTOR_TEST_MYSQL (package mysqltest). Where
// the variable is set already, that server serves and none is started.
package main

import (
	"os"

	"sutor/internal/connector/mysql/mysqltest"
)

func main() { os.Exit(mysqltest.Kind.Command("withmysql", os.Args[1:])) }
