package postgres

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"sutor/internal/errs"
	"sutor/internal/system/driver"
)

// snapshot is a moment of the database, held by a transaction that does nothing else:
// every fetch is a transaction of its own that takes this moment over (PostgreSQL
// docs, pg_export_snapshot). So a fetch that is cancelled, which ends its transaction
// and its connection, does not end the moment, and a fetch may make the temporary
// table that a read-only transaction may not.
type snapshot struct {
	db     *database
	holder *pgx.Conn
	id     string
}

// Snapshot holds the moment on a connection beside the pool: if those who hold one
// had all of the pool's, none of them could fetch. The server ends the holder after ten
// minutes (sessionSQL), for it keeps vacuum from its work.
func (db *database) Snapshot(ctx context.Context) (driver.Snapshot, error) {
	conn, err := pgx.ConnectConfig(ctx, db.pool.Config().ConnConfig)
	if err != nil {
		return nil, fault(err)
	}
	s := &snapshot{db: db, holder: conn}
	if err = prepareSession(ctx, conn); err == nil {
		_, err = conn.Exec(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
	}
	if err == nil {
		err = conn.QueryRow(ctx, "SELECT pg_catalog.pg_export_snapshot()").Scan(&s.id)
	}
	if err != nil {
		_ = s.Close() // the error that counts is there already
		return nil, fault(err)
	}
	return s, nil
}

func (s *snapshot) Fetch(ctx context.Context, l driver.Lookup, in io.Reader, out io.Writer) (sent, found int64, err error) {
	return s.db.fetchAt(ctx, s.id, l, in, out)
}

// Close ends the transaction and the connection. The first does not wait for the second:
// the server notices some time later that a connection was closed.
func (s *snapshot) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, _ = s.holder.Exec(ctx, "ROLLBACK") // where it fails, the connection's end ends it, too
	return fault(s.holder.Close(ctx))
}

// takeOver makes a transaction, as its first statement, see what a snapshot sees.
func takeOver(ctx context.Context, tx pgx.Tx, id string) error {
	if id == "" {
		return nil
	}
	literal, err := tx.Conn().PgConn().EscapeString(id)
	if err != nil {
		return errs.New(errs.Internal, "The snapshot cannot be named.").Because(err)
	}
	_, err = tx.Exec(ctx, "SET TRANSACTION SNAPSHOT '"+literal+"'")
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return errs.New(errs.Unavailable, "The moment of the database that is looked at is past.").WithMend("Try again.").Because(err)
	}
	return err
}
