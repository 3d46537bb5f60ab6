package workflow_test

import (
	"strings"
	"testing"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/finding"
	"sutor/internal/wire"
)

// onBoth runs a story of a shop's table on both systems; setup makes the table
// customer anew, in SQL that both understand but for what replace says.
func onBoth(t *testing.T, setup string, forSQLite *strings.Replacer, story func(*world, func(string), func() string)) {
	t.Helper()
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		b := newBusy(t, setup)
		story(b.world, func(q string) { b.exec(b.t, q) }, func() string { return b.dump("customer") })
	})
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, plain)
		if forSQLite != nil {
			setup = forSQLite.Replace(setup)
		}
		w.sql(`DROP TABLE customer; ` + setup)
		story(w, func(q string) { w.sql(q) }, func() string { return w.dump("customer") })
	})
}

// onAll is onBoth on MariaDB as well.
func onAll(t *testing.T, setup string, forSQLite, forMariaDB *strings.Replacer, story func(*world, func(string), func() string)) {
	t.Helper()
	onBoth(t, setup, forSQLite, story)
	t.Run("mysql", func(t *testing.T) {
		t.Parallel()
		w := emptyWorld(t, evidenceOfAll)
		dsn, db := mariaOf(t)
		sql := func(q string) {
			_, err := db.Exec(q)
			fine(t, err)
		}
		sql(forMariaDB.Replace(setup))
		w.connect("shop", "mysql", dsn)
		w.inForce(t, strings.Replace(plain, `kind: sqlite, dsn: shop.db`, `kind: mysql, dsn: "env:SHOP"`, 1))
		columns := texts(t, db, `SELECT "COLUMN_NAME" FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'customer' ORDER BY ordinal_position`)
		story(w, sql, func() string {
			return strings.Join(texts(t, db, `SELECT concat_ws(', ', quote(`+strings.Join(columns, `), quote(`)+`)) FROM customer ORDER BY id`), "\n")
		})
	})
}

// onAllFolding is onAll on a table whose keys are the same in any case.
func onAllFolding(t *testing.T, story func(*world, func(string), func() string)) {
	t.Helper()
	const collation = `CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);`
	const setup = collation + `CREATE TABLE customer (id text COLLATE nocase PRIMARY KEY, name text NOT NULL); INSERT INTO customer VALUES ('a', 'Ann')`
	onAll(t, setup, strings.NewReplacer(collation, "", "nocase", "NOCASE", "PRIMARY KEY", "PRIMARY KEY NOT NULL"),
		strings.NewReplacer(collation, "", " text", " varchar(60)", " COLLATE nocase", ""), story)
}

// varchars are texts that MariaDB can have in a key.
var varchars = strings.NewReplacer(" text", " varchar(60)")

// unwritten wants a submission refused by the system in words that hold each part,
// and the table as it was.
func (w *world) unwritten(dump func() string, file string, parts ...string) {
	w.t.Helper()
	before := dump()
	c := w.propose("maria", file, upsert)
	if len(c.Findings) > 0 {
		w.t.Fatalf("the plan sees it: %+v", c.Findings)
	}
	for _, part := range parts {
		w.mayNot("maria", submit, c, errs.Blocked, part)
	}
	if after := dump(); after != before {
		w.t.Errorf("something was written:\n%s\nwant\n%s", after, before)
	}
}

// foundIn wants a plan with one finding, in these rows.
func foundIn(t tb, c wire.Change, guardrail string, severity finding.Severity, rows string) {
	t.Helper()
	if f := only(t, c, guardrail); f.Severity != severity || strings.Join(f.Ranges, ",") != rows {
		t.Errorf("finding %+v, want %s in rows %s", f, severity, rows)
	}
	told(t, c.Findings[0].Message+c.Findings[0].Mend)
}

// A rule over columns of which the file has only some: what an update keeps in the
// others is looked up. What a new row gets there, only the system knows.
func TestRulesOverColumnsThatTheFileHasNot(t *testing.T) {
	t.Parallel()
	const setup = `CREATE TABLE country (code text, region int, PRIMARY KEY (code, region)); INSERT INTO country VALUES ('DE', 1), ('NL', 1), ('NL', 2);
		CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, shop int NOT NULL DEFAULT 1, code text, country text, region int,
			UNIQUE (shop, code), FOREIGN KEY (country, region) REFERENCES country (code, region));
		INSERT INTO customer VALUES (1, 'Ann', 1, 'a', 'DE', 1), (2, 'Bob', 1, 'b', 'NL', 2), (3, 'Cid', 2, 'c', NULL, 7), (4, 'Dot', 2, NULL, NULL, NULL)`
	onAll(t, setup, nil, varchars, func(w *world, _ func(string), dump func() string) {
		if c := w.propose("maria", "id,code\n3,a\n4,b\n", upsert); len(c.Findings) > 0 { // another shop's
			w.t.Errorf("findings %+v", c.Findings)
		}
		foundIn(w.t, w.propose("maria", "id,code\n2,a\n3,d\n", upsert), finding.Unique, finding.Block, "2")
		foundIn(w.t, w.propose("maria", "id,code\n3,x\n4,x\n", upsert), finding.Unique, finding.Block, "2-3")
		foundIn(w.t, w.propose("maria", "id,code\n1,z\n2,a\n", upsert), finding.UniqueSwap, finding.Block, "3") // given up in the same change
		foundIn(w.t, w.propose("maria", "id,country\n1,NL\n2,DE\n4,DE\n", upsert), finding.ForeignKey, finding.Block, "3")
		// A new row is put into shop 1 by the table's default.
		w.unwritten(dump, "id,name,code\n2,Bobby,z\n9,New,a\n", "already", "shop, code")
	})
}

