package demo_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"sutor/internal/access"
	"sutor/internal/demo"
	"sutor/internal/errs"
)

// content is the digest of everything in the database: it changes only when
// somebody wants the demo company to be another one.
const content = "1ffe97c3b1187d06"

// exampleContent is the digest of the example files.
const exampleContent = "962435303e102454"

func prepare(t testing.TB, dir string) *demo.Company {
	t.Helper()
	c, err := demo.Prepare(t.Context(), dir)
	if err != nil {
		t.Fatal(errs.Detail(err))
	}
	return c
}

func open(t testing.TB, c *demo.Company) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", filepath.Join(c.Dir, "erp.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func text(t testing.TB, db *sql.DB, query string) string {
	t.Helper()
	var s string
	if err := db.QueryRow(query).Scan(&s); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return s
}

// TestCompany looks at one company from all sides, without changing it.
func TestCompany(t *testing.T) {
	t.Parallel()
	c := prepare(t, t.TempDir())
	db := open(t, c)
	t.Run("content", func(t *testing.T) { testContent(t, db) })
	t.Run("integrity", func(t *testing.T) { testIntegrity(t, db) })
	t.Run("examples", func(t *testing.T) { testExamples(t, c) })
	t.Run("people", func(t *testing.T) { testPeople(t, c) })
	t.Run("compact", func(t *testing.T) { testCompact(t, c) })
	t.Run("clean", func(t *testing.T) { testClean(t, c, db) })
	t.Run("risky", func(t *testing.T) { testRisky(t, c, db) })
	t.Run("prices", func(t *testing.T) { testPrices(t, c, db) })
	t.Run("mistakes", func(t *testing.T) { testMistakes(t, c, db) })
}

