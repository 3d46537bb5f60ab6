package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// tableSQL makes the table, and pristine, its copy to restore it from.
const tableSQL = `
CREATE TABLE customer (
	id            bigint PRIMARY KEY,
	name          text NOT NULL,
	country       char(2) NOT NULL,
	city          text NOT NULL,
	zip           varchar(12) NOT NULL,
	vat           varchar(20),
	payment_terms varchar(8) NOT NULL,
	credit_limit  numeric(12,2) NOT NULL,
	currency      char(3) NOT NULL,
	blocked       boolean NOT NULL,
	since         date NOT NULL
);
CREATE TABLE pristine (LIKE customer INCLUDING ALL);
CREATE FUNCTION pick(id bigint, seed int, below int) RETURNS int LANGUAGE sql IMMUTABLE
	RETURN ((hashint8extended(id, seed) & 2147483647) % below)::int;
CREATE FUNCTION made(id bigint) RETURNS SETOF customer LANGUAGE sql IMMUTABLE ROWS 1 AS $$
	SELECT id, (ARRAY['Alder', 'Birch', 'Cedar', 'Dogwood', 'Elm'])[1 + pick(id, 1, 5)] || ' ' ||
			(ARRAY['Trading', 'Works', 'Supplies', 'Logistics'])[1 + pick(id, 2, 4)] || ' ' || id,
		(ARRAY['NL', 'DE', 'FR', 'BE'])[1 + pick(id, 3, 4)], 'City ' || pick(id, 4, 5000), lpad(pick(id, 5, 99999)::text, 5, '0'),
		CASE WHEN pick(id, 6, 10) > 0 THEN 'NL' || lpad(pick(id, 7, 999999999)::text, 9, '0') || 'B01' END,
		(ARRAY['NET30', 'NET45', 'NET60', 'NET90'])[1 + pick(id, 8, 4)], 1000 + pick(id, 9, 20000000) / 100.0,
		(ARRAY['EUR', 'USD', 'GBP'])[1 + pick(id, 10, 3)], pick(id, 11, 20) = 0, date '2001-01-01' + pick(id, 12, 8000)
$$`

// fileSQL selects the file's rows: %[1]d of them, of a table of %[2]d.
const fileSQL = `
WITH known AS MATERIALIZED (
	SELECT c.*, row_number() OVER (ORDER BY hashint8extended(c.id, 20)) - 1 AS i FROM pristine AS c
	ORDER BY i LIMIT %[1]d - %[1]d / 20),
edited AS (
	SELECT *, CASE WHEN i %% 10 < 3 THEN i / 10 %% 5 ELSE -1 END AS edit FROM known),
rows AS (
	SELECT id, CASE edit WHEN 0 THEN name || ' Ltd' ELSE name END AS name, country, CASE edit WHEN 1 THEN city || ' West' ELSE city END AS city,
		CASE edit WHEN 2 THEN right(zip, 1) || left(zip, -1) || '1' ELSE zip END AS zip, vat,
		CASE edit WHEN 3 THEN CASE payment_terms WHEN 'NET30' THEN 'NET45' ELSE 'NET30' END ELSE payment_terms END AS payment_terms,
		CASE WHEN edit <> 4 THEN credit_limit WHEN blocked THEN credit_limit - 1 WHEN i %% 1000 < 50 THEN credit_limit * 2 ELSE credit_limit + 100 END AS credit_limit,
		currency, blocked, since
	FROM edited
	UNION ALL
	SELECT m.* FROM generate_series(%[2]d + 1, %[2]d + %[1]d / 20) AS n, made(n) AS m)
SELECT * FROM rows ORDER BY hashint8extended(id, 21)`

// postgresDatabase is a database of its own on a PostgreSQL server.
type postgresDatabase struct {
	url    string // of the database
	parent string // of the server's own database
	name   string
	conn   *pgx.Conn
	server int // the database server's process
	tuned  bool
}

func (w *postgresDatabase) system() (kind, dsn, table string) {
	return "postgres", w.url, "public.customer"
}

func (w *postgresDatabase) tool() string { return "psql" }

// tunedSettings are what somebody who knows the server may give psql for so large a file:
// no plan is compiled, and sorts and hashes have room in memory.
const tunedSettings = "-c jit=off -c work_mem=256MB"

// openPostgres makes a database of its own on the server at address; with tuned psql
// has other settings than the server's.
func openPostgres(ctx context.Context, address string, tuned bool) (_ *postgresDatabase, err error) {
	at, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the server's URL cannot be read")
	}
	w := &postgresDatabase{parent: address, name: "bench_" + strings.ToLower(rand.Text()[:10]), tuned: tuned}
	if err := execute(ctx, w.parent, "CREATE DATABASE "+w.name+" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	at.Path = "/" + w.name
	w.url = at.String()
	if w.conn, err = pgx.Connect(ctx, w.url); err != nil {
		return nil, err
	}
	w.server, err = w.postmaster(ctx)
	return w, err
}

