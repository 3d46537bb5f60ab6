package duck

import (
	"context"
	"fmt"
	"testing"

	"sutor/internal/plan"
	"sutor/internal/record"
)

// TestGivenUp: the making of a plan's file that is given up does not wait, and does nothing
// to the one that is made in its place, while it ends.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	r := &run{Session: s, nk: 1, nj: 1, spec: plan.Spec{Key: record.Schema{{Name: "id"}}, Judged: record.Schema{{Name: "name"}}}}
	fine(t, s.exec(t.Context(), `CREATE TABLE deltas AS SELECT i AS line, 'update' AS op, NULL::VARCHAR AS why, i::VARCHAR AS k0, 'was ' || i AS b0, 'is ' || i AS a0, true AS m0 FROM range(4000) t(i)`))
	freeze := func(deltas string) *frozen {
		f := r.newFrozen()
		_, err := r.beginFreezing(t.Context(), f, func(ctx context.Context, other *run) error { return other.freezing(ctx, f, deltas) })
		fine(t, err)
		return f
	}
	want := freeze("deltas")
	fine(t, want.wait(t.Context()))
	for i := range 20 {
		other := freeze(fmt.Sprintf("(SELECT * REPLACE ('%d' AS a0) FROM deltas)", i))
		for begun := 0; begun < i*1000 && !other.over(); begun++ {
		}
		other.drop()
		got := freeze("deltas")
		fine(t, got.wait(t.Context()))
		if got.file != want.file || got.rows != want.rows || got.path == other.path {
			t.Errorf("%d: %+v, want %+v", i, got, want)
		}
	}
}
