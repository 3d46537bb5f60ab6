package workflow_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/mattn/go-sqlite3" // registers "sqlite3"
)

// shop is what the stories happen in: a table that people change, one of
// another department.
const shop = `
	CREATE TABLE customer (
		id INTEGER PRIMARY KEY, name TEXT NOT NULL, terms TEXT, credit DECIMAL(10,2) CHECK (credit IS NULL OR credit < 1000000),
		note TEXT, touched INTEGER NOT NULL DEFAULT 0);
	INSERT INTO customer (id, name, terms, credit, note) VALUES
		(1, 'Ann', 'NET30', 100, NULL), (2, 'Bob', 'NET30', 200.5, ''), (3, 'Cid', NULL, NULL, 'old'), (4, 'Dot', 'NET60', 0, 'x');
	CREATE TABLE product (sku TEXT PRIMARY KEY NOT NULL, price DECIMAL(10,2));
	INSERT INTO product VALUES ('A1', 10), ('B2', 20)`

// company is the Compact of most stories. maria, eva and marlo are makers of
// sales (marlo is a listed owner too), fred is one of finance; olaf and olga own
// the customers, owen owns other things; mona manages sales and both is an owner
// and a manager.
const company = `compact: Example Trading
systems:
  shop: {kind: sqlite, dsn: shop.db}
departments: [sales, finance]
people:
  maria@example.test: {roles: [maker], departments: [sales]}
  eva@example.test:   {roles: [maker], departments: [sales], level: expert}
  marlo@example.test: {roles: [maker, owner], departments: [sales]}
  fred@example.test:  {roles: [maker], departments: [finance]}
  olaf@example.test:  {roles: [owner], departments: [sales]}
  olga@example.test:  {roles: [owner], departments: [sales]}
  owen@example.test:  {roles: [owner], departments: [sales, finance]}
  mona@example.test:  {roles: [manager], departments: [sales]}
  both@example.test:  {roles: [owner, manager], departments: [sales]}
  fay@example.test:   {roles: [manager], departments: [finance]}
  ivan@example.test:  {roles: [steward]}
  aud@example.test:   {roles: [auditor]}
datasets:
  customers:
    system: shop
    table: customer
    key: [id]
    department: sales
    owner: [olaf@example.test, olga@example.test, marlo@example.test, both@example.test]
    allow: [insert, update]
    columns:
      terms: {one_of: [NET30, NET60, NET90]}
      touched: {writable: false}
    guardrails:
      - {name: big-credit, each: row, when: 'after.credit != null && after.credit > 1000', then: approve, by: manager, say: A credit above 1000 needs a manager.}
      - {name: odd-note, each: row, when: 'after.note != null && after.note == "steward"', then: approve, by: steward, say: Such a note needs a steward.}
  products:
    system: shop
    table: product
    key: [sku]
    department: finance
    owner: owen@example.test
`

// newShop makes the shop's file, and gives its path.
func newShop(t testing.TB, w *world) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shop.db")
	w.shop = openFile(t, path)
	w.sql(shop)
	return path
}

// openFile opens a database file from outside Sutor.
func openFile(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path+"?_synchronous=OFF&_busy_timeout=5000")
	fine(t, err)
	t.Cleanup(func() { fine(t, db.Close()) })
	return db
}

// sql runs statements on the connected database, as a colleague might.
func (w *world) sql(query string, args ...any) {
	w.t.Helper()
	if _, err := w.shop.Exec(query, args...); err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
}

// dump gives a table of the shop byte for byte: every value as SQLite would
// write it as a literal, with its storage class, in key order.
func (w *world) dump(table string) string {
	w.t.Helper()
	return dumpSQLite(w.t, w.shop, table)
}

func dumpSQLite(t tb, db *sql.DB, table string) string {
	t.Helper()
	columns := texts(t, db, `SELECT name FROM pragma_table_xinfo(?) ORDER BY cid`, table)
	var cells []string
	for _, c := range columns {
		cells = append(cells, fmt.Sprintf(`typeof(%[1]s) || ' ' || quote(%[1]s)`, quoted(c)))
	}
	rows := texts(t, db, `SELECT `+strings.Join(cells, ` || ', ' || `)+` AS row FROM `+quoted(table)+` ORDER BY row`)
	return strings.Join(rows, "\n")
}

// texts reads a query's one column.
func texts(t tb, db *sql.DB, query string, args ...any) (all []string) {
	t.Helper()
	rows, err := db.Query(query, args...)
	fine(t, err)
	defer rows.Close()
	for rows.Next() {
		var s string
		fine(t, rows.Scan(&s))
		all = append(all, s)
	}
	fine(t, rows.Err())
	return all
}

// value reads one value of a customer as text, "NULL" for none.
func (w *world) value(column string, id int) string {
	w.t.Helper()
	all := texts(w.t, w.shop, `SELECT COALESCE(CAST(`+quoted(column)+` AS TEXT), 'NULL') FROM customer WHERE id = ?`, id)
	if len(all) != 1 {
		return "no row"
	}
	return all[0]
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
