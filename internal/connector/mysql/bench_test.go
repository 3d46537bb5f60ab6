package mysql_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"sutor/internal/connector/mysql"
	"sutor/internal/connector/mysql/mysqltest"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// BenchmarkMillion fetches every row of a million by key, and updates one column
// of each, rolled back.
func BenchmarkMillion(b *testing.B) {
	const rows = 1_000_000
	dsn := mysqltest.Database(b)
	pool, err := mysqltest.Open(dsn)
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.ExecContext(ctx, fmt.Sprintf(`CREATE TABLE t (id int PRIMARY KEY, a varchar(40), b varchar(40), c decimal(12,2), terms varchar(20) NOT NULL);
		INSERT INTO t SELECT seq, concat('text ', seq), concat('Straße ', seq), NULL, 'NET30' FROM seq_0_to_%d`, rows-1)); err != nil {
		b.Fatal(err)
	}
	d, err := mysql.Open(ctx, dsn)
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	table, err := d.Describe(ctx, record.Table{Name: "t"})
	if err != nil {
		b.Fatal(err)
	}
	var asked, changes bytes.Buffer
	for i := range rows {
		fmt.Fprintf(&asked, "%d,\"%d\"\n", i, i)
		fmt.Fprintf(&changes, "%d,\"0001\",\"%d\",\"text %[2]d\",\"Straße %[2]d\",,\"NET30\",,,,\"NET45\"\n", i, i)
	}
	b.Run("fetch", func(b *testing.B) {
		for b.Loop() {
			_, found, err := d.Fetch(ctx, driver.Lookup{Table: table.Table, By: table.Columns[:1], Columns: table.Columns}, bytes.NewReader(asked.Bytes()), io.Discard)
			if err != nil || found != rows {
				b.Fatal(found, err)
			}
		}
	})
	b.Run("update", func(b *testing.B) {
		for b.Loop() {
			tx, err := d.Begin(ctx, driver.Options{})
			if err != nil {
				b.Fatal(err)
			}
			n, _, err := tx.Write(ctx, driver.Write{Op: driver.Update, Table: table.Table, Key: table.Columns[:1], Columns: table.Columns[1:]}, bytes.NewReader(changes.Bytes()), io.Discard)
			if err != nil || n != rows {
				b.Fatal(n, err)
			}
			if err := tx.Rollback(ctx); err != nil {
				b.Fatal(err)
			}
		}
	})
}
