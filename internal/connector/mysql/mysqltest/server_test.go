package mysqltest

import (
	"context"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestMain(m *testing.M) { Main(m) }

func TestStartRestartAndStop(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, err := Start(ctx, "--local-infile=0")
	if err != nil {
		t.Fatal(err)
	}
	pool, err := Open(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var infile bool
	if err := pool.QueryRowContext(ctx, "SELECT @@local_infile").Scan(&infile); err != nil || infile {
		t.Errorf("local_infile %v, %v", infile, err)
	}
	if _, err := pool.ExecContext(ctx, "CREATE DATABASE kept"); err != nil {
		t.Fatal(err)
	}
	if err := s.Restart(ctx, syscall.SIGTERM); err != nil {
		t.Fatalf("Restart: %v", err)
	}
	if err := ping(ctx, In(s.URL(), "kept")); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	if err := s.Stop(); err != nil {
		t.Errorf("Stop: %v", err)
	}
	if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
		t.Errorf("the folder %s is left: %v", s.dir, err)
	}
	if err := ping(ctx, s.URL()); err == nil {
		t.Error("the server still answers")
	}
}

func TestDatabaseIsFreshAndDropped(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	var first string
	t.Run("one test", func(t *testing.T) {
		first = Database(t)
		if other := Database(t); first == other {
			t.Fatal("the same database twice")
		}
		if err := ping(ctx, first); err != nil {
			t.Error(err)
		}
	})
	if err := ping(ctx, first); err == nil || !strings.Contains(err.Error(), "Unknown database") {
		t.Errorf("the database outlives its test: %v", err)
	}
}

func TestProgramMissing(t *testing.T) {
	t.Parallel()
	if _, err := program("no-such-mariadbd"); err == nil || !strings.Contains(err.Error(), "apt-get install mariadb-server") {
		t.Errorf("%v; want the sentence how to install", err)
	}
}
