package json

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"testing"
)

// BenchmarkRead reads objects of a business table, three passes.
func BenchmarkRead(b *testing.B) {
	var file bytes.Buffer
	for i := range 50_000 {
		fmt.Fprintf(&file, "{\"id\":%d,\"name\":\"Example Trading GmbH\",\"country\":\"DE\",\"terms\":\"NET45\",\"limit\":150000.00,\"open\":true,\"mail\":\"someone@example.test\"}\n", i)
	}
	b.SetBytes(int64(file.Len()))
	for b.Loop() {
		if _, err := Read(context.Background(), func() io.Reader { return bytes.NewReader(file.Bytes()) }, io.Discard, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
