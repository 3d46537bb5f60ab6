package pgtest

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"sutor/internal/testserver"
)

// Variable is the environment variable that names a running server.
const Variable = "SUTOR_TEST_PG"

// Main runs a package's tests with a server. Call it from TestMain:
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
func Main(m *testing.M) { os.Exit(Kind.Tests(m.Run)) }

// Kind is a PostgreSQL for tests.
var Kind = testserver.Kind{Variable: Variable, Start: func(ctx context.Context) (testserver.Server, error) { return Start(ctx) }}

// Database creates an empty database (UTF8, locale C), which is dropped when
// the test ends, and gives its URL.
func Database(t testing.TB) string {
	t.Helper()
	server := os.Getenv(Variable)
	if server == "" {
		t.Fatalf("%s is not set: call pgtest.Main from TestMain, or run the tests under withpg", Variable)
	}
	at, err := url.Parse(server)
	if err != nil {
		t.Fatalf("%s is not a URL", Variable)
	}
	name := "sutor_" + strings.ToLower(rand.Text()[:12])
	execute(t, server, "CREATE DATABASE "+name+" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'")
	t.Cleanup(func() { execute(t, server, "DROP DATABASE "+name+" WITH (FORCE)") })
	at.Path = "/" + name
	return at.String()
}

func execute(t testing.TB, server, sql string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatalf("the test server: %v", err)
	}
	if _, err := conn.Exec(ctx, sql); err != nil {
		t.Errorf("%s: %v", sql, err)
	}
	if err := conn.Close(ctx); err != nil {
		t.Errorf("the test server: %v", err)
	}
}
