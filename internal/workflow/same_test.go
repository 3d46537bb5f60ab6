package workflow

import (
	"testing"

	"sutor/internal/compact"
	"sutor/internal/record"
)

// TestMayBeSame: a table without a schema is the same as one that names the system's
// own; in MySQL, where only the connection string tells which that is, it may be any,
// so that nothing is told of a table that may be governed.
func TestMayBeSame(t *testing.T) {
	t.Parallel()
	w := &Workflow{}
	w.inForce.Store(&compact.Compact{Systems: []compact.System{
		{Name: "lite", Kind: compact.SQLite}, {Name: "pg", Kind: compact.Postgres}, {Name: "maria", Kind: compact.MySQL}}})
	for _, c := range []struct {
		system, a, b string
		want         bool
	}{
		{"lite", "t", "main.t", true}, {"lite", "t", "public.t", false}, {"lite", "t", "u", false},
		{"pg", "t", "public.t", true}, {"pg", "t", "main.t", false}, {"pg", "a.t", "b.t", false}, {"pg", "a.t", "a.t", true},
		{"maria", "t", "erp.t", true}, {"maria", "crm.t", "t", true}, {"maria", "crm.t", "erp.t", false}, {"maria", "t", "u", false},
	} {
		if got := w.mayBeSame(c.system, record.ParseTable(c.a), record.ParseTable(c.b)); got != c.want {
			t.Errorf("%s: %s and %s: %v, want %v", c.system, c.a, c.b, got, c.want)
		}
	}
}
