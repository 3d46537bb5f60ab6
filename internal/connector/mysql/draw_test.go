package mysql_test

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sutor/internal/errs"
	"sutor/internal/system/driver"
)

// begin opens a transaction that the test ends or leaves.
func (w *world) begin() driver.Tx {
	w.Helper()
	tx, err := w.drv.Begin(ctx, driver.Options{LockSeconds: 5})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = tx.Rollback(ctx) })
	return tx
}

func draw(tx driver.Tx, d driver.Table, column string, n int64) ([]string, error) {
	var out bytes.Buffer
	err := tx.(driver.Drawer).Draw(ctx, d.Table, column, n, &out)
	return strings.Fields(strings.ReplaceAll(out.String(), `"`, "")), err
}

// TestGiven: what the server counts and what it makes UUIDs for, and no other default;
// numbers come after all that there were, as far apart as the server has them.
func TestGiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, c := range []struct {
		columns, before string
		want            []string
	}{
		{"id int AUTO_INCREMENT PRIMARY KEY", "", []string{"1,1", "2,2"}},
		{"id int AUTO_INCREMENT PRIMARY KEY", "INSERT INTO % VALUES (7), (-3)", []string{"1,8", "2,9"}},
		{"id int AUTO_INCREMENT PRIMARY KEY", "INSERT INTO % VALUES (9); DELETE FROM %", []string{"1,10", "2,11"}},
		{"id int AUTO_INCREMENT PRIMARY KEY", "INSERT INTO % VALUES (-9)", []string{"1,1", "2,2"}},
		{"id int AUTO_INCREMENT PRIMARY KEY", "INSERT INTO % VALUES (1); UPDATE % SET id = 40", []string{"1,41", "2,42"}},
		{"id bigint unsigned AUTO_INCREMENT PRIMARY KEY", "INSERT INTO % VALUES (9223372036854775807)", []string{"1,9223372036854775808", "2,9223372036854775809"}},
		{"id int AUTO_INCREMENT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS (3", "INSERT INTO % VALUES (5)", []string{"1,6", "2,7"}},
		{"id int, no int AUTO_INCREMENT UNIQUE, PRIMARY KEY (id)", "", nil},
		{"id int PRIMARY KEY DEFAULT 7", "", nil},
		{"id double AUTO_INCREMENT PRIMARY KEY", "", nil},
		{"id varchar(40) PRIMARY KEY DEFAULT 'uuid()'", "", nil},
		{"id varchar(20) PRIMARY KEY DEFAULT uuid()", "", nil},
	} {
		name := "t" + string(rune('a'+i))
		d := w.make("CREATE TABLE " + name + " (" + strings.Replace(c.columns, "PARTITIONS (3", "PARTITIONS 3", 1) + map[bool]string{true: ")"}[!strings.Contains(c.columns, "PARTITION")])
		for _, sql := range strings.Split(strings.ReplaceAll(c.before, "%", name), ";") {
			if sql != "" {
				w.Exec(t, sql)
			}
		}
		if slices.Contains(d.Given, "id") != (c.want != nil) {
			t.Errorf("%s gives %v", c.columns, d.Given)
		}
		got, err := draw(w.begin(), d, "id", 2)
		if c.want == nil && errs.KindOf(err) == errs.Changed {
			continue
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s after %q: drew %v (%v), want %v", c.columns, c.before, got, err, c.want)
		}
	}
	for _, columns := range []string{"id uuid PRIMARY KEY DEFAULT uuid()", "id char(36) PRIMARY KEY DEFAULT (uuid())"} {
		d := w.make("CREATE TABLE u" + columns[3:5] + " (" + columns + ")")
		got, err := draw(w.begin(), d, "id", 10_001)
		if err != nil || len(got) != 10_001 || !regexp.MustCompile(`^10001,[0-9a-f]{8}-[-0-9a-f]{27}$`).MatchString(got[10_000]) || got[0][2:] == got[1][2:] {
			t.Errorf("%s: drew %d (%v)", columns, len(got), err)
		}
	}
}

// TestNumbersUsedUp: where there is no room for so many, that is said.
func TestNumbersUsedUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, c := range []struct{ native, last string }{{"tinyint", "126"}, {"smallint unsigned", "65534"}, {"bigint", "9223372036854775806"}, {"bigint unsigned", "18446744073709551615"}} {
		d := w.make("CREATE TABLE t" + string(rune('a'+i)) + " (id " + c.native + " AUTO_INCREMENT PRIMARY KEY)")
		w.Exec(t, "INSERT INTO "+d.Table.Name+" VALUES ("+c.last+")")
		var no *driver.Refusal
		if got, err := draw(w.begin(), d, "id", 2); !errors.As(err, &no) || no.Column != "id" || !strings.Contains(no.Message, "used up") {
			t.Errorf("%s: %v, %v", c.native, got, err)
		}
	}
}

