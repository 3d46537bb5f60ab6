package duck_test

import (
	"bytes"
	"os"
	"testing"
	"time"

	"sutor/internal/change"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// TestContentOfNoColumn: a file none of whose columns is read has contents too, where the
// system gives all of its rows their keys.
func TestContentOfNoColumn(t *testing.T) {
	t.Parallel()
	e, err := duck.New(duck.Options{Dir: t.TempDir(), Comparing: duck.Here})
	must(t, err)
	t.Cleanup(e.Close)
	s, err := e.Session(t.Context())
	must(t, err)
	t.Cleanup(s.Close)
	columns := append(record.Schema{}, itemColumns...)
	columns[0].Identity = "by default"
	spec := plan.Spec{Table: driver.Table{Table: record.Table{Name: "item"}, Columns: columns, PrimaryKey: []string{"id"}}, Key: columns[:1], Judged: columns[1:], Given: "id",
		Columns: []string{"remark"}, Location: time.UTC, Options: change.Options{Mode: change.Upsert}, Allow: map[driver.Op]bool{"insert": true}}
	staging, live := []byte("2,,\"one\"\n3,,\"two\"\n"), newStock().system(t)
	must(t, os.WriteFile(s.Path("staging.csv"), staging, 0o600))
	want, _, err := plan.Reference(t.Context(), spec, bytes.NewReader(staging), live)
	must(t, err)
	got, err := s.Build(t.Context(), spec, s.Path("staging.csv"), live, func(string, int64, int64) {})
	must(t, err)
	if got.Manifest.Content != want.Manifest.Content || got.Manifest.Counts != want.Manifest.Counts {
		t.Errorf("it has %+v, want %+v", got.Manifest, want.Manifest)
	}
}
