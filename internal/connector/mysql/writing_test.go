package mysql_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sutor/internal/errs"
	"sutor/internal/system/driver"
)

// TestFilledInSilence: where the server would put a value of its own for NULL or 0, it
// is refused or kept.
func TestFilledInSilence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.make("CREATE TABLE t (id int PRIMARY KEY, no int NOT NULL AUTO_INCREMENT UNIQUE, at timestamp NOT NULL DEFAULT current_timestamp ON UPDATE current_timestamp, v int)")
	if c := d.Columns[1]; c.Identity != "default" || !c.HasDefault {
		t.Errorf("no is described as %+v", c)
	}
	if stored, _, err := w.write(driver.Insert, d, "1,\"110\",\"1\",,,,\"0\",\"2024-01-31 00:00:00+00\",\n"); err != nil || stored != "" {
		t.Errorf("told of %q, %v", stored, err)
	}
	if got, err := w.export(d); err != nil || got != "1,\"1\",\"0\",\"2024-01-31 00:00:00+00\",\n" {
		t.Errorf("stored %q, %v", got, err)
	}
	for _, rows := range []string{"1,\"100\",\"2\",,,,,,\n", "1,\"010\",\"2\",,,,,,\n"} {
		var r *driver.Refusal
		if _, _, err := w.write(driver.Insert, d, rows); !errors.As(err, &r) || r.Column == "" {
			t.Errorf("NULL in a column that may not be NULL gives %v", err)
		}
	}
	stored, _, err := w.write(driver.Update, d, "1,\"001\",\"1\",\"0\",\"2024-01-31 00:00:00+00\",,,,\"7\"\n")
	if err != nil || !strings.HasPrefix(stored, "1,\"1\",\"0\",\"20") || strings.Contains(stored, "2024-01-31") {
		t.Errorf("what the system puts beside is not told: %q, %v", stored, err)
	}
}

// TestStoredOtherwise: of rows that are written those come back that are stored otherwise than
// they say: by a default, under a key that is spelled otherwise, by a trigger, or as the type
// has it. Nothing is told of the others.
func TestStoredOtherwise(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.make("CREATE TABLE t (code varchar(9) COLLATE utf8mb4_general_ci PRIMARY KEY, v varchar(9), u varchar(9), s varchar(9) DEFAULT 'usual')")
	w.Exec(t, "INSERT INTO t VALUES ('ABC', 'v', 'u', 's'), ('B', 'v', 'u', 's')")
	const both = `1,"100","ABC","v","u","s","w",,` + "\n" + `2,"100","B","v","u","s","w",,` + "\n"
	told := func(what string, op driver.Op, rows, want string) {
		t.Helper()
		tx := w.begin()
		var out bytes.Buffer
		if _, conflicts, err := tx.Write(ctx, driver.Write{Op: op, Table: d.Table, Key: d.Columns.Pick(d.PrimaryKey), Columns: rest(d)}, strings.NewReader(rows), &out); err != nil || conflicts != nil || out.String() != want {
			t.Errorf("%s: told of %q, %v, %v; want %q", what, out.String(), conflicts, err, want)
		}
		if err := tx.Rollback(ctx); err != nil {
			t.Error(err)
		}
	}
	told("as they say", driver.Update, both, "")
	told("another spelling", driver.Update, strings.Replace(both, "ABC", "abc", 1), `1,"ABC","w","u","s"`+"\n")
	told("a default", driver.Insert, `1,"111","n1",,,,"v","u","x"`+"\n"+`2,"100","n2",,,,"v",,`+"\n", `2,"n2","v",,"usual"`+"\n")
	w.Exec(t, "CREATE TRIGGER other BEFORE UPDATE ON t FOR EACH ROW IF NEW.code = 'B' THEN SET NEW.u = 'U'; END IF")
	told("a trigger, of a column that no row writes", driver.Update, both, `2,"B","w","U","s"`+"\n")

	// Of a type that may print a value otherwise than it came, the rows are read.
	for declared, in := range map[string][2]string{
		"char(9)":                       {"x ", "x"},
		"float":                         {"1e1", "10"},
		"int(5) zerofill":               {"7", "7"},
		"decimal(5,2)":                  {"-0.00", "0.00"},
		"datetime":                      {"2024-01-31 00:00:00.25", "2024-01-31 00:00:00"},
		"time(1)":                       {"01:02:03.25", "01:02:03.2"},
		"varchar(9) CHARACTER SET sjis": {"x", "x"},
	} {
		w.Exec(t, "DROP TABLE t")
		d = w.make("CREATE TABLE t (code int PRIMARY KEY, v " + declared + ")")
		told(declared, driver.Insert, fmt.Sprintf("1,\"1\",\"1\",,%q\n", in[0]), fmt.Sprintf("1,\"1\",%q\n", in[1]))
	}
}

