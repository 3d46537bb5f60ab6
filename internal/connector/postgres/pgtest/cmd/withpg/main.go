// Withpg runs a command with a private PostgreSQL server beside it:
//
//	withpg -- go test ./...
//
// The command finds the server's URL in SUTOR_TEST_PG (package pgtest). Where the
// variable is set already, that server serves and none is started.
package main

import (
	"os"

	"sutor/internal/connector/postgres/pgtest"
)

func main() { os.Exit(pgtest.Kind.Command("withpg", os.Args[1:])) }
