package mysqltest

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"sutor/internal/testserver"
)

// Variable is the environment variable that names a running server.
const Variable = "SUTOR_TEST_MYSQL"

// Main runs a package's tests with a server. Call it from TestMain:
//
//	func TestMain(m *testing.M) { mysqltest.Main(m) }
func Main(m *testing.M) { os.Exit(Kind.Tests(m.Run)) }

// Kind is a MariaDB for tests.
var Kind = testserver.Kind{Variable: Variable, Start: func(ctx context.Context) (testserver.Server, error) { return Start(ctx) }}

// Database makes an empty database on the server and gives its URL. It is dropped
// when the test ends, connections to it or not.
func Database(t testing.TB) string {
	t.Helper()
	server := os.Getenv(Variable)
	if server == "" {
		t.Fatal("no test server: the package's TestMain calls mysqltest.Main")
	}
	name := "test_" + strings.ToLower(rand.Text()[:12])
	execute(t, server, "CREATE DATABASE "+name+" CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
	t.Cleanup(func() { execute(t, server, "DROP DATABASE "+name) })
	return In(server, name)
}

// In gives the URL of another database of a server.
func In(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		return ""
	}
	u.Path = "/" + name
	return u.String()
}

func execute(t testing.TB, server, sql string) {
	t.Helper()
	pool, err := Open(server)
	if err != nil {
		t.Fatalf("the test server: %v", err)
	}
	if _, err := pool.ExecContext(context.Background(), sql); err != nil {
		t.Errorf("%s: %v", sql, err)
	}
	if err := pool.Close(); err != nil {
		t.Errorf("the test server: %v", err)
	}
}

// configOf reads a URL of this package; the connector's own reading of such URLs is
// under test and does not serve here.
func configOf(at string) (*mysql.Config, error) {
	u, err := url.Parse(at)
	if err != nil || u.User == nil {
		return nil, errors.New("mysqltest: no URL of a server for tests")
	}
	secret, _ := u.User.Password()
	c := mysql.NewConfig()
	c.User, c.Passwd, c.Net, c.Addr, c.DBName = u.User.Username(), secret, "tcp", u.Host, strings.TrimPrefix(u.Path, "/")
	c.MultiStatements, c.InterpolateParams, c.Logger = true, true, &mysql.NopLogger{}
	c.Collation = "utf8mb4_general_ci"
	c.Params = map[string]string{"sql_mode": "'ANSI_QUOTES,STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO'", "time_zone": "'+00:00'", "lock_wait_timeout": "30"}
	return c, nil
}
