// Withmysql runs a command with a private MariaDB server beside it:
//
//	withmysql -- go test ./...
//
// The command finds the server's URL in SUTOR_TEST_MYSQL (package mysqltest). When it
// ends, or withmysql is told to end, so does the server; the exit code is the
// command's, 128 and the signal's number where a signal ended it. Where the
// variable is set already, that server serves and none is started.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"sutor/internal/connector/mysql/mysqltest"
)

func main() {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "usage: withmysql -- command [argument]…")
		os.Exit(2)
	}
	code, err := run(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "withmysql:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func run(args []string) (code int, err error) {
	// From here on a signal ends the command first and then, with it, the server.
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)

	if os.Getenv(mysqltest.Variable) == "" {
		server, startErr := mysqltest.Start(context.Background())
		if startErr != nil {
			return 1, startErr
		}
		defer func() { err = errors.Join(err, server.Stop()) }()
		if err = os.Setenv(mysqltest.Variable, server.URL()); err != nil {
			return 1, err
		}
	}
	return command(args, signals)
}

// command runs args, passes signals on, and gives the exit code.
func command(args []string, signals <-chan os.Signal) (int, error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return 127, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case sig := <-signals:
			_ = cmd.Process.Signal(sig) // fails only where the command has ended already
		case err := <-ended:
			return exitCode(err)
		}
	}
}

func exitCode(err error) (int, error) {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0, err
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return exit.ExitCode(), nil
}
