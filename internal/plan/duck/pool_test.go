package duck

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// An instance serves one session after the other, each of which finds it empty, until a
// statement fails.
func TestInstancesAreUsedAgain(t *testing.T) {
	t.Parallel()
	dir, reads := t.TempDir(), t.TempDir()
	e, err := New(Options{Dir: dir, Reads: []string{reads}, Slots: 2})
	fine(t, err)
	t.Cleanup(e.Close)
	e.KeepInstances()
	known, other := filepath.Join(reads, "known.csv"), filepath.Join(t.TempDir(), "other.csv")
	for _, path := range []string{known, other} {
		fine(t, os.WriteFile(path, []byte("1,\"a\"\n"), 0o600))
	}
	use := func(files ...string) *Session {
		s, err := e.Session(t.Context(), files...)
		fine(t, err)
		return s
	}

	s := use(known)
	first := s.instance
	fine(t, s.exec(t.Context(), `CREATE TABLE cells AS SELECT * FROM `+readCSV(known, "n", []string{"a"})+`; CREATE VIEW live AS SELECT * FROM cells`))
	part, err := s.In(t.Context(), "m1")
	fine(t, err)
	fine(t, part.exec(t.Context(), `CREATE TABLE cells (a INTEGER)`)) // and the connection stays there
	aside, err := part.apart(t.Context())
	fine(t, err)
	for _, on := range []*Session{s, part, aside} {
		if n, err := on.count(t.Context(), `SELECT count(*) WHERE current_setting('TimeZone') = 'UTC'`); err != nil || n != 1 {
			t.Errorf("a connection is in another time zone than UTC: %v", err)
		}
	}
	fine(t, aside.conn.Close())
	s.Close()

	s = use()
	if s.instance != first {
		t.Error("another instance was opened, where one waits")
	}
	if both := use(); both.instance == first {
		t.Error("two sessions have the same instance")
	} else {
		both.Close()
	}
	fine(t, s.exec(t.Context(), `CREATE TABLE cells (n INTEGER); CREATE VIEW live AS SELECT * FROM cells`))
	_, err = s.In(t.Context(), "m1")
	fine(t, err)
	if err := s.exec(t.Context(), `SELECT * FROM `+readCSV(other, "n", []string{"a"})); err == nil {
		t.Error("a session reads a file that it was not given")
	}
	s.Close()

	s = use(other)
	if s.instance == first {
		t.Error("an instance in which a statement failed serves another session")
	}
	fine(t, s.exec(t.Context(), `SELECT * FROM `+readCSV(other, "n", []string{"a"})))
	own := s.instance
	s.Close()
	if s = use(other); s.instance == own {
		t.Error("an instance that was opened for a file serves another session")
	}
	s.Close()

	e.Close()
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("a closed engine leaves %v, %v", left, err)
	}
}

// opened opens a session of an engine of its own.
func opened(t *testing.T) *Session {
	t.Helper()
	e, err := New(Options{Dir: t.TempDir()})
	fine(t, err)
	t.Cleanup(e.Close)
	s, err := e.Session(t.Context())
	fine(t, err)
	t.Cleanup(s.Close)
	return s
}

func fine(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A file that another was written over is read as it is now, even where it has the size,
// the second and the place on the disk of the one before: DuckDB would take it for the same.
func TestFilesAreReadAsTheyAre(t *testing.T) {
	t.Parallel()
	s := opened(t)

	second := time.Now().Truncate(time.Second)
	write := func(path, text string) {
		fine(t, os.WriteFile(path, []byte(text), 0o600))
		fine(t, os.Chtimes(path, second, second))
	}
	parquet := func(value string) string {
		made := s.Path("made.parquet")
		_, err := s.copyTo(t.Context(), `SELECT '`+value+`' AS a FROM range(1000)`, made, compressed)
		fine(t, err)
		text, err := os.ReadFile(made)
		fine(t, err)
		return string(text)
	}
	for _, kind := range []struct {
		path, before, after, query string
	}{
		{s.Path("rows.csv"), "1,\"x\"\n", "1,\"y\"\n", `SELECT count(*) FROM ` + readCSV(s.Path("rows.csv"), "n", []string{"a"}) + ` WHERE a = 'y'`},
		{s.Path("rows.parquet"), parquet("x"), parquet("y"), `SELECT least(count(*), 1) FROM read_parquet(` + text(s.Path("rows.parquet")) + `) WHERE a = 'y'`},
	} {
		if len(kind.before) != len(kind.after) {
			t.Fatalf("%s: the files differ in size", kind.path)
		}
		for n, content := range []string{kind.before, kind.after} {
			write(kind.path, content)
			if found, err := s.count(t.Context(), kind.query); err != nil || found != int64(n) {
				t.Errorf("%s: %d rows are as they were written, want %d: %v", filepath.Base(kind.path), found, n, err)
			}
		}
	}
}