// Two new keys that only the system holds equal.
func TestNewKeysThatOnlyTheSystemHoldsEqual(t *testing.T) {
	t.Parallel()
	onAllFolding(t, func(w *world, _ func(string), dump func() string) {
		foundIn(w.t, w.propose("maria", "id,name\na,Anna\nA,Anne\n", upsert), finding.Duplicate, finding.Block, "2-3")
		w.unwritten(dump, "id,name\na,Anna\nb,Bob\nB,Bobby\n", "already", "id")
	})
}

// A key that somebody spells otherwise, which the system takes for the same, is a change like
// any other: the undo of a new row leaves it, and does not delete what was not approved.
func TestKeyRespeltBeforeTheUndo(t *testing.T) {
	t.Parallel()
	onAllFolding(t, func(w *world, exec func(string), dump func() string) {
		c := w.applied(w.t, "maria", "olaf", w.propose("maria", "id,name\nb,Bob\nc,Cid\n", upsert))
		exec(`UPDATE customer SET id = 'B' WHERE id = 'b'`)
		r := in(w.t, w.does("olaf", undo, c), change.Planned)
		if n := r.Plan.Counts; n.Delete != 1 || n.Kept == nil || *n.Kept != 1 {
			w.t.Errorf("it takes back %+v", n)
		}
		r = in(w.t, w.does("olaf", submit, r), change.Approved)
		exec(`UPDATE customer SET id = 'C' WHERE id = 'c'`)
		theirs := dump()
		_, err := apply(w, w.as("olaf"), r)
		fine(w.t, err)
		w.work(w.t)
		if r = in(w.t, w.see(w.t, "olaf", r), change.Planned); r.Problem == nil || r.Problem.Exit != 6 || dump() != theirs {
			w.t.Errorf("%+v; the table is\n%s", r.Problem, dump())
		}
	})
}

// An update that refers to a row which the same change inserts: inserts come last,
// so the plan says what to do, unless the system judges at the commit.
func TestUpdateThatRefersToAnInsert(t *testing.T) {
	t.Parallel()
	const setup = `CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, boss int REFERENCES customer (id) %);
		INSERT INTO customer VALUES (1, 'Ann', NULL), (2, 'Bob', 1)`
	const file = "id,name,boss\n2,Bob,9\n9,Zoe,1\n"
	onAll(t, strings.Replace(setup, "%", "", 1), nil, varchars, func(w *world, _ func(string), dump func() string) {
		c := w.propose("maria", file, upsert)
		foundIn(w.t, c, finding.ForeignKey, finding.Block, "2")
		before := dump()
		first := w.applied(w.t, "maria", "olaf", w.propose("maria", "id,name,boss\n9,Zoe,1\n", upsert))
		second := w.applied(w.t, "maria", "olaf", w.propose("maria", file, upsert))
		w.undone(w.t, "olaf", second)
		w.undone(w.t, "olaf", first)
		if after := dump(); after != before {
			w.t.Errorf("undone\n%s\nwant\n%s", after, before)
		}
	})
	t.Run("postgres, judged at the commit", func(t *testing.T) {
		t.Parallel()
		b := newBusy(t, strings.Replace(setup, "%", "DEFERRABLE INITIALLY DEFERRED", 1))
		b.applied(t, "maria", "olaf", b.propose("maria", file, upsert))
	})
}

// A table referred to that Sutor's account may not read: the plan stands and says
// what it could not check; the system refuses what does not fit.
func TestReferencesThatMayNotBeRead(t *testing.T) {
	t.Parallel()
	b := newBusy(t, customers)
	b.asClerk("customer")
	before := b.dump("customer")
	c := in(t, b.propose("maria", "id,name,country\n1,Anna,NL\n2,Bob,FR\n3,Cid,\n", upsert), change.Planned)
	foundIn(t, c, finding.Unchecked, finding.Warn, "2-3")
	b.mayNot("maria", submit, c, errs.Blocked, "no longer fit together")
	if b.dump("customer") != before {
		t.Error("something was written")
	}
	c = b.propose("maria", "id,country\n1,NL\n", upsert)
	foundIn(t, c, finding.Unchecked, finding.Warn, "2")
	b.applied(t, "maria", "olaf", c)
}

// Where NULL is equal to NULL, no row can step aside by it, and only one may have
// none (PostgreSQL 15: NULLS NOT DISTINCT).
func TestWhereNullsAreEqual(t *testing.T) {
	t.Parallel()
	b := newBusy(t, `CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, code text, UNIQUE NULLS NOT DISTINCT (code));
		INSERT INTO customer VALUES (1, 'Ann', 'a'), (2, 'Bob', 'b'), (3, 'Cid', NULL)`)
	dump := func() string { return b.dump("customer") }
	before := dump()
	swap := b.propose("maria", "id,code\n1,b\n2,a\n", upsert)
	foundIn(t, swap, finding.UniqueSwap, finding.Block, "2-3")
	c := b.propose("maria", "id,code\n1,\n", change.Options{Mode: change.Upsert, ClearEmpty: true})
	b.mayNot("maria", submit, c, errs.Blocked, "already has these values of code")
	if after := dump(); after != before {
		t.Errorf("something was written:\n%s", after)
	}
	b.undone(t, "olaf", b.applied(t, "maria", "olaf", b.propose("maria", "id,code\n1,x\n3,y\n", upsert)))
}
