package workflow_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/plan"
	"sutor/internal/record"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// referred is a table that others refer to, and it itself.
const referred = `CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, boss int REFERENCES customer (id));
	CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customer (id) ON DELETE CASCADE);
	CREATE TABLE visit (id int PRIMARY KEY, customer int REFERENCES customer (id) ON DELETE SET NULL);
	CREATE TABLE contract (id int PRIMARY KEY, customer int REFERENCES customer (id));
	INSERT INTO customer VALUES (1, 'Ann', NULL), (2, 'Bob', NULL)`

// An undo takes no rows with it that are not in its plan: what others refer to
// stays, and so does what stays refers to.
func TestUndoTakesNothingWithIt(t *testing.T) {
	t.Parallel()
	const file = "id,name,boss\n4,Dot,\n5,Eve,\n6,Fay,\n7,Gil,\n8,Hal,7\n9,Ida,8\n10,Jo,9\n11,Kim,1\n"
	const theirs = `INSERT INTO orders VALUES (1, 4), (2, 1), (3, 9); INSERT INTO visit VALUES (1, 5); INSERT INTO contract VALUES (1, 6)`
	check := func(w *world, edit func(string), dumps func() string) {
		w.t.Helper()
		c := w.applied(w.t, "maria", "olaf", w.propose("maria", file, upsert))
		edit(theirs)
		before := dumps()
		r := in(w.t, w.does("olaf", undo, c), change.Planned)
		w.left(r, "impossible", "refer to it", "4", "5", "6", "7", "8", "9")
		why := w.why(r, "impossible")
		for key, part := range map[string]string{"4": "orders refer to it and would be deleted", "5": "visit refer to it and would lose", "7": "customer refer to it"} {
			if !strings.Contains(why[key], part) {
				w.t.Errorf("row %s is left because %q, want %q", key, why[key], part)
			}
		}
		w.left(r, "delete", "", "10", "11")
		in(w.t, w.does("olaf", apply, w.does("olaf", submit, r)), change.Applied)
		if got := dumps(); got != before {
			w.t.Errorf("others' rows:\n%s\nwant\n%s", got, before)
		}
	}
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		b := newBusy(t, referred)
		check(b.world, func(q string) { b.exec(t, q) }, func() string { return b.dump("orders") + b.dump("visit") + b.dump("contract") })
	})
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, plain)
		w.sql(`DROP TABLE customer; ` + referred)
		check(w, func(q string) { w.sql(q) }, func() string { return w.dump("orders") + w.dump("visit") + w.dump("contract") })
	})
}

// Where Sutor's account may not read who refers to a row, a delete that could take
// others with it is not risked; one that the system would refuse is left to it.
func TestUndoWhereReferencesCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		onDelete   string
		impossible bool
	}{{"CASCADE", true}, {"SET NULL", true}, {"NO ACTION", false}} {
		t.Run(c.onDelete, func(t *testing.T) {
			t.Parallel()
			b := newBusy(t, `CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL);
				CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customer (id) ON DELETE `+c.onDelete+`)`)
			b.asClerk("customer")
			ch := b.applied(t, "maria", "olaf", b.propose("maria", "id,name\n4,Dot\n", upsert))
			b.exec(t, `INSERT INTO orders VALUES (1, 4)`)
			r := in(t, b.does("olaf", undo, ch), change.Planned)
			if c.impossible {
				b.left(r, "impossible", "cannot read", "4")
				b.mayNot("olaf", submit, r, errs.Blocked, "change nothing")
				return
			}
			b.mayNot("olaf", submit, r, errs.Blocked, "no longer fit together")
			in(t, b.see(t, "olaf", ch), change.Applied)
		})
	}
}

