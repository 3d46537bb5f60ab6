package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sutor/internal/errs"
)

// The pool is small and forgets idle connections soon: no connection to the
// customer's database is held while nothing is asked of it.
const (
	poolSize       = 4
	idleTime       = 20 * time.Second
	healthCheck    = 10 * time.Second
	connectTimeout = 10 * time.Second
)

// sessionSQL makes a session print values canonically, whatever the defaults of
// server, database and account are. extra_float_digits 1 gives the shortest text
// that reads back as the same float. The limits are for reading; an apply sets
// its own.
const sessionSQL = `
SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET bytea_output = 'hex'; SET extra_float_digits = 1;
SET search_path = pg_catalog; SET standard_conforming_strings = on;
SET lock_timeout = '10s'; SET statement_timeout = '1h'; SET idle_in_transaction_session_timeout = '10min';
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`

// zombieSQL lets the server notice within seconds, in the middle of a statement,
// that we are gone. The setting came with version 14.
const zombieSQL = `
SELECT pg_catalog.set_config(name, '2s', false) FROM pg_catalog.pg_settings WHERE name = 'client_connection_check_interval'`

// parse reads a connection string, a URL or keywords. It holds the password, so
// nothing of it, nor of the parser's own error, goes into an error of ours.
func parse(dsn string) (*pgxpool.Config, error) {
	c, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, errs.New(errs.Invalid, "The connection string for PostgreSQL cannot be read.").
			WithMend("The steward can write it as postgres://user@host:5432/database?sslmode=require, with a file:PATH or env:NAME that holds the whole of it.")
	}
	c.MaxConns, c.MinConns, c.MinIdleConns = poolSize, 0, 0
	c.MaxConnIdleTime, c.HealthCheckPeriod = idleTime, healthCheck
	if c.ConnConfig.ConnectTimeout == 0 {
		c.ConnConfig.ConnectTimeout = connectTimeout
	}
	c.ConnConfig.RuntimeParams["application_name"] = "sutor"
	c.ConnConfig.RuntimeParams["client_encoding"] = "UTF8"
	// No prepared statements: every statement is run once, and a table may change
	// its shape between two of them.
	c.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	c.AfterConnect = prepareSession
	return c, nil
}

func prepareSession(ctx context.Context, conn *pgx.Conn) error {
	if encoding := conn.PgConn().ParameterStatus("server_encoding"); encoding == "SQL_ASCII" {
		return errs.New(errs.Invalid, "The database has the encoding SQL_ASCII, which says nothing about its texts.").
			WithMend("Its administrator can move it into a database with the encoding UTF8.")
	}
	if version := conn.PgConn().ParameterStatus("server_version"); tooOld(version) {
		return errs.New(errs.Invalid, "The server is PostgreSQL %s; Sutor needs 13 or newer.", version).
			WithMend("Its administrator can upgrade it.")
	}
	if _, err := conn.PgConn().Exec(ctx, sessionSQL).ReadAll(); err != nil {
		return err
	}
	// Refused on operating systems that cannot look at a connection without
	// reading from it; there zombies live until TCP gives them up.
	if _, err := conn.PgConn().Exec(ctx, zombieSQL).ReadAll(); err != nil && conn.IsClosed() {
		return err
	}
	return nil
}

// tooOld judges a server_version such as "15.18 (Debian …)" or "9.6.24".
func tooOld(version string) bool {
	major, _, _ := strings.Cut(version, ".")
	switch major {
	case "8", "9", "10", "11", "12":
		return true
	}
	return false
}
