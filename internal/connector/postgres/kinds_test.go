package postgres_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sutor/internal/errs"
	"sutor/internal/system/driver"
)

// TestKindsOfTables: which of them are written, and why the others are not.
func TestKindsOfTables(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE u (id int PRIMARY KEY); CREATE VIEW v AS SELECT * FROM t; CREATE VIEW two AS SELECT t.id FROM t JOIN u USING (id);
		CREATE VIEW instead AS SELECT * FROM t; CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
		CREATE TRIGGER instead INSTEAD OF UPDATE ON instead FOR EACH ROW EXECUTE FUNCTION nothing();
		CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child (more text, PRIMARY KEY (id)) INHERITS (parent);
		CREATE TABLE parts (id int, region text, v text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
		CREATE TABLE parts_eu PARTITION OF parts FOR VALUES IN ('EU');
		CREATE TABLE indexed (code text NOT NULL, v text); CREATE UNIQUE INDEX codes ON indexed (code)`)
	for name, want := range map[string]string{
		"t": "", "child": "", "parts": "", "parts_eu": "", "indexed": "",
		"v": "It is a view; changes go to the tables behind it: public.t.", "two": "It is a view; changes go to the tables behind it: public.t, public.u.",
		"instead": "It is a view with INSTEAD OF triggers: what they make of a row could neither be compared with what was approved nor taken back. Changes go to the tables behind it: public.t.",
		"parent":  "Other tables inherit from it, and their rows count as its own, without its key holding among them: public.child.",
	} {
		if got := describe(t, d, name).ReadOnly; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if diff := cmp.Diff([][]string{{"code"}}, describe(t, d, "indexed").Uniques); diff != "" {
		t.Error(diff)
	}
}

// TestPartitions: rows go to the partition that they belong in, wherever it is, and
// come back; a row that belongs nowhere is refused, and what a trigger of a single
// partition does to a row is seen.
func TestPartitions(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE TABLE p (id int, region text, v text, PRIMARY KEY (region, id)) PARTITION BY LIST (region);
		CREATE TABLE p_eu PARTITION OF p FOR VALUES IN ('EU'); CREATE TABLE p_us PARTITION OF p FOR VALUES IN ('US', 'CA') PARTITION BY RANGE (id);
		CREATE TABLE p_us_low PARTITION OF p_us FOR VALUES FROM (0) TO (10); CREATE TABLE p_us_high PARTITION OF p_us FOR VALUES FROM (10) TO (20);
		INSERT INTO p VALUES (1, 'EU', 'a'), (1, 'US', 'b'), (11, 'CA', 'c');
		CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN UPDATE public.p SET v = upper(NEW.v) WHERE id = NEW.id AND region = NEW.region AND v <> upper(NEW.v); RETURN NULL; END';
		CREATE TRIGGER shout AFTER UPDATE ON p_us_high FOR EACH ROW EXECUTE FUNCTION shout()`)
	table := describe(t, d, "p")
	if got, want := sortedLines(fetch(t, d, table, []string{"region", "id"}, `1,"EU","1"`+"\n"+`2,"CA","11"`+"\n"+`3,"EU","2"`+"\n")), `"1","1","EU","a"`+"\n"+`"2","11","CA","c"`+"\n"; got != want {
		t.Errorf("fetched %q, want %q", got, want)
	}
	w := driver.Write{Op: driver.Update, Table: table.Table, Key: table.Columns.Pick([]string{"region", "id"}), Columns: table.Columns.Pick([]string{"v"})}
	o := write(t, d, w, `1,"1","CA","11","c","d"`+"\n"+`2,"1","EU","1","a","e"`+"\n")
	if want := `"1","CA","11","D"` + "\n"; o.err != nil || o.written != 2 || o.stored != want {
		t.Errorf("stored %+v, want %q", o, want)
	}
	w.Op = driver.Insert
	if o := write(t, d, w, `1,"1","CA","12",,"x"`+"\n"+`2,"1","EU","2",,"y"`+"\n"); o.err != nil || o.written != 2 {
		t.Errorf("inserted %+v", o)
	}
	var refusal *driver.Refusal
	if o := write(t, d, w, `1,"1","XX","1",,"x"`+"\n"); !errors.As(o.err, &refusal) || !strings.Contains(refusal.Message, "partition") {
		t.Errorf("a row without a partition: %+v", o)
	}
	w.Op = driver.Delete
	if o := write(t, d, w, `1,"1","CA","12","x",`+"\n"+`2,"1","EU","2","y",`+"\n"); o.err != nil || o.written != 2 {
		t.Errorf("deleted %+v", o)
	}
}

// TestMovedBetweenPartitions: a row that another session moves to another partition
// while it is waited for is not lost: the change is taken back, and may be tried again.
func TestMovedBetweenPartitions(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE TABLE p (id int, region text, v text, PRIMARY KEY (region, id)) PARTITION BY LIST (region);
		CREATE TABLE p_eu PARTITION OF p FOR VALUES IN ('EU'); CREATE TABLE p_us PARTITION OF p FOR VALUES IN ('US'); INSERT INTO p VALUES (1, 'EU', 'a')`)
	table := describe(t, d, "p")
	other, err := s.pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Exec(ctx, "UPDATE p SET region = 'US'"); err != nil {
		t.Fatal(err)
	}
	tx, err := d.Begin(ctx, driver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := driver.Write{Op: driver.Update, Table: table.Table, Key: table.Columns.Pick([]string{"region", "id"}), Columns: table.Columns.Pick([]string{"v"})}
	done := make(chan error, 1)
	go func() {
		_, conflicts, err := tx.Write(ctx, w, strings.NewReader(`1,"1","EU","1","a","b"`+"\n"), new(bytes.Buffer))
		if err == nil && len(conflicts) == 1 && conflicts[0].Gone {
			err = driver.ErrAgain // found gone: as good
		}
		done <- err
	}()
	s.awaitWaiter(t)
	if err := other.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, driver.ErrAgain) || errs.KindOf(err) == errs.Internal && err != driver.ErrAgain {
		t.Errorf("Write: %v, want to be told to try again", err)
	}
	if err := tx.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
}

// TestUniqueIndexAsKey: a table without a primary key is governed by a unique index
// over columns that are never NULL.
func TestUniqueIndexAsKey(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE TABLE t (code text NOT NULL, no int NOT NULL, v text); CREATE UNIQUE INDEX codes ON t (no, code); INSERT INTO t VALUES ('a', 1, 'x')`)
	table := describe(t, d, "t")
	w := driver.Write{Op: driver.Update, Table: table.Table, Key: table.Columns.Pick([]string{"no", "code"}), Columns: table.Columns.Pick([]string{"v"})}
	if o := write(t, d, w, `1,"1","1","a","x","y"`+"\n"); o.written != 1 || fetch(t, d, table, []string{"no", "code"}, "1,\"1\",\"a\"\n") != `"1","a","1","y"`+"\n" {
		t.Errorf("%+v", o)
	}
	w.Op = driver.Insert
	if o := write(t, d, w, `1,"1","1","a",,"y"`+"\n"); len(o.conflicts) != 1 {
		t.Errorf("the same key again: %+v, want a conflict", o)
	}
}