// MariaDB shows an account with rights on tables alone no foreign keys: nothing is deleted
// then, for nobody would know what is deleted along.
func TestUndoWhereReferencesAreHidden(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ database, why string }{
		{"CREATE TEMPORARY TABLES", "tables that Sutor cannot see"},
		{"CREATE TEMPORARY TABLES, REFERENCES", "orders may refer to it"}, // which it may not read
	} {
		t.Run(c.database, func(t *testing.T) {
			t.Parallel()
			w := emptyWorld(t, evidenceOfAll)
			dsn, db := mariaOf(t)
			name := dsn[strings.LastIndex(dsn, "/")+1 : strings.Index(dsn, "?")]
			user := strings.TrimPrefix(name, "test_")
			t.Cleanup(func() { _, err := db.Exec("DROP USER " + user + "@'127.0.0.1'"); fine(t, err) })
			for _, q := range []string{"CREATE TABLE customer (id int PRIMARY KEY, name varchar(60) NOT NULL)",
				"CREATE TABLE orders (id int PRIMARY KEY, customer int, FOREIGN KEY (customer) REFERENCES customer (id) ON DELETE CASCADE)",
				"CREATE USER " + user + "@'127.0.0.1' IDENTIFIED BY 'pw'", "GRANT " + c.database + " ON " + name + ".* TO " + user + "@'127.0.0.1'",
				"GRANT SELECT, INSERT, UPDATE, DELETE ON " + name + ".customer TO " + user + "@'127.0.0.1'"} {
				_, err := db.Exec(q)
				fine(t, err)
			}
			w.connect("shop", "mysql", "mysql://"+user+":pw"+dsn[strings.Index(dsn, "@"):])
			w.inForce(t, strings.Replace(plain, `kind: sqlite, dsn: shop.db`, `kind: mysql, dsn: "env:SHOP"`, 1))
			ch := w.applied(t, "maria", "olaf", w.propose("maria", "id,name\n4,Dot\n", upsert))
			_, err := db.Exec("INSERT INTO orders VALUES (1, 4)")
			fine(t, err)
			r := in(t, w.does("olaf", undo, ch), change.Planned)
			if why := w.why(r, "impossible"); r.Plan.Counts.Delete != 0 || len(why) != 1 || !strings.Contains(fmt.Sprint(why), c.why) {
				t.Errorf("%+v, %v", r.Plan.Counts, why)
			}
			w.mayNot("olaf", submit, r, errs.Blocked, "change nothing")
		})
	}
}

// What a reversal would bring back and the system would refuse is named in its
// plan: a unique value that another row has now, a reference to what is gone.
func TestUndoOfValuesThatCannotComeBack(t *testing.T) {
	t.Parallel()
	const setup = `CREATE TABLE country (code text PRIMARY KEY); INSERT INTO country VALUES ('DE'), ('NL');
		CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, vat text UNIQUE, country text REFERENCES country (code));
		INSERT INTO customer VALUES (1, 'Ann', 'v1', 'DE'), (2, 'Bob', 'v2', 'NL'), (3, 'Cid', 'v3', 'NL'), (4, 'Dot', 'v4', 'NL')`
	const since = `INSERT INTO customer VALUES (9, 'Zoe', 'v2', NULL); DELETE FROM country WHERE code = 'DE'; UPDATE customer SET vat = 'theirs' WHERE id = 3`
	const file = "id,vat,country\n1,w1,NL\n2,w2,NL\n3,v4,NL\n4,v3,NL\n"
	check := func(w *world, edit func(string)) {
		w.t.Helper()
		c := w.applied(w.t, "maria", "olaf", w.propose("maria", file, upsert))
		edit(since)
		r := in(w.t, w.does("olaf", undo, c), change.Planned)
		if n := r.Plan.Counts; n.Update != 1 || *n.Kept != 1 || *n.Impossible != 2 {
			w.t.Errorf("counts %+v: %v %v", n, w.why(r, "impossible"), w.why(r, "update"))
		}
		why := w.why(r, "impossible")
		if !strings.Contains(why["1"], "country refers to a row") || !strings.Contains(why["2"], "another row has its vat") {
			w.t.Errorf("why: %v", why)
		}
		in(w.t, w.does("olaf", apply, w.does("olaf", submit, r)), change.Applied)
	}
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		b := newBusy(t, setup)
		check(b.world, func(q string) { b.exec(t, q) })
	})
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, plain)
		w.sql(`DROP TABLE customer; ` + setup)
		check(w, func(q string) { w.sql(q) })
	})
}

