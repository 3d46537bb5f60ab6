package workflow_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/connector/postgres/pgtest"
	"sutor/internal/errs"
	"sutor/internal/finding"
	"sutor/internal/system/driver"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// customers is the shop's table on PostgreSQL.
const customers = `
	CREATE TABLE country (code text PRIMARY KEY);
	INSERT INTO country VALUES ('DE'), ('NL');
	CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, note text, country text REFERENCES country);
	INSERT INTO customer VALUES (1, 'Ann', NULL, 'DE'), (2, 'Bob', '', 'NL'), (3, 'Cid', 'old', NULL)`

// busy is a company whose shop is a PostgreSQL database that others use too.
type busy struct {
	*world
	postgresDatabase
	dsn string
}

func newBusy(t *testing.T, setup string) *busy {
	t.Helper()
	b := &busy{world: emptyWorld(t, evidenceOfAll)}
	b.postgresDatabase, b.dsn = newPostgres(t)
	b.exec(t, setup)
	b.connect("shop", "postgres", b.dsn)
	b.inForce(t, strings.Replace(plain, `kind: sqlite, dsn: shop.db`, `kind: postgres, dsn: "env:SHOP"`, 1))
	return b
}

// waits bounds how long an apply waits for others.
func (w *world) waits(o driver.Options) *world {
	w.deps.Waits = o
	return w.restart(w.deps.Node)
}

// dump gives a table's rows in key order.
func (b *busy) dump(table string) string {
	b.t.Helper()
	return b.read(`SELECT coalesce(string_agg(t::text, E'\n' ORDER BY t.id), '') FROM ` + table + ` AS t`)
}

// read reads one text.
func (b *busy) read(query string) (text string) {
	b.t.Helper()
	fine(b.t, b.pool.QueryRow(ctx, query).Scan(&text))
	return text
}

// asClerk connects the shop by an account that has rights on the given tables
// only, and gives its name.
func (b *busy) asClerk(tables ...string) (role string) {
	b.t.Helper()
	role = "clerk_" + b.read(`SELECT current_database()`)
	b.exec(b.t, `CREATE ROLE `+role+` LOGIN; GRANT ALL ON `+strings.Join(tables, ", ")+` TO `+role)
	b.t.Cleanup(func() { b.exec(b.t, `DROP OWNED BY `+role+`; DROP ROLE `+role) })
	b.connect("shop", "postgres", strings.Replace(b.dsn, "postgres@", role+"@", 1))
	return role
}

// begin gives another session with a transaction, in which it does something.
func (b *busy) begin(query string) pgx.Tx {
	b.t.Helper()
	tx, err := b.pool.Begin(ctx)
	fine(b.t, err)
	_, err = tx.Exec(ctx, query)
	fine(b.t, err)
	return tx
}

// applying accepts the apply and lets a worker begin; wait gives the change once
// it has ended.
func (b *busy) applying(c wire.Change) (wait func() wire.Change) {
	b.t.Helper()
	_, err := apply(b.world, b.as("maria"), c)
	fine(b.t, err)
	job, done := b.queue.take()[0], make(chan error, 1)
	go func() { done <- b.do(job) }()
	return func() wire.Change {
		b.t.Helper()
		fine(b.t, <-done)
		return b.see(b.t, "maria", c)
	}
}

// awaitWaiter waits until Sutor waits for a lock: the server gives no signal, so
// it is asked.
func (b *busy) awaitWaiter() {
	b.t.Helper()
	for until := time.Now().Add(20 * time.Second); b.read(`SELECT count(*)::text FROM pg_stat_activity
		WHERE application_name = 'sutor' AND datname = current_database() AND wait_event_type = 'Lock'`) == "0"; {
		if time.Now().After(until) {
			b.t.Fatal("Sutor waits for no lock")
		}
	}
}

