package postgres_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sutor/internal/connector/postgres"
	"sutor/internal/connector/postgres/pgtest"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// BenchmarkMillion fetches every row of a million by key, and updates one column
// of each, rolled back.
func BenchmarkMillion(b *testing.B) {
	const rows = 1_000_000
	dsn := pgtest.Database(b)
	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.Exec(ctx, fmt.Sprintf(`CREATE TABLE t (id int PRIMARY KEY, a text, b text, c numeric(12,2), terms text NOT NULL);
		INSERT INTO t SELECT i, 'text ' || i, 'Straße ' || i, NULL, 'NET30' FROM generate_series(0, %d) AS i; ANALYZE t`, rows-1), pgx.QueryExecModeSimpleProtocol); err != nil {
		b.Fatal(err)
	}
	d, err := postgres.Open(ctx, dsn)
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
			n, _, err := tx.Write(ctx, writeOf(driver.Update, table), bytes.NewReader(changes.Bytes()), io.Discard)
			if err != nil || n != rows {
				b.Fatal(n, err)
			}
			if err := tx.Rollback(ctx); err != nil {
				b.Fatal(err)
			}
		}
	})
}
