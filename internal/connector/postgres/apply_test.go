package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"sutor/internal/errs"
	"sutor/internal/system/driver"
)

func writeOf(op driver.Op, table driver.Table) driver.Write {
	w := driver.Write{Op: op, Table: table.Table, Key: table.Columns.Pick(table.PrimaryKey)}
	for _, c := range table.Columns {
		if w.Key.Index(c.Name) < 0 {
			w.Columns = append(w.Columns, c)
		}
	}
	return w
}

type outcome struct {
	written   int64
	stored    string
	conflicts []driver.Conflict
	err       error // of Begin, Write or Commit
}

// write writes records in a transaction of their own and commits it where
// nothing stands in the way.
func write(t *testing.T, d driver.Driver, w driver.Write, records string) (o outcome) {
	t.Helper()
	tx, err := d.Begin(ctx, driver.Options{LockSeconds: 10})
	if err != nil {
		return outcome{err: err}
	}
	var out bytes.Buffer
	o.written, o.conflicts, o.err = tx.Write(ctx, w, strings.NewReader(records), &out)
	o.stored = out.String()
	if o.err != nil || len(o.conflicts) > 0 {
		if err := tx.Rollback(ctx); err != nil {
			t.Errorf("Rollback: %v", err)
		}
		return o
	}
	o.err = tx.Commit(ctx)
	return o
}

// awaitWaiter waits until a session of the driver waits for a lock: the server
// gives no signal, so it is asked.
func (s *system) awaitWaiter(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for waiting := false; !waiting; {
		err := s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'sutor' AND datname = current_database() AND wait_event_type = 'Lock')`).Scan(&waiting)
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("no session waits for a lock (%v)", err)
		}
	}
}

// TestJudgedInsideTheWrite: another session changes the row while the write
// waits for its lock; the write must see the change.
func TestJudgedInsideTheWrite(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		op              driver.Op
		meanwhile, rows string
		want            []driver.Conflict
	}{
		"update, changed":         {driver.Update, "UPDATE t SET v = 'theirs' WHERE id = 1", `1,"1","1","a","ours"`, []driver.Conflict{{Number: 1}}},
		"update, deleted":         {driver.Update, "DELETE FROM t WHERE id = 1", `1,"1","1","a","ours"`, []driver.Conflict{{Number: 1, Gone: true}}},
		"update, other column":    {driver.Update, "UPDATE t SET other = 1 WHERE id = 1", `1,"1","1","a","ours"`, nil},
		"delete, changed":         {driver.Delete, "UPDATE t SET v = 'theirs' WHERE id = 1", `1,"1","1","a",`, []driver.Conflict{{Number: 1}}},
		"insert, key taken first": {driver.Insert, "INSERT INTO t VALUES (2, 'theirs')", `1,"1","2",,"ours"`, []driver.Conflict{{Number: 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, d := open(t)
			s.Exec(t, `CREATE TABLE t (id int PRIMARY KEY, v text, other int); INSERT INTO t VALUES (1, 'a')`)
			w := writeOf(c.op, describe(t, d, "t"))
			w.Columns = w.Columns[:1]
			other, err := s.pool.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := other.Exec(ctx, c.meanwhile); err != nil {
				t.Fatal(err)
			}
			done := make(chan outcome, 1)
			go func() { done <- write(t, d, w, c.rows+"\n") }()
			s.awaitWaiter(t)
			if err := other.Commit(ctx); err != nil {
				t.Fatal(err)
			}
			o := <-done
			if o.err != nil || fmt.Sprint(o.conflicts) != fmt.Sprint(c.want) {
				t.Errorf("conflicts %v, error %v; want %v", o.conflicts, o.err, c.want)
			}
		})
	}
}

// TestCancelledWhileWaiting: the write ends at once, nothing is written, and the
// driver goes on working.
func TestCancelledWhileWaiting(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')`)
	table := describe(t, d, "t")
	release := s.Lock(t, table.Table)
	tx, err := d.Begin(ctx, driver.Options{LockSeconds: 60})
	if err != nil {
		t.Fatal(err)
	}
	until, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		_, _, err := tx.Write(until, writeOf(driver.Update, table), strings.NewReader(`1,"1","1","a","b"`+"\n"), new(bytes.Buffer))
		done <- err
	}()
	s.awaitWaiter(t)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Write: %v, want cancelled", err)
	}
	if err := tx.Rollback(until); err != nil {
		t.Errorf("Rollback: %v", err)
	}
	release()
	if got := fetch(t, d, table, []string{"id"}, "1,\"1\"\n"); got != `"1","1","a"`+"\n" {
		t.Errorf("the table holds %q", got)
	}
}

