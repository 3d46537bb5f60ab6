package web

import (
	"encoding/json"
	"slices"
	"testing"

	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// What changes stands right beside the key, whatever the file has between.
func TestChangedColumnsFirst(t *testing.T) {
	t.Parallel()
	values := func(texts ...string) map[string]json.RawMessage {
		out := map[string]json.RawMessage{}
		for i, name := range []string{"name", "city", "terms"} {
			out[name] = json.RawMessage(texts[i])
		}
		return out
	}
	key := map[string]json.RawMessage{"id": json.RawMessage("1")}
	c := wire.Change{ID: "1001", Plan: &wire.Plan{Columns: []string{"id", "name", "city", "terms"}, Mapping: []wire.Mapped{{Column: "id"}, {Column: "city"}, {Column: "terms"}}}}
	page := wire.Rows{Total: 2, Rows: []wire.Row{
		{Op: "insert", Key: key, After: values(`"A"`, `"B"`, `"NET30"`), Changed: []string{"city", "terms"}},
		{Op: "update", Key: key, Before: values(`"A"`, `"B"`, `"NET30"`), After: values(`"A"`, `"B"`, `"NET45"`), Changed: []string{"terms"}},
	}}
	var names []string
	for _, one := range rowsOf(c, page, workflow.RowsWanted{}, "").columns {
		names = append(names, one.Name)
	}
	if want := []string{"id", "terms", "city", "name"}; !slices.Equal(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
}
