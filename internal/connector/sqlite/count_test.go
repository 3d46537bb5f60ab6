package sqlite_test

import (
	"os"
	"testing"

	"sutor/internal/connector/sqlite"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// A count is that of now, whoever wrote since the last one, whether it was asked often
// or never, and whichever file stands there.
func TestCountIsOfNow(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"delete", "wal"} {
		f := newFile(t)
		f.Exec(t, `PRAGMA journal_mode = `+mode+`; CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); CREATE TABLE u (id INTEGER PRIMARY KEY)`)
		d := f.open(t)
		count := func(table string, want int64) {
			t.Helper()
			for range 2 {
				if n, err := d.Count(ctx, record.Table{Name: table}); err != nil || n != want {
					t.Fatalf("%s: %d rows of %s, %v; want %d", mode, n, table, err, want)
				}
			}
		}
		count("t", 0)
		count("u", 0)
		f.Exec(t, `INSERT INTO t VALUES (1, 'a'), (2, 'b')`) // by another program
		count("t", 2)
		count("u", 0)
		f.Exec(t, `DELETE FROM t WHERE id = 1; INSERT INTO u VALUES (1)`)
		count("u", 1)
		count("t", 1)
		table := describe(t, d, "t")
		tx := begin(t, d)
		write(t, tx, driver.Write{Op: driver.Insert, Table: table.Table, Key: table.Columns[:1], Columns: table.Columns[1:]}, "1,\"7\",\"7\",,\"x\"\n")
		count("t", 1) // not before the commit
		if err := tx.Commit(ctx); err != nil {
			t.Fatal(err)
		}
		count("t", 2)
		f.Exec(t, `DROP TABLE u`)
		if _, err := d.Count(ctx, record.Table{Name: "u"}); err == nil {
			t.Error("a table that is gone was counted")
		}
	}
}

func TestCountOfAnotherFile(t *testing.T) {
	t.Parallel()
	f, other := newFile(t), newFile(t)
	for i, f := range []*file{f, other} {
		f.Exec(t, `CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)`)
		if i == 1 {
			f.Exec(t, `INSERT INTO t VALUES (2)`)
		}
	}
	d, err := sqlite.Open(ctx, f.path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for i, want := range []int64{1, 2} {
		if i == 1 {
			if err := os.Rename(other.path, f.path); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := d.Count(ctx, record.Table{Name: "t"}); err != nil || n != want {
			t.Errorf("%d rows, %v; want %d", n, err, want)
		}
	}
}