func (w *postgresDatabase) fill(ctx context.Context, rows int64) error {
	// Only rows whose commit is in the log can be marked as seen by everyone; the
	// server's own setting would leave that work of VACUUM to whoever reads first.
	for _, sql := range []string{"SET synchronous_commit = on", tableSQL,
		fmt.Sprintf("INSERT INTO pristine SELECT m.* FROM generate_series(1, %d) AS n, made(n) AS m", rows),
		"VACUUM ANALYZE pristine"} {
		if _, err := w.conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

func (w *postgresDatabase) fillWide(ctx context.Context, rows int64, columns int) error {
	for _, sql := range append(wideSQL(columns, fmt.Sprintf("SELECT generate_series(1, %d) AS i", rows)), "VACUUM ANALYZE wide", "CHECKPOINT") {
		if _, err := w.conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

func execute(ctx context.Context, address, sql string) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}

func (w *postgresDatabase) writeFile(ctx context.Context, file string, count, rows int64) (int64, error) {
	f, err := os.Create(file)
	if err != nil {
		return 0, err
	}
	tag, err := w.conn.PgConn().CopyTo(ctx, f, "COPY ("+fmt.Sprintf(fileSQL, count, rows)+") TO STDOUT (FORMAT csv, HEADER)")
	if err == nil && tag.RowsAffected() != count {
		err = fmt.Errorf("the file has %d rows instead of %d", tag.RowsAffected(), count)
	}
	info, errStat := f.Stat()
	if errStat != nil {
		return 0, errors.Join(err, errStat, f.Close())
	}
	return info.Size(), errors.Join(err, f.Close())
}

// close drops the database. It may be called when the run was interrupted.
func (w *postgresDatabase) close() error {
	ctx := context.Background()
	var err error
	if w.conn != nil {
		err = w.conn.Close(ctx)
	}
	return errors.Join(err, execute(ctx, w.parent, "DROP DATABASE "+w.name+" WITH (FORCE)"))
}

func (w *postgresDatabase) restore(ctx context.Context) error {
	for _, sql := range []string{"TRUNCATE customer", "INSERT INTO customer SELECT * FROM pristine ORDER BY id", "VACUUM ANALYZE customer", "CHECKPOINT"} {
		if _, err := w.conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

func (w *postgresDatabase) digest(ctx context.Context) (digest string, err error) {
	err = w.conn.QueryRow(ctx, "SELECT count(*) || ':' || sum(hashtextextended(t::text, 0)) FROM customer AS t").Scan(&digest)
	return digest, err
}

// psqlScript is the other side: what somebody who may do everything would type.
const psqlScript = `\set ON_ERROR_STOP on
BEGIN;
CREATE TEMPORARY TABLE incoming (LIKE customer) ON COMMIT DROP;
\copy incoming FROM '%s' (FORMAT csv, HEADER)
ANALYZE incoming;
MERGE INTO customer AS t USING incoming AS i ON t.id = i.id
WHEN MATCHED AND (%s) THEN UPDATE SET %s
WHEN NOT MATCHED THEN INSERT (id, %[4]s) VALUES (i.id, %[5]s);
COMMIT;
`

func (w *postgresDatabase) bare(ctx context.Context, file string) (took, cpu time.Duration, err error) {
	script := fmt.Sprintf(psqlScript, file, each("t.%[1]s IS DISTINCT FROM i.%[1]s", " OR "), each("%[1]s = i.%[1]s", ", "), each("%s", ", "), each("i.%s", ", "))
	var env []string
	if w.tuned {
		env = []string{"PGOPTIONS=" + tunedSettings}
	}
	return program(ctx, w, script, env, "psql", "-X", "-q", "-d", w.url, "-f", "-")
}

func (w *postgresDatabase) versions(ctx context.Context) (string, error) {
	var server string
	if err := w.conn.QueryRow(ctx, "SELECT split_part(current_setting('server_version'), ' ', 1)").Scan(&server); err != nil {
		return "", err
	}
	psql, err := exec.CommandContext(ctx, "psql", "--version").Output()
	if err != nil {
		return "", fmt.Errorf("psql is needed: %w", err)
	}
	return fmt.Sprintf("PostgreSQL %s, %s, %s", server, strings.TrimSpace(string(psql)), runtime.Version()), nil
}
