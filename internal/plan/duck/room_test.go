package duck

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"sutor/internal/errs"
)

// A plan that there is no room for is refused before it is begun, and a large one says
// what it takes, whatever it is doing.
func TestRoom(t *testing.T) {
	t.Parallel()
	e, err := New(Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, c := range []struct {
		staging, free int64
		says          string
		refused       bool
	}{
		{1 << 20, 10 << 20, "", false},
		{1 << 20, 10<<20 - 1, "", true},
		{1 << 29, 1 << 40, " (takes about 5.4 GB of disk)", false}, // a sparse file
	} {
		path := s.Path("staging.csv")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, c.staging); err != nil {
			t.Fatal(err)
		}
		e.free = func(string) (int64, bool) { return c.free, true }
		var said []string
		s.disk.release()
		r := &run{Session: s, tell: func(step string, _, _ int64) { said = append(said, step) }}
		err := r.steps(t.Context(), 0, []doing{{"reading the file", r.enough(path)}, {"comparing", quiet}, {"checking", quiet}})
		if refused := errs.KindOf(err) == errs.Unavailable; refused != c.refused || !refused && err != nil {
			t.Errorf("%d bytes with %d left: %v", c.staging, c.free, err)
		}
		want := []string{"reading the file"}
		if !c.refused {
			want = append(want, "comparing"+c.says, "checking"+c.says)
		}
		if !slices.Equal(said, want) {
			t.Errorf("%d bytes with %d left: said %q, want %q", c.staging, c.free, said, want)
		}
	}
}

// What a plan in the making was promised is not free for another, until its session ends.
func TestRoomIsPromisedOnce(t *testing.T) {
	t.Parallel()
	e, err := New(Options{Dir: t.TempDir()})
	fine(t, err)
	t.Cleanup(e.Close)
	e.free = func(string) (int64, bool) { return 100, true }
	first, err := e.Deferred(t.Context(), nil)
	fine(t, err)
	second, err := e.Deferred(t.Context(), nil)
	fine(t, err)
	defer second.Close()
	fine(t, first.disk.promise(60))
	if err := second.disk.promise(60); errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "other plans") {
		t.Errorf("beside another plan: %v", err)
	}
	fine(t, second.disk.promise(40))
	first.Close()
	fine(t, second.disk.promise(60))
}

func quiet(context.Context) error { return nil }
