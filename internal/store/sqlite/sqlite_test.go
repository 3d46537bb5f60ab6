package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/identity"
	"sutor/internal/store/storetest"
	"sutor/internal/workflow"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Store { return fresh(t, Options{}) })
}

// fresh opens a new file and closes it when the test ends.
func fresh(t *testing.T, o Options) *DB {
	t.Helper()
	return reopen(t, filepath.Join(t.TempDir(), "sutor.db"), o)
}

func reopen(t *testing.T, path string, o Options) *DB {
	t.Helper()
	db, err := Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// propose stores a change and gives its id.
func propose(ctx context.Context, db *DB) (id change.ID, err error) {
	err = db.Do(ctx, func(tx workflow.Tx) error {
		if id, err = tx.NewID(); err != nil {
			return err
		}
		return tx.CreateChange(&change.Change{ID: id, Dataset: "customers", State: change.Planning})
	})
	return id, err
}

func TestIDsStartAt1001(t *testing.T) {
	t.Parallel()
	db := fresh(t, Options{})
	for _, want := range []change.ID{"1001", "1002"} {
		if id, err := propose(t.Context(), db); err != nil || id != want {
			t.Errorf("got %s, %v, want %s", id, err, want)
		}
	}
}

func TestPragmas(t *testing.T) {
	t.Parallel()
	db := fresh(t, Options{})
	for _, c := range []struct {
		pool         *sql.DB
		pragma, want string
	}{
		{db.writer, "journal_mode", "wal"},
		{db.writer, "synchronous", "2"}, // FULL
		{db.writer, "busy_timeout", "10000"},
		{db.writer, "foreign_keys", "1"},
		{db.writer, "secure_delete", "1"},
		{db.reader, "busy_timeout", "10000"},
		{db.reader, "query_only", "1"},
	} {
		var got string
		if err := c.pool.QueryRowContext(t.Context(), "PRAGMA "+c.pragma).Scan(&got); err != nil || got != c.want {
			t.Errorf("%s is %s, %v, want %s", c.pragma, got, err, c.want)
		}
	}
}

func TestOnlyItsOwnerReadsTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sutor.db")
	db := reopen(t, path, Options{})
	if _, err := propose(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", filepath.Base(name), info.Mode())
		}
	}
}

