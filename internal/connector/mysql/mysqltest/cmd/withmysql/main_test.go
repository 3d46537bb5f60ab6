package main

import (
	"context"
	"os"
	"os/exec"
	"strings"
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

// TestWithMySQL: the command has a server, which ends with it. How commands are run and
// signals are passed on is tested at withpg.
func TestWithMySQL(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "--", "sh", "-c", `echo "$SUTOR_TEST_MYSQL"`)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, mysqltest.Variable+"=") { // a shared server
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, beMain+"=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	url := strings.TrimSpace(string(out))
	if !strings.HasPrefix(url, "mysql://") {
		t.Fatalf("the command saw %q", url)
	}
	pool, err := mysqltest.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if pool.PingContext(context.Background()) == nil {
		t.Error("the server outlives the command")
	}
}