// failed wants an apply that ended without writing anything, told with an exit
// code and a sentence.
func (b *busy) failed(c wire.Change, exit int, sentence string) {
	b.t.Helper()
	failedAs(b.t, c, exit, sentence)
}

func failedAs(t tb, c wire.Change, exit int, sentence string) {
	t.Helper()
	in(t, c, change.Failed)
	if c.Problem == nil || c.Problem.Exit != exit || !strings.Contains(c.Why, sentence) || c.Result.Applied != 0 {
		t.Errorf("problem %+v, why %q, result %+v; want exit %d and %q", c.Problem, c.Why, c.Result, exit, sentence)
	}
	told(t, c.Why)
}

// Another session writes while the apply is under way: what it committed is never
// overwritten, and the rows are named as the file has them.
func TestConflictDuringTheApply(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, meanwhile string
		rows            []int64 // of the file; none where there is no conflict
	}{
		{"a value changed", `UPDATE customer SET name = 'Theirs' WHERE id = 2`, []int64{3}},
		{"a judged column that the row does not write", `UPDATE customer SET note = 'theirs' WHERE id = 2`, []int64{3}},
		{"another column", `UPDATE customer SET country = NULL WHERE id = 2`, nil},
		{"rows deleted", `DELETE FROM customer WHERE id < 3`, []int64{2, 3}},
		{"a row inserted", `INSERT INTO customer VALUES (9, 'Theirs')`, []int64{5}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBusy(t, customers)
			ch := b.approvedIn(edit)
			other := b.begin(c.meanwhile)
			wait := b.applying(ch)
			b.awaitWaiter()
			fine(t, other.Commit(ctx))
			theirs := b.dump("customer")
			ch = wait()
			if len(c.rows) == 0 {
				in(t, ch, change.Applied)
				return
			}
			void(t, in(t, ch, change.Planned))
			if ch.Problem == nil || ch.Problem.Exit != 6 || len(ch.Result.ConflictRows) != len(c.rows) {
				t.Fatalf("problem %+v, result %+v", ch.Problem, ch.Result)
			}
			for i, row := range c.rows {
				if ch.Result.ConflictRows[i] != row {
					t.Errorf("the conflicts are in rows %v, want %v", ch.Result.ConflictRows, c.rows)
				}
			}
			beside, err := b.w.Conflicts(ctx, b.as("maria"), change.ID(ch.ID))
			if err != nil || len(beside) != len(c.rows) {
				t.Fatalf("%+v, %v", beside, err)
			}
			for _, r := range beside {
				gone := strings.HasPrefix(c.meanwhile, "DELETE")
				if live := string(r.Live["name"]) + string(r.Live["note"]); (r.Live == nil) != gone || !gone && !strings.Contains(live, "heirs") {
					t.Errorf("beside row %d stands %v", *r.Row.Row, r.Live)
				}
			}
			if got := b.dump("customer"); got != theirs {
				t.Errorf("something was written:\n%s\nwant\n%s", got, theirs)
			}
		})
	}
}

// A conflict in a step before the largest one, whose rows are then never read, though they
// are on their way already and more than a pipe holds: nobody waits for that.
func TestConflictBeforeTheLargestStep(t *testing.T) {
	t.Parallel()
	b := newBusy(t, customers)
	file := "id,name,note\n2,Robert,\n"
	for id := range 900 {
		file += fmt.Sprintf("%d,Gil,%s\n", 100+id, strings.Repeat("x", 500))
	}
	c := b.approvedIn(file)
	b.exec(t, `UPDATE customer SET name = 'Theirs' WHERE id = 2`)
	theirs := b.dump("customer")
	c = in(t, b.does("maria", apply, c), change.Planned)
	if len(c.Result.ConflictRows) != 1 || b.dump("customer") != theirs {
		t.Errorf("result %+v, and the table\n%s\nwas\n%s", c.Result, b.dump("customer"), theirs)
	}
}

