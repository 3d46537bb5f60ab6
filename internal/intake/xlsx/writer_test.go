package xlsx

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"sutor/internal/record"
)

// What people see in Excel is exactly the value: no lost zeros, no rounded long
// numbers, no formulas.
func TestValuesKeepTheirForm(t *testing.T) {
	t.Parallel()
	columns := record.Schema{
		{Name: "id", Type: record.Type{Kind: record.Int, Bits: 64}},
		{Name: "zip", Type: record.Type{Kind: record.Text}},
		{Name: "limit", Type: record.Type{Kind: record.Decimal, Precision: 30, Scale: 2}},
		{Name: "since", Type: record.Type{Kind: record.Date}},
	}
	var out bytes.Buffer
	w, err := NewWriter(&out, columns)
	if err != nil {
		t.Fatal(err)
	}
	text := func(s string) record.Field { return record.Field{Text: []byte(s)} }
	rows := [][]record.Field{
		{text("7"), text("00123"), text("1200.50"), text("2026-03-31")},
		{text("1234567890123456789"), text("=1+1"), text("12345678901234567890.12"), {Null: true}},
	}
	for _, r := range rows {
		if err := w.Row(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.GetRows("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"id", "zip", "limit", "since"}, {"7", "00123", "1200.50", "2026-03-31"},
		{"1234567890123456789", "=1+1", "12345678901234567890.12"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if formula, _ := f.GetCellFormula("Sheet1", "B3"); formula != "" {
		t.Errorf("a text became the formula %q", formula)
	}
}
