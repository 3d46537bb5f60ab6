package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"sutor/internal/connector/mysql/mysqltest"
)

// mysqlTable is the table that tableSQL makes in PostgreSQL.
const mysqlTable = `
CREATE TABLE customer (
	id            bigint PRIMARY KEY,
	name          varchar(80) NOT NULL,
	country       char(2) NOT NULL,
	city          varchar(60) NOT NULL,
	zip           varchar(12) NOT NULL,
	vat           varchar(20),
	payment_terms varchar(8) NOT NULL,
	credit_limit  decimal(12,2) NOT NULL,
	currency      char(3) NOT NULL,
	blocked       boolean NOT NULL,
	since         date NOT NULL
) CHARACTER SET utf8mb4;
CREATE TABLE pristine LIKE customer`

// pick draws a number below another from a row's id.
func pick(seed, below int) string {
	return fmt.Sprintf("(crc32(concat(id, ':', %d)) %% %d)", seed, below)
}

// madeSQL gives the row of an id.
var madeSQL = `id, concat(elt(1 + ` + pick(1, 5) + `, 'Alder', 'Birch', 'Cedar', 'Dogwood', 'Elm'), ' ', elt(1 + ` + pick(2, 4) + `, 'Trading', 'Works', 'Supplies', 'Logistics'), ' ', id) AS name,
	elt(1 + ` + pick(3, 4) + `, 'NL', 'DE', 'FR', 'BE') AS country, concat('City ', ` + pick(4, 5000) + `) AS city, lpad(` + pick(5, 99999) + `, 5, '0') AS zip,
	IF(` + pick(6, 10) + ` > 0, concat('NL', lpad(` + pick(7, 999999999) + `, 9, '0'), 'B01'), NULL) AS vat,
	elt(1 + ` + pick(8, 4) + `, 'NET30', 'NET45', 'NET60', 'NET90') AS payment_terms, CAST(1000 + ` + pick(9, 20000000) + ` / 100 AS decimal(12,2)) AS credit_limit,
	elt(1 + ` + pick(10, 3) + `, 'EUR', 'USD', 'GBP') AS currency, ` + pick(11, 20) + ` = 0 AS blocked, date '2001-01-01' + INTERVAL ` + pick(12, 8000) + ` DAY AS since`

// mysqlFile selects the file's rows, as fileSQL does.
const mysqlFile = `
WITH known AS (
	SELECT c.*, row_number() OVER (ORDER BY crc32(concat(id, ':20')), id) - 1 AS i FROM pristine AS c ORDER BY i LIMIT %[1]d),
edited AS (SELECT *, IF(i %% 10 < 3, i DIV 10 %% 5, -1) AS edit FROM known),
rows_ AS (
	SELECT id, IF(edit = 0, concat(name, ' Ltd'), name) AS name, country, IF(edit = 1, concat(city, ' West'), city) AS city,
		IF(edit = 2, concat(right(zip, 1), left(zip, char_length(zip) - 1), '1'), zip) AS zip, vat,
		IF(edit = 3, IF(payment_terms = 'NET30', 'NET45', 'NET30'), payment_terms) AS payment_terms,
		IF(edit <> 4, credit_limit, IF(blocked, credit_limit - 1, IF(i %% 1000 < 50, credit_limit * 2, credit_limit + 100))) AS credit_limit,
		currency, blocked, since
	FROM edited
	UNION ALL
	SELECT %[3]s FROM (SELECT seq AS id FROM seq_%[4]d_to_%[5]d) AS n)
SELECT id, name, country, city, zip, vat, payment_terms, CAST(credit_limit AS decimal(12,2)), currency, IF(blocked, 'true', 'false'), since
FROM rows_ ORDER BY crc32(concat(id, ':21')), id`

// mysqlDatabase is a database of its own on a MariaDB server.
type mysqlDatabase struct {
	at     *url.URL
	name   string
	pool   *sql.DB // of the database
	parent *sql.DB // of the server's own
	server int     // the server's process
}

func openMySQL(ctx context.Context, address string) (_ *mysqlDatabase, err error) {
	at, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the server's URL cannot be read")
	}
	w := &mysqlDatabase{at: at, name: "bench_" + strings.ToLower(rand.Text()[:10])}
	if w.parent, err = mysqltest.Open(address); err != nil {
		return nil, err
	}
	at.Path = "/" + w.name
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if _, err = w.parent.ExecContext(ctx, "CREATE DATABASE "+w.name+" CHARACTER SET utf8mb4"); err != nil {
		return nil, err
	}
	if w.pool, err = mysqltest.Open(at.String()); err != nil {
		return nil, err
	}
	var file string
	if err = w.pool.QueryRowContext(ctx, "SELECT @@pid_file").Scan(&file); err != nil {
		return nil, err
	}
	pid, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the server must run on this machine: %w", err)
	}
	w.server, err = strconv.Atoi(strings.TrimSpace(string(pid)))
	return w, err
}