// TestTriggers: what a trigger makes of a row is what was stored, and its no is one.
func TestTriggers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.make("CREATE TABLE t (id int PRIMARY KEY, v varchar(20))")
	w.Exec(t, `CREATE TRIGGER up BEFORE INSERT ON t FOR EACH ROW BEGIN
		IF NEW.v LIKE 'sec%' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = NEW.v; END IF; SET NEW.v = upper(NEW.v); END`)
	if stored, _, err := w.write(driver.Insert, d, "1,\"1\",\"1\",,\"abc\"\n"); err != nil || stored != "1,\"1\",\"ABC\"\n" {
		t.Errorf("stored %q, %v", stored, err)
	}
	var r *driver.Refusal
	if _, _, err := w.write(driver.Insert, d, "1,\"1\",\"2\",,\"secret\"\n"); !errors.As(err, &r) || strings.Contains(errs.Detail(err), "secret") {
		t.Errorf("a trigger's no gives %v", err)
	}
}

// TestTriggersOwnErrors: whatever number and state a trigger gives its no, it is one. Its
// words are told where they stand in the trigger, and so hold no values.
func TestTriggersOwnErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.make("CREATE TABLE t (id int PRIMARY KEY, v varchar(20))")
	for _, signal := range []string{"SQLSTATE '45000' SET MYSQL_ERRNO = 30001", "SQLSTATE '45000' SET MYSQL_ERRNO = 50", "SQLSTATE '45123' SET MYSQL_ERRNO = 65000",
		"SQLSTATE '22ABC'", "SQLSTATE '99999' SET MYSQL_ERRNO = 1213", "SQLSTATE '45000' SET MYSQL_ERRNO = 1062", "SQLSTATE '02000' SET MYSQL_ERRNO = 31000"} {
		set := map[bool]string{true: ", ", false: " SET "}[strings.Contains(signal, "SET")]
		w.Exec(t, "CREATE OR REPLACE TRIGGER no BEFORE INSERT ON t FOR EACH ROW SIGNAL "+signal+set+"MESSAGE_TEXT = 'it''s Ada''s alone'")
		var r *driver.Refusal
		if _, _, err := w.write(driver.Insert, d, "1,\"1\",\"1\",,\"abc\"\n"); !errors.As(err, &r) || !strings.HasSuffix(r.Message, "trigger or function of the database does not allow this: it's Ada's alone.") {
			t.Errorf("%s gives %v", signal, err)
		}
	}
	w.Exec(t, "CREATE OR REPLACE TRIGGER no BEFORE INSERT ON t FOR EACH ROW BEGIN DECLARE say varchar(90) DEFAULT concat('no ', NEW.v); SIGNAL SQLSTATE '45001' SET MYSQL_ERRNO = 30001, MESSAGE_TEXT = say; END")
	var r *driver.Refusal
	if _, _, err := w.write(driver.Insert, d, "1,\"1\",\"1\",,\"secret\"\n"); !errors.As(err, &r) || !strings.Contains(r.Message, "trigger") || strings.Contains(errs.Detail(err), "secret") {
		t.Errorf("words with a value give %v", err)
	}
}

// TestRules: refusals name the rule and its columns.
func TestRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.make("CREATE TABLE p (id int PRIMARY KEY)")
	d := w.make(`CREATE TABLE t (id int PRIMARY KEY, n int, CONSTRAINT positive CHECK (n > 0), a int, b int, p int,
		UNIQUE KEY pair (a, b), CONSTRAINT parent FOREIGN KEY (p) REFERENCES p (id))`)
	w.Exec(t, "INSERT INTO t VALUES (1, 1, 1, 1, NULL)")
	for rows, want := range map[string]driver.Refusal{
		"1,\"1000\",\"2\",,,,,\"-5\",,,\n":     {Constraint: "positive"},
		"1,\"0110\",\"2\",,,,,,\"1\",\"1\",\n": {Constraint: "pair", Column: "a, b"},
		"1,\"0001\",\"2\",,,,,,,,\"987654\"\n": {Constraint: "parent", Column: "p"},
	} {
		var r *driver.Refusal
		_, _, err := w.write(driver.Insert, d, rows)
		if !errors.As(err, &r) || want.Constraint != "" && r.Constraint != want.Constraint || r.Column != want.Column || strings.Contains(errs.Detail(err), "987654") {
			t.Errorf("%q gives %+v (%v), want %+v", rows, r, errs.Detail(err), want)
		}
	}
}

