package postgres_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"sutor/internal/connector/postgres"
	"sutor/internal/connector/postgres/pgtest"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// TestCount: a large table is counted by the server's statistics while they are fresh and
// tell of all that the account sees; else row by row, for which it waits here for a lock.
func TestCount(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	s := newSystem(t, dsn)
	d := s.Open(t)
	defer d.Close()
	at, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	role := "count" + strings.TrimPrefix(at.Path, "/")
	s.Exec(t, fmt.Sprintf(`CREATE ROLE %[1]s LOGIN; GRANT USAGE ON SCHEMA public TO %[1]s;
		CREATE TABLE small (id int); INSERT INTO small SELECT generate_series(1, 3); ANALYZE small;
		CREATE UNLOGGED TABLE large (id int); GRANT SELECT ON large TO %[1]s`, ident(role)))
	t.Cleanup(func() { s.Exec(t, "DROP OWNED BY "+ident(role)+"; DROP ROLE "+ident(role)) })
	at.User = url.User(role)
	less, err := postgres.Open(ctx, at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer less.Close()
	const flush = "; SELECT pg_stat_force_next_flush()"
	for _, c := range []struct {
		name, table, before string
		by                  driver.Driver
		rows                int64
		exact               bool
	}{
		{"a small table", "small", "", d, 3, true},
		{"nobody knows how many there are", "large", "INSERT INTO large SELECT generate_series(1, 1000000)" + flush, d, 1_000_000, true},
		{"the server has looked", "large", "ANALYZE large", d, 1_000_000, false},
		{"some rows came since", "large", "INSERT INTO large SELECT generate_series(1, 1000)" + flush, d, 1_001_000, false},
		{"of which the account sees a few", "large", "ALTER TABLE large ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON large USING (id = 5)", less, 2, true},
		{"many changed since", "large", "UPDATE large SET id = id + 1 WHERE id < 60000" + flush, d, 1_001_000, true},
		{"the server has looked again", "large", "ANALYZE large", d, 1_001_000, false},
		{"a table's rows are among them", "large", "CREATE TABLE child () INHERITS (large); INSERT INTO child VALUES (1)", d, 1_001_001, true},
	} {
		if c.before != "" {
			s.Exec(t, c.before)
		}
		n, waited := s.countLocked(t, c.by, c.table)
		if n != c.rows || waited != c.exact {
			t.Errorf("%s: %d rows, row by row: %v; want %d, %v", c.name, n, waited, c.rows, c.exact)
		}
	}
	if _, err := d.Count(ctx, record.Table{Name: "none"}); err == nil {
		t.Error("a table that is not there was counted")
	}
}

// countLocked counts the rows of a table that somebody has for himself until the count
// waits for it, and tells whether it did.
func (s *system) countLocked(t *testing.T, d driver.Driver, table string) (n int64, waited bool) {
	t.Helper()
	tx, err := s.pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(ctx)
	if _, err := tx.Exec(ctx, "LOCK TABLE "+table); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		var err error
		n, err = d.Count(ctx, record.Table{Name: table})
		done <- err
	}()
	for !waited {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			return n, false
		default:
		}
		if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = $1::text::regclass AND NOT granted)", table).Scan(&waited); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return n, true
}
