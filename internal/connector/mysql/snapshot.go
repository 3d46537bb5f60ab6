package mysql

import (
	"context"
	"database/sql"
	"errors"
	"io"

	"sutor/internal/errs"
	"sutor/internal/system/driver"
)

// snapshot is a transaction on a connection of its own that sees the rows as they
// were when it began. A fetch that is given up is ended by the server, so that the
// transaction, and with it the moment, goes on.
type snapshot struct {
	pool    *sql.DB
	session *session
}

// Snapshot holds the moment on a connection beside the pool: if those who hold one
// had all of the pool's, none of them could end a statement. The server ends it after
// ten minutes (sessionSQL), for it keeps old versions of rows.
func (db *database) Snapshot(ctx context.Context) (driver.Snapshot, error) {
	pool := sql.OpenDB(db.connector)
	pool.SetMaxOpenConns(1)
	session, err := db.session(ctx, pool)
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	s := &snapshot{pool, session}
	session.lasting = true
	for _, sql := range []string{"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT"} {
		if _, err := session.exec(ctx, sql); err != nil {
			return nil, errors.Join(explain(ctx, err), s.Close())
		}
	}
	return s, nil
}

func (s *snapshot) Fetch(ctx context.Context, l driver.Lookup, in io.Reader, out io.Writer) (sent, found int64, err error) {
	var id int64
	if err := s.session.row(context.WithoutCancel(ctx), "SELECT CONNECTION_ID()", &id); err != nil || id != s.session.id {
		return 0, 0, errs.New(errs.Unavailable, "The moment of the database that is looked at is past.").WithMend("Try again.").Because(err)
	}
	return s.session.fetch(ctx, l, in, out)
}

// Close ends the connection, and with it the transaction.
func (s *snapshot) Close() error {
	s.session.release(context.Background(), false)
	return s.pool.Close()
}