// TestTriggers: what a trigger makes of a row is what is given back, and a row
// it keeps back is not passed over in silence. Its function uses a table
// without a schema, as the user's own search_path allows.
func TestTriggers(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE seen (v text); INSERT INTO t VALUES (1, 'a'), (2, 'keep');
		CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF OLD.v = 'keep' THEN RETURN NULL; END IF;
			IF NEW.v = 'move' THEN NEW.id := NEW.id + 100; END IF;
			IF NEW.v = 'no' THEN RAISE EXCEPTION 'not the secret %', NEW.v; END IF;
			INSERT INTO seen VALUES (NEW.v); NEW.v := upper(NEW.v); RETURN NEW; END $$;
		CREATE TRIGGER shout BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION shout()`)
	table := describe(t, d, "t")
	if o := write(t, d, writeOf(driver.Update, table), `5,"1","1","a","b"`+"\n"); o.err != nil || o.stored != `"5","1","B"`+"\n" {
		t.Errorf("update: %+v", o)
	}
	if o := write(t, d, writeOf(driver.Insert, table), `6,"1","7",,"c"`+"\n"); o.err != nil || o.stored != `"6","7","C"`+"\n" {
		t.Errorf("insert: %+v", o)
	}
	for name, o := range map[string]outcome{
		"a row kept back":  write(t, d, writeOf(driver.Update, table), `1,"1","2","keep","x"`+"\n"),
		"another key":      write(t, d, writeOf(driver.Insert, table), `1,"1","8",,"move"`+"\n"),
		"raises exception": write(t, d, writeOf(driver.Insert, table), `1,"1","9",,"no"`+"\n"),
	} {
		var refusal *driver.Refusal
		if !errors.As(o.err, &refusal) || strings.Contains(errs.Detail(o.err), "secret") {
			t.Errorf("%s: %+v, want a refusal without values, in its causes too", name, o)
		}
	}
}

// TestRaised: whatever code a function of the database raises an error with, it is that
// function's no: never a fault of ours, nor a rule of the table, nor the server's state.
func TestRaised(t *testing.T) {
	t.Parallel()
	const no, nothing = "A trigger or function of the database does not allow this.", "A trigger, rule or function of the database refers to something that is not there."
	for body, want := range map[string]string{
		"RAISE EXCEPTION 'the secret %', NEW.v":                                                           no,
		"RAISE EXCEPTION 'the secret %', NEW.v USING ERRCODE = 'check_violation'":                         no,
		"RAISE EXCEPTION 'the secret %', NEW.v USING ERRCODE = 'unique_violation'":                        no,
		"RAISE EXCEPTION 'the secret %', NEW.v USING ERRCODE = 'not_null_violation', COLUMN = 'v'":        no,
		"RAISE EXCEPTION 'the secret %', NEW.v USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'c'": no,
		"RAISE EXCEPTION 'the secret %', NEW.v USING ERRCODE = 'insufficient_privilege'":                  no,
		"RAISE EXCEPTION 'the secret %', NEW.v USING ERRCODE = 'invalid_password'":                        no,
		"RAISE EXCEPTION 'the secret %', NEW.v USING ERRCODE = 'U0001'":                                   no,
		"RAISE EXCEPTION 'the secret %', NEW.v USING ERRCODE = '99999'":                                   no,
		"RAISE EXCEPTION 'the secret %', NEW.v USING ERRCODE = 'ERR01'":                                   no,
		"RAISE EXCEPTION 'the secret %', NEW.v USING ERRCODE = 'syntax_error'":                            no,
		"RAISE EXCEPTION 'the secret %', NEW.v USING ERRCODE = 'internal_error'":                          no,
		"RAISE division_by_zero":                         no,
		"SELECT v INTO STRICT NEW.v FROM t WHERE id = 7": no,
		"SELECT v INTO STRICT NEW.v FROM t":              no,
		"ASSERT NEW.v = 'a', 'the secret'":               no,
		"SELECT v INTO NEW.v FROM gone":                  nothing,
		"INSERT INTO t VALUES (1, 'a')":                  "Another row already has these values of id, which the rule t_pkey of the table t allows only once.",
		"BEGIN RAISE EXCEPTION 'the secret %', NEW.v USING ERRCODE = 'U0001'; EXCEPTION WHEN OTHERS THEN RAISE; END": no,
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			s, d := open(t)
			s.Exec(t, `CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'), (2, 'a');
				CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN `+body+`; RETURN NEW; END $$;
				CREATE TRIGGER act BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION act()`)
			o := write(t, d, writeOf(driver.Update, describe(t, d, "t")), `1,"1","1","a","b"`+"\n")
			var refusal *driver.Refusal
			if !errors.As(o.err, &refusal) || refusal.Message != want || strings.Contains(errs.Detail(o.err), "secret") {
				t.Errorf("%+v, want %q without values, in its causes too", o, want)
			}
		})
	}
}

// TestRulesOfDomains: they are told by the type that they are of.
func TestRulesOfDomains(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE DOMAIN share AS int NOT NULL CONSTRAINT "at most all" CHECK (VALUE <= 100); CREATE TABLE t (id int PRIMARY KEY, v share)`)
	table := describe(t, d, "t")
	for value, want := range map[string]string{
		`"101"`: "A value breaks a rule of the database: the rule at most all of the type share does not allow it.",
		"":      "A column of the type share needs a value.",
	} {
		var refusal *driver.Refusal
		if o := write(t, d, writeOf(driver.Insert, table), `1,"1","1",,`+value+"\n"); !errors.As(o.err, &refusal) || refusal.Message != want {
			t.Errorf("%s: %+v, want %q", value, o.err, want)
		}
	}
}

