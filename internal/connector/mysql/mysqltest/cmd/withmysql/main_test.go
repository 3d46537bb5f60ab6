package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"sutor/internal/connector/mysql/mysqltest"
)

// beMain makes the test binary run as withmysql itself.
const beMain = "SUTOR_TEST_WITHMYSQL"

func TestMain(m *testing.M) {
	if os.Getenv(beMain) != "" {
		main()
	}
	os.Exit(m.Run())
}

// withmysql prepares a run of withmysql without a shared server.
func withmysql(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, mysqltest.Variable+"=") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, beMain+"=1")
	return cmd
}

func code(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return exit.ExitCode()
}

func TestWithMySQL(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script string
		code   int
	}{
		"success": {"exit 0", 0}, "exit code": {"exit 7", 7}, "ended by a signal": {"kill -TERM $$", 128 + 15},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := withmysql(t, "--", "sh", "-c", `echo "$SUTOR_TEST_MYSQL"; `+c.script)
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			if got := code(t, err); got != c.code {
				t.Errorf("exit code %d, want %d", got, c.code)
			}
			url := strings.TrimSpace(string(out))
			if !strings.HasPrefix(url, "mysql://") {
				t.Fatalf("the command saw %q", url)
			}
			if answers(url) {
				t.Error("the server outlives the command")
			}
		})
	}
}

// TestSignalIsPassedOn: told to end, withmysql ends the command first, then the server.
func TestSignalIsPassedOn(t *testing.T) {
	t.Parallel()
	cmd := withmysql(t, "sh", "-c", `trap 'echo ended; exit 3' TERM; echo "$SUTOR_TEST_MYSQL"; while :; do read line; done`)
	stdin, err := cmd.StdinPipe() // kept open: the shell waits on it
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 256)
	n, err := stdout.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	var rest bytes.Buffer
	if _, err := rest.ReadFrom(stdout); err != nil {
		t.Fatal(err)
	}
	if got := code(t, cmd.Wait()); got != 3 || rest.String() != "ended\n" {
		t.Errorf("exit code %d and %q, want the command's own", got, rest.String())
	}
	if answers(strings.TrimSpace(string(line[:n]))) {
		t.Error("the server outlives the command")
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	if got := code(t, withmysql(t, "--").Run()); got != 2 {
		t.Errorf("exit code %d, want 2", got)
	}
}

// answers tells whether a server is there.
func answers(url string) bool {
	pool, err := mysqltest.Open(url)
	if err != nil {
		return false
	}
	defer pool.Close()
	return pool.PingContext(context.Background()) == nil
}
