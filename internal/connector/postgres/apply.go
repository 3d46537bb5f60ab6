package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// maxConflicts is how many conflicts a Write names (package driver).
const maxConflicts = 10_000

// apply is the transaction of an apply.
type apply struct {
	db     *database
	tx     pgx.Tx
	id     string
	marked bool
}

// Begin opens a READ COMMITTED transaction: each statement sees what others
// committed before it, and judges a row again after waiting for its lock. The
// transaction takes its id at once, so that it can be noted before COMMIT.
func (db *database) Begin(ctx context.Context, o driver.Options) (driver.Tx, error) {
	tx, err := db.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return nil, fault(err)
	}
	a := &apply{db: db, tx: tx}
	if err := a.prepare(ctx, o); err != nil {
		rollback(ctx, tx)
		return nil, fault(err)
	}
	return a, nil
}

func (a *apply) prepare(ctx context.Context, o driver.Options) error {
	if o.LockSeconds <= 0 {
		o.LockSeconds = 10
	}
	if o.StatementSeconds <= 0 {
		o.StatementSeconds = 3600
	}
	for _, sql := range []string{
		"SET LOCAL search_path TO DEFAULT",
		fmt.Sprintf("SET LOCAL lock_timeout = '%ds'", o.LockSeconds),
		fmt.Sprintf("SET LOCAL statement_timeout = '%ds'", o.StatementSeconds),
	} {
		if _, err := a.tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return a.tx.QueryRow(ctx, "SELECT pg_catalog.pg_current_xact_id()::pg_catalog.text").Scan(&a.id)
}

func (a *apply) ID() string { return a.id }

// Commit ends the transaction. Where the answer is lost on the way, the error is
// Unavailable and TxStatus tells what became of it.
func (a *apply) Commit(ctx context.Context) error { return fault(a.tx.Commit(ctx)) }

// Check fires what is deferred. From then on constraints are judged at once, until
// the way back to a mark before it.
func (a *apply) Check(ctx context.Context) error {
	return a.db.explain(ctx, a.exec(ctx, "SET CONSTRAINTS ALL IMMEDIATE"), record.Table{})
}

func (a *apply) Mark(ctx context.Context) error {
	if a.marked {
		if err := a.exec(ctx, "RELEASE SAVEPOINT sutor_mark"); err != nil {
			return fault(err)
		}
	}
	a.marked = true
	return fault(a.exec(ctx, "SAVEPOINT sutor_mark"))
}

func (a *apply) Back(ctx context.Context) error {
	return fault(a.exec(ctx, "ROLLBACK TO SAVEPOINT sutor_mark"))
}

func (a *apply) Rollback(ctx context.Context) error {
	err := a.tx.Rollback(ctx)
	if errors.Is(err, pgx.ErrTxClosed) || isDisconnect(err) {
		return nil // ended already, by us or by the server
	}
	return fault(err)
}

func (a *apply) Write(ctx context.Context, w driver.Write, rows io.Reader, stored io.Writer) (int64, []driver.Conflict, error) {
	w.Table = withSchema(w.Table)
	written, conflicts, err := a.write(ctx, newStep(w), rows, stored)
	if err != nil {
		return 0, nil, a.db.explain(ctx, err, w.Table, w.Key, w.Columns)
	}
	return written, conflicts, nil
}

// write stages the rows, writes them, and where not all could be written takes
// the step back to find out which.
func (a *apply) write(ctx context.Context, s *step, rows io.Reader, stored io.Writer) (int64, []driver.Conflict, error) {
	sent, err := a.stage(ctx, s, rows)
	if err != nil || sent == 0 {
		return 0, nil, err
	}
	statements, err := a.statements(ctx, s)
	if err != nil {
		return 0, nil, err
	}
	if err := a.findInOrder(ctx, s); err != nil {
		return 0, nil, err
	}
	if s.Op == driver.Insert {
		conflicts, err := a.conflicts(ctx, s)
		if err != nil || len(conflicts) > 0 {
			return 0, conflicts, err
		}
		if err := a.exec(ctx, anyOrderSQL); err != nil {
			return 0, nil, err
		}
	}
	if err := a.exec(ctx, "CREATE TEMPORARY TABLE sutor_otherwise (n pg_catalog.int8, r pg_catalog.text[]) ON COMMIT DROP", "SAVEPOINT sutor_step"); err != nil {
		return 0, nil, err
	}
	written, err := a.run(ctx, s, statements, sent, stored)
	if written == sent && err == nil {
		return written, nil, a.exec(ctx, "RELEASE SAVEPOINT sutor_step", "DROP TABLE "+stagedTable, "DROP TABLE "+otherwiseTable, "DROP TABLE IF EXISTS "+asideTable, anyOrderSQL)
	}
	if err != nil && !isUniqueViolation(err) {
		return 0, nil, err
	}
	conflicts, errFind := a.takeBack(ctx, s)
	if errFind != nil || len(conflicts) > 0 {
		return 0, conflicts, errFind
	}
	if err != nil {
		return 0, nil, err
	}
	return 0, nil, unexplained(s, written, sent)
}

// takeBack undoes the step within the transaction and lists its conflicts.
func (a *apply) takeBack(ctx context.Context, s *step) ([]driver.Conflict, error) {
	if err := a.exec(ctx, "ROLLBACK TO SAVEPOINT sutor_step"); err != nil {
		return nil, err
	}
	return a.conflicts(ctx, s)
}

// unexplained is for rows that are as the plan says and yet were not written
// once each.
func unexplained(s *step, written, sent int64) error {
	if written > sent {
		return errs.New(errs.Invalid, "The key of the table %s is not unique: %d rows would be written for %d.", s.Table, written, sent).
			WithMend("The steward can choose a key that is unique in the database.")
	}
	return &driver.Refusal{Message: fmt.Sprintf("The database left out %d of %d rows of the table %s, or gave them another key: a trigger or rule of the table, or someone changing them at this moment.",
		sent-written, sent, s.Table)}
}

// stage brings the rows into the temporary table.
func (a *apply) stage(ctx context.Context, s *step, rows io.Reader) (int64, error) {
	if err := a.exec(ctx, s.stageSQL()); err != nil {
		return 0, err
	}
	sent, err := copyUp(ctx, a.tx.Conn().PgConn(), stagedTable, rows)
	if err != nil {
		return 0, err
	}
	if sent == 0 {
		return 0, a.exec(ctx, "DROP TABLE "+stagedTable)
	}
	return sent, a.exec(ctx, s.analyzeSQL())
}

// statements gives the queries that write the staged rows.
func (a *apply) statements(ctx context.Context, s *step) ([]string, error) {
	if err := a.readMasks(ctx, s); err != nil {
		return nil, err
	}
	if err := a.tx.QueryRow(ctx, triggersSQL, s.Table.Schema, s.Table.Name).Scan(&s.triggers, &s.late); err != nil {
		return nil, err
	}
	switch s.Op {
	case driver.Update:
		if err := a.findAside(ctx, s); err != nil {
			return nil, err
		}
		return []string{s.updateSQL()}, nil
	case driver.Delete:
		return []string{s.deleteSQL()}, nil
	}
	rows, err := a.tx.Query(ctx, "SELECT DISTINCT "+s.groupSQL()+" FROM "+stagedTable+" AS d ORDER BY 1")
	if err != nil {
		return nil, err
	}
	groups, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	return s.insertSQL(groups)
}

// readMasks finds out which columns are written by some rows and by all.
func (a *apply) readMasks(ctx context.Context, s *step) error {
	n := len(s.Columns)
	if n == 0 || s.Op == driver.Delete {
		return nil
	}
	err := a.tx.QueryRow(ctx, "SELECT pg_catalog.bit_or(d.mask)::pg_catalog.text, pg_catalog.bit_and(d.mask)::pg_catalog.text FROM "+stagedTable+" AS d").Scan(&s.some, &s.all)
	if err == nil && len(s.some) != n { // they are all as long as the first: the server has no OR of others
		err = fmt.Errorf("postgres: a mask has not one character for each of %d columns", n)
	}
	return err
}

// run runs the queries that write, gives the number of rows they wrote, and tells those
// that are stored otherwise than the step says. Where triggers may have changed rows
// afterwards, they are read again.
func (a *apply) run(ctx context.Context, s *step, statements []string, sent int64, stored io.Writer) (written int64, err error) {
	if made, err := a.stepAside(ctx, s); err != nil || !made {
		return 0, err
	}
	var otherwise int64
	for _, sql := range statements {
		n, other, err := a.counted(ctx, sql)
		if err != nil {
			return 0, err
		}
		written, otherwise = written+n, otherwise+other
	}
	if s.late && s.Op != driver.Delete && written == sent {
		if written, otherwise, err = a.counted(ctx, s.readBackSQL()); err != nil {
			return 0, err
		}
	}
	if written != sent || otherwise == 0 {
		return written, nil
	}
	told, err := copyDown(ctx, a.tx.Conn().PgConn(), s.otherwiseSQL(), stored)
	if err == nil && told != otherwise {
		err = fmt.Errorf("postgres: %d rows are stored otherwise, %d are told of", otherwise, told)
	}
	return written, err
}

// counted runs a query of countedSQL.
func (a *apply) counted(ctx context.Context, sql string) (all, otherwise int64, err error) {
	err = a.tx.QueryRow(ctx, sql, pgx.QueryExecModeSimpleProtocol).Scan(&all, &otherwise)
	return all, otherwise, err
}

// conflicts names the staged rows that are not as the plan says.
func (a *apply) conflicts(ctx context.Context, s *step) ([]driver.Conflict, error) {
	rows, err := a.tx.Query(ctx, s.conflictsSQL())
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c driver.Conflict, err error) {
		err = row.Scan(&c.Number, &c.Gone)
		return c, err
	})
}

func (a *apply) exec(ctx context.Context, statements ...string) error {
	for _, sql := range statements {
		if _, err := a.tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}
