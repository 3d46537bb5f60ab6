package workflow_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/finding"
	"sutor/internal/system/driver"
	"sutor/internal/wire"
)

var try act = func(w *world, p access.Principal, c wire.Change) (wire.Change, error) {
	return w.w.Try(ctx, p, change.ID(c.ID))
}

// many gives a file of customers from 10 on, whose notes are the given ones at
// some rows.
func many(n int, notes map[int]string) string {
	var b strings.Builder
	b.WriteString("id,name,note\n")
	for i := range n {
		fmt.Fprintf(&b, "%d,N%d,%s\n", 10+i, i, notes[i])
	}
	return b.String()
}

// constraints gives what a trial found of the system's own rules.
func constraints(c wire.Change) (all []finding.Finding) {
	for _, f := range c.Findings {
		if f.Guardrail == finding.Constraint {
			told := finding.Finding{Column: f.Column, Rows: f.Rows, Ranges: f.Ranges, Who: f.Who, Message: f.Message}
			all = append(all, told)
		}
	}
	return all
}

// What the system itself refuses is told before the owner is asked: which rows,
// which column, who can mend it. Nothing of the trial stays.
func TestTrialNamesTheRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain)
	w.sql(`CREATE TRIGGER no_bad BEFORE INSERT ON customer WHEN NEW.note = 'bad' BEGIN SELECT RAISE(ABORT, 'no bad notes'); END`)
	before := w.dump("customer")
	c := w.propose("maria", many(100, map[int]string{17: "bad", 18: "bad", 90: "bad"}), upsert)
	if c.Trial == nil || c.Trial.Outcome != "none" || !strings.Contains(c.Trial.Why, "sequences") {
		t.Errorf("the maker is not told before: %+v", c.Trial)
	}
	w.mayNot("maria", submit, c, errs.Blocked, "no bad notes")
	c = in(t, w.see(t, "maria", c), change.Planned)
	got := constraints(c)
	if len(got) != 1 || got[0].Rows != 3 || strings.Join(got[0].Ranges, " ") != "19-20 92" || got[0].Who != finding.Steward {
		t.Errorf("found %+v", got)
	}
	for _, f := range c.Findings {
		told(t, f.Message+f.Mend)
		if f.Guardrail == finding.Constraint && (len(f.Examples) != 3 || f.Examples[0].Key != "27") {
			t.Errorf("examples %+v", f.Examples)
		}
	}
	if w.dump("customer") != before {
		t.Errorf("the trial left something:\n%s", w.dump("customer"))
	}
	w.sql(`DROP TRIGGER no_bad`)
	c = in(t, w.does("maria", submit, c), change.Submitted)
	if c.Trial.Outcome != "passed" || len(constraints(c)) > 0 || w.dump("customer") != before {
		t.Errorf("trial %+v, findings %+v", c.Trial, constraints(c))
	}
}

// A trigger that rolls the whole transaction back would let what is written next
// be committed at once.
func TestTrialMeetsATriggerThatRollsBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain)
	w.sql(`CREATE TRIGGER no_bad BEFORE INSERT ON customer WHEN NEW.note = 'bad' BEGIN SELECT RAISE(ROLLBACK, 'no bad notes'); END`)
	before := w.dump("customer")
	c := w.propose("maria", many(20, map[int]string{7: "bad"}), upsert)
	_, err := submit(w, w.as("maria"), c)
	if err == nil {
		t.Error("it was submitted")
	}
	if w.dump("customer") != before {
		t.Errorf("the trial left something:\n%s", w.dump("customer"))
	}
}

func TestTrialMeetsMovedRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.propose("maria", edit, upsert)
	w.sql(`UPDATE customer SET name = 'Annabel' WHERE id = 1`)
	w.mayNot("maria", submit, c, errs.Changed, "not what the plan says")
	c = w.see(t, "maria", c)
	if f := only(t, c, finding.Moved); f.Rows != 1 || c.Trial.Outcome != "moved" {
		t.Errorf("%+v, %+v", f, c.Trial)
	}
	c = w.does("maria", replan, c)
	if c.Trial.Outcome != "none" {
		t.Errorf("the trial of another plan is told: %+v", c.Trial)
	}
	in(t, w.does("maria", submit, c), change.Submitted)
}

// Who may try, and when; a trial moves nothing and leaves a leaf.
func TestTrialOnRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.propose("maria", edit, upsert)
	before := w.dump("customer")
	for _, who := range []string{"mona", "eva", "aud", "ivan"} {
		w.mayNot(who, try, c, errs.Forbidden, "tried by its maker or an owner")
	}
	w.mayNot("fred", try, c, errs.NotFound, "")
	for range 2 {
		if c = in(t, w.does("olaf", try, c), change.Planned); c.Trial.Outcome != "passed" || c.Trial.By != "olaf@example.test" {
			t.Errorf("%+v", c.Trial)
		}
	}
	c = w.does("olaf", try, w.does("maria", submit, c))
	c = in(t, w.does("maria", try, w.does("olaf", approve, c)), change.Approved)
	if w.dump("customer") != before {
		t.Error("a trial wrote something")
	}
	in(t, w.does("maria", apply, c), change.Applied)
	w.mayNot("maria", try, c, errs.Blocked, "cannot be tried")
}

