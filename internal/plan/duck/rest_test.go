package duck

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestRest: rows that are not known are copied as they stand in the file, by where they
// begin, held or not, and where that is not kept.
func TestRest(t *testing.T) {
	t.Parallel()
	for _, known := range []string{"00000", "11111", "10101", "01010", "00110", "11001", "10000", "00001"} {
		var file, want strings.Builder
		a := &arriving{pairs: &pairs{}, known: newBits(5)}
		for i, k := range known {
			row := fmt.Sprintf("%d,,\"text %s\n,\"\n", i+2, strings.Repeat("\"\"", i))
			a.rows.add(summed{line: int64(i + 2), from: int64(file.Len())})
			if file.WriteString(row); k == '1' {
				a.known.set(i)
			} else {
				want.WriteString(row)
			}
		}
		staging := t.TempDir() + "/staging.csv"
		fine(t, os.WriteFile(staging, []byte(file.String()), 0o600))
		for _, how := range []func(){func() {}, func() { a.pairs.held = []byte(file.String()) }, func() { a.rows[0].rows[4].bytes = far }} {
			how()
			var out bytes.Buffer
			fine(t, a.rest(staging, &out))
			if got := out.String(); got != want.String() {
				t.Errorf("%s: %q, want %q", known, got, want.String())
			}
		}
	}
}
