package postgres

import (
	"context"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sutor/internal/errs"
)

const (
	// poolSize is how many connections one server holds at most, the listener
	// aside; pool_max_conns in the URL can raise it.
	poolSize       = 16
	connectTimeout = 10 * time.Second
	oldest         = 13 // major version
)

// sessionSQL sets what every session needs, whatever the defaults of server,
// database and account are. The interval that lets the server notice within
// seconds that we are gone came with version 14, and some operating systems
// refuse it.
const sessionSQL = `
SET lock_timeout = '10s'; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = '30s';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('synchronous_commit', 'on', false) WHERE pg_catalog.current_setting('synchronous_commit') = 'off'`

const zombieSQL = `
SELECT pg_catalog.set_config(name, '2s', false) FROM pg_catalog.pg_settings WHERE name = 'client_connection_check_interval'`

// parse reads the database's URL. It holds the password, so nothing of it, nor
// of the parser's own error, goes into an error of ours. An unescaped character
// would make the rest of a password a host, a port or a database, which errors do
// name: such URLs are refused.
func parse(dsn string) (*pgxpool.Config, error) {
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || strings.Contains(u.EscapedPath()+u.RawQuery, "@") || strings.Contains(dsn, "#") {
		return nil, badURL()
	}
	c, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, badURL()
	}
	c.MaxConns = max(c.MaxConns, poolSize)
	if c.ConnConfig.ConnectTimeout == 0 {
		c.ConnConfig.ConnectTimeout = connectTimeout
	}
	c.ConnConfig.RuntimeParams["application_name"] = "sutor"
	c.ConnConfig.RuntimeParams["client_encoding"] = "UTF8"
	c.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	c.AfterConnect = prepare
	return c, nil
}

func badURL() error {
	return errs.New(errs.Usage, "The URL of the metadata database cannot be read.").
		WithMend("Write it as postgres://user@host:5432/database?sslmode=require. Characters of the password other than letters and digits are written as %%XX; " +
			"or leave it out, and give it in the environment as PGPASSWORD or in a password file.")
}

// prepare sets up a new session and refuses servers that cannot hold the
// metadata.
func prepare(ctx context.Context, conn *pgx.Conn) error {
	if encoding := conn.PgConn().ParameterStatus("server_encoding"); encoding != "UTF8" {
		return errs.New(errs.Invalid, "The metadata database has the encoding %s, which cannot hold every text.", encoding).
			WithMend("Make another: CREATE DATABASE sutor ENCODING 'UTF8' TEMPLATE template0")
	}
	version := conn.PgConn().ParameterStatus("server_version") // as "15.18 (Debian …)"
	major, _, _ := strings.Cut(version, ".")
	if n, err := strconv.Atoi(major); err == nil && n < oldest {
		return errs.New(errs.Invalid, "The metadata database is on PostgreSQL %s; Sutor needs %d or newer.", version, oldest).
			WithMend("Its administrator can upgrade it.")
	}
	if _, err := conn.PgConn().Exec(ctx, sessionSQL).ReadAll(); err != nil {
		return err
	}
	if _, err := conn.PgConn().Exec(ctx, zombieSQL).ReadAll(); err != nil && conn.IsClosed() {
		return err
	}
	return nil
}

// place says for the steward which database is meant.
func place(c *pgx.ConnConfig) string {
	return c.Database + " at " + net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))
}
