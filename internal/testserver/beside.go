package testserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// Server is one that runs.
type Server interface {
	URL() string
	Stop() error
}

// Kind is a kind of server, of which several packages of tests may share one.
type Kind struct {
	Variable string // of the environment, which names a running server
	Start    func(context.Context) (Server, error)
}

// Tests runs a package's tests, m.Run, beside a server: the one that the environment
// names, or one of their own. It gives their exit code.
func (k Kind) Tests(run func() int) (code int) {
	end, err := k.begin()
	if err == nil {
		code = run()
		err = end()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	return code
}

// Command is the whole of a program that runs a command beside a server:
//
//	NAME -- command [argument]…
//
// When the command ends, or the program is told to end, so does the server. It gives
// the exit code, which is the command's, 128 and the signal's number where a signal
// ended it.
func (k Kind) Command(name string, args []string) int {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		fmt.Fprintf(os.Stderr, "usage: %s -- command [argument]…\n", name)
		return 2
	}
	code, err := k.command(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		code = max(code, 1)
	}
	return code
}

func (k Kind) command(args []string) (code int, err error) {
	// From here on a signal ends the command first and then, with it, the server.
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	end, err := k.begin()
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, end()) }()
	return command(args, signals)
}

// begin starts a server, unless the environment names one, and names it there.
func (k Kind) begin() (end func() error, err error) {
	if os.Getenv(k.Variable) != "" {
		return func() error { return nil }, nil
	}
	server, err := k.Start(context.Background())
	if err != nil {
		return nil, err
	}
	if err := os.Setenv(k.Variable, server.URL()); err != nil {
		return nil, errors.Join(err, server.Stop())
	}
	return server.Stop, nil
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
