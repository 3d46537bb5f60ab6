package sqlite_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"testing"

	"sutor/internal/connector/sqlite"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

const benchRows = 100_000

// benchTable makes a table of eleven columns, and the stream of all its keys.
func benchTable(b *testing.B) (driver.Driver, driver.Table, []byte) {
	b.Helper()
	path := b.TempDir() + "/bench.db"
	db := rawDB(b, "file:"+path)
	for _, s := range []string{
		`CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, street TEXT, city TEXT, country CHAR(2), terms TEXT,
			credit DECIMAL(12,2), score DOUBLE, active BOOLEAN, since DATE, changed TIMESTAMP)`,
		fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < %d)
			INSERT INTO customer SELECT i, 'Customer "' || i || '" Ltd', i || ' High Street', 'Town ' || (i %% 500), 'NL', 'NET30',
			(i %% 100000) / 100.0, i / 7.0, i %% 2, '2024-02-29', '2024-02-29 12:00:00' FROM n`, benchRows),
	} {
		if _, err := db.Exec(s); err != nil {
			b.Fatal(err)
		}
	}
	d, err := sqlite.Open(context.Background(), path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { d.Close() })
	table, err := d.Describe(context.Background(), record.Table{Name: "customer"})
	if err != nil {
		b.Fatal(err)
	}
	var keys bytes.Buffer
	w := record.NewWriter(&keys)
	for i := range benchRows {
		w.Number(int64(i + 1))
		w.String(fmt.Sprint((i*7919)%benchRows + 1))
		if err := w.End(); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	return d, table, keys.Bytes()
}

func BenchmarkFetch(b *testing.B) {
	d, table, keys := benchTable(b)
	for b.Loop() {
		l := driver.Lookup{Table: table.Table, By: table.Columns[:1], Columns: table.Columns}
		if _, n, err := d.Fetch(context.Background(), l, bytes.NewReader(keys), io.Discard); err != nil || n != benchRows {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
}

func BenchmarkExport(b *testing.B) {
	d, table, _ := benchTable(b)
	for b.Loop() {
		if n, err := d.Export(context.Background(), table.Table, table.Columns[:1], table.Columns, io.Discard); err != nil || n != benchRows {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
}

func BenchmarkUpdate(b *testing.B) {
	d, table, _ := benchTable(b)
	var rows bytes.Buffer
	w := record.NewWriter(&rows)
	for i := range benchRows {
		w.Number(int64(i + 1))
		for _, v := range []string{"1", fmt.Sprint(i + 1), "NET30", "NET45"} {
			w.String(v)
		}
		if err := w.End(); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		tx, err := d.Begin(context.Background(), driver.Options{})
		if err != nil {
			b.Fatal(err)
		}
		write := driver.Write{Op: driver.Update, Table: table.Table, Key: table.Columns[:1], Columns: table.Columns.Pick([]string{"terms"})}
		n, _, err := tx.Write(context.Background(), write, bytes.NewReader(rows.Bytes()), io.Discard)
		if err != nil || n != benchRows {
			b.Fatal(n, err)
		}
		if err := tx.Rollback(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
}
