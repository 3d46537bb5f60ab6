// Command sutor is the whole of Sutor in one program: the server, the demo and
// the command line. What it can do is told by sutor --help and docs/cli.md; the
// composition is in package app.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // the Compact's time zones, also on machines without the database

	"sutor/internal/app"
	"sutor/internal/cli"
)

func main() {
	signal.Ignore(syscall.SIGXFSZ) // a file-size limit is then an error of the write, told as a full disk
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv, app.Local())
	stop()
	os.Exit(code)
}
