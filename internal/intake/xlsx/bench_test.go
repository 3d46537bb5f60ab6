package xlsx

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
)

// BenchmarkRead reads sheets of different make; bytes are those of the sheet,
// unpacked. bench/intake measures beside excelize.
func BenchmarkRead(b *testing.B) {
	for _, s := range []struct{ name, cell string }{
		{"shared", `<c r="%s" s="0" t="s"><v>%d</v></c>`},
		{"inline", `<c r="%s" s="0" t="inlineStr"><is><t>a text in the cell %d</t></is></c>`},
		{"numbers", `<c r="%s" s="1"><v>%d.25</v></c>`},
		{"long-numbers", `<c r="%s"><v>%d.1000000000001</v></c>`},
		{"days", `<c r="%s" s="2"><v>%d</v></c>`},
	} {
		var rows strings.Builder
		rows.WriteString(grid(1, 1, "a|b|c|d|e|f|g|h|i|j"))
		for r := range 20_000 {
			fmt.Fprintf(&rows, `<row r="%d" spans="1:10">`, r+2)
			for col := range 10 {
				fmt.Fprintf(&rows, s.cell, cellName(r+2, col+1), 40_000+r%5000)
			}
			rows.WriteString("</row>")
		}
		book := book{formats: []string{"0.00", "yyyy-mm-dd"}, sheets: []string{"<sheetData>" + rows.String() + "</sheetData>"}}
		for i := range 45_000 {
			book.strings = append(book.strings, fmt.Sprintf("<t>shared string %d</t>", i))
		}
		file := book.bytes()
		b.Run(s.name, func(b *testing.B) {
			b.SetBytes(int64(rows.Len()))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Read(context.Background(), bytes.NewReader(file), int64(len(file)), io.Discard, Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
