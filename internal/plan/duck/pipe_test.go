package duck

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

// TestPipe: rows flow while DuckDB makes them; what ends either side reaches the other,
// and nobody waits for somebody who left.
func TestPipe(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	const many = `SELECT range AS n, repeat('x', 100) AS v FROM range(100000)` // more than a pipe holds
	var out bytes.Buffer
	if err := feed(t, s, many, []string{"v"}, &out); err != nil || bytes.Count(out.Bytes(), []byte("\n")) != 100_000 || !strings.HasSuffix(out.String(), "99999,\""+strings.Repeat("x", 100)+"\"\n") {
		t.Fatalf("%d bytes, %v", out.Len(), err)
	}
	if err := feed(t, s, `SELECT n, CASE WHEN n = '99998' THEN error('no more') ELSE n END AS v FROM (SELECT range::VARCHAR AS n FROM range(100000))`, nil, io.Discard); err == nil || !strings.Contains(err.Error(), "no more") {
		t.Errorf("a query that fails: %v", err)
	}
	s = newSession(t)
	full := errors.New("full")
	if err := feed(t, s, many, []string{"v"}, failing{full}); !errors.Is(err, full) {
		t.Errorf("a reader that leaves: %v", err)
	}
	if _, err := os.Stat(s.Path("rows.csv")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the pipe stayed: %v", err)
	}
}

// feed copies the rows of a query to w while they are made.
func feed(t *testing.T, s *Session, query string, quoted []string, w io.Writer) error {
	t.Helper()
	pipe, err := s.Pipe("rows.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	fed := begin(func() error {
		_, err := io.Copy(w, pipe)
		if err != nil {
			pipe.Close()
		}
		return err
	})
	pipe.Written(s.copyCSV(t.Context(), query, quoted, pipe.path))
	return fed.end()
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestPipeReplaced: rows that went into another file of the pipe's name are missed.
func TestPipeReplaced(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	pipe, err := s.Pipe("rows.csv")
	if errors.Is(err, errors.ErrUnsupported) {
		return
	}
	fine(t, err)
	defer pipe.Close()
	fine(t, os.Remove(pipe.path))
	pipe.Written(s.copyCSV(t.Context(), `SELECT 1 AS n`, nil, pipe.path))
	if got, err := io.ReadAll(pipe); err == nil {
		t.Errorf("%d bytes, and nothing is missed", len(got))
	}
}
