package workflow_test

import (
	"context"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"sutor/internal/connector/all"
	"sutor/internal/plan/duck"
	"sutor/internal/system"
	"sutor/internal/system/driver"
	"sutor/internal/workflow"
)

// comparing counts the lookups that have a system compare.
type comparing struct {
	driver.Driver
	asked *atomic.Int64
}

func (c comparing) Fetch(ctx context.Context, l driver.Lookup, in io.Reader, out io.Writer) (sent, found int64, err error) {
	if len(l.Unless) > 0 {
		c.asked.Add(1)
	}
	return c.Driver.Fetch(ctx, l, in, out)
}

// A system that says it can compare rows is asked to, and one that does not is not; the
// change is the same, and so is its undo.
func TestASystemComparesThatCan(t *testing.T) {
	t.Parallel()
	const setup = `CREATE TABLE country (code text PRIMARY KEY); INSERT INTO country VALUES ('DE');
		CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, note text UNIQUE, country text REFERENCES country (code));
		INSERT INTO customer VALUES (1, 'Ann', 'a', NULL), (2, 'Bob', 'b', 'DE')`
	onAll(t, setup, nil, varchars, func(w *world, _ func(string), dump func() string) {
		engine, err := duck.New(duck.Options{Dir: w.t.TempDir(), Comparing: duck.There})
		fine(w.t, err)
		w.t.Cleanup(engine.Close)
		w.deps.Engine = engine
		w.w = workflow.New(w.deps)
		w.inForce(w.t, w.text)
		var asked atomic.Int64
		kind, dsn := w.systems["shop"].Kind(), w.shopDSN
		sys, err := system.Open(ctx, "shop", kind, dsn, system.Registry{kind: func(ctx context.Context, dsn string) (driver.Driver, error) {
			d, err := all.Connectors()[kind](ctx, dsn)
			return comparing{d, &asked}, err
		}})
		fine(w.t, err)
		w.t.Cleanup(func() { fine(w.t, sys.Close()) })
		w.systems["shop"] = sys
		before := dump()
		large := strings.Repeat("x", 70_000) // by far too much to be planned row by row
		c := w.propose("maria", "id,name,note,country,other\n1,Anna,a,,"+large+"\n2,Bob,b,DE,\n3,Cid,c,,\n", upsert)
		if n := c.Plan.Counts; n.Update != 1 || n.Insert != 1 || n.Unchanged != 1 {
			w.t.Errorf("planned %+v", n)
		}
		if got, want := asked.Load() > 0, kind != "sqlite"; got != want {
			w.t.Errorf("%s compares: %v", kind, got)
		}
		w.undone(w.t, "olaf", w.applied(w.t, "maria", "olaf", c))
		if after := dump(); after != before {
			w.t.Errorf("after the undo the table is\n%s", after)
		}
	})
}
