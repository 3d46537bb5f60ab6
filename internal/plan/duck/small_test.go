package duck_test

import (
	"context"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"sutor/internal/change"
	"sutor/internal/plan"
	"sutor/internal/system/driver"
)

// A small file is planned row by row, and by columns where the rows that it names are
// too large for that; both know what the file changes.
func TestSmallFile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sql   string
		byRow bool
	}{
		"small rows": {"", true},
		"large rows": {`UPDATE customer SET name = name || char(10) || hex(zeroblob(1500000)) WHERE id < 3`, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.sql(c.sql)
			s, err := b.engine.Deferred(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			path := s.Path("staging.csv")
			if err := os.WriteFile(path, []byte("2,,\"1\",\"Anna\"\n3,,\"2\",\"Bert\"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			spec := b.small()
			var said []string
			out, err := s.Build(t.Context(), spec, path, b.sys, func(step string, _, _ int64) { said = append(said, step) })
			if err != nil {
				t.Fatal(err)
			}
			if n := out.Manifest.Counts; n.Update != 2 || n.Invalid != 0 {
				t.Errorf("planned %+v", n)
			}
			if byRow := !slices.Contains(said, "reading the file"); byRow != c.byRow {
				t.Errorf("row by row: %v; it did %q", byRow, said)
			}
		})
	}
}

// small is what changes names of customers.
func (b *bench) small() plan.Spec {
	return plan.Spec{Table: b.table, Key: b.table.Columns.Pick([]string{"id"}), Judged: b.table.Columns.Pick([]string{"name"}), Columns: []string{"id", "name"},
		Sources: []plan.Source{{File: 0, Name: "id", Column: "id"}, {File: 1, Name: "name", Column: "name"}},
		Options: change.Options{Mode: change.Update}, Location: time.UTC, Allow: map[driver.Op]bool{driver.Update: true}}
}

// asleep is a system that answers nobody until it is awake.
type asleep struct {
	plan.Live
	asked chan<- struct{}
	awake <-chan struct{}
}

func (a asleep) Fetch(ctx context.Context, l driver.Lookup, in io.Reader, out io.Writer) (int64, int64, error) {
	a.asked <- struct{}{}
	<-a.awake
	return a.Live.Fetch(ctx, l, in, out)
}

// Small plans that wait for a slow system keep none of another from being made, however
// many they are; their places are theirs again afterwards.
func TestSlowSystem(t *testing.T) {
	t.Parallel()
	b, all := newBench(t), 2*runtime.GOMAXPROCS(0)+2
	asked, awake := make(chan struct{}, all), make(chan struct{})
	slow, quick := asleep{b.sys, asked, awake}, b.sys
	plan := func(live plan.Live) {
		s, err := b.engine.Deferred(t.Context(), nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer s.Close()
		path := s.Path("staging.csv")
		if err := os.WriteFile(path, []byte("2,,\"1\",\"Anna\"\n"), 0o600); err != nil {
			t.Error(err)
			return
		}
		out, err := s.Build(t.Context(), b.small(), path, live, func(string, int64, int64) {})
		if err != nil || out.Manifest.Counts.Update != 1 {
			t.Errorf("%+v, %v", out, err)
		}
	}
	var made sync.WaitGroup
	for range all {
		made.Go(func() { plan(slow) })
	}
	for range all {
		<-asked
	}
	plan(quick)
	close(awake)
	made.Wait()
	for range runtime.GOMAXPROCS(0) + 1 {
		s, err := b.engine.Deferred(t.Context(), func(int) { t.Error("a place is gone") })
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
	}
}