// TestNumbersApart: a server that leaves numbers to others keeps to its own, and none is
// drawn twice in a transaction.
func TestNumbersApart(t *testing.T) {
	t.Parallel()
	_, dsn := aside(t, "--auto-increment-increment=10", "--auto-increment-offset=3")
	w := worldAt(t, dsn)
	d := w.make("CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, v int)")
	w.Exec(t, "INSERT INTO t (v) VALUES (1), (2)")
	tx := w.begin()
	for _, want := range [][]string{{"1,23", "2,33"}, {"1,43", "2,53"}} {
		if got, err := draw(tx, d, "id", 2); err != nil || !slices.Equal(got, want) {
			t.Errorf("drew %v (%v), want %v", got, err, want)
		}
	}
}

// TestNumberTaken: where another program is given a number that was drawn, before the row
// is written or while it is, the transaction is taken back to begin again, and both rows
// are there afterwards.
func TestNumberTaken(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]bool{"committed": false, "open": true} {
		w := newWorld(t)
		d := w.make("CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, v varchar(20))")
		w.Exec(t, "CREATE TABLE seen (v varchar(20))")
		w.Exec(t, "CREATE TRIGGER tell AFTER INSERT ON t FOR EACH ROW INSERT INTO seen VALUES (NEW.v)")
		ours := func(tx driver.Tx, taken, open bool) error {
			keys, err := draw(tx, d, "id", 2)
			if err != nil {
				t.Fatal(err)
			}
			other, err := w.pool.BeginTx(ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer other.Rollback()
			if taken {
				if _, err := other.ExecContext(ctx, "INSERT INTO t (v) VALUES ('theirs')"); err != nil {
					t.Fatal(err)
				}
			}
			written := make(chan error, 1)
			write := func() {
				rows := "1,\"1\",\"" + keys[0][2:] + "\",,\"ours\"\n2,\"1\",\"" + keys[1][2:] + "\",,\"too\"\n"
				_, conflicts, err := tx.Write(ctx, driver.Write{Op: driver.Insert, Table: d.Table, Key: d.Columns[:1], Columns: d.Columns[1:]}, strings.NewReader(rows), io.Discard)
				if len(conflicts) > 0 {
					err = errors.New("a conflict is told")
				}
				written <- err
			}
			if open {
				go write()
				w.runs("INSERT INTO %`t`%sutor staged%")
			}
			if err := other.Commit(); err != nil {
				t.Fatal(err)
			}
			if !open {
				write()
			}
			return <-written
		}
		tx := w.begin()
		err := ours(tx, true, open)
		if !errors.Is(err, driver.ErrAgain) || errs.KindOf(err) != errs.Unavailable {
			t.Errorf("%s: a number that is taken gives %v", name, err)
		}
		if tx.Commit(ctx) == nil || tx.Back(ctx) == nil {
			t.Errorf("%s: the transaction goes on", name)
		}
		tx = w.begin()
		if err := errors.Join(ours(tx, false, false), tx.Commit(ctx)); err != nil {
			t.Errorf("again: %v", err)
		}
		var rows, told int
		if err := w.pool.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM t WHERE v IN ('ours', 'too', 'theirs')), (SELECT count(*) FROM seen)").Scan(&rows, &told); err != nil || rows != 3 || told != 3 {
			t.Errorf("%d rows, a trigger saw %d (%v)", rows, told, err)
		}
	}
}

// runs returns when the server runs a statement like the pattern.
func (w *world) runs(pattern string) {
	w.Helper()
	until := time.Now().Add(4 * time.Second)
	for n := 0; n == 0; {
		if err := w.pool.QueryRowContext(ctx, "SELECT count(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE ? AND DB = ?", pattern, w.name).Scan(&n); err != nil || time.Now().After(until) {
			w.Fatalf("no statement like %s: %v", pattern, err)
		}
	}
}

// TestOpenTransaction: a transaction that nobody works on any more is found by its name
// and ended, so that nothing of it is written after whoever took over has written.
func TestOpenTransaction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.make("CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, v varchar(20))")
	frozen := w.begin()
	keys, err := draw(frozen, d, "id", 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := frozen.Write(ctx, driver.Write{Op: driver.Insert, Table: d.Table, Key: d.Columns[:1], Columns: d.Columns[1:]}, strings.NewReader("1,\"1\",\""+keys[0][2:]+"\",,\"x\"\n"), io.Discard); err != nil {
		t.Fatal(err)
	}
	if state, err := w.drv.TxStatus(ctx, frozen.ID()); err != nil || state != driver.TxInProgress {
		t.Errorf("it is %s, %v", state, err)
	}
	if ended, err := w.drv.EndTx(ctx, frozen.ID()); err != nil || !ended {
		t.Errorf("it is not ended: %v", err)
	}
	if state, err := w.drv.TxStatus(ctx, frozen.ID()); err != nil || state != driver.TxUnknown {
		t.Errorf("it is %s, %v", state, err)
	}
	if err := frozen.Commit(ctx); errs.KindOf(err) != errs.Unavailable {
		t.Errorf("its commit gives %v", err)
	}
	if got, err := w.export(d); err != nil || got != "" {
		t.Errorf("there is %q, %v", got, err)
	}
	for _, stranger := range []string{"", "abc", "1'; --", "3", "sutor nobody"} {
		if state, err := w.drv.TxStatus(ctx, stranger); err != nil || state != driver.TxUnknown {
			t.Errorf("%q: %s, %v", stranger, state, err)
		}
	}
}
