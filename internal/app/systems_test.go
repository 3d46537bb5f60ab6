package app

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sutor/internal/compact"
	"sutor/internal/connector/postgres/pgtest"
	"sutor/internal/system/driver"
)

// A Compact with another connection for a system is put in force while a transaction of that
// system is on its way: nobody waits for it, least of all itself, and it commits.
func TestSystemsAreReplacedBesideATransaction(t *testing.T) {
	t.Parallel()
	dir, ctx := t.TempDir(), context.Background()
	of := func(dsn string) *compact.Compact {
		if err := os.WriteFile(filepath.Join(dir, "shop.dsn"), []byte(dsn), 0o600); err != nil {
			t.Fatal(err)
		}
		c, problems := compact.Parse(filepath.Join(dir, "compact.yaml"), []byte(strings.Replace(sharedCompact, "kind: sqlite, dsn: shop.db", `kind: postgres, dsn: "file:shop.dsn"`, 1)))
		if c == nil || compact.Failed(problems) {
			t.Fatal(problems)
		}
		return c
	}
	s := newSystems()
	if err := s.use(ctx, of(pgtest.Database(t))); err != nil {
		t.Fatal(err)
	}
	old, err := s.System("shop")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := old.Begin(ctx, driver.Options{LockSeconds: 5})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.use(ctx, of(pgtest.Database(t))); err != nil {
		t.Fatal(err)
	}
	if now, err := s.System("shop"); err != nil || now == old {
		t.Errorf("the system is the one before: %v", err)
	}
	if err := tx.Commit(ctx); err != nil {
		t.Error(err)
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
	if err := old.Ping(ctx); err == nil {
		t.Error("the system before is open still")
	}
}
