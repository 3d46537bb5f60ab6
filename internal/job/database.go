package job

import (
	"database/sql"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
)

// Database is the metadata database as the queue sees it. T is the store's
// transaction, in which jobs are enqueued.
type Database[T any] struct {
	driver riverdriver.Driver[T]
	poll   time.Duration // between two looks for work that nobody told of
}

// SQLite keeps the queue in the file behind db, the store's one writer
// (sqlite.DB.Writer).
func SQLite(db *sql.DB) Database[*sql.Tx] {
	return Database[*sql.Tx]{riversqlite.New(db), 50 * time.Millisecond}
}

// Postgres keeps the queue in the database behind pool, the store's
// (postgres.DB.Pool).
func Postgres(pool *pgxpool.Pool) Database[pgx.Tx] {
	return Database[pgx.Tx]{riverpgxv5.New(pool), time.Second}
}
