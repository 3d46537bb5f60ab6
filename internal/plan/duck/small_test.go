package duck_test

import (
	"os"
	"slices"
	"testing"
	"time"

	"sutor/internal/change"
	"sutor/internal/plan"
	"sutor/internal/system/driver"
)

// A small file is planned row by row, and by columns where the rows that it names are
// too large for that; both know what the file changes.
func TestSmallFile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sql   string
		byRow bool
	}{
		"small rows": {"", true},
		"large rows": {`UPDATE customer SET name = name || char(10) || hex(zeroblob(1500000)) WHERE id < 3`, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.sql(c.sql)
			s, err := b.engine.Deferred(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			path := s.Path("staging.csv")
			if err := os.WriteFile(path, []byte("2,,\"1\",\"Anna\"\n3,,\"2\",\"Bert\"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			spec := plan.Spec{Table: b.table, Key: b.table.Columns.Pick([]string{"id"}), Judged: b.table.Columns.Pick([]string{"name"}), Columns: []string{"id", "name"},
				Sources: []plan.Source{{File: 0, Name: "id", Column: "id"}, {File: 1, Name: "name", Column: "name"}},
				Options: change.Options{Mode: change.Update}, Location: time.UTC, Allow: map[driver.Op]bool{driver.Update: true}}
			var said []string
			out, err := s.Build(t.Context(), spec, path, b.sys, func(step string, _, _ int64) { said = append(said, step) })
			if err != nil {
				t.Fatal(err)
			}
			if n := out.Manifest.Counts; n.Update != 2 || n.Invalid != 0 {
				t.Errorf("planned %+v", n)
			}
			if byRow := !slices.Contains(said, "reading the file"); byRow != c.byRow {
				t.Errorf("row by row: %v; it did %q", byRow, said)
			}
		})
	}
}
