package workflow

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"sutor/internal/record"
)

// Whoever looks at a large table does not have it counted each time, for as long as
// counting was worth; what Sutor writes there is seen at once, and a small table is
// always counted.
func TestCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c counts
		at := counting{table: record.Table{Name: "customer"}}
		rows, times, broken := int64(1_000_000), 0, error(nil)
		count := func() (int64, error) {
			times++
			time.Sleep(100 * time.Millisecond)
			return rows, broken
		}
		look := func(want int64, after int) {
			t.Helper()
			if n, err := c.at(t.Context(), at, count); err != nil || n != want || times != after {
				t.Errorf("%d rows after counting %d times, want %d after %d: %v", n, times, want, after, err)
			}
		}
		look(1_000_000, 1)
		rows++
		look(1_000_000, 1)
		time.Sleep(10 * time.Second)
		look(1_000_001, 2)
		rows++
		c.forget(at.sys, at.table)
		look(1_000_002, 3)
		rows = 10
		time.Sleep(time.Minute)
		for i := range 3 {
			look(10, 4+i)
		}
		broken = errors.New("no answer")
		if _, err := c.at(t.Context(), at, count); !errors.Is(err, broken) {
			t.Error(err)
		}
		broken, rows = nil, 20_000
		done := make(chan int64)
		for range 5 { // one counts for all of them
			go func() {
				n, err := c.at(t.Context(), at, count)
				if err != nil {
					t.Error(err)
				}
				done <- n
			}()
		}
		for range 5 {
			if n := <-done; n != 20_000 || times != 8 {
				t.Errorf("%d rows after counting %d times", n, times)
			}
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		c.entry(at).turn <- struct{}{}
		if _, err := c.at(gone, at, count); !errors.Is(err, context.Canceled) {
			t.Errorf("somebody who has gone waits: %v", err)
		}
	})
}