// A system that is busy, or a dataset that is frozen, is no reason not to submit.
func TestTrialThatCannotBeMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company).waits(driver.Options{LockSeconds: 1})
	c := w.propose("maria", edit, upsert)
	tx, err := w.shop.Begin()
	fine(t, err)
	_, err = tx.Exec(`UPDATE customer SET note = note WHERE id = 4`)
	fine(t, err)
	c = in(t, w.does("maria", submit, c), change.Submitted)
	fine(t, tx.Rollback())
	if c.Trial.Outcome != "unknown" || !strings.Contains(c.Trial.Why, "locked") {
		t.Errorf("%+v", c.Trial)
	}
	c = w.propose("maria", edit, upsert)
	_, err = w.w.Freeze(ctx, w.as("olaf"), "customers", "wait")
	fine(t, err)
	w.mayNot("maria", try, c, errs.Blocked, "froze")
	in(t, w.does("maria", submit, c), change.Submitted)
}

// judged is a table whose rules PostgreSQL judges at once or at the commit.
const judged = `CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, note text, CONSTRAINT short CHECK (length(note) < 6));
	INSERT INTO customer VALUES (1, 'Ann', 'a'), (2, 'Bob', 'b'), (3, 'Cid', 'c');
	CREATE SEQUENCE seen;
	CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		PERFORM nextval('seen');
		IF NEW.name LIKE 'L%' THEN RAISE 'value %', NEW.name; END IF;
		IF NEW.name LIKE 'U%' THEN RAISE 'value %', NEW.name USING ERRCODE = 'U0001'; END IF; RETURN NULL; END $$;
	CREATE CONSTRAINT TRIGGER late AFTER INSERT OR UPDATE ON customer DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late()`

func TestTrialOnPostgres(t *testing.T) {
	t.Parallel()
	b := newBusy(t, judged)
	before := b.dump("customer")
	for _, c := range []struct {
		name, file, rows, column, who string
	}{
		{"a check", "id,name,note\n1,Ann,a\n2,Bob,too long\n3,Cid,x\n8,Eve,longer too\n", "3 5", "note", finding.Maker},
		{"judged at the commit", "id,name\n1,Lea\n2,Bobby\n8,Eve\n9,Lou\n", "2 5", "", finding.Steward},
		{"with a code of its own", "id,name\n1,Uwe\n2,Bobby\n", "2", "", finding.Steward},
	} {
		ch := b.propose("maria", c.file, upsert)
		_, err := submit(b.world, b.as("maria"), ch)
		if errs.KindOf(err) != errs.Blocked {
			t.Fatalf("%s: %v", c.name, err)
		}
		told(t, errs.Public(err).Error())
		var rows []string
		for _, f := range constraints(b.see(t, "maria", ch)) {
			rows = append(rows, f.Ranges...)
			if f.Column != c.column || f.Who != c.who || strings.Contains(f.Message, "Lea") || strings.Contains(f.Message, "Uwe") {
				t.Errorf("%s: %+v", c.name, f)
			}
		}
		if strings.Join(rows, " ") != c.rows {
			t.Errorf("%s: rows %v, want %s", c.name, rows, c.rows)
		}
		if b.dump("customer") != before {
			t.Fatalf("%s: the trial left something:\n%s", c.name, b.dump("customer"))
		}
	}
	if b.read(`SELECT last_value::text FROM seen`) == "1" {
		t.Error("the sequence did not advance: the trigger was not fired, and what people are told is wrong")
	}
	in(t, b.does("maria", submit, b.propose("maria", "id,name\n1,Anna\n9,Zoe\n", upsert)), change.Submitted)
	if b.dump("customer") != before {
		t.Error("the trial left something")
	}
}

// The threat: something inside the system commits in the middle of a trial.
func TestAttackTrialThatCommits(t *testing.T) {
	t.Parallel()
	b := newBusy(t, judged+`; CREATE PROCEDURE sneak() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;
		CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN CALL sneak(); RETURN NEW; END $$;
		CREATE TRIGGER act AFTER UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION act()`)
	before := b.dump("customer")
	c := b.propose("maria", "id,name\n1,Anna\n2,Bobby\n", upsert)
	if _, err := submit(b.world, b.as("maria"), c); err == nil {
		t.Error("it was submitted")
	}
	if b.dump("customer") != before {
		t.Errorf("the trial was committed:\n%s", b.dump("customer"))
	}
}

