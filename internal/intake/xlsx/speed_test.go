package xlsx

import (
	"fmt"
	"io"
	"testing"
)

// BenchmarkWriter writes rows of every type; a row has ten cells.
func BenchmarkWriter(b *testing.B) {
	b.ReportAllocs()
	w := NewWriter(io.Discard, Book{Sheet: "Rows", Columns: typed(), Locked: true})
	rows := fields("7", "1200.50", "0.05", "0.1", "true", "2026-03-31", "2026-03-31 14:30:05", "2026-03-31 12:30:00+00", "123e4567-e89b-12d3-a456-426614174000", "00123")
	for i := range b.N {
		if i%1_000_000 == 999_999 { // a sheet is full
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
			w = NewWriter(io.Discard, Book{Sheet: "Rows", Columns: typed(), Locked: true})
		}
		rows[0].Text = fmt.Append(rows[0].Text[:0], i)
		if err := w.Row(rows); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}
