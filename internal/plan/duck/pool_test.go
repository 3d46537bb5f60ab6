package duck

import (
	"os"
	"path/filepath"
	"testing"
)

// An instance serves one session after the other, each of which finds it empty, until a
// statement fails.
func TestInstancesAreUsedAgain(t *testing.T) {
	t.Parallel()
	dir, reads := t.TempDir(), t.TempDir()
	e, err := New(Options{Dir: dir, Reads: []string{reads}, Slots: 2})
	fine(t, err)
	t.Cleanup(e.Close)
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

func fine(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
