package change_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sutor/internal/change"
)

func at(days int) time.Time { return monday.Add(time.Duration(days) * 24 * time.Hour) }

func life(events ...any) (out []change.Event) {
	for i := 0; i < len(events); i += 2 {
		out = append(out, change.Event{What: events[i].(change.Happening), At: at(events[i+1].(int))})
	}
	return out
}

func TestRecordOf(t *testing.T) {
	t.Parallel()
	r := change.RecordOf(life(change.WasApplied, 3), life(change.WasRejected, 1, change.WasApplied, 2), life(change.MetConflict, 4, change.WasApplied, 5),
		life(change.WasApplied, 6, change.WasUndone, 7))
	first, bad := at(2), at(7)
	want := change.Record{Applied: 4, Clean: 1, Conflicts: 1, Undone: 1, Rejected: 1, First: &first, LastBad: &bad}
	if d := cmp.Diff(want, r); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got := r.Days(at(9)); got != 7 {
		t.Errorf("%d days since the first", got)
	}
	if got := r.DaysSinceBad(at(9).Add(-time.Second)); got != 1 {
		t.Errorf("%d days since something went wrong", got)
	}
	if got := change.RecordOf(life(change.WasApplied, 3)).DaysSinceBad(at(9)); got != 6 {
		t.Errorf("%d days, though nothing ever went wrong", got)
	}
	if got := (change.Record{}).DaysSinceBad(at(9)); got != 0 {
		t.Errorf("%d days without any change", got)
	}
}

// The record of changes does not depend on their order, and adding what happens as
// it happens gives the same as adding all up at the end.
func TestRecordLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var lives [][]change.Event
		for range rapid.IntRange(0, 5).Draw(t, "changes") {
			var one []change.Event
			for range rapid.IntRange(0, 3).Draw(t, "bad") {
				one = append(one, life(rapid.SampledFrom([]change.Happening{change.WasRejected, change.MetConflict}).Draw(t, "what"), rapid.IntRange(0, 50).Draw(t, "day"))...)
			}
			if rapid.Bool().Draw(t, "applied") {
				one = append(one, life(change.WasApplied, rapid.IntRange(0, 50).Draw(t, "day"))...)
				if rapid.Bool().Draw(t, "undone") {
					one = append(one, life(change.WasUndone, rapid.IntRange(0, 50).Draw(t, "day"))...)
				}
			}
			lives = append(lives, one)
		}
		whole := change.RecordOf(lives...)
		if d := cmp.Diff(whole, change.RecordOf(rapid.Permutation(lives).Draw(t, "order")...)); d != "" {
			t.Fatalf("the order of changes matters:\n%s", d)
		}
		var grown change.Record
		next := make([]int, len(lives))
		for {
			var open []int
			for i := range lives {
				if next[i] < len(lives[i]) {
					open = append(open, i)
				}
			}
			if len(open) == 0 {
				break
			}
			i := rapid.SampledFrom(open).Draw(t, "next")
			grown = grown.With(lives[i][:next[i]], lives[i][next[i]])
			next[i]++
		}
		if d := cmp.Diff(whole, grown); d != "" {
			t.Fatalf("added as it happened:\n%s", d)
		}
		if whole.Clean < 0 || whole.Clean > whole.Applied {
			t.Fatalf("%+v", whole)
		}
	})
}
