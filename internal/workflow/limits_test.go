package workflow_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/workflow"
)

// rowsOf gives a file of n new customers.
func rowsOf(n int) string {
	var b strings.Builder
	b.WriteString("id,name\n")
	for i := range n {
		fmt.Fprintf(&b, "%d,New\n", 100+i)
	}
	return b.String()
}

func TestFilesThatAreNotTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	for _, c := range []struct {
		name, file, says string
		options          change.Options
		kind             errs.Kind
	}{
		{name: "larger than is taken", file: "id,name\n1," + strings.Repeat("x", 1<<20), options: upsert, kind: errs.Invalid, says: "larger than the 1 MB"},
		{name: "empty", file: "", options: upsert, kind: errs.Invalid, says: "is empty"},
		{name: "no such mode", file: edit, options: change.Options{Mode: "replace"}, kind: errs.Usage, says: "no mode"},
		{name: "sync", file: edit, options: change.Options{Mode: change.Sync}, kind: errs.Usage, says: "sync"},
		{name: "undo without a change", file: edit, options: change.Options{Mode: change.Undo}, kind: errs.Usage, says: "no mode"},
	} {
		_, err := w.w.Propose(ctx, w.as("maria"), workflow.Proposal{Dataset: "customers", Name: "file.csv", File: strings.NewReader(c.file), Options: c.options})
		refused(t, err, c.kind, c.says)
	}
	all, err := w.w.Changes(ctx, w.as("aud"), workflow.Filter{})
	fine(t, err)
	if len(all) != 0 || len(w.queue.take()) != 0 {
		t.Errorf("%d changes were made of files that were not taken", len(all))
	}
}

// A file of exactly the limits is taken; one row more is refused when it is read.
func TestRowsLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	if c := in(t, w.propose("maria", rowsOf(1000), upsert), change.Planned); c.Plan.Counts.Insert != 1000 {
		t.Errorf("counts: %+v", c.Plan.Counts)
	}
	c := in(t, w.propose("maria", rowsOf(1001), upsert), change.Failed)
	if c.Problem == nil || c.Problem.Exit != 7 || !strings.Contains(c.Why, "1,000") && !strings.Contains(c.Why, "1000") {
		t.Errorf("problem %+v, why %q", c.Problem, c.Why)
	}
	c, err := w.w.Replan(ctx, w.as("maria"), change.ID(c.ID), workflow.Again{Name: "half.csv", File: strings.NewReader(rowsOf(500))})
	fine(t, err)
	w.work(t)
	in(t, w.see(t, "maria", c), change.Planned)
}

// Planning has its time; what takes longer has failed, with a sentence, and can
// be planned again.
func TestPlanTimeLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c, err := w.w.Propose(ctx, w.as("maria"), workflow.Proposal{Dataset: "customers", Name: "file.csv", File: strings.NewReader(edit), Options: upsert})
	fine(t, err)
	w.queue.take()
	w.w.Longest = time.Nanosecond
	fine(t, w.w.Plan(ctx, change.ID(c.ID)))
	w.w.Longest = 0
	c = in(t, w.see(t, "maria", c), change.Failed)
	if c.Problem == nil || c.Problem.Exit != 8 || !strings.Contains(c.Why, "longer than the 1ns") {
		t.Errorf("problem %+v, why %q", c.Problem, c.Why)
	}
	in(t, w.does("maria", replan, c), change.Planned)
}
