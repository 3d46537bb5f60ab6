package duck_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sutor/internal/change"
	"sutor/internal/plan"
)

// Ann has a credit of 100.00, Bob of 200.50, Cid none: the quartiles are some 50
// apart.
func TestFacts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, file string
		want       []plan.Facts
	}{
		{"within three times the spread", "id,credit\n1,250\n2,200.50\n", []plan.Facts{{Column: "credit", Written: 1}}},
		{"beyond it", "id,credit\n1,251\n2,200.50\n", []plan.Facts{{Column: "credit", Written: 1, Jumps: 1}}},
		{"beyond it, and not by half of what it was", "id,credit\n2,290\n", []plan.Facts{{Column: "credit", Written: 1}}},
		{"a new value and a new row are no jumps", "id,name,credit\n3,Cid,9999\n70,New,9999\n", []plan.Facts{{Column: "name", Written: 1}, {Column: "credit", Written: 2}}},
		{"texts do not jump", "id,name\n1,Anna\n2,Bob\n", []plan.Facts{{Column: "name", Written: 1}}},
	} {
		_, out := newBench(t).plan(c.file, change.Options{Mode: change.Upsert})
		if diff := cmp.Diff(c.want, out.Facts); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}
