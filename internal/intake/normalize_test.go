package intake

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"sutor/internal/record"
)

// Normalize composes exactly the cells of the columns that it is given, says how many
// it changed, and changes nothing when it is done again.
func TestNormalize(t *testing.T) {
	t.Parallel()
	header := []string{"id", `na"me`, "x,y"}
	texts := []string{"", "a", "\"", "l\nl", "x,y", "é", "e\u0301", "\u0301", "\"\u0301\"", "Ω\u2126", "q\u0307\u0323", "q\u0323\u0307", "\u1112\u1161\u11ab", "e" + strings.Repeat("\u0301", 40)}
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.SampledFrom([][]int{nil, {1}, {0, 2}, {0, 1, 2}}).Draw(t, "columns")
		var lines []int64
		var rows, want [][]*string
		changed := map[string]int64{}
		for n := range rapid.IntRange(0, 8).Draw(t, "rows") {
			row := []*string{rapid.SampledFrom([]*string{nil, nil, ptr("cells:5"), ptr("~quote:1")}).Draw(t, "defect")}
			for range header {
				row = append(row, rapid.Ptr(rapid.SampledFrom(texts), true).Draw(t, "cell"))
			}
			after := slices.Clone(row)
			for _, c := range columns {
				cell := row[1+c]
				if cell == nil || row[0] != nil && *row[0] == "cells:5" || strings.Count(*cell, "\u0301") > 30 || norm.NFC.IsNormalString(*cell) {
					continue
				}
				after[1+c] = ptr(norm.NFC.String(*cell))
				changed[header[c]]++
			}
			lines, rows, want = append(lines, int64(2+2*n)), append(rows, row), append(want, after)
		}
		var out, again bytes.Buffer
		notes, err := Normalize(bytes.NewReader(stagingOf(t, lines, rows)), header, columns, &out)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(stagingOf(t, lines, want)), out.String()); diff != "" {
			t.Fatal(diff)
		}
		told := map[string]int64{}
		for _, n := range notes {
			told[n.Column] = n.Rows
			if int64(len(n.Lines)) != n.Rows {
				t.Fatalf("%+v", n)
			}
		}
		if diff := cmp.Diff(changed, told); diff != "" {
			t.Fatal(diff)
		}
		notes, err = Normalize(bytes.NewReader(out.Bytes()), header, columns, &again)
		if err != nil || len(notes) > 0 || again.String() != out.String() {
			t.Fatalf("once more: %v %+v\n%s", err, notes, again.String())
		}
	})
}

// A text means the same afterwards: nothing is put in or left out, whatever it holds.
func TestPropertyComposedMeansTheSame(t *testing.T) {
	t.Parallel()
	letters := rapid.SampledFrom([]rune("aeéE\"\u0301\u0323\u0307\u034f\u0f71\u0f72\u1112\u1161\u11ab\u2126\ufb1d\U0001d15e日"))
	rapid.Check(t, func(t *rapid.T) {
		text := string(rapid.SliceOfN(letters, 0, 60).Draw(t, "text"))
		out := toNFC(text)
		if norm.NFD.String(out) != norm.NFD.String(text) || toNFC(out) != out || strings.Count(out, joiner) != strings.Count(text, joiner) {
			t.Fatalf("%+q becomes %+q", text, out)
		}
		if _, p := (record.Type{Kind: record.Text}).Parse(out, nil); p != record.OK {
			t.Fatalf("%+q is %s", out, p)
		}
	})
}
