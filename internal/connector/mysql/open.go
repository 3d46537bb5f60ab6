package mysql

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"strings"

	"github.com/go-sql-driver/mysql"

	"sutor/internal/system/driver"
)

// The server has no name for a transaction. So the session of an apply holds a lock with
// a name of its own (GET_LOCK), which goes with the session: while somebody holds it the
// transaction may be open, and afterwards it is not. What became of it the rows tell.
const lockPrefix = "sutor "

// hold takes such a lock and gives its name; "" on a server that has none (a Galera
// cluster).
func (s *session) hold(ctx context.Context) (name string, err error) {
	name = lockPrefix + rand.Text()
	var held sql.NullBool
	err = s.conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, 0)", name).Scan(&held)
	var refused *mysql.MySQLError
	if errors.As(err, &refused) {
		return "", nil
	}
	if !held.Bool {
		name = ""
	}
	return name, err
}

// holder gives the connection that holds a lock; 0 for none.
func (db *database) holder(ctx context.Context, name string) (id int64, err error) {
	if !strings.HasPrefix(name, lockPrefix) {
		return 0, nil
	}
	err = db.pool.QueryRowContext(ctx, "SELECT COALESCE(IS_USED_LOCK(?), 0)", name).Scan(&id)
	return id, explain(ctx, err)
}

// TxStatus tells whether a transaction may be open still. It never knows how one ended.
func (db *database) TxStatus(ctx context.Context, name string) (driver.TxState, error) {
	if id, err := db.holder(ctx, name); err == nil && id != 0 {
		return driver.TxInProgress, nil
	} else if err != nil {
		return driver.TxUnknown, err
	}
	return driver.TxUnknown, nil
}

// EndTx ends the session of a transaction, and waits a while until its rows are free.
func (db *database) EndTx(ctx context.Context, name string) (bool, error) {
	id, err := db.holder(ctx, name)
	if err != nil || id == 0 {
		return false, err
	}
	if _, err := db.pool.ExecContext(ctx, "KILL ?", id); isNumber(err, erNoThread) {
		return false, nil
	} else if err != nil {
		return false, explain(ctx, err)
	}
	conn, err := db.pool.Conn(ctx)
	if err != nil {
		return true, nil // it is ended; when, TxStatus tells
	}
	defer conn.Close()
	_, _ = conn.ExecContext(ctx, "DO GET_LOCK(?, ?)", name, killTime.Seconds())
	_, _ = conn.ExecContext(ctx, "DO RELEASE_LOCK(?)", name)
	return true, nil
}
