package postgres

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// defaultSchema is where a table without a schema stands (docs/compact.md).
const defaultSchema = "public"

// database is a connected PostgreSQL database.
type database struct {
	pool *pgxpool.Pool
}

var _ driver.Open = Open

// Open connects to the database that dsn names (a URL or keywords, the password
// in it) and makes sure that it answers.
func Open(ctx context.Context, dsn string) (driver.Driver, error) {
	config, err := parse(dsn)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fault(err)
	}
	db := &database{pool: pool}
	if err := db.Ping(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return db, nil
}

// Capabilities: everything there is.
func (db *database) Capabilities() driver.Capabilities {
	return driver.Capabilities{Transactional: true, TxStatus: true, ExactDecimals: true, Compares: true}
}

func (db *database) Ping(ctx context.Context) error { return fault(db.pool.Ping(ctx)) }

func (db *database) Close() error {
	db.pool.Close()
	return nil
}

// TxStatus asks for the fate of a transaction. The answer is about this server's
// own history: an id noted before a restore from a backup may name another
// transaction there, and the caller must then look at the rows.
func (db *database) TxStatus(ctx context.Context, id string) (driver.TxState, error) {
	if _, err := strconv.ParseUint(id, 10, 64); err != nil {
		return driver.TxUnknown, nil // no transaction of ours
	}
	var status *string
	err := db.pool.QueryRow(ctx, "SELECT pg_catalog.pg_xact_status($1::text::xid8)", id).Scan(&status)
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg) && pg.Code == "22023": // "transaction ID … is in the future"
		return driver.TxUnknown, nil
	case err != nil:
		return driver.TxUnknown, fault(err)
	case status == nil: // too long ago
		return driver.TxUnknown, nil
	}
	switch *status {
	case "committed":
		return driver.TxCommitted, nil
	case "aborted":
		return driver.TxAborted, nil
	case "in progress":
		return driver.TxInProgress, nil
	}
	return driver.TxUnknown, nil
}

// endSQL ends the session in which a transaction is in progress. A session's
// backend_xid is the transaction id without its epoch: it is this one's, since a
// transaction in progress has no namesake. The account sees its own sessions, and
// may end them.
const endSQL = `
SELECT pg_catalog.count(*) FILTER (WHERE pg_catalog.pg_terminate_backend(pid)) FROM pg_catalog.pg_stat_activity
WHERE backend_xid = $1::text::xid8::xid AND pid <> pg_catalog.pg_backend_pid() AND datname = pg_catalog.current_database()
	AND pg_catalog.pg_xact_status($1::text::xid8) = 'in progress'`

func (db *database) EndTx(ctx context.Context, id string) (bool, error) {
	if state, err := db.TxStatus(ctx, id); err != nil || state != driver.TxInProgress {
		return false, err
	}
	var ended int
	if err := db.pool.QueryRow(ctx, endSQL, id).Scan(&ended); err != nil {
		return false, fault(err)
	}
	return ended > 0, nil
}

// explain makes err a public one and, where it says that a table or column is
// not there, finds out which.
func (db *database) explain(ctx context.Context, err error, table record.Table, columns ...record.Schema) error {
	if mayNotStage(err) {
		return db.noTemporary(err)
	}
	if err == nil || !isAbsence(err) {
		return db.withColumns(ctx, fault(err), err)
	}
	if missing := db.missing(ctx, table, columns...); missing != nil {
		return missing.Because(err)
	}
	return fault(err)
}

// withColumns adds to a refusal which columns its constraint is over, where the
// server named only the constraint. Where that cannot be found out, it stays as
// it is.
func (db *database) withColumns(ctx context.Context, fault, err error) error {
	var r *driver.Refusal
	var pg *pgconn.PgError
	if !errors.As(fault, &r) || r.Column != "" || !errors.As(err, &pg) || pg.ConstraintName == "" {
		return fault
	}
	rows, err := db.pool.Query(ctx, `SELECT a.attname FROM pg_catalog.pg_constraint AS k
		JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace AS s ON s.oid = c.relnamespace
		JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = ANY (k.conkey)
		WHERE s.nspname = $1 AND c.relname = $2 AND k.conname = $3 ORDER BY a.attnum`, pg.SchemaName, pg.TableName, pg.ConstraintName)
	if err != nil {
		return fault
	}
	if names, err := pgx.CollectRows(rows, pgx.RowTo[string]); err == nil {
		r.Column = strings.Join(names, ", ")
	}
	return fault
}

// missing says what of the table is not there; nil if all is, or if the
// database cannot tell.
func (db *database) missing(ctx context.Context, table record.Table, columns ...record.Schema) *errs.Error {
	rows, err := db.pool.Query(ctx, `SELECT a.attname FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
		JOIN pg_catalog.pg_namespace AS s ON s.oid = c.relnamespace
		WHERE s.nspname = $1 AND c.relname = $2 AND NOT a.attisdropped`, table.Schema, table.Name)
	if err != nil {
		return nil
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil
	}
	// System columns such as ctid are attributes too, so an existing table has some.
	if len(names) == 0 {
		return errs.New(errs.Changed, "The table %s is no longer there.", table).
			WithMend("Ask the steward what became of it; then plan the change again.")
	}
	there := map[string]bool{}
	for _, name := range names {
		there[name] = true
	}
	for _, schema := range columns {
		for _, c := range schema {
			if !there[c.Name] {
				return errs.New(errs.Changed, "The column %s of the table %s is no longer there.", c.Name, table).
					WithMend("Ask the steward what became of it; then plan the change again.")
			}
		}
	}
	return nil
}

func withSchema(t record.Table) record.Table {
	if t.Schema == "" {
		t.Schema = defaultSchema
	}
	return t
}

// quoted writes a table's full name in SQL.
func quoted(t record.Table) string { return pgx.Identifier{t.Schema, t.Name}.Sanitize() }

// name writes a column's name in SQL.
func name(column string) string { return pgx.Identifier{column}.Sanitize() }
