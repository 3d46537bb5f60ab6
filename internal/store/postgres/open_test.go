package postgres

import (
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/stdlib"

	"sutor/internal/connector/postgres/pgtest"
	"sutor/internal/errs"
)

// schema gives all that is defined in a database, goose's own table aside.
func schema(t *testing.T, db *DB) string {
	t.Helper()
	var all string
	err := db.pool.QueryRow(t.Context(), `SELECT coalesce(string_agg(line, E'\n' ORDER BY line), '') FROM (
		SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(collation_name, '') AS line
			FROM information_schema.columns WHERE table_schema = current_schema() AND table_name NOT LIKE 'goose%'
		UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename NOT LIKE 'goose%'
		UNION ALL SELECT 'trigger ' || pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace
		UNION ALL SELECT 'rule ' || conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = current_schema()::regnamespace AND conrelid::regclass::text NOT LIKE 'goose%'
		UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
		UNION ALL SELECT 'sequence ' || sequencename FROM pg_sequences WHERE schemaname = current_schema() AND sequencename NOT LIKE 'goose%') AS x`).Scan(&all)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestUpDownUp(t *testing.T) {
	t.Parallel()
	db := fresh(t, Options{})
	up := schema(t, db)
	pool := stdlib.OpenDBFromPool(db.pool)
	defer pool.Close()
	p, err := provider(pool)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.DownTo(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if left := schema(t, db); left != "" {
		t.Errorf("left after going down:\n%s", left)
	}
	if err := db.migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again := schema(t, db); again != up {
		t.Errorf("up again is\n%s\n\nbut at first it was\n%s", again, up)
	}
	if _, err := propose(t.Context(), db); err != nil {
		t.Error(err)
	}
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	exec(t, reopen(t, dsn, Options{}), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`)
	_, err := Open(t.Context(), dsn, Options{})
	if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "made by a newer Sutor: it has version 9999") {
		t.Errorf("got %v", err)
	}
}

// Several servers meet at a database that none of them has seen before.
func TestOpenedAtOnce(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			db, err := Open(t.Context(), dsn, Options{})
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

func TestReopenedDatabaseHasEverything(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	if _, err := propose(t.Context(), reopen(t, dsn, Options{})); err != nil {
		t.Fatal(err)
	}
	if id, err := propose(t.Context(), reopen(t, dsn, Options{})); err != nil || id != "1002" {
		t.Errorf("the second change is %s, %v", id, err)
	}
}

// Two installations share a database, each in a schema of its own.
func TestSchemasKeepApart(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	exec(t, reopen(t, dsn, Options{}), `CREATE SCHEMA other`)
	for _, path := range []string{"public", "other"} {
		if id, err := propose(t.Context(), reopen(t, dsn+"&search_path="+path, Options{})); err != nil || id != "1001" {
			t.Errorf("the first change in %s is %s, %v", path, id, err)
		}
	}
}

func TestAnotherEncodingIsRefused(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	admin := reopen(t, dsn, Options{})
	exec(t, admin, `CREATE DATABASE sutor_latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'`)
	defer exec(t, admin, `DROP DATABASE sutor_latin WITH (FORCE)`)
	_, err := Open(t.Context(), elsewhere(t, dsn, "sutor_latin"), Options{})
	if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "LATIN1") {
		t.Errorf("got %v", err)
	}
}

// elsewhere gives the URL of another database of the same server.
func elsewhere(t *testing.T, dsn, database string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + database
	return u.String()
}

func TestAnAccountWithoutRights(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	admin := reopen(t, dsn, Options{})
	exec(t, admin, `CREATE ROLE sutor_nobody LOGIN; CREATE SCHEMA closed`)
	defer exec(t, admin, `DROP ROLE sutor_nobody`)
	u, err := url.Parse(dsn + "&search_path=closed")
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.User("sutor_nobody")
	_, err = Open(t.Context(), u.String(), Options{})
	if errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "may not make tables") {
		t.Errorf("got %v", err)
	}
}

// Whatever is wrong with a URL, its password is in no error, cause or not.
func TestNoErrorTellsThePassword(t *testing.T) {
	t.Parallel()
	server, err := url.Parse(pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		dsn  string
		want errs.Kind
	}{
		"nobody listens":      {"postgres://sutor:Geheim7@127.0.0.1:1/sutor", errs.Unavailable},
		"nobody, a parameter": {"postgres://sutor@127.0.0.1:1/sutor?password=Geheim7", errs.Unavailable},
		"no such host":        {"postgres://sutor:Geheim7@sutor.invalid/sutor", errs.Unavailable},
		"no such database":    {"postgres://postgres:Geheim7@" + server.Host + "/absent?sslmode=disable", errs.Unavailable},
		"no such account":     {"postgres://absent:Geheim7@" + server.Host + "/postgres?sslmode=disable", errs.Unavailable},
		"no TLS there":        {"postgres://postgres:Geheim7@" + server.Host + "/postgres?sslmode=require", errs.Unavailable},
		"unknown setting":     {"postgres://postgres:Geheim7@" + server.Host + "/postgres?sslmode=disable&nonsense=1", errs.Usage},
		"a bad port":          {"postgres://sutor:Geheim7@127.0.0.1:port/sutor", errs.Usage},
		"a bad sslmode":       {"postgres://sutor:Geheim7@127.0.0.1/sutor?sslmode=Geheim7", errs.Usage},
		"a bad escape":        {"postgres://sutor:%zzGeheim7@127.0.0.1/sutor", errs.Usage},
		"a slash in it":       {"postgres://sutor:12/Geheim7@127.0.0.1/sutor", errs.Usage},
		"a question in it":    {"postgres://sutor:12?Geheim7@127.0.0.1/sutor", errs.Usage},
		"a hash in it":        {"postgres://sutor:12#Geheim7@127.0.0.1/sutor", errs.Usage},
		"another scheme":      {"mysql://sutor:Geheim7@127.0.0.1/sutor", errs.Usage},
		"keywords":            {"host=127.0.0.1 password=Geheim7", errs.Usage},
		"nothing":             {"", errs.Usage},
	} {
		db, err := Open(t.Context(), c.dsn, Options{})
		if err == nil || errs.KindOf(err) != c.want {
			t.Errorf("%s: %v, %v", name, db, err)
		}
		if err != nil && strings.Contains(errs.Detail(err), "Geheim7") {
			t.Errorf("%s: the password stands in %q", name, errs.Detail(err))
		}
	}
}
