package workflow_test

import (
	"slices"
	"strings"
	"testing"

	"sutor/internal/change"
	"sutor/internal/finding"
	"sutor/internal/wire"
)

// coded is a table with a unique column of a definition.
func coded(definition string) string {
	return `CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, code text ` + definition + `, UNIQUE (code) %);
		INSERT INTO customer VALUES (1, 'Ann', 'a'), (2, 'Bob', 'b'), (3, 'Cid', 'c')`
}

// Rows pass unique values on to each other, in a ring and in a chain: where the
// system can be made to let them it is done, and undone; where it cannot, the plan
// says so.
func TestUniqueValuesTradePlaces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, definition, constraint, beside string
		blocks                               bool
	}{
		{"may be NULL", "", "", "", false},
		{"deferrable", "NOT NULL", "DEFERRABLE", "", false},
		{"deferred", "NOT NULL", "DEFERRABLE INITIALLY DEFERRED", "", false},
		{"must be there after every row", "NOT NULL", "", "", true},
		{"may be NULL, and is referred to", "", "", `; CREATE TABLE contact (code text REFERENCES customer (code) ON UPDATE CASCADE)`, true},
	} {
		setup := strings.Replace(coded(c.definition), "%", c.constraint, 1) + c.beside
		t.Run("postgres, "+c.name, func(t *testing.T) {
			t.Parallel()
			b := newBusy(t, setup)
			tradePlaces(b.world, func() string { return b.dump("customer") }, c.blocks)
		})
		if c.constraint != "" {
			continue // SQLite has no such constraints
		}
		t.Run("sqlite, "+c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, plain)
			w.sql(`DROP TABLE customer; ` + setup)
			tradePlaces(w, func() string { return w.dump("customer") }, c.blocks)
		})
	}
}

func tradePlaces(w *world, dump func() string, blocks bool) {
	w.t.Helper()
	for file, rows := range map[string]string{
		"id,name,code\n1,Ann,b\n2,Bobby,c\n3,Cid,a\n":               "2-4",
		"id,code\n1,b\n2,a\n":                                       "2-3",
		"id,code\n1,b\n2,c\n3,d\n":                                  "2-3",
		"id,name,code\n1,Ann,b\n2,Bob,d\n4,Dot,a\n5,Eve,c\n3,Cid,e": "2",
	} {
		before := dump()
		c := in(w.t, w.propose("maria", file, upsert), change.Planned)
		if blocks {
			// Rows that would take what these then do not give up are not unique either.
			i := slices.IndexFunc(c.Findings, func(f finding.Finding) bool { return f.Guardrail == finding.UniqueSwap })
			if i < 0 || strings.Join(c.Findings[i].Ranges, ",") != rows || c.Findings[i].Severity != finding.Block {
				w.t.Errorf("%q: %+v, want %s in rows %s", file, c.Findings, finding.UniqueSwap, rows)
			}
			continue
		}
		if len(c.Findings) > 0 {
			w.t.Fatalf("%q: findings %+v", file, c.Findings)
		}
		c = w.applied(w.t, "maria", "olaf", c)
		if again := in(w.t, w.propose("maria", file, upsert), change.Planned); again.Plan.Counts.Unchanged != int64(strings.Count(strings.TrimSpace(file), "\n")) {
			w.t.Errorf("%q: it was not stored: %+v", file, again.Plan.Counts)
		}
		w.undone(w.t, "olaf", c)
		if got := dump(); got != before {
			w.t.Errorf("%q: undone\n%s\nwant\n%s", file, got, before)
		}
	}
}

// only gives a change's one finding, which is of a guardrail.
func only(t tb, c wire.Change, guardrail string) finding.Finding {
	t.Helper()
	if len(c.Findings) != 1 || c.Findings[0].Guardrail != guardrail {
		t.Fatalf("findings %+v, want one %s", c.Findings, guardrail)
	}
	return c.Findings[0]
}
