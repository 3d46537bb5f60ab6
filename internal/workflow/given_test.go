package workflow_test

import (
	"slices"
	"strings"
	"testing"

	"sutor/internal/system/drivertest"
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
