package duck

import (
	"errors"
	"strings"
	"testing"

	"sutor/internal/errs"
)

// The files of a session, and of its parts, together take no more disk than a plan may; one
// that is removed gives room for another.
func TestDiskIsBounded(t *testing.T) {
	t.Parallel()
	e, err := New(Options{Dir: t.TempDir(), Spill: 1 << 20})
	fine(t, err)
	t.Cleanup(e.Close)
	s, err := e.Session(t.Context())
	fine(t, err)
	defer s.Close()
	part, err := s.In(t.Context(), "m1")
	fine(t, err)
	one, err := s.create(s.Path("one"))
	fine(t, err)
	write := func(f *file, bytes int) error {
		_, err := f.Write(make([]byte, bytes))
		return err
	}
	fine(t, write(one, 700<<10))
	fine(t, one.close(nil))
	two, err := part.create(part.Path("two"))
	fine(t, err)
	fine(t, write(two, 100<<10))
	if err := write(two, 700<<10); errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "1 MiB") || !strings.Contains(errs.Public(err).Mend, "--max-spill") {
		t.Errorf("too much: %v", err)
	}
	if err := two.close(errors.New("a system says it in other words")); errs.KindOf(err) != errs.Unavailable {
		t.Errorf("whoever wrote it is told: %v", err)
	}
	if err := s.copyCSV(t.Context(), `SELECT range FROM range(100_000)`, nil, s.Path("three")); errs.KindOf(err) != errs.Unavailable {
		t.Errorf("by DuckDB: %v", err)
	}
	for _, name := range []string{"one", "m1/two", "three"} {
		s.remove(s.Path(name))
	}
	again, err := s.create(s.Path("one"))
	fine(t, err)
	fine(t, write(again, 900<<10))
	fine(t, again.close(nil))
	fine(t, part.copyCSV(t.Context(), `SELECT 1`, nil, part.Path("four")))
	fine(t, s.drop(t.Context(), "m1"))
	if taken := s.disk.taken.Load(); taken != 900<<10 {
		t.Errorf("%d bytes are taken when a part is gone", taken)
	}
}

// No plan takes the last of the disk, whatever it may take.
func TestSomeDiskIsLeft(t *testing.T) {
	t.Parallel()
	e, err := New(Options{Dir: t.TempDir()})
	fine(t, err)
	t.Cleanup(e.Close)
	e.LeaveFree(leftAlone - 1)
	s, err := e.folder()
	fine(t, err)
	defer s.Close()
	f, err := s.create(s.Path("one"))
	fine(t, err)
	for written := 0; written <= lookedEach && err == nil; written += 1 << 20 {
		_, err = f.Write(make([]byte, 1<<20))
	}
	if err = f.close(err); errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "268.4 MB left") {
		t.Errorf("a full disk: %v", err)
	}
}
