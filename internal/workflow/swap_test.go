package workflow_test

import (
	"slices"
	"strings"
	"testing"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/finding"
	"sutor/internal/wire"
)

// coded is a table with a unique column of a definition.
func coded(definition string) string {
	return `CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, code text ` + definition + `, UNIQUE (code) %);
		INSERT INTO customer VALUES (1, 'Ann', 'a'), (2, 'Bob', 'b'), (3, 'Cid', 'c')`
}

// Rows pass unique values on to each other, in a ring and in a chain: where the
// system can be made to let them it is done, and undone; where it cannot, the plan
// says so.
func TestUniqueValuesTradePlaces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, definition, constraint, beside string
		blocks                               bool
	}{
		{"may be NULL", "", "", "", false},
		{"deferrable", "NOT NULL", "DEFERRABLE", "", false},
		{"deferred", "NOT NULL", "DEFERRABLE INITIALLY DEFERRED", "", false},
		{"must be there after every row", "NOT NULL", "", "", true},
		{"may be NULL, and is referred to", "", "", `; CREATE TABLE contact (code text REFERENCES customer (code) ON UPDATE CASCADE)`, true},
	} {
		setup := strings.Replace(coded(c.definition), "%", c.constraint, 1) + c.beside
		t.Run("postgres, "+c.name, func(t *testing.T) {
			t.Parallel()
			b := newBusy(t, setup)
			tradePlaces(b.world, func() string { return b.dump("customer") }, c.blocks)
		})
		if c.constraint != "" {
			continue // SQLite has no such constraints
		}
		t.Run("sqlite, "+c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, plain)
			w.sql(`DROP TABLE customer; ` + setup)
			tradePlaces(w, func() string { return w.dump("customer") }, c.blocks)
		})
	}
}

func tradePlaces(w *world, dump func() string, blocks bool) {
	w.t.Helper()
	for file, rows := range map[string]string{
		"id,name,code\n1,Ann,b\n2,Bobby,c\n3,Cid,a\n":               "2-4",
		"id,code\n1,b\n2,a\n":                                       "2-3",
		"id,code\n1,b\n2,c\n3,d\n":                                  "2-3",
		"id,name,code\n1,Ann,b\n2,Bob,d\n4,Dot,a\n5,Eve,c\n3,Cid,e": "2",
	} {
		before := dump()
		c := in(w.t, w.propose("maria", file, upsert), change.Planned)
		if blocks {
			// Rows that would take what these then do not give up are not unique either.
			i := slices.IndexFunc(c.Findings, func(f finding.Finding) bool { return f.Guardrail == finding.UniqueSwap })
			if i < 0 || strings.Join(c.Findings[i].Ranges, ",") != rows || c.Findings[i].Severity != finding.Block {
				w.t.Errorf("%q: %+v, want %s in rows %s", file, c.Findings, finding.UniqueSwap, rows)
			}
			continue
		}
		if len(c.Findings) > 0 {
			w.t.Fatalf("%q: findings %+v", file, c.Findings)
		}
		c = w.applied(w.t, "maria", "olaf", c)
		if again := in(w.t, w.propose("maria", file, upsert), change.Planned); again.Plan.Counts.Unchanged != int64(strings.Count(strings.TrimSpace(file), "\n")) {
			w.t.Errorf("%q: it was not stored: %+v", file, again.Plan.Counts)
		}
		w.undone(w.t, "olaf", c)
		if got := dump(); got != before {
			w.t.Errorf("%q: undone\n%s\nwant\n%s", file, got, before)
		}
	}
}

// only gives a change's one finding, which is of a guardrail.
func only(t tb, c wire.Change, guardrail string) finding.Finding {
	t.Helper()
	if len(c.Findings) != 1 || c.Findings[0].Guardrail != guardrail {
		t.Fatalf("findings %+v, want one %s", c.Findings, guardrail)
	}
	return c.Findings[0]
}

// Rows of another table that follow a value (ON UPDATE) would change with it, and nobody
// has approved that: the plan stops there, and an undo leaves such a row alone.
func TestRowsThatFollow(t *testing.T) {
	t.Parallel()
	for rule, does := range map[string]string{"CASCADE": "would be changed with it", "SET NULL": "would lose the reference with it"} {
		setup := strings.Replace(coded(""), "%", "", 1) + `; CREATE TABLE contact (id int PRIMARY KEY, code text REFERENCES customer (code) ON UPDATE ` + rule + `);
			INSERT INTO contact VALUES (1, 'b')`
		t.Run("postgres, "+rule, func(t *testing.T) {
			t.Parallel()
			b := newBusy(t, setup)
			follow(b.world, does, func(sql string) { b.exec(b.t, sql) }, func() string { return b.dump("customer") + b.dump("contact") })
		})
		t.Run("sqlite, "+rule, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, plain)
			w.sql(`DROP TABLE customer; ` + setup)
			follow(w, does, func(sql string) { w.sql(sql) }, func() string { return w.dump("customer") + w.dump("contact") })
		})
	}
}

func follow(w *world, does string, sql func(string), dump func() string) {
	w.t.Helper()
	before := dump()
	c := in(w.t, w.propose("maria", "id,code\n1,x\n2,y\n", upsert), change.Planned)
	if f := only(w.t, c, finding.Referred); f.Severity != finding.Block || strings.Join(f.Ranges, ",") != "3" || f.Column != "code" || !strings.Contains(f.Message, does) || f.Mend == "" {
		w.t.Errorf("%+v", f)
	}
	w.mayNot("maria", submit, c, errs.Blocked, does)
	if got := dump(); got != before {
		w.t.Errorf("planned only, and there is\n%s\ninstead of\n%s", got, before)
	}
	c = w.applied(w.t, "maria", "olaf", w.propose("maria", "id,name,code\n1,Ann,x\n2,Bobby,b\n", upsert))
	sql(`INSERT INTO contact VALUES (2, 'x')`)
	applied := dump()
	back := in(w.t, w.does("olaf", undo, c), change.Planned)
	if n := back.Plan.Counts; n.Update != 1 || n.Impossible == nil || *n.Impossible != 1 {
		w.t.Errorf("taken back: %+v", n)
	}
	in(w.t, w.does("olaf", apply, in(w.t, w.does("olaf", submit, back), change.Approved)), change.Applied)
	if got, want := dump(), strings.Replace(applied, "Bobby", "Bob", 1); got != want {
		w.t.Errorf("undone\n%s\nwant\n%s", got, want)
	}
}
