package intake

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sutor/internal/errs"
	"sutor/internal/record"
)

// stagingOf writes records of line, defect and cells.
func stagingOf(t interface{ Fatal(...any) }, lines []int64, rows [][]*string) []byte {
	var b bytes.Buffer
	w := record.NewWriter(&b)
	for i, row := range rows {
		w.Number(lines[i])
		for _, v := range row {
			w.Optional(v)
		}
		if err := w.End(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Overlay is what a person would do by hand: put each text into its cell, and
// trust a record again where all of its cells were said.
func TestOverlay(t *testing.T) {
	t.Parallel()
	columns := []string{"id", `na"me`, "x,y"}
	text := rapid.Ptr(rapid.SampledFrom([]string{"", "a", "\"", "l\nl", "x,y", "\r\n\"q\"\n", "é"}), true)
	rapid.Check(t, func(rt *rapid.T) {
		var lines []int64
		var rows [][]*string
		want := map[int64][]*string{}
		line := int64(1)
		var mends []Mend
		for range rapid.IntRange(0, 8).Draw(rt, "rows") {
			line += int64(rapid.IntRange(1, 3).Draw(rt, "gap"))
			row := []*string{rapid.SampledFrom([]*string{nil, nil, ptr("cells:5"), ptr("~quote:1")}).Draw(rt, "defect")}
			for range columns {
				row = append(row, text.Draw(rt, "cell"))
			}
			lines, rows = append(lines, line), append(rows, row)
			after, of := slices.Clone(row), map[string]Mend{}
			for range rapid.IntRange(0, 4).Draw(rt, "mends") {
				i := rapid.IntRange(0, len(columns)-1).Draw(rt, "column")
				of[columns[i]] = Mend{line, columns[i], text.Draw(rt, "mended")}
				after[1+i] = of[columns[i]].Text
			}
			if len(of) == len(columns) {
				after[0] = nil
			}
			want[line] = after
			mends = append(mends, slices.Collect(maps.Values(of))...)
		}
		var kept, out bytes.Buffer
		w := NewMendWriter(&kept)
		for _, line := range lines {
			var of []Mend
			for _, m := range mends {
				if m.Line == line {
					of = append(of, m)
				}
			}
			if err := w.Write(of); err != nil {
				rt.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil || w.Cells() != int64(len(mends)) {
			rt.Fatal(w.Cells(), err)
		}
		if err := Overlay(bytes.NewReader(stagingOf(rt, lines, rows)), columns, &kept, &out); err != nil {
			rt.Fatal(err)
		}
		var all [][]*string
		for _, line := range lines {
			all = append(all, want[line])
		}
		if d := cmp.Diff(string(stagingOf(rt, lines, all)), out.String()); d != "" {
			rt.Fatalf("(-want +got):\n%s", d)
		}
	})
}

// A mend of what is not there is refused, never dropped.
func TestOverlayRefuses(t *testing.T) {
	t.Parallel()
	staging := stagingOf(t, []int64{2, 5}, [][]*string{{nil, ptr("1")}, {nil, ptr("2")}})
	for mend, says := range map[string]string{
		"1,\"id\",\"x\"\n": "no row 1", "3,\"id\",\"x\"\n": "no row 3", "6,\"id\",\"x\"\n": "no row 6", "5,\"no\",\n": `no column "no"`,
	} {
		err := Overlay(bytes.NewReader(staging), []string{"id"}, strings.NewReader(mend), &bytes.Buffer{})
		if e := errs.As(err); e == nil || e.Kind != errs.Invalid || !strings.Contains(e.Message, says) {
			t.Errorf("%q: %v", mend, err)
		}
	}
	for _, broken := range []string{"2,\"id\n", "x,\"1\"\n", "2,,\"1\""} {
		if err := Overlay(strings.NewReader(broken), []string{"id"}, strings.NewReader(""), &bytes.Buffer{}); err == nil {
			t.Errorf("%q was taken for staging", broken)
		}
	}
}

// Records larger than any buffer pass whole.
func TestEachRecord(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("line\n\"\"", 1<<19)
	staging := stagingOf(t, []int64{2, 900, 901}, [][]*string{{nil, ptr("a\nb")}, {nil, &long}, {nil, nil}})
	var got []string
	var whole bytes.Buffer
	err := EachRecord(bytes.NewReader(staging), func(line int64, raw []byte) error {
		got = append(got, fmt.Sprint(line, " ", len(raw)))
		_, err := whole.Write(raw)
		return err
	})
	if err != nil || !bytes.Equal(whole.Bytes(), staging) || len(got) != 3 {
		t.Errorf("%v, %v", got, err)
	}
}

func ptr(s string) *string { return &s }