// TestDeferredConstraint: a constraint that is checked at COMMIT refuses there.
func TestDeferredConstraint(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, p int CONSTRAINT "my fk" REFERENCES p DEFERRABLE INITIALLY DEFERRED)`)
	var refusal *driver.Refusal
	if o := write(t, d, writeOf(driver.Insert, describe(t, d, "t")), `1,"1","1",,"4"`+"\n"); !errors.As(o.err, &refusal) || refusal.Constraint != "my fk" || o.written != 1 {
		t.Errorf("%+v, want a refusal by my fk at commit", o)
	}
}

// TestManyDefaults: every combination of given and defaulted columns, more than
// fit in one statement, with rows that refer to each other.
func TestManyDefaults(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE TABLE t (id int PRIMARY KEY, c1 int DEFAULT 1, c2 int DEFAULT 2, c3 int DEFAULT 3, c4 int DEFAULT 4, c5 int DEFAULT 5, c6 int DEFAULT 6, parent int REFERENCES t)`)
	var rows, want strings.Builder
	for i := range 64 {
		mask := fmt.Sprintf("%06b", i)
		fmt.Fprintf(&rows, "%d,\"%s%d\",\"%[1]d\",,,,,,,,", i, mask, min(i%2, 1))
		fmt.Fprintf(&want, `"%d"`, i)
		for c := range mask {
			fmt.Fprintf(&rows, `"%d",`, 100+c)
			fmt.Fprintf(&want, `,"%d"`, map[byte]int{'0': c + 1, '1': 100 + c}[mask[c]])
		}
		if i%2 == 1 {
			fmt.Fprintf(&rows, `"%d"`, i-1)
			fmt.Fprintf(&want, `,"%d"`, i-1)
		} else {
			want.WriteByte(',')
		}
		rows.WriteByte('\n')
		want.WriteByte('\n')
	}
	table := describe(t, d, "t")
	if o := write(t, d, writeOf(driver.Insert, table), rows.String()); o.err != nil || o.written != 64 {
		t.Fatalf("%d rows, %v", o.written, o.err)
	}
	var out bytes.Buffer
	if _, err := d.Export(ctx, table.Table, table.Columns[:1], table.Columns, &out); err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for line := range strings.Lines(out.String()) {
		_, row, _ := strings.Cut(line, ",")
		got.WriteString(row)
	}
	if got.String() != want.String() {
		t.Errorf("got\n%swant\n%s", got.String(), want.String())
	}
}

