package fault

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/mattn/go-sqlite3"

	"sutor/internal/app"
	"sutor/internal/artifact/s3test"
	"sutor/internal/cli"
	"sutor/internal/client"
	"sutor/internal/connector/postgres/pgtest"
	"sutor/internal/errs"
)

const compactText = `compact: Fault Trading
systems:
  erp: {kind: %s, dsn: "env:ERP_DSN"}
departments: [sales]
people:
  maria@example.test: {roles: [maker], departments: [sales]}
  olaf@example.test:  {roles: [owner], departments: [sales]}
  ivan@example.test:  {roles: [steward]}
  aud@example.test:   {roles: [auditor]}
datasets:
  customers: {system: erp, table: customer, key: [id], department: sales, owner: olaf@example.test, allow: [insert, update]}
`

// The table counts what is written to it, and only what was committed.
const (
	tableSQL = `
CREATE TABLE customer (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL, terms VARCHAR(20));
CREATE TABLE written (id INTEGER NOT NULL);
`
	sqliteTriggers = `
CREATE TRIGGER count_insert AFTER INSERT ON customer BEGIN INSERT INTO written VALUES (new.id); END;
CREATE TRIGGER count_update AFTER UPDATE ON customer BEGIN INSERT INTO written VALUES (new.id); END;
CREATE TRIGGER count_delete AFTER DELETE ON customer BEGIN INSERT INTO written VALUES (old.id); END;
`
	postgresTriggers = `
CREATE FUNCTION count_writes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.written VALUES (coalesce(new.id, old.id)); RETURN NULL; END $$;
CREATE TRIGGER count_writes AFTER INSERT OR UPDATE OR DELETE ON customer FOR EACH ROW EXECUTE FUNCTION count_writes();
`
)

// kinds of databases, for the metadata as for the connected system.
const (
	onSQLite   = "sqlite"
	onPostgres = "postgres"
)

// plot is what a house is built on.
type plot struct {
	store, system string
	rows          int    // of the table
	dsn           string // of the system's PostgreSQL; "" for a database of the tests' server
	database      string // of the metadata's PostgreSQL, likewise
	artifacts     string // folder or bucket that servers share; "" for a folder in their data
}

// house is one installation: a Compact, a connected system, the metadata, and a
// server of it.
type house struct {
	plot
	t      *testing.T
	dir    string
	erp    string // where the test finds the connected system: a path or a URL
	way    string // what the server is told instead; "" for the same
	tokens map[string]string
	server *server
	lives  int
	took   map[string]time.Duration // the steps, when they were last done without a fault
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(errs.Detail(err))
	}
}

// build makes a house and starts its server. At its end nothing of it may be
// left anywhere.
func build(t *testing.T, p plot, settle ...func(*house)) *house {
	t.Helper()
	h := &house{plot: p, t: t, dir: t.TempDir(), tokens: map[string]string{}, took: map[string]time.Duration{}}
	must(t, os.WriteFile(h.path("compact.yaml"), fmt.Appendf(nil, compactText, p.system), 0o600))
	h.erp = h.path("erp.db")
	triggers := sqliteTriggers
	if p.system == onPostgres {
		triggers = postgresTriggers
		if h.erp = p.dsn; h.erp == "" {
			h.erp = pgtest.Database(t)
		}
	}
	if p.store == onPostgres && h.database == "" {
		h.database = pgtest.Database(t)
	}
	var rows []string
	for id := range p.rows {
		rows = append(rows, fmt.Sprintf("(%d, 'Customer %d', 'NET30')", id+1, id+1))
	}
	h.run(tableSQL + "INSERT INTO customer VALUES " + strings.Join(rows, ", ") + ";" + triggers)
	for _, f := range settle {
		f(h)
	}
	h.start()
	for _, name := range []string{"maria", "olaf", "ivan", "aud"} {
		h.issue(name)
	}
	t.Cleanup(h.close)
	return h
}

func (h *house) path(name string) string { return filepath.Join(h.dir, name) }

// start starts the house's server.
func (h *house) start() { h.server = h.launch("data") }

