package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"sutor/internal/connector/postgres"
	"sutor/internal/connector/postgres/pgtest"
	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// role is a database as an account sees it that has no rights but those that it is given.
type role struct {
	*system
	owner *system
}

func newRole(t *testing.T, setup string) *role {
	t.Helper()
	r := &role{owner: newSystem(t, pgtest.Database(t))}
	at, err := url.Parse(r.owner.dsn)
	if err != nil {
		t.Fatal(err)
	}
	database := strings.TrimPrefix(at.Path, "/")
	name := ident("rights" + database)
	r.owner.Exec(t, fmt.Sprintf("REVOKE ALL ON DATABASE %s FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC; %s; CREATE ROLE %s LOGIN", ident(database), setup, name))
	t.Cleanup(func() { r.owner.Exec(t, "DROP OWNED BY "+name+"; DROP ROLE "+name) })
	at.User = url.User("rights" + database)
	r.system = &system{dsn: at.String()}
	return r
}

// grant gives the role what Rights says.
func (r *role) grant(t *testing.T, needs []driver.Need) {
	t.Helper()
	for _, sql := range postgres.Rights(r.dsn, needs) {
		r.owner.Exec(t, sql)
	}
}

// TestWithoutTemporary: an account that may not make temporary tables is told so when the
// Compact is checked, and by each plan, with the statement that helps.
func TestWithoutTemporary(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dsn := pgtest.Database(t)
	owner := newSystem(t, dsn)
	at, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(at.Path, "/")
	role := "unstaged" + name
	owner.Exec(t, fmt.Sprintf("REVOKE TEMPORARY ON DATABASE %s FROM PUBLIC; CREATE TABLE t (id int PRIMARY KEY, v int); CREATE ROLE %s LOGIN; GRANT ALL ON t TO %[2]s", ident(name), ident(role)))
	t.Cleanup(func() { owner.Exec(t, "DROP OWNED BY "+ident(role)+"; DROP ROLE "+ident(role)) })
	at.User = url.User(role)
	d, err := postgres.Open(ctx, at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	grant := fmt.Sprintf("GRANT TEMPORARY ON DATABASE %s TO %s;", ident(name), ident(role))
	is, err := d.Describe(ctx, record.Table{Name: "t"})
	if err != nil || !strings.HasSuffix(is.ReadOnly, grant) {
		t.Fatalf("%q, %v", is.ReadOnly, err)
	}
	fetch := func() error {
		_, _, err := d.Fetch(ctx, driver.Lookup{Table: is.Table, By: is.Columns[:1], Columns: is.Columns}, strings.NewReader("1,\"1\"\n"), new(bytes.Buffer))
		return err
	}
	if e := errs.As(fetch()); e == nil || e.Kind != errs.Invalid || !strings.Contains(e.Error(), "(the right TEMPORARY)") || !strings.HasSuffix(e.Mend, grant) {
		t.Errorf("a lookup gives %v", e)
	}
	owner.Exec(t, grant)
	if err := fetch(); err != nil {
		t.Errorf("after the grant: %v", err)
	}
	if is, err := d.Describe(ctx, is.Table); err != nil || is.ReadOnly != "" {
		t.Errorf("after the grant: %q, %v", is.ReadOnly, err)
	}
}

// TestRightsSuffice: a role that has been given what Rights says can do what was asked for.
func TestRightsSuffice(t *testing.T) {
	t.Parallel()
	r := newRole(t, `CREATE SCHEMA "Sales Dept"; CREATE TABLE "Sales Dept".t (id int PRIMARY KEY, v int)`)
	table := record.Table{Schema: "Sales Dept", Name: "t"}
	if _, err := postgres.Open(ctx, r.dsn); err == nil {
		t.Error("the role is let in before it was given a right")
	}
	r.grant(t, []driver.Need{{Table: table, Insert: true, Delete: true}})
	d := r.Open(t)
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

// TestRightsOnWhatTablesUse: with the tables' rights go those on the sequences of defaults
// and keys, and on the schemas of types: all that is needed, and nothing that is not.
func TestRightsOnWhatTablesUse(t *testing.T) {
	t.Parallel()
	r := newRole(t, `CREATE SCHEMA types; CREATE SCHEMA ci; CREATE SCHEMA lists; CREATE SCHEMA plain; CREATE SCHEMA fn; CREATE SCHEMA counters;
		CREATE TYPE types.mood AS ENUM ('ok', 'bad'); CREATE DOMAIN feeling AS types.mood; CREATE TYPE lists.mood AS ENUM ('ok', 'bad'); CREATE TYPE plain.mood AS ENUM ('ok', 'bad');
		CREATE EXTENSION citext SCHEMA ci; CREATE FUNCTION fn.uuidv4() RETURNS uuid LANGUAGE sql AS 'SELECT pg_catalog.gen_random_uuid()'; CREATE SEQUENCE counters."No";
		CREATE TABLE t (id serial PRIMARY KEY, no int DEFAULT nextval('counters."No"') + 100, row int GENERATED ALWAYS AS IDENTITY,
			f feeling, l lists.mood[], p plain.mood, c ci.citext UNIQUE);
		CREATE TABLE drawn_identity (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY); CREATE TABLE drawn_serial (id serial PRIMARY KEY);
		CREATE TABLE drawn_uuid (id uuid DEFAULT fn.uuidv4() PRIMARY KEY)`)
	var needs []driver.Need
	left := map[string]driver.Left{"t": {Defaults: true, Key: []string{"id"}}}
	for _, name := range []string{"drawn_identity", "drawn_serial", "drawn_uuid"} {
		left[name] = driver.Left{Defaults: true, Key: []string{"id"}, Drawn: "id"}
	}
	for name := range left {
		needs = append(needs, driver.Need{Table: record.Table{Name: name}, Insert: true, Update: true, Delete: true})
	}
	r.grant(t, needs)
	d := r.Open(t)
	defer d.Close()
	for i, n := range needs {
		uses, err := d.(driver.Demander).Demands(ctx, n.Table, left[n.Table.Name])
		if err != nil {
			t.Fatal(err)
		}
		needs[i].Uses = uses
	}
	already := postgres.Rights(r.dsn, nil)
	for _, n := range needs {
		already = append(already, postgres.Rights(r.dsn, []driver.Need{{Table: n.Table, Insert: true, Update: true, Delete: true}})...)
	}
	r.grant(t, needs)
	if err := r.worksWith(t, d); err != nil {
		t.Fatalf("with all that is asked for: %v", err)
	}
	asked := 0
	for _, sql := range postgres.Rights(r.dsn, needs) {
		if slices.Contains(already, sql) {
			continue
		}
		asked++
		r.owner.Exec(t, strings.NewReplacer("GRANT ", "REVOKE ", " TO ", " FROM ").Replace(sql))
		if err := r.worksWith(t, d); err == nil {
			t.Errorf("not needed: %s", sql)
		}
		r.owner.Exec(t, sql)
	}
	if asked != 7 {
		t.Errorf("%d rights besides those on tables:\n%s", asked, strings.Join(postgres.Rights(r.dsn, needs), "\n"))
	}
	if uses, err := d.(driver.Demander).Demands(ctx, record.Table{Name: "t"}, driver.Left{}); err != nil || strings.Contains(strings.Join(uses, " "), "SEQUENCE") {
		t.Errorf("without new rows %q, %v", uses, err)
	}
}

// worksWith does with these tables what a change does: it finds, spells, draws and writes.
func (r *role) worksWith(t *testing.T, d driver.Driver) error {
	t.Helper()
	table := describe(t, d, "t")
	column := func(name string) record.Schema { return table.Columns.Pick([]string{name}) }
	_, _, err := d.Fetch(ctx, driver.Lookup{Table: table.Table, By: column("c"), Columns: table.Columns}, strings.NewReader("1,\"X\"\n"), new(bytes.Buffer))
	if err != nil {
		return err
	}
	if _, err := d.Spell(ctx, table.Table, column("l")[0], strings.NewReader("1,\"{ ok }\"\n"), new(bytes.Buffer)); err != nil {
		return err
	}
	tx, err := d.Begin(ctx, driver.Options{})
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx)
	w := driver.Write{Op: driver.Insert, Table: table.Table, Key: column("id"), Columns: table.Columns[1:]}
	if _, _, err := tx.Write(ctx, w, strings.NewReader(`1,"001111","1",,,,,,,,,"ok","{ok}","ok","x"`+"\n"), new(bytes.Buffer)); err != nil {
		return err
	}
	w = driver.Write{Op: driver.Update, Table: table.Table, Key: column("id"), Columns: table.Columns.Pick([]string{"f", "l", "p", "c"})}
	if _, conflicts, err := tx.Write(ctx, w, strings.NewReader(`1,"1111","1","ok","{ok}","ok","x","bad","{bad}","bad","X"`+"\n"), new(bytes.Buffer)); err != nil || len(conflicts) > 0 {
		return errors.Join(err, fmt.Errorf("%d conflicts", len(conflicts)))
	}
	for _, name := range []string{"drawn_identity", "drawn_serial", "drawn_uuid"} {
		if err := tx.(driver.Drawer).Draw(ctx, record.Table{Name: name}, "id", 1, new(bytes.Buffer)); err != nil {
			return err
		}
	}
	return nil
}
