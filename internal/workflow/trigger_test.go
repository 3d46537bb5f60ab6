package workflow_test

import (
	"strings"
	"testing"

	"sutor/internal/change"
	"sutor/internal/finding"
)

// stamped is a table that the database itself writes to as well.
const stamped = `CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, note text DEFAULT 'none', code char(4), updated_at timestamp(0) NOT NULL DEFAULT '2026-01-01 00:00:00',
		seen int NOT NULL DEFAULT 0, loud text GENERATED ALWAYS AS (upper(name)) STORED);
	INSERT INTO customer (id, name, code) VALUES (1, 'Ann', 'a'), (2, 'Bob', 'b'), (3, 'Cid', NULL)`

// trigger writes a trigger of the table, whose body sets columns of NEW or does
// more.
func trigger(when, body string) string {
	return `; CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ` + body + ` RETURN NEW; END $$;
		CREATE TRIGGER act ` + when + ` ON customer FOR EACH ROW EXECUTE FUNCTION act()`
}

// Triggers that store something else than was approved, before the row is written
// or after: nothing is written, and a finding says which column.
func TestTriggersOnApprovedColumns(t *testing.T) {
	t.Parallel()
	const file = "id,name,updated_at\n1,Anna,2026-02-02 10:00:00\n9,Zoe,2026-02-02 10:00:00\n"
	for _, c := range []struct{ name, setup, column string }{
		{"before", trigger("BEFORE UPDATE", "NEW.name := NEW.name || '!';"), "name"},
		{"before an insert", trigger("BEFORE INSERT", "NEW.name := NEW.name || '!';"), "name"},
		{"after", trigger("AFTER UPDATE", "IF NEW.name NOT LIKE '%!' THEN UPDATE customer SET name = NEW.name || '!' WHERE id = NEW.id; END IF;"), "name"},
		{"the time of the last change", trigger("BEFORE UPDATE", "NEW.updated_at := now();"), "updated_at"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBusy(t, stamped)
			before := b.dump("customer")
			ch := b.approvedIn(file)
			b.exec(t, strings.TrimPrefix(c.setup, ";"))
			ch = b.does("maria", apply, ch)
			b.failed(ch, 5, c.column)
			if f := only(t, ch, finding.AsStored); f.Column != c.column || f.Severity != finding.Block {
				t.Errorf("finding %+v", f)
			}
			if b.dump("customer") != before {
				t.Errorf("something was written:\n%s", b.dump("customer"))
			}
		})
	}
}

// Triggers on other columns are the database's own business, whether the file has
// these columns or not: the undo takes back what was approved, and no more.
func TestTriggersOnOtherColumns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, setup, file string }{
		{"a column not in the file", trigger("BEFORE INSERT OR UPDATE", "NEW.seen := OLD.seen + 1;"), "id,name\n1,Anna\n2,Bobby\n"},
		{"the last change, not in the file", trigger("BEFORE UPDATE", "NEW.updated_at := clock_timestamp();"), "id,name\n1,Anna\n2,Bobby\n"},
		{"the last change, in the file as it was", trigger("BEFORE UPDATE", "NEW.updated_at := now();"), "id,name,updated_at\n1,Anna,2026-01-01 00:00:00\n2,Bobby,2026-01-01 00:00:00\n"},
		{"after the row was written", trigger("AFTER UPDATE OF name", "UPDATE customer SET note = 'by trigger' WHERE id = NEW.id;"), "id,name,note\n1,Anna,none\n2,Bobby,none\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBusy(t, stamped+c.setup)
			ch := b.applied(t, "maria", "olaf", b.propose("maria", c.file, upsert))
			if got := b.read(`SELECT string_agg(name, ' ' ORDER BY id) FROM customer`); got != "Anna Bobby Cid" {
				t.Errorf("applied: %s", got)
			}
			r := b.undone(t, "olaf", ch)
			if n := r.Plan.Counts; n.Update != 2 || *n.Kept != 0 {
				t.Errorf("counts of the undo: %+v", n)
			}
			if got := b.read(`SELECT string_agg(name, ' ' ORDER BY id) FROM customer`); got != "Ann Bob Cid" {
				t.Errorf("undone: %s", got)
			}
		})
	}
}

// What the database fills in or rounds: defaults and generated columns are its
// own, char(n) is equal without its blanks, and a fraction that a column cannot
// hold is told before anything is written.
func TestWhatTheDatabaseFillsIn(t *testing.T) {
	t.Parallel()
	b := newBusy(t, stamped)
	before := b.dump("customer")
	same := in(t, b.propose("maria", "id,code,loud,updated_at\n1,a,ANN,2026-01-01T00:00:00.000\n2,\"b  \",BOB,2026-01-01 00:00\n", upsert), change.Planned)
	if n := same.Plan.Counts; n.Unchanged != 2 || len(same.Findings) > 0 {
		t.Errorf("counts %+v, findings %+v", n, same.Findings)
	}
	for file, want := range map[string]string{
		"id,updated_at\n1,2026-02-02 10:00:00.5\n": finding.Value,
		"id,loud\n1,Other\n":                       finding.NotWritable,
		"id,code\n1,longer\n":                      finding.Value,
	} {
		if f := only(t, b.propose("maria", file, upsert), want); f.Severity != finding.Block {
			t.Errorf("%q: %+v", file, f)
		}
	}
	c := b.applied(t, "maria", "olaf", b.propose("maria", "id,name,code\n8,Eve,e\n9,Zoe,\n", upsert))
	if got := b.read(`SELECT string_agg(note || loud || updated_at, ' ' ORDER BY id) FROM customer WHERE id > 3`); got != "noneEVE2026-01-01 00:00:00 noneZOE2026-01-01 00:00:00" {
		t.Errorf("inserted: %s", got)
	}
	r := b.undone(t, "olaf", c)
	if b.dump("customer") != before {
		t.Errorf("undone:\n%s", b.dump("customer"))
	}
	b.does("maria", undo, r) // and back again: columns that the database numbers or computes are not given
	again := b.see(t, "maria", r)
	c, err := b.w.Change(ctx, b.as("maria"), change.ID(*again.ReversedBy), 0)
	fine(t, err)
	in(t, b.does("maria", apply, b.does("olaf", approve, b.does("maria", submit, c))), change.Applied)
	if got := b.read(`SELECT string_agg(name || note || loud, ' ' ORDER BY id) FROM customer WHERE id > 3`); got != "EvenoneEVE ZoenoneZOE" {
		t.Errorf("undone twice: %s", got)
	}
}