func (w *mysqlDatabase) system() (kind, dsn, table string) { return "mysql", w.at.String(), "customer" }

func (w *mysqlDatabase) tool() string { return "mariadb" }

func (w *mysqlDatabase) close() (err error) {
	if w.pool != nil {
		err = w.pool.Close()
	}
	_, errDrop := w.parent.ExecContext(context.Background(), "DROP DATABASE IF EXISTS "+w.name)
	return errors.Join(err, errDrop, w.parent.Close())
}

func (w *mysqlDatabase) run(ctx context.Context, statements ...string) error {
	for _, sql := range statements {
		if _, err := w.pool.ExecContext(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

func (w *mysqlDatabase) fill(ctx context.Context, rows int64) error {
	return w.run(ctx, mysqlTable, fmt.Sprintf("INSERT INTO pristine SELECT %s FROM (SELECT seq AS id FROM seq_1_to_%d) AS n", madeSQL, rows))
}

func (w *mysqlDatabase) fillWide(ctx context.Context, rows int64, columns int) error {
	return w.run(ctx, append(wideSQL(columns, fmt.Sprintf("SELECT seq AS i FROM seq_1_to_%d", rows)), "ANALYZE TABLE wide")...)
}

func (w *mysqlDatabase) writeFile(ctx context.Context, file string, count, rows int64) (int64, error) {
	fresh := inserts(count)
	found, err := w.pool.QueryContext(ctx, fmt.Sprintf(mysqlFile, count-fresh, rows, madeSQL, rows+1, rows+fresh))
	if err != nil {
		return 0, err
	}
	return writeRows(file, found, count)
}

func (w *mysqlDatabase) restore(ctx context.Context) error {
	return w.run(ctx, "TRUNCATE customer", "INSERT INTO customer SELECT * FROM pristine ORDER BY id", "ANALYZE TABLE customer")
}

func (w *mysqlDatabase) digest(ctx context.Context) (digest string, err error) {
	err = w.pool.QueryRowContext(ctx, "SELECT concat(count(*), ':', sum(crc32(concat_ws('|', id, "+each("ifnull(%s, '-')", ", ")+")))) FROM customer").Scan(&digest)
	return digest, err
}

// mysqlScript is the other side: what somebody who may do everything would type.
const mysqlScript = `CREATE TEMPORARY TABLE incoming LIKE customer;
START TRANSACTION;
LOAD DATA LOCAL INFILE '%s' INTO TABLE incoming CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '"' LINES TERMINATED BY '\n' IGNORE 1 LINES
(id, name, country, city, zip, @vat, payment_terms, credit_limit, currency, @blocked, since) SET vat = NULLIF(@vat, ''), blocked = @blocked = 'true';
INSERT INTO customer SELECT * FROM incoming ON DUPLICATE KEY UPDATE %s;
COMMIT;
`

func (w *mysqlDatabase) bare(ctx context.Context, file string) (took, cpu time.Duration, err error) {
	secret, _ := w.at.User.Password()
	return program(ctx, w, fmt.Sprintf(mysqlScript, file, each("%[1]s = VALUES(%[1]s)", ", ")), []string{"MYSQL_PWD=" + secret},
		"mariadb", "--no-defaults", "--local-infile=1", "--protocol=tcp", "-h", w.at.Hostname(), "-P", w.at.Port(), "-u", w.at.User.Username(), w.name)
}

// cpu is that of the one process with all its threads.
func (w *mysqlDatabase) cpu() (time.Duration, error) {
	u, err := usageOf(statOf(w.server))
	return u.own, err
}

func (w *mysqlDatabase) versions(ctx context.Context) (string, error) {
	var server string
	if err := w.pool.QueryRowContext(ctx, "SELECT VERSION()").Scan(&server); err != nil {
		return "", err
	}
	client, err := exec.CommandContext(ctx, "mariadb", "--version").Output()
	if err != nil {
		return "", fmt.Errorf("the client mariadb is needed: %w", err)
	}
	return fmt.Sprintf("MariaDB %s, %s, %s", server, strings.TrimSpace(string(client)), runtime.Version()), nil
}
