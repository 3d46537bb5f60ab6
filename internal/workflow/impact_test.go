package workflow_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sutor/internal/compact"
	"sutor/internal/connector/all"
	"sutor/internal/system"
	"sutor/internal/system/driver"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

const impacts = `
    impact:
      - {label: open orders, table: orders, match: {customer: id}, where: "status == 'open'", measure: amount}
      - {label: visits, table: visit, match: {who: name}}
    guardrails:`

// withOrders is the company whose customers have orders and visits.
func withOrders(t *testing.T) *world {
	t.Helper()
	w := emptyWorld(t, evidenceOfAll)
	w.connect("shop", "sqlite", newShop(t, w))
	w.sql(`CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER, status TEXT, amount DECIMAL(10,2));
		INSERT INTO orders VALUES (1, 1, 'open', 10.25), (2, 1, 'open', 20), (3, 1, 'done', 500), (4, 2, 'open', 0.1), (5, 2, NULL, 7), (6, 3, 'open', 1000), (7, 99, 'open', 1);
		CREATE TABLE visit (who TEXT); INSERT INTO visit VALUES ('Ann'), ('Ann'), ('Anna'), ('New')`)
	w.inForce(t, strings.Replace(company, "\n    guardrails:", impacts, 1))
	return w
}

func money(v float64) *float64 { return &v }

// What a change touches is counted for the rows that it updates or deletes, as
// they were before; new rows touch nothing.
func TestImpact(t *testing.T) {
	t.Parallel()
	w := withOrders(t)
	c := w.propose("maria", "id,name,terms\n1,Anna,NET30\n2,Bobby,NET30\n3,Cid,\n9,New,NET30\n", upsert)
	want := []wire.Impact{
		{Label: "open orders", Rows: 3, Measure: money(30.35), Why: "1 more may count: whether they do could not be judged."},
		{Label: "visits", Rows: 2},
	}
	if diff := cmp.Diff(want, c.Impact); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := w.see(t, "ivan", c).Impact[0]; got.Rows != 3 || got.Measure != nil {
		t.Errorf("a steward, who sees no values, sees %+v", got)
	}
	w.applied(t, "maria", "olaf", c)
	next := w.propose("maria", "id,terms\n1,NET60\n", upsert)
	if got := next.Impact[0]; got.Rows != 2 || !strings.Contains(got.Why, "Usual for this dataset: 3, at most 3 (last changes: 1).") {
		t.Errorf("the next change: %+v", got)
	}
}

// An impact that cannot be found out is an answer, not the end of the plan.
func TestImpactUnknown(t *testing.T) {
	t.Parallel()
	w := withOrders(t)
	w.sql(`DROP TABLE visit`)
	c := w.propose("maria", "id,name\n1,Anna\n", upsert)
	if len(c.Impact) != 2 || c.Impact[0].Unknown || !c.Impact[1].Unknown || !strings.HasPrefix(c.Impact[1].Why, "Unknown: ") || c.Impact[1].Rows != 0 {
		t.Errorf("%+v", c.Impact)
	}
}

// watched lets a test act before each look-up of a snapshot.
type watched struct {
	driver.Driver
	fetch func(ctx context.Context, n int) error
}

func (d watched) Snapshot(ctx context.Context) (driver.Snapshot, error) {
	s, err := d.Driver.Snapshot(ctx)
	return &watchedSnapshot{Snapshot: s, fetch: d.fetch}, err
}

type watchedSnapshot struct {
	driver.Snapshot
	n     int
	fetch func(ctx context.Context, n int) error
}

func (s *watchedSnapshot) Fetch(ctx context.Context, l driver.Lookup, in io.Reader, out io.Writer) (int64, int64, error) {
	s.n++
	if err := s.fetch(ctx, s.n); err != nil {
		return 0, 0, err
	}
	return s.Snapshot.Fetch(ctx, l, in, out)
}

