package postgres_test

import (
	"context"
	"net"
	"strings"
	"testing"

	"sutor/internal/connector/postgres"
	"sutor/internal/connector/postgres/pgtest"
	"sutor/internal/errs"
)

// TestPasswordIsNeverTold: nothing of a failed Open holds the password, not even
// the causes that go to the log.
func TestPasswordIsNeverTold(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String() // nothing listens there any more
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	host, port, _ := strings.Cut(closed, ":")
	for _, c := range []struct {
		dsn  string
		kind errs.Kind
	}{
		{"postgres://u:hunter2@" + closed + "/db", errs.Unavailable},
		{"host=" + host + " port=" + port + " user=u password=hunter2", errs.Unavailable},
		{"host=" + host + " port=" + port + " user=u password='hunter2 x'", errs.Unavailable},
		{"postgres://u:hunter2@host:port/db", errs.Invalid},
		{"postgres://u:hunter2%zz@host/db", errs.Invalid},
		{"postgres://u:hunter2@[host/db", errs.Invalid},
		{"host=x port=abc password=hunter2", errs.Invalid},
		{"password='hunter2", errs.Invalid},
		{"pass word hunter2", errs.Invalid},
		{"postgres://u:hunter2@host/db?pool_max_conns=x", errs.Invalid},
		{"postgres://u:hunter2@host/db?sslmode=hunter2", errs.Invalid},
	} {
		_, err := postgres.Open(context.Background(), c.dsn)
		if errs.KindOf(err) != c.kind || errs.As(err) == nil {
			t.Errorf("%s: %v, want a public error of kind %s", c.dsn, err, c.kind)
			continue
		}
		if strings.Contains(errs.Detail(err), "hunter2") {
			t.Errorf("%s: the error tells the password: %s", c.dsn, errs.Detail(err))
		}
	}
}

func TestUnknownDatabaseAndAccount(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	for _, bad := range []string{strings.Replace(dsn, "?", "_not?", 1), strings.Replace(dsn, "postgres@", "nobody_at_all@", 1)} {
		_, err := postgres.Open(context.Background(), bad)
		if errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "does not let Sutor in") {
			t.Errorf("%v; want a sentence of kind unavailable", err)
		}
	}
}

func TestKeywordString(t *testing.T) {
	t.Parallel()
	at := strings.TrimPrefix(pgtest.Database(t), "postgres://postgres@")
	address, rest, _ := strings.Cut(at, "/")
	host, port, _ := strings.Cut(address, ":")
	database, _, _ := strings.Cut(rest, "?")
	d, err := postgres.Open(context.Background(), "host="+host+" port="+port+" user=postgres sslmode=disable dbname="+database)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}
