package job

import (
	"database/sql"

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
	ring   func(queue string)      // has those who fetch look for work; nil where a commit does
	left   string                  // SQL that discards the jobs of a process that ended
	about  func(home string) []any // its arguments
}

// SQLite keeps the queue in the file behind db, the store's one writer
// (sqlite.DB.Writer). One process works on it, so at its start no job runs.
func SQLite(db *sql.DB) Database[*sql.Tx] {
	bell := newBell()
	return Database[*sql.Tx]{belled{riversqlite.New(db), bell}, bell.ring,
		`UPDATE river_job SET state = 'discarded', finalized_at = strftime('%Y-%m-%d %H:%M:%f', 'now') WHERE state = 'running'`, func(string) []any { return nil }}
}

// Postgres keeps the queue in the database behind pool, the store's
// (postgres.DB.Pool). Of the jobs that run, a process that starts knows those of
// its home's former one to be left; any other's after a week.
func Postgres(pool *pgxpool.Pool) Database[pgx.Tx] {
	return Database[pgx.Tx]{riverpgxv5.New(pool), nil,
		`UPDATE river_job SET state = 'discarded', finalized_at = now() WHERE state = 'running' AND
			($1::text <> '' AND starts_with(attempted_by[array_upper(attempted_by, 1)], $1::text || '/') OR attempted_at < now() - interval '7 days')`,
		func(home string) []any { return []any{home} }}
}
