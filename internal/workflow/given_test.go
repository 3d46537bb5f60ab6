package workflow_test

import (
	"slices"
	"strings"
	"testing"

	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/errs"
	"sutor/internal/system/drivertest"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// Every call of a system fails once while rows are written whose keys the system
// gives: they are there once or not at all, and where they are, an undo takes exactly
// them back. On SQLite, whose transactions have no names, the rows tell what became of
// a commit whose answer was lost, by the keys that were noted before it.
func TestGivenKeysOfAnUnreliableSystem(t *testing.T) {
	t.Parallel()
	const setup = `CREATE TABLE customer (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, note text);
		INSERT INTO customer (name, note) VALUES ('Ann', 'a'), ('Bob', 'b')`
	forSQLite := strings.NewReplacer("id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "id INTEGER PRIMARY KEY AUTOINCREMENT")
	onBoth(t, setup, forSQLite, func(w *world, _ func(string), dump func() string) {
		w.amend("key: [id]", "key: [id]\n    columns: {id: {given: true}}")
		const file = "id,name,note\n1,Anna,c\n,New,n\n,New,n\n"
		fault := &drivertest.Fault{}
		w.unreliable(fault)
		before := dump()
		_, calls := w.unreliably(fault, file, dump, before, "")
		if !slices.Contains(calls, "Draw") {
			t.Errorf("there is no Draw among %v", calls)
		}
		for n, name := range calls {
			for _, late := range []bool{false, true} {
				if !slices.Contains([]string{"Begin", "Draw", "Write", "Commit"}, name) {
					continue
				}
				fault.Arm(n+1, late)
				if table, _ := w.unreliably(fault, file, dump, before, ""); table != before && strings.Count(table, "New") != 2 {
					t.Errorf("after a fault at %s (late: %v) the table is\n%s", name, late, table)
				}
			}
		}
	})
}

// Rows without a key are the same as before where they have the same contents.
func TestSinceWithoutKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain)
	w.sql(`DROP TABLE customer; CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, note TEXT); INSERT INTO customer VALUES (1, 'Ann', 'a')`)
	w.amend("key: [id]", "key: [id]\n    columns: {id: {given: true}}")
	c := w.does("maria", submit, w.propose("maria", "id,name,note\n,Twin,n\n,Twin,n\n,Gone,n\n1,Anna,a\n", upsert))
	c = w.does("olaf", reject, c)
	_, err := w.w.Replan(ctx, w.as("maria"), change.ID(c.ID), workflow.Again{Name: "again.csv", File: strings.NewReader("id,name,note\n1,Anna,a\n,Twin,n\n,Twin,x\n,Twin,\n")})
	fine(t, err)
	w.work(t)
	s, err := w.w.Since(ctx, w.as("olaf"), change.ID(c.ID))
	fine(t, err)
	if want := (wire.Differences{Dataset: "customers", Added: 2, Gone: 2, Same: 2,
		Says: "2 rows are new in it, 2 rows are not in it any more, 2 rows are as they were."}); len(s.Datasets) != 1 || s.Datasets[0] != want {
		t.Errorf("%+v, want %+v", s.Datasets, want)
	}
}

// In a family each dataset's new rows get their keys; what refers to a row refers to a
// key that it has in the file.
func TestGivenKeysInAFamily(t *testing.T) {
	t.Parallel()
	w := kin(t)
	w.amend("    owner: olga@example.test\n    allow: [insert, update]", "    owner: olga@example.test\n    allow: [insert, update]\n    columns: {id: {given: true}}")
	before := w.dump("customer") + w.dump("orders")
	c, err := w.together("maria", "orders", "id,customer,amount\n,7,1.50\n,1,2\n11,7,7\n", "customers", "id,name\n7,Gus\n")
	fine(t, err)
	if n := c.Plan.Counts; c.State != "planned" || n.Insert != 3 || n.Update != 1 || n.Invalid != 0 {
		t.Fatalf("%s, counts %+v, findings %v", c.State, n, c.Findings)
	}
	_, err = w.w.Submit(ctx, w.as("maria"), change.ID(c.ID), "", "")
	fine(t, err)
	for _, who := range []string{"olaf", "olga"} {
		_, err = w.decides(who, c)
		fine(t, err)
	}
	_, err = w.w.Apply(ctx, w.as("maria"), change.ID(c.ID), "", "")
	fine(t, err)
	w.work(t)
	c = w.see(t, "maria", c)
	if r := c.Members[1].Result; c.State != "applied" || r.Given == nil || *r.Given != (wire.Given{Column: "id", Rows: 2}) || c.Members[0].Result.Given != nil {
		t.Fatalf("%s %v: %+v", c.State, c.Problem, c.Members)
	}
	rows, err := w.w.Rows(ctx, w.as("maria"), change.ID(c.ID).On("orders"), "insert", 10, 0)
	fine(t, err)
	if len(rows.Rows) != 2 || string(rows.Rows[0].Key["id"]) != "12" || string(rows.Rows[1].Key["id"]) != "13" {
		t.Errorf("the keys are %v", rows.Rows)
	}
	found, err := w.w.Browse(ctx, w.as("maria"), change.ID(c.ID).On("orders"), workflow.RowsWanted{Column: "id", Is: "13", Limit: 10})
	fine(t, err)
	if found.Total != 1 {
		t.Errorf("%d rows have the key 13", found.Total)
	}
	w.undone(t, "olga", c)
	if after := w.dump("customer") + w.dump("orders"); after != before {
		t.Errorf("undone, the tables are\n%s", after)
	}
	c, err = w.together("maria", "orders", "id,customer,amount\n,99,1\n", "customers", "id,name\n7,Gus\n")
	fine(t, err)
	if c.Plan.Counts.Invalid != 1 {
		t.Errorf("a row refers to nothing: %+v", c.Plan.Counts)
	}
	_, err = w.chosen("maria", func(string) (change.Options, error) {
		return change.Options{Mode: change.Upsert, Key: []string{"id"}}, nil
	}, "orders", "id,amount\n10,1\n", "customers", "id,name\n7,Gus\n")
	refused(t, err, errs.Usage, "own key")
}

// What the Compact says of given keys is held to the table.
func TestGivenIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plain)
	w.sql(`DROP TABLE customer; CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, note TEXT)`)
	for _, c := range []struct{ key, columns, want string }{
		{"[id]", "{name: {given: true}}", "name is not part of the key"},
		{"[name]", "{name: {given: true}}", "does not give new rows of main.customer a name"},
		{"[id]", "{id: {given: true, min: 5}}", "limits the values of id"},
	} {
		text := strings.Replace(w.text, "key: [id]", "key: "+c.key+"\n    columns: "+c.columns, 1)
		comp, problems := compact.Parse("compact.yaml", []byte(text))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		found, err := workflow.CheckLive(ctx, comp, w.systems)
		fine(t, err)
		if !slices.ContainsFunc(found, func(p compact.Problem) bool { return !p.Warning && strings.Contains(p.Message, c.want) }) {
			t.Errorf("%s %s: %v", c.key, c.columns, found)
		}
	}
}
