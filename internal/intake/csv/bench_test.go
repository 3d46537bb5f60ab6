package csv

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"testing"
)

// BenchmarkRead measures Read on files of different make, and encoding/csv over
// the same bytes in the same run (it only parses; Read also writes staging,
// checks UTF-8 and counts lines).
func BenchmarkRead(b *testing.B) {
	for _, f := range []struct {
		name string
		file []byte
	}{
		{"narrow", table(100_000, "%d,NET45\n")},
		{"business", table(50_000, "%d,Example Trading GmbH,DE,Hamburg,20095,NET45,150000.00,2026-03-31,true,,someone@example.test\n")},
		{"quoted", table(50_000, "\"%d\",\"Example Trading, Hamburg\",\"DE\",\"say \"\"hi\"\"\",\"two\nlines\"\r\n")},
		{"umlauts", table(50_000, "%d,Müller & Söhne GmbH,Düsseldorf,Königsallee 12,Größe,ÄÖÜ\n")},
		{"long", table(5_000, "%d,"+string(bytes.Repeat([]byte("a long note without end "), 100))+"\n")},
	} {
		b.Run(f.name+"/intake", func(b *testing.B) {
			b.SetBytes(int64(len(f.file)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Read(context.Background(), bytes.NewReader(f.file), io.Discard, Options{Size: int64(len(f.file))}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(f.name+"/encoding-csv", func(b *testing.B) {
			b.SetBytes(int64(len(f.file)))
			for b.Loop() {
				rd := csv.NewReader(bytes.NewReader(f.file))
				rd.ReuseRecord = true
				for {
					if _, err := rd.Read(); err == io.EOF {
						break
					} else if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// table repeats a pattern with one %d under a header made from it.
func table(rows int, pattern string) []byte {
	var b bytes.Buffer
	cells, _ := csv.NewReader(bytes.NewReader(fmt.Appendf(nil, pattern, 1))).Read()
	for i := range cells {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "column %d", i+1)
	}
	b.WriteByte('\n')
	for i := range rows {
		fmt.Fprintf(&b, pattern, i)
	}
	return b.Bytes()
}
