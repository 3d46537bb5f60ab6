package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	_ "github.com/mattn/go-sqlite3" // registers "sqlite3"
)

// sqliteTable is the table that tableSQL makes in PostgreSQL, under a name of one's own.
const sqliteTable = `
CREATE %s TABLE %s (
	id            INTEGER PRIMARY KEY,
	name          TEXT NOT NULL,
	country       CHAR(2) NOT NULL,
	city          TEXT NOT NULL,
	zip           VARCHAR(12) NOT NULL,
	vat           VARCHAR(20),
	payment_terms VARCHAR(8) NOT NULL,
	credit_limit  DECIMAL(12,2) NOT NULL,
	currency      CHAR(3) NOT NULL,
	blocked       BOOLEAN NOT NULL,
	since         DATE NOT NULL
);`

// chosen draws a number below another from a row's id; the product has room in 64 bits
// for the ids of a table of a thousand million rows.
func chosen(seed, below int) string {
	return fmt.Sprintf("(((id * 2654435761 + %d) & 2147483647) / 7 %% %d)", seed*40503*65537, below)
}

// one draws one of several texts.
func one(seed int, of ...string) string {
	text := "CASE " + chosen(seed, len(of))
	for i, v := range of {
		text += fmt.Sprintf(" WHEN %d THEN '%s'", i, v)
	}
	return text + " END"
}

// sqliteMade gives the row of an id.
var sqliteMade = `id, ` + one(1, "Alder", "Birch", "Cedar", "Dogwood", "Elm") + ` || ' ' || ` + one(2, "Trading", "Works", "Supplies", "Logistics") + ` || ' ' || id AS name,
	` + one(3, "NL", "DE", "FR", "BE") + ` AS country, 'City ' || ` + chosen(4, 5000) + ` AS city, printf('%05d', ` + chosen(5, 99999) + `) AS zip,
	CASE WHEN ` + chosen(6, 10) + ` > 0 THEN printf('NL%09dB01', ` + chosen(7, 299999999) + `) END AS vat,
	` + one(8, "NET30", "NET45", "NET60", "NET90") + ` AS payment_terms, round(1000 + ` + chosen(9, 20000000) + ` / 100.0, 2) AS credit_limit,
	` + one(10, "EUR", "USD", "GBP") + ` AS currency, ` + chosen(11, 20) + ` = 0 AS blocked, date('2001-01-01', ` + chosen(12, 8000) + ` || ' days') AS since`

// sqliteFile selects the file's rows, as fileSQL does.
const sqliteFile = `
WITH known AS (
	SELECT c.*, row_number() OVER (ORDER BY %[6]s, id) - 1 AS i FROM pristine AS c ORDER BY i LIMIT %[1]d),
edited AS (SELECT *, CASE WHEN i %% 10 < 3 THEN i / 10 %% 5 ELSE -1 END AS edit FROM known),
numbers(id) AS (SELECT %[4]d UNION ALL SELECT id + 1 FROM numbers WHERE id < %[5]d),
file AS (
	SELECT id, CASE edit WHEN 0 THEN name || ' Ltd' ELSE name END AS name, country, CASE edit WHEN 1 THEN city || ' West' ELSE city END AS city,
		CASE edit WHEN 2 THEN substr(zip, -1) || substr(zip, 1, length(zip) - 1) || '1' ELSE zip END AS zip, vat,
		CASE WHEN edit <> 3 THEN payment_terms WHEN payment_terms = 'NET30' THEN 'NET45' ELSE 'NET30' END AS payment_terms,
		CASE WHEN edit <> 4 THEN credit_limit WHEN blocked THEN credit_limit - 1 WHEN i %% 1000 < 50 THEN credit_limit * 2 ELSE credit_limit + 100 END AS credit_limit,
		currency, blocked, since
	FROM edited
	UNION ALL
	SELECT %[3]s FROM numbers)
SELECT id, name, country, city, zip, ifnull(vat, ''), payment_terms, printf('%%.2f', credit_limit), currency, CASE WHEN blocked THEN 'true' ELSE 'false' END, since
FROM file ORDER BY %[2]s, id`

// sqliteDatabase is a database in a folder of its own. It has no server: what it costs is
// in the programs that open it.
type sqliteDatabase struct {
	dir  string
	pool *sql.DB
}