// Whoever asked goes away, or the server is killed: the system ends the
// transaction, and nothing of it stays, nor is the row held.
func TestTrialThatIsCutOff(t *testing.T) {
	t.Parallel()
	b := newBusy(t, judged+`; CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_lock(7); RETURN NEW; END $$;
		CREATE TRIGGER act AFTER UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION act()`)
	before := b.dump("customer")
	c := b.propose("maria", "id,name\n1,Anna\n2,Bobby\n", upsert)
	conn, err := b.pool.Acquire(ctx)
	fine(t, err)
	defer conn.Release()
	_, err = conn.Exec(ctx, `SELECT pg_advisory_lock(7)`)
	fine(t, err)
	gone, cancel := context.WithCancel(ctx)
	ended := make(chan error)
	go func() {
		_, err := b.w.Submit(gone, b.as("maria"), change.ID(c.ID), "", "")
		ended <- err
	}()
	for b.read(`SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`) == "0" {
		time.Sleep(5 * time.Millisecond) // there is nothing to wait for but the lock's own queue
	}
	cancel()
	if err := <-ended; err == nil {
		t.Error("it was submitted")
	}
	_, err = conn.Exec(ctx, `SELECT pg_advisory_unlock(7)`)
	fine(t, err)
	b.exec(t, `SET lock_timeout = '5s'; UPDATE customer SET name = name`)
	if b.dump("customer") != before {
		t.Errorf("something stayed:\n%s", b.dump("customer"))
	}
	in(t, b.see(t, "maria", c), change.Planned)
	in(t, b.does("maria", submit, c), change.Submitted)
}

// What the system began to refuse only after the decision is told of the failed apply
// as of a trial: which rows, which column, who can mend it. Nothing is written.
func TestRefusedApplyNamesTheRows(t *testing.T) {
	t.Parallel()
	const setup = `CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, note text); INSERT INTO customer VALUES (1, 'Ann', 'a'), (2, 'Bob', 'b')`
	onBoth(t, setup, nil, func(w *world, sql func(string), dump func() string) {
		c := w.propose("maria", "id,name,note\n1,Ann,c\n2,Bobby,b\n7,Gus,x\n8,Hal,b\n9,Ida,c\n", upsert)
		c = in(w.t, w.does("olaf", approve, w.does("maria", submit, c)), change.Approved)
		sql(`CREATE UNIQUE INDEX once ON customer (note)`)
		before := dump()
		c = in(w.t, w.does("maria", apply, c), change.Failed)
		got := constraints(c)
		if len(got) != 1 || got[0].Rows != 2 || strings.Join(got[0].Ranges, " ") != "5-6" || got[0].Column != "note" || got[0].Who != finding.Maker {
			w.t.Errorf("found %+v", got)
		}
		for _, f := range c.Findings {
			told(w.t, f.Message+f.Mend)
		}
		if c.Problem == nil || c.Problem.Exit != 5 || !strings.Contains(c.Problem.Mend, "change findings "+c.ID) || c.Result.Failed != 5 || c.Result.Conflicts != 0 {
			w.t.Errorf("%+v, %+v", c.Problem, c.Result)
		}
		if dump() != before {
			w.t.Errorf("something was written:\n%s", dump())
		}
		sql(`DROP INDEX once`)
		c = in(w.t, w.does("maria", replan, c), change.Planned)
		if len(constraints(c)) > 0 {
			w.t.Errorf("the findings of the failed apply outlive it: %+v", c.Findings)
		}
		w.applied(w.t, "maria", "olaf", c)
	})
}

// What a system judges at its commit is looked for there.
func TestRefusedCommitNamesTheRows(t *testing.T) {
	t.Parallel()
	b := newBusy(t, `CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL); INSERT INTO customer VALUES (1, 'Ann'), (2, 'Bob')`)
	c := b.propose("maria", "id,name\n1,Lea\n2,Bobby\n9,Lou\n", upsert)
	c = in(t, b.does("olaf", approve, b.does("maria", submit, c)), change.Approved)
	b.exec(t, `CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.name LIKE 'L%' THEN RAISE 'no'; END IF; RETURN NULL; END $$;
		CREATE CONSTRAINT TRIGGER late AFTER INSERT OR UPDATE ON customer DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late()`)
	before := b.dump("customer")
	c = in(t, b.does("maria", apply, c), change.Failed)
	if got := constraints(c); len(got) != 1 || strings.Join(got[0].Ranges, " ") != "2 4" || got[0].Who != finding.Steward {
		t.Errorf("found %+v", got)
	}
	if b.dump("customer") != before {
		t.Error("something was written")
	}
}
