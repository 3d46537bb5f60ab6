package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"sutor/internal/connector/postgres"
	"sutor/internal/connector/postgres/pgtest"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// TestRightsSuffice: a role that has been given what Rights says can do what was asked for.
func TestRightsSuffice(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dsn := pgtest.Database(t)
	owner := newSystem(t, dsn)
	at, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	role := "rights" + strings.TrimPrefix(at.Path, "/")
	owner.Exec(t, fmt.Sprintf(`REVOKE ALL ON DATABASE %s FROM PUBLIC; CREATE SCHEMA "Sales Dept"; CREATE TABLE "Sales Dept".t (id int PRIMARY KEY, v int);
		CREATE ROLE %s LOGIN`, ident(strings.TrimPrefix(at.Path, "/")), ident(role)))
	t.Cleanup(func() { owner.Exec(t, "DROP OWNED BY "+ident(role)+"; DROP ROLE "+ident(role)) })
	at.User = url.User(role)
	table := record.Table{Schema: "Sales Dept", Name: "t"}
	if _, err := postgres.Open(ctx, at.String()); err == nil {
		t.Error("the role is let in before it was given a right")
	}
	for _, sql := range postgres.Rights(at.String(), []driver.Need{{Table: table, Insert: true, Delete: true}}) {
		owner.Exec(t, sql)
	}
	d, err := postgres.Open(ctx, at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	is, err := d.Describe(ctx, table)
	if err != nil || is.ReadOnly != "" {
		t.Fatalf("%q, %v", is.ReadOnly, err)
	}
	for op, row := range map[driver.Op]string{driver.Insert: "1,\"1\",\"1\",,\"5\"\n", driver.Update: "1,\"1\",\"1\",\"5\",\"6\"\n"} {
		tx, err := d.Begin(ctx, driver.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = tx.Write(ctx, driver.Write{Op: op, Table: table, Key: is.Columns[:1], Columns: is.Columns[1:]}, strings.NewReader(row), new(bytes.Buffer))
		if (err == nil) != (op == driver.Insert) {
			t.Errorf("%s: %v", op, err)
		}
		if err := tx.Rollback(ctx); err != nil {
			t.Error(err)
		}
	}
}
