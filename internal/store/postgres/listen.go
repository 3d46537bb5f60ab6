package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	heard     = 30 * time.Second       // of silence, after which the listener asks whether its connection still lives
	answer    = 5 * time.Second        // for that
	reconnect = 100 * time.Millisecond // before the first attempt, doubled up to
	slowest   = 5 * time.Second
)

// listener hears of other processes' commits on a connection of its own.
type listener struct {
	cancel context.CancelFunc
	ended  chan struct{}
}

// listen begins to listen before it returns.
func (db *DB) listen(ctx context.Context) (*listener, error) {
	conn, err := db.connectListener(ctx)
	if err != nil {
		return nil, fault(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l := &listener{cancel, make(chan struct{})}
	go func() {
		defer close(l.ended)
		for conn != nil {
			db.hear(ctx, conn)
			_ = conn.Close(context.WithoutCancel(ctx)) // it has failed, or is not needed any more
			conn = db.listenAgain(ctx)
			db.watchers.TellAll() // something may have been missed
		}
	}()
	return l, nil
}

func (l *listener) close() {
	l.cancel()
	<-l.ended
}

func (db *DB) connectListener(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, db.pool.Config().ConnConfig)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, "LISTEN "+db.channel); err != nil {
		_ = conn.Close(context.WithoutCancel(ctx)) // the first error tells more
		return nil, err
	}
	return conn, nil
}

// listenAgain tries until there is a connection; nil when ctx ends.
func (db *DB) listenAgain(ctx context.Context) *pgx.Conn {
	for wait := reconnect; ; wait = min(2*wait, slowest) {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		if conn, err := db.connectListener(ctx); err == nil {
			return conn
		}
	}
}

// hear tells of others' commits until the connection fails or ctx ends.
func (db *DB) hear(ctx context.Context, conn *pgx.Conn) {
	for ctx.Err() == nil {
		n, err := within(ctx, heard, conn.WaitForNotification)
		switch {
		case err == nil && n.Payload != db.name:
			db.watchers.TellAll()
		case err != nil && (conn.IsClosed() || ping(ctx, conn) != nil):
			return
		}
	}
}

// ping finds a connection dead that was cut without a word.
func ping(ctx context.Context, conn *pgx.Conn) error {
	_, err := within(ctx, answer, func(ctx context.Context) (struct{}, error) { return struct{}{}, conn.Ping(ctx) })
	return err
}

func within[T any](ctx context.Context, limit time.Duration, f func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return f(ctx)
}
