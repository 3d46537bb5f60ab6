package duck_test

import (
	"bytes"
	"os"
	"testing"
	"time"

	"sutor/internal/change"
	"sutor/internal/expr"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// TestGivenKeyOutside: where what the maker sees depends on a key that the system gives,
// nobody knows whether they would see a new row, which is outside then. Else it would be
// written, and its undo would pass it over in silence.
func TestGivenKeyOutside(t *testing.T) {
	t.Parallel()
	columns := append(record.Schema{}, itemColumns...)
	columns[0].Identity = "by default"
	for column, outside := range map[string]int64{"id": 2, "name": 0} { // seen where it is NULL
		only := isNull(t, columns[columns.Index(column)])
		spec := plan.Spec{Table: driver.Table{Table: record.Table{Name: "item"}, Columns: columns, PrimaryKey: []string{"id"}}, Key: columns[:1], Judged: columns[1:], Given: "id", Only: &only,
			Columns: []string{"price"}, Sources: []plan.Source{{File: 0, Name: "price", Column: "price"}}, Location: time.UTC, Options: change.Options{Mode: change.Upsert}, Allow: map[driver.Op]bool{"insert": true}}
		staging, live := []byte("2,,\"1.00\"\n3,,\"2.00\"\n"), newStock().system(t)
		want, _, err := plan.Reference(t.Context(), spec, bytes.NewReader(staging), live)
		must(t, err)
		e, err := duck.New(duck.Options{Dir: t.TempDir(), ByRow: -1})
		must(t, err)
		t.Cleanup(e.Close)
		s, err := e.Session(t.Context())
		must(t, err)
		t.Cleanup(s.Close)
		must(t, os.WriteFile(s.Path("staging.csv"), staging, 0o600))
		got, err := s.Build(t.Context(), spec, s.Path("staging.csv"), live, func(string, int64, int64) {})
		must(t, err)
		for _, counts := range []change.Counts{want.Manifest.Counts, got.Manifest.Counts} {
			if counts.Invalid != outside || counts.Insert != 2-outside {
				t.Errorf("by %s: %+v", column, counts)
			}
		}
	}
}

// TestGivenKeyUnseen: the same holds for those who look at the plan of somebody who sees
// more, or decide on it.
func TestGivenKeyUnseen(t *testing.T) {
	t.Parallel()
	columns := append(record.Schema{}, itemColumns...)
	columns[0].Identity = "by default"
	spec := plan.Spec{Table: driver.Table{Table: record.Table{Name: "item"}, Columns: columns, PrimaryKey: []string{"id"}}, Key: columns[:1], Judged: columns[1:], Given: "id",
		Columns: []string{"price"}, Sources: []plan.Source{{File: 0, Name: "price", Column: "price"}}, Location: time.UTC, Options: change.Options{Mode: change.Upsert}, Allow: map[driver.Op]bool{"insert": true}}
	e, err := duck.New(duck.Options{Dir: t.TempDir(), ByRow: -1})
	must(t, err)
	t.Cleanup(e.Close)
	s, err := e.Session(t.Context())
	must(t, err)
	t.Cleanup(s.Close)
	must(t, os.WriteFile(s.Path("staging.csv"), []byte("2,,\"1.00\"\n3,,\"2.00\"\n"), 0o600))
	d, err := s.Build(t.Context(), spec, s.Path("staging.csv"), newStock().system(t), func(string, int64, int64) {})
	must(t, err)
	for column, unseen := range map[string]int64{"id": 2, "name": 0} { // seen where it is NULL
		only := isNull(t, columns[columns.Index(column)])
		got, err := s.Outside(t.Context(), d.Parquet, d.Manifest, only)
		must(t, err)
		if got != unseen {
			t.Errorf("by %s: %d rows are outside", column, got)
		}
	}
}

// isNull is a rule of rows: those whose column is NULL.
func isNull(t *testing.T, c record.Column) expr.Condition {
	t.Helper()
	c.Nullable = true
	node, err := expr.Col(expr.Whole, c)
	must(t, err)
	node, err = expr.IsNull(node, false)
	must(t, err)
	only, err := expr.NewCondition(node)
	must(t, err)
	return only
}