// watch connects the shop again, so that a test acts before each look-up.
func (w *world) watch(fetch func(ctx context.Context, n int) error) {
	w.t.Helper()
	open := func(ctx context.Context, dsn string) (driver.Driver, error) {
		d, err := all.Connectors()["sqlite"](ctx, dsn)
		return watched{d, fetch}, err
	}
	sys, err := system.Open(ctx, "shop", "sqlite", w.shopDSN, system.Registry{"sqlite": open})
	fine(w.t, err)
	w.t.Cleanup(func() { fine(w.t, sys.Close()) })
	w.systems["shop"] = sys
}

// Numbers that stand side by side are of one moment: what a colleague commits between
// two look-ups counts in neither.
func TestImpactOfOneMoment(t *testing.T) {
	t.Parallel()
	w := withOrders(t)
	w.sql(`PRAGMA journal_mode = WAL`) // others commit beside those who read
	w.watch(func(_ context.Context, n int) error {
		if n == 2 {
			w.sql(`DELETE FROM orders; INSERT INTO visit VALUES ('Ann')`)
		}
		return nil
	})
	c := w.propose("maria", "id,name\n1,Anna\n", upsert)
	if len(c.Impact) != 2 || c.Impact[0].Rows != 2 || c.Impact[1].Rows != 2 {
		t.Errorf("%+v", c.Impact)
	}
	again := w.does("maria", replan, c)
	if again.Impact[0].Rows != 0 || again.Impact[1].Rows != 3 {
		t.Errorf("of the next plan: %+v", again.Impact)
	}
}

// An impact that takes too long is unknown, and leaves the others as they are.
func TestImpactThatTakesTooLong(t *testing.T) {
	t.Parallel()
	w := withOrders(t)
	w.deps.ImpactTime = 2 * time.Second
	w = w.restart(w.deps.Node)
	w.watch(func(ctx context.Context, n int) error {
		if n == 1 {
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	})
	c := w.propose("maria", "id,name\n1,Anna\n", upsert)
	if len(c.Impact) != 2 || !c.Impact[0].Unknown || !strings.Contains(c.Impact[0].Why, "took longer than 2s") || c.Impact[1].Unknown || c.Impact[1].Rows != 2 {
		t.Errorf("%+v", c.Impact)
	}
}

// The check of a Compact says which part of an impact does not fit the tables.
func TestImpactChecked(t *testing.T) {
	t.Parallel()
	w := withOrders(t)
	for _, tt := range [][2]string{
		{"table: orders", "table: order"},
		{"customer: id", "custom: id"},
		{"customer: id", "customer: nr"},
		{"customer: id", "status: id"},
		{"status == 'open'", "state == 'open'"},
		{"status == 'open'", "amount"},
		{"measure: amount", "measure: status"},
		{"measure: amount", "measure: sum"},
	} {
		old, new := tt[0], tt[1]
		text := strings.Replace(w.text, old, new, 1)
		c, problems := compact.Parse("compact.yaml", []byte(text))
		if c == nil || compact.Failed(problems) || text == w.text {
			t.Fatalf("%s: %v", new, problems)
		}
		found, err := workflow.CheckLive(ctx, c, w.systems)
		fine(t, err)
		if len(found) == 0 || !strings.Contains(string(found[0].Path), "impact") || found[0].Line == 0 || found[0].Mend == "" {
			t.Errorf("%s: %+v", new, found)
		}
	}
}

// What a delete would take with it elsewhere is shown by itself, whether the Compact
// names the table or not.
func TestImpactOfCascades(t *testing.T) {
	t.Parallel()
	w := withOrders(t)
	w.sql(`CREATE TABLE contact (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer (id) ON DELETE CASCADE);
		CREATE TABLE lead (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer (id) ON DELETE SET NULL)`)
	c := w.propose("maria", "id,name\n8,Hal\n9,Ivo\n", upsert)
	w.applied(t, "maria", "olaf", c)
	w.sql(`INSERT INTO contact VALUES (1, 9), (2, 9), (3, 1)`)
	back := w.does("olaf", undo, c)
	want := wire.Impact{Label: "rows of main.contact, deleted with them", Rows: 2}
	if got := back.Impact[len(back.Impact)-1]; got.Label != want.Label || got.Rows != want.Rows || len(back.Impact) != 3 {
		t.Errorf("%+v, want %+v at the end", back.Impact, want)
	}
}
