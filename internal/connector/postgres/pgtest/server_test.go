package pgtest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) { Main(m) }

func TestStartAndStop(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, err := Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(ctx, s.URL())
	if err != nil {
		t.Fatal(err)
	}
	var fsync, encoding string
	if err := conn.QueryRow(ctx, "SELECT current_setting('fsync'), current_setting('server_encoding')").Scan(&fsync, &encoding); err != nil || fsync != "off" || encoding != "UTF8" {
		t.Errorf("fsync %s, encoding %s, %v", fsync, encoding, err)
	}
	if err := s.Stop(); err != nil { // with the connection still open
		t.Errorf("Stop: %v", err)
	}
	if err := conn.Ping(ctx); err == nil {
		t.Error("the connection outlives the server")
	}
	if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
		t.Errorf("the folder %s is left: %v", s.dir, err)
	}
	if _, err := pgx.Connect(ctx, s.URL()); err == nil {
		t.Error("the server still answers")
	}
}

func TestDatabaseIsFreshAndDropped(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	var first string
	t.Run("one test", func(t *testing.T) {
		first = Database(t)
		other := Database(t)
		if first == other {
			t.Fatal("the same database twice")
		}
		conn, err := pgx.Connect(ctx, first)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close(ctx) }) // cut off already when the database was dropped
		var tables int
		if err := conn.QueryRow(ctx, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace").Scan(&tables); err != nil || tables != 0 {
			t.Errorf("%d tables in a fresh database, %v", tables, err)
		}
	})
	if _, err := pgx.Connect(ctx, first); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("the database outlives its test: %v", err)
	}
}

func TestProgramsMissingOrNewest(t *testing.T) {
	t.Setenv("PATH", "")
	dir := t.TempDir()
	pattern := filepath.Join(dir, "*", "bin", "postgres")
	if _, err := programs(pattern); err == nil || !strings.Contains(err.Error(), "apt-get install postgresql") {
		t.Errorf("%v; want the sentence how to install", err)
	}
	for _, version := range []string{"9", "16", "15"} {
		bin := filepath.Join(dir, version, "bin")
		if err := os.MkdirAll(bin, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(bin, "postgres"), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := programs(pattern); err != nil || got != filepath.Join(dir, "16", "bin") {
		t.Errorf("found %s, %v; want version 16", got, err)
	}
}
