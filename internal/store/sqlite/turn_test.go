package sqlite_test

import (
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"

	"sutor/internal/store/sqlite"
	"sutor/internal/workflow"
)

// TestInTurn: units of work write in the order in which they came. A pool of
// database/sql gives its one connection to any of those who wait, some of them late.
func TestInTurn(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sutor.db")
	synctest.Test(t, func(t *testing.T) {
		db, err := sqlite.Open(t.Context(), path, sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		const all = 20
		var order []int
		first, done := make(chan struct{}), make(chan error)
		do := func(n int) {
			done <- db.Do(t.Context(), func(workflow.Tx) error {
				if n == 0 {
					<-first
				}
				order = append(order, n)
				return nil
			})
		}
		for n := range all {
			go do(n)
			synctest.Wait() // it waits, behind those before
		}
		close(first)
		for range all {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if !slices.IsSorted(order) {
			t.Errorf("they wrote in the order %v", order)
		}
	})
}