func openSQLite() (*sqliteDatabase, error) {
	dir, err := os.MkdirTemp("", "sutor-bench-sqlite-")
	if err != nil {
		return nil, err
	}
	w := &sqliteDatabase{dir: dir}
	if w.pool, err = sql.Open("sqlite3", w.file()+"?_busy_timeout=10000"); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return w, nil
}

func (w *sqliteDatabase) file() string { return filepath.Join(w.dir, "erp.db") }

func (w *sqliteDatabase) system() (kind, dsn, table string) { return "sqlite", w.file(), "customer" }

func (w *sqliteDatabase) tool() string { return "sqlite3" }

func (w *sqliteDatabase) close() error { return errors.Join(w.pool.Close(), os.RemoveAll(w.dir)) }

func (w *sqliteDatabase) cpu() (time.Duration, error) { return 0, nil }

func (w *sqliteDatabase) fill(ctx context.Context, rows int64) error {
	_, err := w.pool.ExecContext(ctx, fmt.Sprintf(sqliteTable, "", "customer")+fmt.Sprintf(sqliteTable, "", "pristine")+fmt.Sprintf(
		`WITH numbers(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM numbers WHERE id < %d) INSERT INTO pristine SELECT %s FROM numbers`, rows, sqliteMade))
	return err
}

// fillWide: of systems that compare, which SQLite is none of.
func (w *sqliteDatabase) fillWide(context.Context, int64, int) error {
	return errors.New("SQLite compares no rows for Sutor")
}

func (w *sqliteDatabase) writeFile(ctx context.Context, file string, count, rows int64) (int64, error) {
	fresh := inserts(count)
	found, err := w.pool.QueryContext(ctx, fmt.Sprintf(sqliteFile, count-fresh, chosen(21, 1<<28), sqliteMade, rows+1, rows+fresh, chosen(20, 1<<28)))
	if err != nil {
		return 0, err
	}
	return writeRows(file, found, count)
}

func (w *sqliteDatabase) restore(ctx context.Context) error {
	_, err := w.pool.ExecContext(ctx, `BEGIN IMMEDIATE; DELETE FROM customer; INSERT INTO customer SELECT * FROM pristine ORDER BY id; COMMIT; ANALYZE customer`)
	return err
}

// digest adds up a hash of each row: SQLite has no function for one.
func (w *sqliteDatabase) digest(ctx context.Context) (string, error) {
	rows, err := w.pool.QueryContext(ctx, "SELECT id || '|' || "+each("ifnull(%s, '-')", " || '|' || ")+" FROM customer")
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var n, sum uint64
	var row sql.RawBytes
	for ; rows.Next(); n++ {
		if err := rows.Scan(&row); err != nil {
			return "", err
		}
		h := fnv.New64a()
		h.Write(row)
		sum += h.Sum64()
	}
	return fmt.Sprintf("%d:%d", n, sum), rows.Err()
}

// sqliteScript is the other side: what somebody who may do everything would type.
const sqliteScript = `.bail on
PRAGMA busy_timeout = 10000;
%s
.mode csv
.import --skip 1 '%s' incoming
INSERT INTO customer SELECT id, name, country, city, zip, NULLIF(vat, ''), payment_terms, credit_limit, currency, blocked = 'true', since FROM incoming WHERE true
ON CONFLICT (id) DO UPDATE SET %s WHERE %s;
`

func (w *sqliteDatabase) bare(ctx context.Context, file string) (took, cpu time.Duration, err error) {
	return program(ctx, w, fmt.Sprintf(sqliteScript, fmt.Sprintf(sqliteTable, "TEMPORARY", "incoming"), file,
		each("%[1]s = excluded.%[1]s", ", "), each("customer.%[1]s IS NOT excluded.%[1]s", " OR ")), nil, "sqlite3", "-batch", w.file())
}

func (w *sqliteDatabase) versions(ctx context.Context) (string, error) {
	var library string
	if err := w.pool.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&library); err != nil {
		return "", err
	}
	tool, err := exec.CommandContext(ctx, "sqlite3", "--version").Output()
	if err != nil {
		return "", fmt.Errorf("the program sqlite3 is needed: %w", err)
	}
	version, _, _ := strings.Cut(string(tool), " ")
	return fmt.Sprintf("SQLite %s, sqlite3 %s, %s", library, version, runtime.Version()), nil
}
