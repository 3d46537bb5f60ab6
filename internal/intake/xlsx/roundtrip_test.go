package xlsx

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sutor/internal/record"
)

// What the writer writes, the reader gives back: every value of every type is the
// same value again, NULL and the empty text are both an empty cell.
func TestWrittenIsRead(t *testing.T) {
	t.Parallel()
	columns := typed()
	values := []*rapid.Generator[string]{
		rapid.SampledFrom([]string{"7", "-1", "0", "1234567890123456789", "999999999999999", "9007199254740993"}),
		rapid.SampledFrom([]string{"1200.50", "-0.01", "0.00", "12345678901234567890.12", "99999999999.99"}),
		rapid.SampledFrom([]string{"0.05", "1", "-1234.5678", "0.000000000000000000001", "123456789.123456789"}),
		rapid.SampledFrom([]string{"0.1", "1e+16", "0.30000000000000004", "-5e-324", "1.7976931348623157e+308"}),
		rapid.SampledFrom([]string{"true", "false"}),
		rapid.SampledFrom([]string{"2026-03-31", "1900-02-28", "1900-03-01", "9999-12-31", "0001-01-01"}),
		rapid.SampledFrom([]string{"2026-03-31 14:30:05", "2026-03-31 00:00:00", "2026-03-31 14:30:05.25", "1899-12-31 23:59:59"}),
		rapid.SampledFrom([]string{"2026-03-31 12:30:00+00"}),
		rapid.SampledFrom([]string{"123e4567-e89b-12d3-a456-426614174000"}),
		rapid.OneOf(rapid.SampledFrom([]string{"00123", "=1+1", " lead", "_x000D_", "l\r\nl", "2026-01-31", "1.50", "TRUE", "Total", "\x01"}),
			rapid.StringOfN(rapid.RuneFrom([]rune("ab_x0D \t\n\"&<é😀")), 0, 12, -1)),
	}
	rapid.Check(t, func(rt *rapid.T) {
		var rows [][]record.Field
		for range rapid.IntRange(1, 6).Draw(rt, "rows") {
			row := fields(make([]string, len(columns))...)
			for i, g := range values {
				if v := g.Draw(rt, "value"); i < 2 || rapid.IntRange(0, 4).Draw(rt, "filled") > 0 {
					row[i].Text = []byte(v)
				} else {
					row[i] = record.Field{Null: true}
				}
			}
			rows = append(rows, row)
		}
		var file, out bytes.Buffer
		w := NewWriter(&file, Book{Sheet: "Rows", Columns: columns})
		for _, row := range rows {
			if err := w.Row(row); err != nil {
				rt.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			rt.Fatal(err)
		}
		res, err := Read(context.Background(), bytes.NewReader(file.Bytes()), int64(file.Len()), &out, Options{})
		if err != nil || len(res.Columns) != len(columns) || res.Rows != int64(len(rows)) || res.Defects > 0 {
			rt.Fatalf("%+v, %v", res, err)
		}
		again := record.NewReader(&out)
		for _, row := range rows {
			got, err := again.Read()
			if err != nil {
				rt.Fatal(err)
			}
			for i, want := range row {
				if !sameValue(columns[i].Type, want, got[i+2]) {
					rt.Fatalf("%s: %q came back as %q", columns[i].Header, want.Text, got[i+2].Text)
				}
			}
		}
		if _, err := again.Read(); !errors.Is(err, io.EOF) {
			rt.Fatal("more rows than were written")
		}
	})
}

func sameValue(kind record.Type, want, got record.Field) bool {
	if len(want.Text) == 0 {
		return got.Null
	}
	value, problem := kind.Parse(string(got.Text), time.UTC)
	return problem == record.OK && value == string(want.Text)
}