// What another session took back was never there.
func TestNoConflictWhereTheOtherRollsBack(t *testing.T) {
	t.Parallel()
	b := newBusy(t, customers)
	other := b.begin(`UPDATE customer SET name = 'Theirs' WHERE id = 2; INSERT INTO customer VALUES (9, 'Theirs')`)
	wait := b.applying(b.approvedIn(edit))
	b.awaitWaiter()
	fine(t, other.Rollback(ctx))
	in(t, wait(), change.Applied)
}

// A deadlock: the apply gives way, and writes again by itself.
func TestDeadlock(t *testing.T) {
	t.Parallel()
	for _, commits := range []bool{true, false} {
		t.Run(map[bool]string{true: "the other commits", false: "the other rolls back"}[commits], func(t *testing.T) {
			t.Parallel()
			b := newBusy(t, customers)
			ch := b.approvedIn("id,name,country\n1,Anna,DE\n9,Zoe,NL\n")
			// The apply writes row 1 and then waits for the country of row 9; the other
			// has that and wants row 1. The other is patient, so it is the apply that finds
			// out.
			other := b.begin(`SET LOCAL deadlock_timeout = '1h'; SELECT FROM country WHERE code = 'NL' FOR UPDATE`)
			wait := b.applying(ch)
			b.awaitWaiter()
			_, err := other.Exec(ctx, `UPDATE customer SET name = 'Theirs' WHERE id = 1`)
			fine(t, err)
			if !commits {
				fine(t, other.Rollback(ctx))
				in(t, wait(), change.Applied)
				return
			}
			fine(t, other.Commit(ctx))
			if ch = void(t, in(t, wait(), change.Planned)); len(ch.Result.ConflictRows) != 1 || ch.Result.ConflictRows[0] != 2 {
				t.Errorf("result %+v", ch.Result)
			}
		})
	}
}

// A transaction that the system takes back for another's sake is tried again once,
// at its commit too, and then told.
func TestTriedAgainOnce(t *testing.T) {
	t.Parallel()
	const table = customers + `; CREATE SEQUENCE attempt; CREATE FUNCTION meet() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF nextval('attempt') <= %times% THEN RAISE EXCEPTION 'met another' USING ERRCODE = '%code%'; END IF; RETURN NEW; END $$;
		CREATE %kind% TRIGGER meet AFTER UPDATE ON customer %when% FOR EACH ROW EXECUTE FUNCTION meet()`
	for _, c := range []struct{ name, times, code, kind, when string }{
		{"a deadlock", "1", "40P01", "", ""},
		{"a serialization failure", "1", "40001", "", ""},
		{"at the commit", "1", "40001", "CONSTRAINT", "DEFERRABLE INITIALLY DEFERRED"},
		{"twice", "2", "40P01", "", ""},
		{"twice at the commit", "2", "40P01", "CONSTRAINT", "DEFERRABLE INITIALLY DEFERRED"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBusy(t, strings.NewReplacer("%times%", c.times, "%code%", c.code, "%kind%", c.kind, "%when%", c.when).Replace(table))
			before := b.dump("customer")
			ch := b.approvedIn("id,name\n1,Anna\n")
			b.exec(t, `ALTER SEQUENCE attempt RESTART`) // the trial advanced it
			ch = b.does("maria", apply, ch)
			if c.times == "1" {
				in(t, ch, change.Applied)
				return
			}
			b.failed(ch, 8, "in each other's way")
			if b.dump("customer") != before {
				t.Error("something was written")
			}
		})
	}
}