func TestReopenedFileHasEverything(t *testing.T) {
	t.Parallel()
	// Characters that mean something in a URI are part of the name here.
	path := filepath.Join(t.TempDir(), "a b?mode=ro#%41&ü.db")
	db, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	id, err := propose(t.Context(), db)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the file has another name: %v", err)
	}
	if err := reopen(t, path, Options{}).View(t.Context(), func(tx workflow.Tx) error {
		_, err := tx.Change(id)
		return err
	}); err != nil {
		t.Error(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	junk := filepath.Join(dir, "junk.db")
	if err := os.WriteFile(junk, []byte(strings.Repeat("not a database. ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]errs.Kind{
		junk:                                  errs.Invalid,
		dir:                                   errs.Unavailable,
		filepath.Join(dir, "absent", "sutor"): errs.Unavailable,
	} {
		if db, err := Open(t.Context(), path, Options{}); errs.KindOf(err) != want {
			t.Errorf("Open(%s): %v, %v", filepath.Base(path), db, err)
		}
	}
}

// Another process writes beside this one: both get through, nothing is lost.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sutor.db")
	server, command := reopen(t, path, Options{}), reopen(t, path, Options{})
	var all sync.WaitGroup
	for _, db := range []*DB{server, command} {
		all.Go(func() {
			for range 25 {
				if _, err := propose(t.Context(), db); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if err := server.View(t.Context(), func(tx workflow.Tx) error {
		changes, err := tx.Changes(workflow.Filter{})
		if len(changes) != 50 {
			t.Errorf("%d changes of 50", len(changes))
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}

// Readers wait for no writer.
func TestReadingDuringDo(t *testing.T) {
	t.Parallel()
	db := fresh(t, Options{})
	id, err := propose(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Do(t.Context(), func(tx workflow.Tx) error {
		if err := tx.AddToken(identity.Token{ID: "T1"}); err != nil {
			return err
		}
		if _, err := db.Token(t.Context(), "T1"); errs.KindOf(err) != errs.NotFound {
			t.Errorf("a token not yet committed can be used: %v", err)
		}
		return db.View(t.Context(), func(tx workflow.Tx) error {
			_, err := tx.Change(id)
			return err
		})
	}); err != nil {
		t.Error(err)
	}
}

func TestEnqueueIsPartOfTheTransaction(t *testing.T) {
	t.Parallel()
	db := fresh(t, Options{Enqueue: func(ctx context.Context, tx *sql.Tx, j workflow.Job) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO queue VALUES (?, ?)`, j.Kind, j.Change)
		return err
	}})
	if _, err := db.Writer().ExecContext(t.Context(), `CREATE TABLE queue (kind, id)`); err != nil {
		t.Fatal(err)
	}
	enqueue := func(outcome error) error {
		return db.Do(t.Context(), func(tx workflow.Tx) error {
			return errors.Join(tx.Enqueue(workflow.Job{Kind: workflow.JobPlan, Change: "1001"}), outcome)
		})
	}
	queued := func() (n int) {
		if err := db.reader.QueryRowContext(t.Context(), `SELECT count(*) FROM queue`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if err := enqueue(errors.New("no")); err == nil || queued() != 0 {
		t.Errorf("after a rollback %d jobs are queued, %v", queued(), err)
	}
	if err := enqueue(nil); err != nil || queued() != 1 {
		t.Errorf("after a commit %d jobs are queued, %v", queued(), err)
	}
}

func TestAProgramWithoutQueue(t *testing.T) {
	t.Parallel()
	db := fresh(t, Options{})
	err := db.Do(t.Context(), func(tx workflow.Tx) error { return tx.Enqueue(workflow.Job{Kind: workflow.JobPlan}) })
	if errs.KindOf(err) != errs.Internal {
		t.Errorf("got %v", err)
	}
}

// SQLite itself says that the disk is full: the file may not grow further.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	db := fresh(t, Options{})
	if _, err := db.writer.ExecContext(t.Context(), `PRAGMA max_page_count = 1`); err != nil { // SQLite takes the present size
		t.Fatal(err)
	}
	var id change.ID
	fill := func(tx workflow.Tx) (err error) {
		if id, err = tx.NewID(); err != nil {
			return err
		}
		return tx.CreateChange(&change.Change{ID: id, Reason: strings.Repeat("x", 1<<20)})
	}
	err := db.Do(t.Context(), fill)
	if errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "The disk of the server is full") {
		t.Fatalf("got %v", err)
	}
	if strings.Contains(errs.Public(err).Error(), "INSERT") {
		t.Errorf("the message tells SQL: %v", err)
	}
	if _, err := db.writer.ExecContext(t.Context(), `PRAGMA max_page_count = 1000000`); err != nil {
		t.Fatal(err)
	}
	if err := db.Do(t.Context(), fill); err != nil || id != "1001" {
		t.Errorf("with room again: %s, %v", id, err)
	}
}

// Another program holds the write lock for longer than a person waits.
func TestHeldDatabase(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sutor.db")
	db, other := reopen(t, path, Options{}), reopen(t, path, Options{})
	if _, err := db.writer.ExecContext(t.Context(), `PRAGMA busy_timeout = 20`); err != nil {
		t.Fatal(err)
	}
	if err := other.Do(t.Context(), func(workflow.Tx) error {
		if _, err := propose(t.Context(), db); errs.KindOf(err) != errs.Unavailable {
			t.Errorf("got %v", err)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

func TestTheLogIsAppendOnly(t *testing.T) {
	t.Parallel()
	db := fresh(t, Options{})
	if _, err := db.writer.ExecContext(t.Context(), `INSERT INTO leaves VALUES (0, '', x'7b7d', NULL); INSERT INTO hashes VALUES (0, zeroblob(32))`); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"leaves", "hashes"} {
		for _, attempt := range []string{"DELETE FROM %s", "UPDATE %s SET number = 1"} {
			_, err := db.writer.ExecContext(t.Context(), fmt.Sprintf(attempt, table))
			if err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf(attempt+" gave %v", table, err)
			}
		}
	}
}