func testContent(t *testing.T, db *sql.DB) {
	h := sha256.New()
	for _, table := range []string{"payment_term", "customer", "product", "orders"} {
		// quote tells NULL, numbers and texts apart, and writes every digit.
		row := text(t, db, "SELECT group_concat('quote(' || name || ')', '||'',''||') FROM pragma_table_info('"+table+"')")
		rows, err := db.Query("SELECT " + row + " FROM " + table + " ORDER BY 1")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var line sql.RawBytes
		for rows.Next() {
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			h.Write(append(line, '\n'))
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	if got := fmt.Sprintf("%x", h.Sum(nil)[:8]); got != content {
		t.Errorf("the company's content has the digest %s, not %s", got, content)
	}
}

func testExamples(t *testing.T, c *demo.Company) {
	h := sha256.New()
	for _, e := range c.Examples {
		b, err := os.ReadFile(e.File)
		if err != nil {
			t.Fatal(err)
		}
		h.Write(b)
	}
	if got := fmt.Sprintf("%x", h.Sum(nil)[:8]); got != exampleContent {
		t.Errorf("the examples have the digest %s, not %s", got, exampleContent)
	}
}

func testIntegrity(t *testing.T, db *sql.DB) {
	for query, want := range map[string]string{
		"PRAGMA integrity_check":                                   "ok",
		"SELECT count(*) FROM pragma_foreign_key_check":            "0",
		"SELECT count(*) FROM pragma_foreign_key_list('customer')": "1",
		"SELECT count(*) FROM pragma_foreign_key_list('orders')":   "1",
		"SELECT count(*) FROM customer":                            "42179",
		"SELECT min(id) FROM customer":                             "10001",
		"SELECT count(*) FROM product":                             "504",
		"SELECT count(*) FROM orders":                              "200000",
		"SELECT count(*) > 500 FROM orders WHERE status = 'open'":  "1",
		"SELECT max(order_date) FROM orders":                       "2026-06-30",
		"SELECT count(*) FROM customer WHERE customer_since > '2026-06-30' OR updated_at < customer_since":                                     "0",
		"SELECT count(*) FROM orders o JOIN customer c ON c.id = o.customer_id WHERE o.order_date < c.customer_since":                          "0",
		"SELECT count(*) BETWEEN 500 AND 1200 FROM customer WHERE blocked":                                                                     "1",
		"SELECT count(*) FROM customer WHERE credit_limit NOT BETWEEN 0 AND 500000 OR (vat IS NOT NULL AND length(vat) NOT BETWEEN 10 AND 14)": "0",
		"SELECT count(DISTINCT payment_terms) FROM customer":                                                                                   "4",
		"SELECT count(*) > 100 FROM customer WHERE name <> trim(name) OR city IS NULL":                                                         "1",
		"SELECT count(*) FROM customer WHERE contact_email NOT LIKE '%.example'":                                                               "0",
	} {
		if got := text(t, db, query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

func testPeople(t *testing.T, c *demo.Company) {
	all := ""
	for _, p := range c.People {
		all += p.Role + "\n"
		if p.Password != demo.Password || !strings.HasSuffix(string(p.Email), "@example.test") || p.Name == "" {
			t.Errorf("an odd person: %+v", p)
		}
	}
	for _, r := range access.Roles {
		if !strings.Contains(all, string(r)) {
			t.Errorf("nobody is %s", r)
		}
	}
	if len(c.People) != 7 || c.People[0].Role != "maker in sales and purchasing, practitioner" {
		t.Errorf("people: %+v", c.People)
	}
}

// TestSecondStart: what is there is kept, what was deleted is made again.
func TestSecondStart(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "my demo")
	c := prepare(t, dir)
	db := open(t, c)
	if _, err := db.Exec("UPDATE customer SET payment_terms = 'NET90' WHERE id = 10001"); err != nil {
		t.Fatal(err)
	}
	edited, err := os.ReadFile(c.Compact)
	if err != nil {
		t.Fatal(err)
	}
	edited = []byte(strings.Replace(string(edited), "name: Max,", "name: Maximilian,", 1))
	before, err := os.ReadFile(c.Examples[0].File)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(c.Compact, edited, 0o600), os.Remove(c.Examples[0].File)); err != nil {
		t.Fatal(err)
	}
	again := prepare(t, dir)
	if got := text(t, db, "SELECT payment_terms FROM customer WHERE id = 10001"); got != "NET90" {
		t.Errorf("the change was lost: %s", got)
	}
	if again.People[1].Name != "Maximilian" {
		t.Errorf("the changed Compact was lost: %+v", again.People[1])
	}
	if after, err := os.ReadFile(c.Examples[0].File); err != nil || string(after) != string(before) {
		t.Errorf("the deleted example is not the same again: %v", err)
	}
}

func TestBrokenCompactIsSaid(t *testing.T) {
	t.Parallel()
	c := prepare(t, t.TempDir())
	if err := os.WriteFile(c.Compact, []byte("compact: Example\nsystem: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := demo.Prepare(t.Context(), c.Dir)
	if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "compact.yaml:1:1") {
		t.Errorf("got %v", err)
	}
}

func TestFolderThatCannotBe(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := demo.Prepare(t.Context(), filepath.Join(file, "demo")); errs.KindOf(err) != errs.Unavailable {
		t.Errorf("got %v", err)
	}
}

// countdown is a context that is cancelled when it has been looked at n times.
type countdown struct {
	context.Context
	cancel context.CancelFunc
	left   *atomic.Int64
}

func (c countdown) look() {
	if c.left.Add(-1) < 0 {
		c.cancel()
	}
}

func (c countdown) Err() error            { c.look(); return c.Context.Err() }
func (c countdown) Done() <-chan struct{} { c.look(); return c.Context.Done() }

// stopAfter prepares a company until ctx has been looked at n times, and tells
// how often more it would have been looked at.
func stopAfter(t *testing.T, dir string, n int64) (left int64, err error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var count atomic.Int64
	count.Store(n)
	_, err = demo.Prepare(countdown{ctx, cancel, &count}, dir)
	return count.Load(), err
}

// TestStopAnywhere: wherever the making stops, no file is there half, nothing is
// left beside, and the next start makes the rest.
func TestStopAnywhere(t *testing.T) {
	t.Parallel()
	const many = 1 << 40
	left, err := stopAfter(t, t.TempDir(), many)
	if err != nil || many-left < 5000 {
		t.Fatalf("looked at %d times, %v: too rarely to stop anywhere", many-left, err)
	}
	dir := t.TempDir()
	for _, share := range []int64{0, 1, 40, 70, 90, 99} { // of a hundred
		if _, err := stopAfter(t, dir, (many-left)*share/100); !errors.Is(err, context.Canceled) {
			t.Errorf("stopped after %d %%: %v", share, err)
		}
		whole(t, dir)
	}
	prepare(t, dir)
	whole(t, dir)
	// What a crash leaves behind.
	leftover := filepath.Join(dir, ".making-123")
	if err := errors.Join(os.RemoveAll(filepath.Join(dir, "erp.db")), os.Mkdir(leftover, 0o700),
		os.WriteFile(filepath.Join(leftover, "erp.db"), []byte("SQLite format 3\x00 and no more"), 0o600)); err != nil {
		t.Fatal(err)
	}
	prepare(t, dir)
	whole(t, dir)
}

// whole checks that what is in the folder is whole, the database too.
func whole(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && strings.Contains(path, ".making-") {
			err = fmt.Errorf("%s was left", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "erp.db")); err == nil {
		db := open(t, &demo.Company{Dir: dir})
		if n := text(t, db, "SELECT count(*) FROM orders"); n != "200000" {
			t.Errorf("the database has %s orders", n)
		}
	}
}

func TestWelcome(t *testing.T) {
	t.Parallel()
	c := &demo.Company{Dir: "my demo", People: []demo.Person{{Email: "maria@example.test", Name: "Maria", Role: "maker in sales", Password: demo.Password}},
		Examples: []demo.Example{{File: "my demo/examples/clean.csv", Dataset: "customers", What: "Good rows."}}}
	var local, open strings.Builder
	if err := errors.Join(c.Welcome(&local, "127.0.0.1:8080", "./sutor"), c.Welcome(&open, "0.0.0.0:9000", "sutor")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"http://127.0.0.1:8080\n", demo.Password, "no secret", "  maria@example.test  Maria  maker in sales\n", "  clean.csv  customers  Good rows.\n",
		"  export SUTOR_TOKEN=$(cat 'my demo/tokens/maria@example.test')\n", "  ./sutor change plan customers 'my demo/examples/clean.csv'\n"} {
		if !strings.Contains(local.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, local.String())
		}
	}
	if strings.Contains(local.String(), "Careful") || strings.Contains(local.String(), "SUTOR_SERVER") || strings.Contains(local.String(), "olaf") {
		t.Errorf("too much is said:\n%s", local.String())
	}
	if !strings.Contains(open.String(), "Careful") || !strings.Contains(open.String(), "export SUTOR_SERVER=http://0.0.0.0:9000\n") {
		t.Errorf("too little is said:\n%s", open.String())
	}
}

func BenchmarkPrepare(b *testing.B) {
	for b.Loop() {
		prepare(b, b.TempDir())
	}
}

func BenchmarkSecondStart(b *testing.B) {
	dir := b.TempDir()
	prepare(b, dir)
	for b.Loop() {
		prepare(b, dir)
	}
}
