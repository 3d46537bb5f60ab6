package workflow_test

import (
	"strings"
	"testing"

	"sutor/internal/change"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// Who waits for a plan sees how many are before, also while no worker has taken
// the change yet.
func TestPlaceInLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	var waiting []wire.Change
	for range 3 {
		c, err := w.w.Propose(ctx, w.as("maria"), workflow.Proposal{Dataset: "customers", Name: "file.csv", File: strings.NewReader("id,terms\n1,NET60\n"),
			Options: change.Options{Mode: change.Upsert}})
		fine(t, err)
		waiting = append(waiting, c)
	}
	for i, want := range []string{"it is next", "1 before it", "2 before it"} {
		c, err := w.w.Change(ctx, w.as("maria"), change.ID(waiting[i].ID), 0)
		fine(t, err)
		if c.Progress == nil || c.Progress.Step != "waiting for a plan slot: "+want {
			t.Errorf("progress %+v, want %q", c.Progress, want)
		}
	}
	w.work(t)
	if c := w.see(t, "maria", waiting[2]); c.State != "planned" || c.Progress != nil {
		t.Errorf("planned at last: %s, progress %+v", c.State, c.Progress)
	}
}