// Somebody holds a lock for too long: nothing is written, and it is told as what
// may work later.
func TestLockHeldTooLong(t *testing.T) {
	t.Parallel()
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		b := newBusy(t, customers)
		b.world = b.waits(driver.Options{LockSeconds: 1})
		before := b.dump("customer")
		c := b.approvedIn(edit)
		other := b.begin(`SELECT FROM customer WHERE id = 2 FOR UPDATE`)
		b.failed(b.does("maria", apply, c), 8, "holds a lock")
		fine(t, other.Rollback(ctx))
		if b.dump("customer") != before {
			t.Error("something was written")
		}
		b.applied(t, "maria", "olaf", b.does("maria", replan, c))
	})
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, plain).waits(driver.Options{LockSeconds: 1})
		before := w.dump("customer")
		c := w.approvedIn(edit)
		other, err := w.shop.Conn(ctx)
		fine(t, err)
		_, err = other.ExecContext(ctx, "BEGIN IMMEDIATE")
		fine(t, err)
		failedAs(t, w.does("maria", apply, c), 8, "locked")
		_, err = other.ExecContext(ctx, "ROLLBACK")
		fine(t, err)
		fine(t, other.Close())
		if w.dump("customer") != before {
			t.Error("something was written")
		}
		w.applied(t, "maria", "olaf", w.does("maria", replan, c))
	})
}

// Constraints that are judged at the commit: the system's own no, and certain.
func TestRefusedAtTheCommit(t *testing.T) {
	t.Parallel()
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		b := newBusy(t, customers+`; ALTER TABLE customer ALTER CONSTRAINT customer_country_fkey DEFERRABLE INITIALLY DEFERRED`)
		before := b.dump("customer")
		c := b.approvedIn("id,country\n1,NL\n3,DE\n")
		b.exec(t, `SET session_replication_role = replica; DELETE FROM country WHERE code = 'DE'; RESET session_replication_role`)
		b.failed(b.does("maria", apply, c), 5, "no longer fit together")
		if b.dump("customer") != before {
			t.Error("something was written")
		}
	})
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, plain)
		w.sql(`CREATE TABLE country (code TEXT PRIMARY KEY); INSERT INTO country VALUES ('DE');
			ALTER TABLE customer ADD COLUMN country TEXT REFERENCES country (code) DEFERRABLE INITIALLY DEFERRED`)
		before := w.dump("customer")
		c := w.approvedIn("id,country\n1,DE\n")
		w.sql(`DELETE FROM country`)
		failedAs(t, w.does("maria", apply, c), 5, "no longer fit together")
		if w.dump("customer") != before {
			t.Error("something was written")
		}
	})
}

