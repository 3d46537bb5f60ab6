package sqlite

import (
	"database/sql"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sutor/internal/errs"
)

// schema gives all that is defined in a database, goose's own table aside.
func schema(t *testing.T, db *sql.DB) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT sql FROM sqlite_schema WHERE tbl_name NOT LIKE 'goose%' AND tbl_name NOT LIKE 'sqlite%' AND sql IS NOT NULL ORDER BY type, name`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, "\n")
}

func TestUpDownUp(t *testing.T) {
	t.Parallel()
	db := fresh(t, Options{})
	up := schema(t, db.writer)
	p, err := provider(db.writer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.DownTo(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if left := schema(t, db.writer); left != "" {
		t.Errorf("left after going down:\n%s", left)
	}
	if err := migrate(t.Context(), db.writer); err != nil {
		t.Fatal(err)
	}
	if again := schema(t, db.writer); again != up {
		t.Errorf("up again is\n%s\n\nbut at first it was\n%s", again, up)
	}
	if _, err := propose(t.Context(), db); err != nil {
		t.Error(err)
	}
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sutor.db")
	db := reopen(t, path, Options{})
	if _, err := db.writer.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), path, Options{})
	if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "made by a newer Sutor: it has version 9999") {
		t.Errorf("got %v", err)
	}
}

// Several programs meet at a file that none of them has seen before.
func TestOpenedAtOnce(t *testing.T) {
	t.Parallel()
	for range 2 {
		path := filepath.Join(t.TempDir(), "sutor.db")
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				db, err := Open(t.Context(), path, Options{})
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := propose(t.Context(), db); err != nil {
					t.Error(err)
				}
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
}