// launch starts a server of this house with a data folder of its own.
func (h *house) launch(data string) *server {
	h.t.Helper()
	dsn := h.way
	if dsn == "" {
		dsn = h.erp
	}
	env := append(s3test.Environment(), childVariable+"="+h.path(data), databaseVariable+"="+h.database, artifactsVariable+"="+h.artifacts, "ERP_DSN="+dsn)
	return launch(h.t, h.dir, env...)
}

func (h *house) issue(name string) {
	h.t.Helper()
	where := cli.TokenConfig{Metadata: cli.Metadata{Data: h.path("data"), Database: h.database}, Email: name + "@example.test", Valid: 24 * time.Hour} // the long run takes hours
	secret, err := app.IssueToken(h.t.Context(), where)
	must(h.t, err)
	h.tokens[name] = secret
}

// as speaks to the house's server as a person.
func (h *house) as(name string) *client.Client {
	h.t.Helper()
	h.server.mu.Lock()
	defer h.server.mu.Unlock()
	if c := h.server.clients[name]; c != nil {
		return c
	}
	c, err := client.New(h.server.address, h.tokens[name])
	if err != nil {
		panic(err) // the address is a server's own
	}
	h.server.clients[name] = c
	return c
}

// close ends the server and looks whether anything is left.
func (h *house) close() {
	if h.t.Failed() {
		h.server.kill()
		h.t.Logf("the server said:\n%s", h.server.words())
		return
	}
	h.server.halt()
	h.nothingLeft()
}

// nothingLeft looks for connections and temporary tables in the databases, and
// for files of work in progress.
func (h *house) nothingLeft() {
	h.t.Helper()
	for _, at := range []string{h.erp, h.database} {
		if isPostgres(at) {
			h.comes("connections of Sutor", func() bool {
				return query(h.t, at, `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'sutor' AND datname = current_database()`) == "0"
			})
			h.comes("temporary tables", func() bool {
				return query(h.t, at, `SELECT count(*) FROM pg_class WHERE relpersistence = 't'`) == "0"
			})
		}
	}
	h.tidy()
}

// tidy waits until no work in progress is left on the disk.
func (h *house) tidy() {
	h.t.Helper()
	for _, pattern := range []string{"data*/scratch/run-*", "data*/artifacts/tmp/*", "data*/copies/part-*"} {
		h.comes(pattern, func() bool {
			found, err := filepath.Glob(h.path(pattern))
			must(h.t, err)
			return len(found) == 0
		})
	}
}

// comes waits for what another process does in its own time: that nothing is left
// of something.
func (h *house) comes(what string, done func() bool) {
	h.t.Helper()
	h.within(soon, what, done)
}

func (h *house) within(limit time.Duration, what string, done func() bool) {
	h.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(limit)
	for !done() {
		select {
		case <-tick.C:
		case <-late:
			h.t.Fatalf("still left: %s", what)
		}
	}
}

func isPostgres(database string) bool { return strings.HasPrefix(database, "postgres://") }

// run runs statements on the connected system, behind Sutor's back.
func (h *house) run(statements string) {
	h.t.Helper()
	if isPostgres(h.erp) {
		conn, err := pgx.Connect(h.t.Context(), h.erp)
		must(h.t, err)
		_, err = conn.PgConn().Exec(h.t.Context(), statements).ReadAll()
		must(h.t, err)
		must(h.t, conn.Close(h.t.Context()))
		return
	}
	db, err := sql.Open("sqlite3", "file:"+url.PathEscape(h.erp)+"?_busy_timeout=20000")
	must(h.t, err)
	_, err = db.Exec(statements)
	must(h.t, err)
	must(h.t, db.Close())
}

// query gives the one text that a query selects.
func query(t testing.TB, database, statement string) (text string) {
	t.Helper()
	ctx := context.Background()
	if isPostgres(database) {
		pool, err := pgxpool.New(ctx, database)
		must(t, err)
		defer pool.Close()
		must(t, pool.QueryRow(ctx, "SELECT ("+statement+")::text").Scan(&text))
		return text
	}
	db, err := sql.Open("sqlite3", "file:"+url.PathEscape(database)+"?_busy_timeout=20000")
	must(t, err)
	defer db.Close()
	must(t, db.QueryRow("SELECT CAST(("+statement+") AS TEXT)").Scan(&text))
	return text
}