// A database that only allows reading says so in the plan, and at the apply.
func TestReadOnlyDatabase(t *testing.T) {
	t.Parallel()
	b := newBusy(t, customers)
	c := b.approvedIn(edit)
	before := b.dump("customer")
	b.exec(t, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$`)
	b.connect("shop", "postgres", b.dsn) // takes effect for new sessions
	b.failed(b.does("maria", apply, c), 5, "only allows reading")
	in(t, b.does("maria", replan, c), change.Failed)
	if now := b.see(t, "maria", c); !strings.Contains(now.Why, "only allows reading") {
		t.Errorf("why: %s", now.Why)
	}
	if b.dump("customer") != before {
		t.Error("something was written")
	}
}

// The system is a standby now, as after a failover that nobody told Sutor of:
// what was approved is not written, no plan is made that could not be written, and
// reading works.
func TestStandby(t *testing.T) {
	t.Parallel()
	primary, err := pgtest.Start(ctx)
	fine(t, err)
	t.Cleanup(func() { fine(t, primary.Stop()) })
	b := newBusy(t, customers)
	pool, err := pgxpool.New(ctx, primary.URL())
	fine(t, err)
	t.Cleanup(pool.Close)
	_, err = pool.Exec(ctx, customers)
	fine(t, err)
	standby, err := primary.Standby(ctx)
	fine(t, err)
	t.Cleanup(func() { fine(t, standby.Stop()) })
	b.connect("shop", "postgres", primary.URL())
	c := b.approvedIn(edit)
	before := dumpOf(t, pool)

	b.connect("shop", "postgres", standby.URL())
	b.failed(b.does("maria", apply, c), 5, "standby")
	in(t, b.does("maria", replan, c), change.Failed)
	if now := b.see(t, "maria", c); !strings.Contains(now.Why, "standby, which only follows another one") {
		t.Errorf("why: %s", now.Why)
	}
	var out bytes.Buffer
	fine(t, b.w.Export(ctx, b.as("maria"), "customers", "csv", &out))
	if n := strings.Count(out.String(), "\n"); n != 4 {
		t.Errorf("exported %d lines:\n%s", n, &out)
	}
	problems, err := workflow.CheckLive(ctx, b.w.Compact(), b.systems)
	fine(t, err)
	if len(problems) == 0 || problems[0].Warning || !strings.Contains(problems[0].Message, "standby") {
		t.Errorf("compact check tells %+v", problems)
	}

	b.connect("shop", "postgres", primary.URL())
	if after := dumpOf(t, pool); after != before {
		t.Errorf("something was written:\n%s", after)
	}
	b.applied(t, "maria", "olaf", b.does("maria", replan, c))
}

func dumpOf(t tb, pool *pgxpool.Pool) (text string) {
	t.Helper()
	fine(t, pool.QueryRow(ctx, `SELECT string_agg(t::text, E'\n' ORDER BY t.id) FROM customer AS t`).Scan(&text))
	return text
}

// Values of types that only the system writes are listed as it writes them.
func TestListedAsTheSystemWrites(t *testing.T) {
	t.Parallel()
	b := newBusy(t, customers)
	b.exec(t, `ALTER TABLE customer ADD COLUMN term interval, ADD COLUMN tags jsonb`)
	text := strings.Replace(b.text, "key: [id]", `key: [id]
    columns: {term: {one_of: [1 mon, P3M, soon]}, tags: {one_of: ['{"a": 1}', '{"b":2,"a":1}']}}`, 1)
	comp, problems := compact.Parse("compact.yaml", []byte(text))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	found, err := workflow.CheckLive(ctx, comp, b.systems)
	fine(t, err)
	var said []string
	for _, p := range found {
		if !p.Warning && !strings.Contains(p.Message, "no table") {
			said = append(said, p.Message)
		}
	}
	want := []string{`The system writes "P3M" as "3 mons", and values of term are compared as it writes them.`, `term could never be "soon": that is not a value of the type interval.`,
		`The system writes "{\"b\":2,\"a\":1}" as "{\"a\": 1, \"b\": 2}", and values of tags are compared as it writes them.`}
	if !slices.Equal(said, want) {
		t.Errorf("compact check says\n%s\nnot\n%s", strings.Join(said, "\n"), strings.Join(want, "\n"))
	}
}

// Rows that row security hides are not taken for missing in silence.
func TestRowSecurity(t *testing.T) {
	t.Parallel()
	b := newBusy(t, customers)
	role := b.asClerk("customer", "country")
	b.exec(t, `ALTER TABLE customer ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON customer USING (country IS DISTINCT FROM 'NL')`)
	before := b.dump("customer")
	c := b.propose("maria", "id,name\n1,Anna\n2,Bobby\n", upsert)
	if n := c.Plan.Counts; n.Insert != 1 || n.Update != 1 || len(c.Findings) != 1 || c.Findings[0].Guardrail != finding.Hidden || c.Findings[0].Severity != finding.Warn {
		t.Errorf("counts %+v, findings %+v", n, c.Findings)
	}
	b.mayNot("maria", submit, c, errs.Blocked, "already has these values")
	if b.dump("customer") != before {
		t.Error("something was written")
	}
	b.exec(t, `CREATE TABLE product (sku text PRIMARY KEY, price numeric(10,2)); GRANT ALL ON product TO `+role)
	problems, err := workflow.CheckLive(ctx, b.w.Compact(), b.systems)
	fine(t, err)
	if len(problems) != 1 || !problems[0].Warning || !strings.Contains(problems[0].Message, "only some of its rows") {
		t.Errorf("compact check tells %+v", problems)
	}
}