// TestFixedTextIsJudgedByBytes: padding does not count, but the case does, whatever the
// column's collation says.
func TestFixedTextIsJudgedByBytes(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
		CREATE DOMAIN code AS char(6) COLLATE ci; CREATE TABLE t (id int PRIMARY KEY, c char(6) COLLATE ci, d code); INSERT INTO t VALUES (1, 'Ada', 'Bob')`)
	w := writeOf(driver.Update, describe(t, d, "t"))
	for _, c := range []struct {
		row       string
		conflicts int
	}{{`1,"10","1","ada","Bob","Eve",`, 1}, {`1,"10","1","Ada","bob","Eve",`, 1}, {`1,"10","1","Ada ","Bob   ","Eve",`, 0}} {
		if o := write(t, d, w, c.row+"\n"); len(o.conflicts) != c.conflicts || o.err != nil || o.stored != "" {
			t.Errorf("%s: %+v, want %d conflicts", c.row, o, c.conflicts)
		}
	}
	s.Exec(t, `CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.d := upper(NEW.d); RETURN NEW; END $$;
		CREATE TRIGGER shout BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION shout()`)
	if o := write(t, d, w, `1,"10","1","Eve","Bob","Ada",`+"\n"); o.stored != `"1","1","Ada","BOB"`+"\n" {
		t.Errorf("another case is stored: %+v, want it told", o)
	}
}

// What is told of a row is written as a read of it: an address that a cast would give a
// mask has none.
func TestToldAsItIsRead(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE TABLE t (id inet PRIMARY KEY, a inet, b int DEFAULT 7)`)
	w := writeOf(driver.Insert, describe(t, d, "t"))
	if o := write(t, d, w, `1,"10","::1",,,"10.0.0.1",`+"\n"); o.err != nil || o.stored != `"1","::1","10.0.0.1","7"`+"\n" {
		t.Errorf("%+v", o)
	}
}

func TestKeyThatIsNotUnique(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE TABLE t (id int, v text); INSERT INTO t VALUES (1, 'a'), (1, 'a')`)
	table := describe(t, d, "t")
	w := driver.Write{Op: driver.Update, Table: table.Table, Key: table.Columns[:1], Columns: table.Columns[1:]}
	if o := write(t, d, w, `1,"1","1","a","b"`+"\n"); errs.KindOf(o.err) != errs.Invalid || o.err == nil {
		t.Errorf("%+v, want an invalid key", o)
	}
	w.Op = driver.Insert
	if o := write(t, d, w, `1,"1","1",,"b"`+"\n"); o.err != nil || len(o.conflicts) != 1 {
		t.Errorf("an existing key without an index: %+v, want a conflict", o)
	}
}

func TestBadStreams(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE TABLE t (id int PRIMARY KEY, v text DEFAULT 'd')`)
	w := writeOf(driver.Insert, describe(t, d, "t"))
	for _, rows := range []string{`1,"1","1",,"cut off`, `1,"1","1"` + "\n", `1,"11","1",,"a"` + "\n", `1,"","1",,"a"` + "\n", `1,"x","1",,"a"` + "\n", `1,"2","1",,"a"` + "\n", `1,"1","1",,"a"` + "\n" + `2,"11","2",,"b"` + "\n"} {
		if o := write(t, d, w, rows); o.err == nil {
			t.Errorf("%q was written", rows)
		}
	}
	if n, err := d.Count(ctx, w.Table); n != 0 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
	if o := write(t, d, w, ""); o.err != nil || o.written != 0 {
		t.Errorf("no rows: %+v", o)
	}
}

