package csv

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What stays in the grammar and may be damage is told by its lines; what only
// looks so is not.
func TestTellsAside(t *testing.T) {
	t.Parallel()
	const rows = "1,Gent,\"a, b\"\n2,Lille,\"c, d\"\n3,Graz,\"e, f\"\n"
	for _, tt := range []struct {
		name, file, code string
		lines            []int64
	}{
		{"a separator lost before a quoted cell", "id,city,note\n" + rows + "4,Split\"g, h\"\n", "quotes-across", []int64{5}},
		{"with semicolons and apostrophes", strings.NewReplacer(",", ";", "\"", "'").Replace("id,city,note\n" + rows + "4,Split\"g, h\"\n"), "quotes-across", []int64{5}},
		{"inches", "id,size,width\n1,5\" pipe,6\"\n2,7\",8\"\n", "quotes-across", nil},
		{"a separator too many and an empty cell at the end", "id,city,note\n1,Gent,a\n2,,Lille,\n3,Graz,b\n", behind, []int64{3}},
		{"a header of two lines", "Number,Since,Amount\nof it,first day,in euro\n" + strings.Repeat("1,2026-01-01,2.50\n", 20), "header-lines", []int64{1, 2}},
		{"a damaged first row is none", "Number,Since,City\n10002026-01-01,Gent\n1001,2026-01-02,Gent\n1002,2026-01-03,Lille\n1003,2026-01-03,Graz\n", "header-lines", nil},
		{"a separator behind every row", "id,city\n1,Gent,\n2,Lille,\n3,Graz,\n", behind, nil},
	} {
		res, err := Read(context.Background(), strings.NewReader(tt.file), &bytes.Buffer{}, Options{Size: int64(len(tt.file))})
		if err != nil {
			t.Fatal(err)
		}
		var lines []int64
		for _, n := range res.Notes {
			if n.Code == tt.code {
				lines = n.Lines
			}
		}
		if d := cmp.Diff(tt.lines, lines); d != "" {
			t.Errorf("%s: %s %+v", tt.name, d, res)
		}
	}
}