// A column added since: it is in nobody's way while it is empty; a row that has a
// value in it is not deleted, for nobody could bring that back.
func TestUndoAfterAColumnWasAdded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain)
	c := w.applied(t, "maria", "olaf", w.propose("maria", edit, upsert))
	w.sql(`ALTER TABLE customer ADD COLUMN phone TEXT; UPDATE customer SET phone = '123' WHERE id IN (2, 9)`)
	r := in(t, w.does("olaf", undo, c), change.Planned)
	w.left(r, "kept", "added since", "9")
	w.left(r, "update", "", "1", "2")
	w.left(r, "delete", "", "8")
	in(t, w.does("olaf", apply, w.does("olaf", submit, r)), change.Applied)
	if got := w.value("phone", 2) + " " + w.value("name", 2) + " " + w.value("phone", 9); got != "123 Bob 123" {
		t.Error(got)
	}
}

// What an undo would need and is not kept any more: it is said before the button,
// and refused before it starts.
func TestUndoOfWhatWasPurged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.applied(t, "maria", "olaf", w.propose("maria", edit, upsert))
	if u := w.see(t, "olaf", c).Undo; !u.Possible {
		t.Fatalf("undo is said to be %+v", u)
	}
	stored := w.stored(c)
	m, err := plan.ParseManifest(w.artefact(t, stored.Plan.Digest))
	fine(t, err)
	back := w.purge(m.File)
	w.mayNot("olaf", undo, c, errs.Blocked, "not kept any more")
	back()
	defer w.purge(stored.Result.Stored)() // at the end the evidence wants it
	now := w.see(t, "olaf", c)
	if now.Undo.Possible || !strings.Contains(now.Undo.Why, "not kept any more") || may(now, change.ActUndo) {
		t.Errorf("undo is said to be %+v, and may be %v", now.Undo, now.May)
	}
	w.mayNot("olaf", undo, c, errs.Blocked, "not kept any more")
	all, err := w.w.Changes(ctx, w.as("aud"), workflow.Filter{})
	fine(t, err)
	if len(all) != 1 {
		t.Errorf("there are %d changes: an undo began", len(all))
	}
}

// far are artefacts that are kept elsewhere: to read one takes as long as it is large.
type far struct {
	workflow.Artifacts
	t tb
}

func (f far) Open(ctx context.Context, d record.Digest) (io.ReadCloser, error) {
	f.t.Errorf("read: %s", d)
	return f.Artifacts.Open(ctx, d)
}

func (f far) Local(ctx context.Context, d record.Digest) (string, func(), error) {
	f.t.Errorf("fetched: %s", d)
	return f.Artifacts.Local(ctx, d)
}

// Nothing is fetched to say what can be undone, of one change and of all.
func TestUndoIsSaidWithoutReading(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.applied(t, "maria", "olaf", w.propose("maria", edit, upsert))
	deps := w.deps
	w.deps.Artifacts = far{deps.Artifacts, t}
	elsewhere := w.restart("elsewhere")
	w.deps = deps
	all, err := elsewhere.w.Changes(ctx, w.as("aud"), workflow.Filter{})
	fine(t, err)
	if one := elsewhere.see(t, "olaf", c); !one.Undo.Possible || len(all) != 1 || !all[0].Undo.Possible {
		t.Errorf("undo is said to be %+v, in the list %+v", one.Undo, all)
	}
}

// purge takes an artefact away, and gives it back.
func (w *world) purge(d record.Digest) (back func()) {
	w.t.Helper()
	path, release, err := w.deps.Artifacts.Local(ctx, d)
	fine(w.t, err)
	release()
	fine(w.t, os.Rename(path, path+".away"))
	return func() { fine(w.t, os.Rename(path+".away", path)) }
}

func may(c wire.Change, a change.Act) bool {
	for _, name := range c.May {
		if name == string(a) {
			return true
		}
	}
	return false
}
