package duck

import (
	"os"
	"slices"
	"strings"
	"testing"

	"sutor/internal/errs"
)

// A plan that there is no room for is refused before it is begun, and a large one says
// what it takes.
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
		{1 << 29, 1 << 40, "5.4 GB", false}, // a sparse file
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
		err := r.enough(t.Context())
		if refused := errs.KindOf(err) == errs.Unavailable; refused != c.refused || !refused && err != nil {
			t.Errorf("%d bytes with %d left: %v", c.staging, c.free, err)
		}
		if told := slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, c.says) }); c.says != "" && !told || c.says == "" && len(said) > 0 {
			t.Errorf("%d bytes with %d left: said %q", c.staging, c.free, said)
		}
	}
}
