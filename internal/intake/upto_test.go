package intake

import (
	"bytes"
	"context"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// What is read up to a line is the beginning of what is read, record by record; mends
// of later lines are left alone.
func TestReadUpTo(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	rapid.Check(t, func(rt *rapid.T) {
		cell := rapid.SampledFrom([]string{"", "a", `"q""q"`, "\"l\nl\"", `"x,y"`})
		var file strings.Builder
		file.WriteString("id,name\n")
		for range rapid.IntRange(0, 8).Draw(rt, "rows") {
			file.WriteString("1," + cell.Draw(rt, "cell") + "\n")
		}
		o := Options{Temp: t.TempDir(), Names: []string{"id", "name"}}
		var all bytes.Buffer
		if _, err := Read(ctx, textFile(file.String()), &all, o); err != nil {
			rt.Fatal(err)
		}
		last := int64(rapid.IntRange(0, 20).Draw(rt, "last"))
		want, mends := "", "40,name,x\n"
		err := EachRecord(bytes.NewReader(all.Bytes()), func(line int64, raw []byte) error {
			if line <= last {
				want += string(raw)
			}
			return nil
		})
		if err != nil {
			rt.Fatal(err)
		}
		var some, mended bytes.Buffer
		res, err := ReadUpTo(ctx, textFile(file.String()), last, &some, o)
		if err != nil || !cmp.Equal(res.Columns, o.Names) {
			rt.Fatalf("%v, %v", res.Columns, err)
		}
		if diff := cmp.Diff(want, some.String()); diff != "" {
			rt.Fatal(diff)
		}
		if err := OverlayUpTo(&some, o.Names, strings.NewReader(mends), last, &mended); err != nil || mended.String() != want {
			rt.Fatalf("%q, %v", mended.String(), err)
		}
	})
}

// The staging file may come in pieces of any size.
func TestReadUpToInPieces(t *testing.T) {
	t.Parallel()
	staging := "2,,a\n3,,\"b\n12,,c\"\n12,,d\n"
	for size := 1; size < len(staging); size++ {
		for last, want := range map[int64]string{1: "", 2: staging[:5], 11: staging[:18], math.MaxInt64 - 1: staging} {
			var out bytes.Buffer
			u := newUpTo(&out, last)
			var err error
			for at := 0; at < len(staging) && err == nil; at += size {
				_, err = u.Write([]byte(staging[at:min(at+size, len(staging))]))
			}
			if (err != nil) != u.past || u.out.Flush() != nil || out.String() != want {
				t.Fatalf("pieces of %d up to %d: %q, %v", size, last, out.String(), err)
			}
		}
	}
}
