package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"sutor/internal/errs"
	"sutor/internal/record"
)

// Temporary tables of a spelling: the texts, and what they stand for.
const (
	textsTable   = "pg_temp.sutor_texts"   // n, x
	spelledTable = "pg_temp.sutor_spelled" // n, v, whole
)

// Spell reads texts as values of a column's type and gives them as the server
// writes them. PostgreSQL reads a text as far as it can: a day with a clock is a
// day in daterange, the digits that a float does not keep are dropped, today is a
// date. So a text must first look like what it is for (shape.go), and then have the
// same value in the column as in its type without limits.
func (db *database) Spell(ctx context.Context, table record.Table, column record.Column, in io.Reader, out io.Writer) (int64, error) {
	table = withSchema(table)
	// A transaction of its own, always rolled back, for its temporary tables.
	tx, err := db.pool.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadWrite})
	if err != nil {
		return 0, fault(err)
	}
	defer rollback(ctx, tx)
	n, err := spell(ctx, tx, table, column, in, out)
	if err != nil {
		rollback(ctx, tx) // explain needs a connection
		return 0, db.explain(ctx, err, table, record.Schema{column})
	}
	return n, nil
}

func spell(ctx context.Context, tx pgx.Tx, table record.Table, column record.Column, in io.Reader, out io.Writer) (int64, error) {
	to, err := targetOf(ctx, tx, table, column)
	if err != nil {
		return 0, err
	}
	if _, err := tx.Exec(ctx, "CREATE TEMPORARY TABLE sutor_texts (n pg_catalog.int8, x pg_catalog.text) ON COMMIT DROP"); err != nil {
		return 0, err
	}
	s := newStrainer(in, out, to.shape, isJSON(column.Type))
	conn := tx.Conn().PgConn()
	sent, err := copyUp(ctx, conn, textsTable, s)
	if err := errors.Join(s.failed(), err); err != nil {
		return 0, err
	}
	if err := to.read(ctx, tx); err != nil {
		return 0, err
	}
	down, err := copyDown(ctx, conn, `SELECT n, CASE WHEN whole THEN v END, CASE WHEN v IS NULL THEN '`+string(record.NotOfType)+`' WHEN NOT whole THEN '`+
		string(record.TooExact)+`' END FROM `+spelledTable, out)
	if err == nil && down != sent {
		err = fmt.Errorf("postgres: %d texts sent, %d spelled", sent, down)
	}
	return s.records, err
}

// target is the type that texts are read as.
type target struct {
	typed, open string // the type in SQL, with its limits and without
	shape       shape
	floats      bool // its elements are floats
}

const targetSQL = `
SELECT format_type(y.oid, -1), y.typname, e.typname FROM pg_attribute AS a
JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS s ON s.oid = c.relnamespace
CROSS JOIN LATERAL (WITH RECURSIVE behind AS (SELECT a.atttypid AS oid
	UNION ALL SELECT d.typbasetype FROM behind AS b JOIN pg_type AS d ON d.oid = b.oid WHERE d.typtype = 'd') SELECT oid FROM behind) AS b
JOIN pg_type AS y ON y.oid = b.oid LEFT JOIN pg_type AS e ON e.typarray = y.oid
WHERE s.nspname = $1 AND c.relname = $2 AND a.attname = $3 AND y.typtype <> 'd'`

func targetOf(ctx context.Context, tx pgx.Tx, table record.Table, column record.Column) (t target, err error) {
	var name string
	var element *string
	err = tx.QueryRow(ctx, targetSQL, table.Schema, table.Name, column.Name).Scan(&t.open, &name, &element)
	if errors.Is(err, pgx.ErrNoRows) {
		return t, errs.New(errs.Changed, "The column %s of the table %s is no longer there.", column.Name, table).
			WithMend("Ask the steward what became of it; then plan the change again.")
	}
	t.typed, t.shape = column.Type.Native, shapeOf(name, element)
	t.floats = element != nil && (*element == "float4" || *element == "float8")
	return t, err
}

// value and whole give the SQL of the text x as a value, and whether it is all that
// the text says. Of floats, which are close to anything, the digits tell.
func (t target) value() string { return "x::" + t.typed }

func (t target) whole() string {
	switch {
	case t.floats:
		return fmt.Sprintf("(x::%s)::pg_catalog.text::pg_catalog.numeric[] OPERATOR(pg_catalog.=) x::pg_catalog.numeric[]", t.typed)
	case t.typed != t.open:
		return fmt.Sprintf("(x::%s) OPERATOR(pg_catalog.=) (x::%s)", t.typed, t.open)
	}
	return "true"
}

// read makes the table of what the texts stand for: all at once, and where one of
// them stands for nothing, each by itself. That takes PL/pgSQL, which is the only
// way before version 16 to go on after a text that is not read.
func (t target) read(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, "SAVEPOINT sutor_read"); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, fmt.Sprintf("CREATE TEMPORARY TABLE sutor_spelled ON COMMIT DROP AS SELECT n, %s AS v, %s AS whole FROM %s", t.value(), t.whole(), textsTable))
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || !isUnread(pg.Code) {
		return err
	}
	for _, sql := range []string{
		"ROLLBACK TO SAVEPOINT sutor_read",
		fmt.Sprintf("CREATE TEMPORARY TABLE sutor_spelled (n pg_catalog.int8, v %s, whole pg_catalog.bool) ON COMMIT DROP", t.typed),
		t.oneByOneSQL(),
	} {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return withoutLanguage(err)
		}
	}
	return nil
}

// isUnread tells the errors of a text that is no value (PostgreSQL docs, appendix
// A): of data, of limits such as depth, and of what is not supported.
func isUnread(code string) bool { return code[:2] == "22" || code[:2] == "54" || code == "0A000" }

func (t target) oneByOneSQL() string {
	return fmt.Sprintf(`DO $sutor$
		DECLARE r record; x pg_catalog.text; v %s; whole pg_catalog.bool;
		BEGIN
			FOR r IN SELECT a.n, a.x FROM %s AS a LOOP
				x := r.x;
				BEGIN
					v := %s;
					whole := %s;
				EXCEPTION WHEN data_exception OR program_limit_exceeded OR feature_not_supported THEN
					v := NULL;
					whole := NULL;
				END;
				INSERT INTO %s VALUES (r.n, v, whole);
			END LOOP;
		END $sutor$ LANGUAGE plpgsql`, t.typed, textsTable, t.value(), t.whole(), spelledTable)
}

// withoutLanguage words that the database has no PL/pgSQL, or not for this account.
func withoutLanguage(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && (pg.Code == "42704" || pg.Code == "42501") {
		return errs.New(errs.Invalid, "A text of the file is no value of its column, and the database cannot tell which one: it has no PL/pgSQL for Sutor's account.").
			WithMend("The database's administrator can make the language, or grant its use.").Because(err)
	}
	return err
}
