package duck

import (
	"context"
	"os"
	"slices"
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
		r := &run{Session: s, staging: path, tell: func(step string, _, _ int64) { said = append(said, step) }}
		err := r.steps(t.Context(), 0, []doing{{"reading the file", r.enough}, {"comparing", quiet}, {"checking", quiet}})
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

func quiet(context.Context) error { return nil }
