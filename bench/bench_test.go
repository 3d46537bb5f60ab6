package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sutor/internal/connector/postgres/pgtest"
)

func TestMain(m *testing.M) {
	if code, is := asSutor(); is {
		os.Exit(code)
	}
	pgtest.Main(m)
}

// A small run of the whole: run itself fails where the two sides leave different
// tables, or where the undo does not bring back the one before.
func TestRun(t *testing.T) {
	t.Parallel()
	page := filepath.Join(t.TempDir(), "performance.md")
	if err := os.WriteFile(page, []byte("# Old\n\n<!-- begin postgres -->\n<!-- end postgres -->\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := run(t.Context(), options{rows: 3000, file: 400, rounds: 2, kind: onPostgres, out: page}, &out); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "114 updates, 20 inserts") || !strings.Contains(got, "\nmedian ") {
		t.Errorf("printed:\n%s", got)
	}
	written, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"go run ./bench -rows 3000 -file 400 -rounds 2 -out " + page, "# Old\n", "\nmedian ", "PostgreSQL ", "\n<!-- end postgres -->\n"} {
		if !strings.Contains(string(written), want) {
			t.Errorf("the page has no %q:\n%s", want, written)
		}
	}
}

// The same on MariaDB.
func TestRunOnMySQL(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := run(t.Context(), options{rows: 3000, file: 400, rounds: 2, kind: onMySQL}, &out); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "114 updates, 20 inserts") || !strings.Contains(got, "\nmedian ") {
		t.Errorf("printed:\n%s", got)
	}
}

// The same on SQLite.
func TestRunOnSQLite(t *testing.T) {
	t.Parallel()
	page := filepath.Join(t.TempDir(), "performance.md")
	if err := os.WriteFile(page, []byte("<!-- begin sqlite -->\n<!-- end sqlite -->\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := run(t.Context(), options{rows: 3000, file: 400, rounds: 2, kind: onSQLite, out: page}, &out); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"114 updates, 20 inserts", "\nmedian "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("printed:\n%s", out.String())
		}
		if !strings.Contains(string(written), want) {
			t.Errorf("written:\n%s", written)
		}
	}
}

// Plans of wide tables: run itself fails where the place makes a difference.
func TestRunThere(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{onPostgres, onMySQL} {
		var out strings.Builder
		if err := run(t.Context(), options{rows: 600, file: 200, rounds: 1, kind: kind, there: true}, &out); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(out.String(), " %  "); got != len(shapes) {
			t.Errorf("printed:\n%s", out.String())
		}
	}
}

func TestRunRefusesNonsense(t *testing.T) {
	t.Parallel()
	for _, o := range []options{{rows: 100, file: 50, rounds: 1, kind: "oracle"}, {rows: 100, file: 50, rounds: 1, kind: onMySQL, there: true, out: "x"}, {rows: 100, file: 50}, {rows: 100, file: 10, rounds: 1}, {rows: 100, file: 101, rounds: 1}} {
		if err := run(t.Context(), o, io.Discard); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	for want, of := range map[float64][]float64{2: {3, 1, 2}, 2.5: {4, 1, 3, 2}, 7: {7}} {
		if got := median(of); got != want {
			t.Errorf("median of %v is %v, want %v", of, got, want)
		}
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	stat := filepath.Join(t.TempDir(), "stat")
	text := "7 (a ) name) S 5 7 7 0 -1 4194560 1 2 3 4 150 25 30 10 20 0 1 0 99\n"
	if err := os.WriteFile(stat, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	want := usage{parent: 5, own: 1750 * time.Millisecond, children: 400 * time.Millisecond}
	if got, err := usageOf(stat); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	if err := os.WriteFile(stat, []byte("7 (x) S 5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := usageOf(stat); err == nil {
		t.Error("a short line is taken")
	}
}
