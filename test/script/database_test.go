package script

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/mattn/go-sqlite3"
	"github.com/rogpeppe/go-internal/testscript"

	"sutor/internal/connector/mysql/mysqltest"
)

// sqlCmd runs a statement behind Sutor's back and prints its rows: values
// separated by commas, NULL as NULL.
func sqlCmd(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 2, "sql DATABASE STATEMENT")
	text, err := query(database(ts, args[0]), args[1])
	ts.Check(err)
	_, err = io.WriteString(ts.Stdout(), text)
	ts.Check(err)
}

// database gives a URL as it is, a file from the story's folder on.
func database(ts *testscript.TestScript, name string) string {
	if isPostgres(name) || isMySQL(name) {
		return name
	}
	return ts.MkAbs(name)
}

func isPostgres(database string) bool { return strings.HasPrefix(database, "postgres://") }

func isMySQL(database string) bool { return strings.HasPrefix(database, "mysql://") }

// query runs SQL on a connection of its own.
func query(database, statement string) (string, error) {
	h, err := hold(database, statement)
	if err != nil {
		return "", err
	}
	return h.rows, h.close()
}

// held is an open connection and what its statement gave.
type held struct {
	rows  string
	close func() error
}

func hold(database, statement string) (*held, error) {
	ctx := context.Background()
	if isPostgres(database) {
		conn, err := pgconn.Connect(ctx, database)
		if err != nil {
			return nil, err
		}
		results, err := conn.Exec(ctx, statement).ReadAll()
		var b strings.Builder
		for _, r := range results {
			for _, row := range r.Rows {
				b.WriteString(string(bytes.Join(nulls(row), []byte(","))) + "\n")
			}
		}
		return &held{b.String(), func() error { return conn.Close(ctx) }}, err
	}
	open := func() (*sql.DB, error) {
		return sql.Open("sqlite3", "file:"+url.PathEscape(database)+"?_busy_timeout=20000")
	}
	if isMySQL(database) {
		open = func() (*sql.DB, error) { return mysqltest.Open(database) }
	}
	db, err := open()
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	h := &held{close: db.Close}
	h.rows, err = rowsOf(ctx, db, statement)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return h, nil
}

func nulls(row [][]byte) [][]byte {
	out := make([][]byte, len(row))
	for i, v := range row {
		if out[i] = v; v == nil {
			out[i] = []byte("NULL")
		}
	}
	return out
}

// rowsOf gives the rows of all statements.
func rowsOf(ctx context.Context, db *sql.DB, statements string) (string, error) {
	rows, err := db.QueryContext(ctx, statements)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var b strings.Builder
	for more := true; more; more = rows.NextResultSet() {
		if err := appendRows(&b, rows); err != nil {
			return "", err
		}
	}
	return b.String(), rows.Err()
}

func appendRows(b *strings.Builder, rows *sql.Rows) error {
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, v := range values {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(shown(v))
		}
		b.WriteByte('\n')
	}
	return rows.Err()
}

func shown(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case []byte:
		return string(v)
	case time.Time:
		return v.Format(time.DateOnly)
	}
	return fmt.Sprint(v)
}

// lock runs a statement in a transaction that stays open until unlock.
func lock(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 2, "lock DATABASE STATEMENT")
	s := of(ts)
	h, err := hold(database(ts, args[0]), args[1])
	ts.Check(err)
	var once sync.Once
	closing := h.close
	h.close = func() (err error) {
		once.Do(func() { err = closing() })
		return err
	}
	s.held = h
	ts.Defer(func() { _ = h.close() }) // the story has told already
}

func unlock(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 0, "unlock")
	ts.Check(of(ts).held.close())
}

// line is a way to PostgreSQL or MariaDB that can be cut.
type line struct {
	to string

	mu      sync.Mutex
	ends    map[net.Conn]bool
	down    bool
	holding bool
	held    chan struct{} // closed once an answer to a commit was held back
}

// proxy puts a line between the server and the company's database, and cuts it.
func proxy(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 1, "proxy open|close|hold|held")
	s := of(ts)
	switch args[0] {
	case "open":
		if s.line == nil {
			at, err := url.Parse(ts.Getenv("ERP"))
			ts.Check(err)
			listen, err := net.Listen("tcp", "127.0.0.1:0")
			ts.Check(err)
			s.line = &line{to: at.Host, ends: map[net.Conn]bool{}}
			go s.line.serve(listen)
			at.Host = listen.Addr().String()
			ts.Setenv("ERP_DSN", at.String())
			ts.Defer(func() {
				_ = listen.Close()
				s.line.cut()
			})
			return
		}
		s.line.open()
	case "close":
		s.line.cut()
	case "hold":
		s.line.hold()
	case "held":
		select {
		case <-s.line.held:
		case <-time.After(patience):
			ts.Fatalf("no commit came by")
		}
	}
}

// serve carries connections until the story ends. A line that is cut keeps its port, which
// another process would take, and hangs up on who comes.
func (l *line) serve(listen net.Listener) {
	for {
		near, err := listen.Accept()
		if err != nil {
			return
		}
		go l.carry(near)
	}
}

func (l *line) open() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down, l.holding = false, false
}

// cut ends every connection over the line, and those to come.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = true
	for end := range l.ends {
		_ = end.Close() // twice does no harm
	}
	clear(l.ends)
}

// hold keeps back the answer to the next commit, and everything after it.
func (l *line) hold() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.holding, l.held = true, make(chan struct{})
}

// carry carries one connection.
func (l *line) carry(near net.Conn) {
	far, err := net.Dial("tcp", l.to)
	if err != nil {
		_ = near.Close() // the other side sees it
		return
	}
	if !l.takes(near, far) {
		_, _ = near.Close(), far.Close()
		return
	}
	var writes, committed bool
	go func() {
		defer far.Close()
		l.pass(near, far, func(b []byte) bool {
			l.mu.Lock()
			defer l.mu.Unlock()
			writes = writes || bytes.Contains(b, []byte("pg_current_xact_id")) || bytes.Contains(b, []byte("sutor staged"))
			committed = committed || l.holding && writes && (bytes.Contains(b, []byte("commit\x00")) || bytes.Contains(b, []byte("\x03COMMIT")))
			return true
		})
	}()
	defer near.Close()
	l.pass(far, near, func([]byte) bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		if committed {
			select {
			case <-l.held:
			default:
				close(l.held)
			}
		}
		return !committed
	})
}

// takes tells whether the line is up, and notes the ends of a connection over it.
func (l *line) takes(near, far net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.down {
		l.ends[near], l.ends[far] = true, true
	}
	return !l.down
}

// pass copies what seen lets through.
func (l *line) pass(from, to net.Conn, seen func([]byte) bool) {
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		if n > 0 && seen(b[:n]) {
			if _, err := to.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return // the other end is gone, or the line was cut
		}
	}
}
