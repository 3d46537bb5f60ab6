package demo

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	_ "github.com/mattn/go-sqlite3" // registers "sqlite3" with database/sql
)

//go:embed schema.sql
var schema string

// batch is how many rows go into one INSERT: more do not make it faster.
const batch = 50

// build makes the database at path, where no file is. On an error, what is there
// is of no use. The orders go in first: they need no source, which may still be
// at work.
func build(ctx context.Context, path string, source func() (*model, error)) (err error) {
	if path, err = filepath.Abs(path); err != nil {
		return fmt.Errorf("demo.build: %w", err)
	}
	dsn := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: "_journal_mode=OFF&_synchronous=OFF&_locking_mode=EXCLUSIVE"}
	db, err := sql.Open("sqlite3", dsn.String())
	if err != nil {
		return fmt.Errorf("demo.build: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return fmt.Errorf("demo.build: %w", err)
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("demo.build: %w", err)
	}
	if err := fill(ctx, tx, source); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("demo.build: %w", err)
	}
	return nil
}

func fill(ctx context.Context, tx *sql.Tx, source func() (*model, error)) error {
	if err := fillOrders(ctx, tx); err != nil {
		return err
	}
	m, err := source()
	if err != nil {
		return err
	}
	if err := fillCustomers(ctx, tx, m.customers); err != nil {
		return err
	}
	return fillProducts(ctx, tx, m.products)
}

func fillCustomers(ctx context.Context, tx *sql.Tx, all []customer) error {
	codes := inserter{tx: tx, table: "payment_term", columns: 2}
	for _, t := range terms {
		if err := codes.row(ctx, t.code, t.days); err != nil {
			return err
		}
	}
	if err := codes.end(ctx); err != nil {
		return err
	}
	in := inserter{tx: tx, table: "customer", columns: 14}
	for _, c := range all {
		err := in.row(ctx, c.id, c.name, c.country, null(c.city), null(c.zip), null(c.vat), null(c.website), null(c.currency),
			c.terms, number(c.limit), null(c.contact), c.blocked, c.since, c.updated)
		if err != nil {
			return err
		}
	}
	return in.end(ctx)
}

func fillProducts(ctx context.Context, tx *sql.Tx, all []product) error {
	in := inserter{tx: tx, table: "product", columns: 10}
	for _, p := range all {
		// The column's affinity makes a number of the cost (sqlite.org/datatype3.html, 3).
		err := in.row(ctx, p.number, p.name, p.category, null(p.color), null(p.size), p.cost, number(p.price), p.safetyStock,
			p.reorderPoint, p.discontinued)
		if err != nil {
			return err
		}
	}
	return in.end(ctx)
}

func fillOrders(ctx context.Context, tx *sql.Tx) error {
	in := inserter{tx: tx, table: "orders", columns: 5}
	err := orders(func(o order) error {
		return in.row(ctx, o.id, o.customer, o.date, number(o.amount), o.status)
	})
	if err != nil {
		return err
	}
	if err := in.end(ctx); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "CREATE INDEX orders_customer ON orders (customer_id)"); err != nil {
		return fmt.Errorf("demo.fillOrders: %w", err)
	}
	return nil
}

// null gives NULL for "".
func null(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// number gives an amount as SQLite keeps it in a decimal column: whole numbers
// as integers, others as the nearest binary64.
func number(c cents) any {
	if c%100 == 0 {
		return int64(c / 100)
	}
	return float64(c) / 100
}

// inserter inserts rows, many a statement.
type inserter struct {
	tx      *sql.Tx
	table   string
	columns int
	full    *sql.Stmt // of a whole batch
	args    []any
}

// row takes one row, and writes when a batch is full.
func (in *inserter) row(ctx context.Context, values ...any) error {
	in.args = append(in.args, values...)
	if len(in.args) < batch*in.columns {
		return nil
	}
	if in.full == nil {
		var err error
		if in.full, err = in.tx.PrepareContext(ctx, in.insert(batch)); err != nil {
			return fmt.Errorf("demo.inserter(%s): %w", in.table, err)
		}
	}
	_, err := in.full.ExecContext(ctx, in.args...)
	return in.written(err)
}

// end writes what is left; the prepared statement is closed with the transaction.
func (in *inserter) end(ctx context.Context) error {
	if len(in.args) == 0 {
		return nil
	}
	_, err := in.tx.ExecContext(ctx, in.insert(len(in.args)/in.columns), in.args...)
	return in.written(err)
}

func (in *inserter) written(err error) error {
	in.args = in.args[:0]
	if err != nil {
		return fmt.Errorf("demo.inserter(%s): %w", in.table, err)
	}
	return nil
}

func (in *inserter) insert(rows int) string {
	row := "(?" + strings.Repeat(", ?", in.columns-1) + ")"
	return "INSERT INTO " + in.table + " VALUES " + row + strings.Repeat(", "+row, rows-1)
}