// TestFamilies: rows of one table that refer to each other are written in an order
// that the server takes.
func TestFamilies(t *testing.T) {
	t.Parallel()
	for _, rule := range []string{"", " ON DELETE CASCADE", " ON DELETE SET NULL"} {
		w := newWorld(t)
		d := w.make("CREATE TABLE t (id int PRIMARY KEY, boss int, note varchar(9) DEFAULT 'x', FOREIGN KEY (boss) REFERENCES t (id)" + rule + ")")
		rows := "1,\"10\",\"1\",,,\"2\",\n2,\"11\",\"2\",,,\"3\",\"y\"\n3,\"10\",\"3\",,,,\n4,\"10\",\"4\",,,\"4\",\n"
		left := func() int {
			all, err := w.export(d)
			if err != nil {
				t.Error(err)
			}
			return strings.Count(all, "\n")
		}
		if _, conflicts, err := w.write(driver.Insert, d, rows); err != nil || conflicts != nil || left() != 4 {
			t.Fatalf("%q: %v, %v", rule, conflicts, err)
		}
		gone := "1,\"00\",\"2\",\"3\",\"y\",,\n2,\"00\",\"3\",,\"x\",,\n3,\"00\",\"1\",\"2\",\"x\",,\n"
		if _, conflicts, err := w.write(driver.Delete, d, gone); err != nil || conflicts != nil || left() != 1 {
			t.Errorf("%q: deleting gives %v, %v", rule, conflicts, err)
		}
		var r *driver.Refusal
		if _, _, err := w.write(driver.Insert, d, "1,\"10\",\"1\",,,\"7\",\n"); !errors.As(err, &r) || r.Column != "boss" {
			t.Errorf("a boss who is not there gives %v", err)
		}
	}
}

// TestWide: more and wider columns than fit into a row of a temporary table.
func TestWide(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var columns, values []string
	for i := range 60 {
		columns, values = append(columns, fmt.Sprintf("c%d varchar(250)", i)), append(values, fmt.Sprintf("%q", strings.Repeat("é", 250-i)))
	}
	d := w.make("CREATE TABLE t (id int PRIMARY KEY, " + strings.Join(columns, ", ") + ", b varbinary(300), z char(200))")
	row := strings.Join(values, ",")
	if stored, _, err := w.write(driver.Insert, d, "1,\""+strings.Repeat("1", 62)+"\",\"1\","+strings.Repeat(",", 62)+row+",\"\\x00ff\",\"z\"\n"); err != nil || stored != "" {
		t.Fatalf("told of %.200q, %v", stored, err)
	}
	if got, err := w.export(d); err != nil || got != "1,\"1\","+row+",\"\\x00ff\",\"z\"\n" {
		t.Fatalf("stored %.200q, %v", got, err)
	}
	if _, conflicts, err := w.write(driver.Update, d, "1,\"1"+strings.Repeat("0", 61)+"\",\"1\","+row+",\"\\x00ff\",\"z\",\"new\","+strings.Repeat(",", 60)+"\n"); err != nil || conflicts != nil {
		t.Errorf("%v, %v", conflicts, err)
	}
}

// TestInParts: an update of many rows is written in parts, in whatever order their numbers
// come, and all of it or nothing.
func TestInParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const rows = 12_000
	d := w.make("CREATE TABLE t (id int PRIMARY KEY, v int NOT NULL)")
	w.Exec(t, fmt.Sprintf("INSERT INTO t SELECT seq, IF(seq = 11000, 3, 1) FROM seq_1_to_%d", rows))
	var after strings.Builder
	update := func(before, after string, number func(id int) int) ([]driver.Conflict, error) {
		var b strings.Builder
		for id := 1; id <= rows; id++ {
			fmt.Fprintf(&b, "%d,\"1\",\"%d\",%q,%q\n", number(id), id, before, after)
		}
		_, conflicts, err := w.write(driver.Update, d, b.String())
		return conflicts, err
	}
	ascending, descending := func(id int) int { return id }, func(id int) int { return rows - id }
	if conflicts, err := update("1", "2", ascending); err != nil || !slices.Equal(conflicts, []driver.Conflict{{Number: 11000}}) {
		t.Errorf("%v, %v", conflicts, err)
	}
	for id := 1; id <= rows; id++ {
		fmt.Fprintf(&after, "%d,\"%d\",\"%d\"\n", id, id, map[bool]int{true: 3, false: 1}[id == 11000])
	}
	if got, err := w.export(d); err != nil || got != after.String() {
		t.Errorf("after a conflict: %.200q, %v", got, err)
	}
	w.Exec(t, "UPDATE t SET v = 1 WHERE id = 11000")
	for i, number := range []func(int) int{ascending, descending} {
		was, is := fmt.Sprint(1+i), fmt.Sprint(2+i)
		if conflicts, err := update(was, is, number); err != nil || conflicts != nil {
			t.Errorf("%v, %v", conflicts, err)
		}
		after.Reset()
		for id := 1; id <= rows; id++ {
			fmt.Fprintf(&after, "%d,\"%d\",%q\n", id, id, is)
		}
		if got, err := w.export(d); err != nil || got != after.String() {
			t.Errorf("after %s: %.200q, %v", is, got, err)
		}
	}
}
