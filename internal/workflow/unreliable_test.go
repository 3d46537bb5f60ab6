package workflow_test

import (
	"slices"
	"strings"
	"testing"

	"sutor/internal/change"
	"sutor/internal/connector/all"
	"sutor/internal/errs"
	"sutor/internal/system"
	"sutor/internal/system/drivertest"
	"sutor/internal/workflow"
)

// Every call of a system fails once, before it got there and after, from the plan
// to the end of the apply: the change ends, the table is as before or as planned,
// the state says which, and the system can be used as before.
func TestEveryCallOfASystemFails(t *testing.T) {
	t.Parallel()
	const setup = `CREATE TABLE country (code text PRIMARY KEY); INSERT INTO country VALUES ('DE');
		CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, note text UNIQUE, country text REFERENCES country (code));
		INSERT INTO customer VALUES (1, 'Ann', 'a', NULL), (2, 'Bob', 'b', 'DE')`
	onAll(t, setup, nil, varchars, func(w *world, _ func(string), dump func() string) {
		const file = "id,name,note,country\n1,Anna,c,DE\n2,Bob,b,DE\n3,Cid,a,\n"
		fault := &drivertest.Fault{}
		w.unreliable(fault)
		before := dump()
		after, calls := w.unreliably(fault, file, dump, before, "")
		for _, name := range []string{"Describe", "Count", "Fetch", "Begin", "Write", "Commit"} {
			if !slices.Contains(calls, name) {
				w.t.Errorf("there is no %s among %v", name, calls)
			}
		}
		for n, name := range calls {
			for _, late := range []bool{false, true} {
				if late && !slices.Contains([]string{"Begin", "Write", "Commit"}, name) {
					continue // a reading call's answer
				}
				fault.Arm(n+1, late)
				w.unreliably(fault, file, dump, before, after)
			}
		}
		if last, _ := w.unreliably(fault, file, dump, before, after); last != after {
			w.t.Error("the system cannot be used any more")
		}
	})
}

// unreliable connects the shop again, by way of a fault.
func (w *world) unreliable(f *drivertest.Fault) {
	w.t.Helper()
	kind, dsn := w.systems["shop"].Kind(), w.shopDSN
	sys, err := system.Open(ctx, "shop", kind, dsn, system.Registry{kind: f.Open(all.Connectors()[kind])})
	fine(w.t, err)
	w.t.Cleanup(func() { fine(w.t, sys.Close()) })
	w.systems["shop"] = sys
}

// unreliably takes a change as far as it comes, and back where it was applied. It
// gives the table in between, and the calls that it took.
func (w *world) unreliably(fault *drivertest.Fault, file string, dump func() string, before, after string) (table string, calls []string) {
	w.t.Helper()
	c, err := w.w.Propose(ctx, w.as("maria"), workflow.Proposal{Dataset: "customers", Name: "f.csv", File: strings.NewReader(file), Options: upsert})
	if err == nil {
		w.work(w.t)
		c = w.see(w.t, "maria", c)
	}
	for _, next := range []struct {
		who string
		act act
	}{{"maria", submit}, {"olaf", approve}, {"maria", apply}} {
		if err == nil && c.State != string(change.Failed) {
			_, err = next.act(w, w.as(next.who), c)
			w.work(w.t)
			c = w.see(w.t, "maria", c)
		}
	}
	if err != nil && errs.KindOf(err) != errs.Unavailable {
		w.t.Fatalf("refused: %s", errs.Detail(err))
	}
	calls, table = fault.Calls(), dump()
	fault.Arm(0, false)
	if state := change.State(c.State); state != change.Applied {
		if table != before || state == change.Failed && (c.Problem == nil || c.Problem.Exit != 8) {
			w.t.Fatalf("after %v change %s is %s (%s, %+v), and the table is\n%s", calls, c.ID, c.State, c.Why, c.Problem, table)
		}
		return table, calls
	}
	if after != "" && table != after {
		w.t.Errorf("after %v change %s is applied, and the table is\n%s", calls, c.ID, table)
	}
	w.undone(w.t, "olaf", c)
	if back := dump(); back != before {
		w.t.Fatalf("after %v change %s is undone, and the table is\n%s", calls, c.ID, back)
	}
	return table, calls
}