// TestToldWhereStoredOtherwise: of the rows that are written, those come back, whole,
// that the system stores otherwise than they say: in a column that they write or in
// another, by its limits, a default, a trigger or the case of a key.
func TestToldWhereStoredOtherwise(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ setup, rows, told string }{
		"as they say": {"", `1,"111111","1","a","1.00","abc","2026-01-01 10:00:00","x","1",,"2.50","de","2026-01-01 11:00:00",,"2"`, ""},
		"rounded":     {"", `1,"010000","1","a","1.00","abc","2026-01-01 10:00:00","x","1",,"2.505",,,,`, `"1","1","a","2.51","abc","2026-01-01 10:00:00","x","1"`},
		"cut off":     {"", `1,"001000","1","a","1.00","abc","2026-01-01 10:00:00","x","1",,,"abc  ",,,`, `"1","1","a","1.00","abc","2026-01-01 10:00:00","x","1"`},
		"a fraction":  {"", `1,"000100","1","a","1.00","abc","2026-01-01 10:00:00","x","1",,,,"2026-01-01 10:00:00.4",,`, `"1","1","a","1.00","abc","2026-01-01 10:00:00","x","1"`},
		"by a trigger, in a column that is written": {"BEFORE UPDATE:NEW.v := NEW.v || '!';", `1,"100000","1","a","1.00","abc","2026-01-01 10:00:00","x","1","b",,,,,`,
			`"1","1","b!","1.00","abc","2026-01-01 10:00:00","x","1"`},
		"by a trigger, in another": {"BEFORE UPDATE:NEW.seen := NEW.seen + 1;", `1,"100000","1","a","1.00","abc","2026-01-01 10:00:00","x","1","b",,,,,`,
			`"1","1","b","1.00","abc","2026-01-01 10:00:00","x","2"`},
		"by a trigger that comes later": {"AFTER UPDATE:UPDATE public.t SET seen = 7 WHERE id = NEW.id AND seen < 7;", `1,"100000","1","a","1.00","abc","2026-01-01 10:00:00","x","1","b",,,,,`,
			`"1","1","b","1.00","abc","2026-01-01 10:00:00","x","7"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, d := open(t)
			s.Exec(t, `CREATE TABLE t (id int PRIMARY KEY, v text, n numeric(9,2), w varchar(3), at timestamp(0), c char(4), seen int);
				INSERT INTO t VALUES (1, 'a', 1, 'abc', '2026-01-01 10:00:00', 'x', 1), (2, 'a', 1, 'abc', '2026-01-01 10:00:00', 'x', 1)`)
			if when, body, is := strings.Cut(c.setup, ":"); is {
				s.Exec(t, `CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id = 1 THEN `+body+` END IF; RETURN NEW; END $$;
					CREATE TRIGGER act `+when+` ON t FOR EACH ROW EXECUTE FUNCTION act()`)
			}
			beside := `2,"100000","2","a","1.00","abc","2026-01-01 10:00:00","x","1","b",,,,,`
			o := write(t, d, writeOf(driver.Update, describe(t, d, "t")), c.rows+"\n"+beside+"\n")
			if o.err != nil || o.written != 2 || strings.TrimSpace(o.stored) != c.told {
				t.Errorf("%+v, want %q", o, c.told)
			}
		})
	}
}
