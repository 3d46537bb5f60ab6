package guard_test

import (
	"testing"

	"sutor/internal/expr"
	"sutor/internal/guard"
	"sutor/internal/record"
)

var orders = record.Schema{
	{Name: "status", Type: record.Type{Kind: record.Text}, Nullable: true},
	{Name: "amount", Type: record.Type{Kind: record.Decimal, Precision: 10, Scale: 2}, Nullable: true},
	{Name: "stage", Type: record.Type{Kind: record.Enum, Native: "public.stage", Labels: []string{"new", "done"}}},
}

// order is a row of orders.
type order map[string]string

func (o order) Column(_ expr.Side, name string) (string, bool) { v, ok := o[name]; return v, ok }
func (o order) Op() string                                     { return "" }
func (o order) Changed() []string                              { return nil }

func TestCompileTable(t *testing.T) {
	t.Parallel()
	c, err := guard.CompileTable(`status == 'open' && amount > 100`, orders)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		row  order
		want expr.Truth
	}{
		{order{"status": "open", "amount": "100.01"}, expr.True},
		{order{"status": "Open", "amount": "100.01"}, expr.False},
		{order{"status": "open"}, expr.Unknown},
		{order{"status": "done"}, expr.False},
	} {
		if got := c.Judge(tt.row); got != tt.want {
			t.Errorf("%v: %v, want %v", tt.row, got, tt.want)
		}
	}
}

func TestCompileTableRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`stat == 'open'`, `after.status == 'open'`, `"status" in changed`, `op == "update"`, `rows > 3`, `amount`, `status ==`, `stage > "done"`} {
		if _, err := guard.CompileTable(text, orders); err == nil {
			t.Errorf("%s compiles", text)
		}
	}
}
