package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"strconv"
	"strings"

	"sutor/internal/errs"
	"sutor/internal/record"
)

// staged is the name of the temporary table that rows are loaded into. Every
// connection has its own.
const staged = `temp."sutor rows"`

// Bounds of one INSERT: SQLite takes 32,766 parameters a statement; more than a
// few hundred rows gain nothing.
const (
	maxParameters = 32766
	maxBatch      = 200
)

// slot is one column of the staged table: how it is named and declared, and how
// a field becomes its value.
type slot struct {
	name, affinity string
	bind           func(record.Field) (any, error)
}

// numberSlot holds the row's number, n.
var numberSlot = slot{"n", "INTEGER", func(f record.Field) (any, error) {
	n, err := strconv.ParseInt(string(f.Text), 10, 64)
	if err != nil {
		return nil, errs.New(errs.Internal, "A row's number is not a number.").Because(err)
	}
	return n, nil
}}

// slots names columns prefix0, prefix1… for the given columns of the table.
func slots(prefix string, columns record.Schema) []slot {
	out := make([]slot, len(columns))
	for i, c := range columns {
		out[i] = slot{fmt.Sprint(prefix, i), affinity(c.Type.Kind), func(f record.Field) (any, error) { return bind(c.Type, f) }}
	}
	return out
}

// load fills a fresh staged table with the records of in and counts them.
// seen, if not nil, is shown every record. The caller has begun a transaction.
func load(ctx context.Context, conn *sql.Conn, into []slot, in io.Reader, seen func([]record.Field)) (int64, error) {
	if err := createStaged(ctx, conn, into); err != nil {
		return 0, explain(ctx, err)
	}
	l := &loader{ctx: ctx, conn: conn, into: into, batch: max(1, min(maxBatch, maxParameters/len(into)))}
	defer l.close()
	rows := record.NewReader(in)
	for {
		fields, err := rows.Read()
		if err == io.EOF {
			return rows.Rows(), explain(ctx, l.flush())
		}
		if err != nil {
			return 0, err
		}
		if len(fields) != len(into) {
			return 0, errs.New(errs.Internal, "A row that was sent has %d fields instead of %d.", len(fields), len(into))
		}
		if seen != nil {
			seen(fields)
		}
		if err := l.add(fields); err != nil {
			return 0, explain(ctx, err)
		}
	}
}

func createStaged(ctx context.Context, conn *sql.Conn, into []slot) error {
	columns := make([]string, len(into))
	for i, s := range into {
		columns[i] = s.name + " " + s.affinity
	}
	if _, err := conn.ExecContext(ctx, "DROP TABLE IF EXISTS "+staged); err != nil {
		return err
	}
	_, err := conn.ExecContext(ctx, "CREATE TEMP TABLE "+strings.TrimPrefix(staged, "temp.")+" ("+strings.Join(columns, ", ")+")")
	return err
}

// indexOf gives the SQL that makes an index of the staged table, which goes with it.
func indexOf(name string, columns ...string) string {
	return `CREATE INDEX temp.` + quoted(name) + ` ON ` + strings.TrimPrefix(staged, "temp.") + ` (` + strings.Join(columns, ", ") + `)`
}

// loader gathers rows into INSERT statements of batch rows each.
type loader struct {
	ctx   context.Context
	conn  *sql.Conn
	into  []slot
	batch int
	args  []any
	full  *sql.Stmt
}

func (l *loader) add(fields []record.Field) error {
	for i, f := range fields {
		v, err := l.into[i].bind(f)
		if err != nil {
			return err
		}
		l.args = append(l.args, v)
	}
	if len(l.args) < l.batch*len(l.into) {
		return nil
	}
	return l.flush()
}

func (l *loader) flush() (err error) {
	if len(l.args) == 0 {
		return l.ctx.Err()
	}
	rows := len(l.args) / len(l.into)
	if rows < l.batch {
		_, err = l.conn.ExecContext(l.ctx, l.insert(rows), l.args...)
	} else {
		if l.full == nil {
			if l.full, err = l.conn.PrepareContext(l.ctx, l.insert(rows)); err != nil {
				return err
			}
		}
		err = l.send()
	}
	l.args = l.args[:0]
	return err
}

// send writes a full batch. As a query, all of its values go over to SQLite at once, and not
// one by one.
func (l *loader) send() error {
	rows, err := l.full.QueryContext(l.ctx, l.args...)
	if err != nil {
		return err
	}
	for rows.Next() {
	}
	return first(rows.Err(), rows.Close())
}

func (l *loader) insert(rows int) string {
	row := "(" + strings.Repeat("?,", len(l.into)-1) + "?)"
	return "INSERT INTO " + staged + " VALUES " + strings.Repeat(row+",", rows-1) + row
}

func (l *loader) close() {
	if l.full != nil {
		_ = l.full.Close() // nothing is lost: the rows are counted by the table
	}
}
