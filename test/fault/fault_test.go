// Package fault ends servers, cuts lines, restarts databases and fills disks in
// the middle of a change, and looks at what is left.
//
// The server is the test binary itself, run again with the composition of
// cmd/sutor (child_test.go): a fault that ends a process needs a process. Faults
// that must hit one exact place stand in the server between the use cases and
// the metadata (app.Config.Store), and wait for orders over a pipe; everything
// else comes from outside: signals, a TCP proxy between Sutor and PostgreSQL
// (line_test.go), a PostgreSQL server of the test's own.
//
// # What must hold after each fault
//
// The server is started again if it ended. Within 15 seconds nobody works on the
// change any more, and then (life.proves):
//
//   - the table is exactly as it was, or exactly as planned, and the change's
//     state says which;
//   - triggers of the table counted one write for each row, and none that the
//     state does not tell of;
//   - every intent in the evidence has its result, fsck finds no fault, and the
//     change's pack verifies and ends in the change's state;
//   - the step that was struck can be done, if it was not, and so can the rest
//     of the change's life;
//   - no file of work in progress is left; and once the server is stopped, no
//     goroutine, connection or temporary table.
//
// # Short and long
//
// In make test some places are struck, different ones in each house; make faults
// (SUTOR_LONG=1) strikes all, and tells how many.
package fault

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"sutor/internal/connector/postgres/pgtest"
)

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		os.Exit(child())
	}
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil { // most of it is waiting: for leases to die
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	pgtest.Main(m)
}

// long tells whether every place is struck.
var long = os.Getenv("SUTOR_LONG") != ""

// TestFaults injects all faults, and counts them.
func TestFaults(t *testing.T) {
	all := &tally{counts: map[faultKind]int{}}
	t.Run("all", func(t *testing.T) {
		commits(t, all)
		moments(t, all)
		lines(t, all)
		restarts(t, all)
		zombies(t, all)
		disks(t, all)
		races(t, all)
	})
	t.Log(all)
}

// faultKind names what was done, for the counts.
type faultKind string

// tally counts the faults that were injected.
type tally struct {
	mu     sync.Mutex
	counts map[faultKind]int
}

func (c *tally) add(kind faultKind) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[kind]++
}

// String tells the counts in one line.
func (c *tally) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	sum := 0
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(c.counts)) {
		sum += c.counts[kind]
		parts = append(parts, fmt.Sprintf("%d %s", c.counts[kind], kind))
	}
	return fmt.Sprintf("faults: %d injected: %s", sum, strings.Join(parts, ", "))
}

// combinations are the metadata and the systems that every fault of a process is
// tried with.
func combinations(rows int) (all []plot) {
	for _, store := range []string{onSQLite, onPostgres} {
		for _, system := range []string{onSQLite, onPostgres} {
			all = append(all, plot{store: store, system: system, rows: rows})
		}
	}
	return all
}
