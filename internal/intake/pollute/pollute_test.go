package pollute

import (
	"bytes"
	"encoding/csv"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The list is as long as the published one, and weighs as much.
func TestSurveyIsThePublishedList(t *testing.T) {
	t.Parallel()
	count, weight, names := map[string]int{}, 0.0, map[string]bool{}
	for _, f := range Survey() {
		count[f.Family]++
		weight += f.Weight
		if names[f.Name] {
			t.Errorf("%s twice", f.Name)
		}
		names[f.Name] = true
	}
	want := map[string]int{"clean": 1, "empty-file": 1, "no-final-line-end": 1, "two-final-line-ends": 1, "no-header": 1, "header-lines": 2, "preamble": 1,
		"second-table": 3, "only-header": 1, "only-one-row": 1, "separator-less": 672, "separator-more": 756, "separator": 4, "quote": 1, "escape": 2,
		"line-end": 2, "extra-quote": 756, "row-separator": 84}
	if d := cmp.Diff(want, count); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if len(names) != 2290 || math.Abs(weight-4450) > 1e-6 {
		t.Errorf("%d files, weight %g", len(names), weight)
	}
}

// Files are the same every time, differ from each other, and the clean one is
// RFC 4180 for a reader of others.
func TestFilesAreDeterministic(t *testing.T) {
	t.Parallel()
	again := append(Survey(), Taxonomy()...)
	for i, f := range append(Survey(), Taxonomy()...) {
		if !bytes.Equal(f.Bytes, again[i].Bytes) || f.Name != again[i].Name || !cmp.Equal(f.Hints, again[i].Hints) {
			t.Errorf("%s differs from %s", f.Name, again[i].Name)
		}
	}
	clean := Survey()[0]
	got, err := csv.NewReader(bytes.NewReader(clean.Bytes)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(clean.Want.Records(), got); d != "" {
		t.Error(d)
	}
}

// What a pollution does to the bytes, one of each kind.
func TestPollutions(t *testing.T) {
	t.Parallel()
	small := Table{Header: []string{"id", "name"}, Rows: [][]string{{"1", `5" pipe`}, {"2", "a,b"}, {"3", "it's"}}}
	files := map[string]File{}
	for _, f := range append(taxonomy(Table{Header: []string{"a", "b", "c", "d"}, Rows: [][]string{{"1", "2", "3", "4"}}}), survey(small)...) {
		files[f.Name] = f
	}
	clean := "id,name\r\n1,\"5\"\" pipe\"\r\n2,\"a,b\"\r\n3,it's\r\n"
	for name, want := range map[string]string{
		"clean":                      clean,
		"empty-file":                 "",
		"no-final-line-end":          strings.TrimSuffix(clean, "\r\n"),
		"no-header":                  strings.TrimPrefix(clean, "id,name\r\n"),
		"header-lines/2":             "id,name\r\n" + clean,
		"preamble":                   "PREAMBLE,\r\n,\r\n" + clean,
		"separator-less/1-1":         strings.Replace(clean, "1,", "1", 1),
		"separator-more/2-0":         strings.Replace(clean, "\r\n2", "\r\n,2", 1),
		"separator-more/2-1":         strings.Replace(clean, "2,", "2,,", 1),
		"extra-quote/3-1":            strings.Replace(clean, "it's", "\"it's", 1),
		"extra-quote/2-1":            strings.Replace(clean, `"a,b"`, `""a,b"`, 1),
		"row-separator/2":            strings.Replace(clean, "2,", "2 ", 1),
		"separator/comma-blank":      "id, name\r\n1, \"5\"\" pipe\"\r\n2, \"a,b\"\r\n3, it's\r\n",
		"separator/semicolon":        "id;name\r\n1;\"5\"\" pipe\"\r\n2;a,b\r\n3;it's\r\n",
		"quote/apostrophe":           "id,name\r\n1,5\" pipe\r\n2,'a,b'\r\n3,'it''s'\r\n",
		"escape/backslash":           strings.Replace(clean, `5""`, `5\"`, 1),
		"escape/none":                strings.Replace(clean, `5""`, `5"`, 1),
		"line-end/CR":                strings.ReplaceAll(clean, "\r\n", "\r"),
		"row-width/1-2":              "a,b,c,d\r\n1,2\r\n",
		"name-empty/0":               ",b,c,d\r\n1,2,3,4\r\n",
		"blank-line/0-filled":        ",,,\r\na,b,c,d\r\n1,2,3,4\r\n",
		"preamble/1-filled":          "Sales department,,,\r\na,b,c,d\r\n1,2,3,4\r\n",
		"footnote/1-apart":           "a,b,c,d\r\n1,2,3,4\r\n\r\nSales department\r\n",
		"separator-at-start":         ",a,b,c,d\r\n,1,2,3,4\r\n",
		"preamble/sep":               "sep=,\r\na,b,c,d\r\n1,2,3,4\r\n",
		"separator-at-end/rows":      "a,b,c,d\r\n1,2,3,4,\r\n",
		"line-end-of-one/\"\\r\"-0":  "a,b,c,d\r1,2,3,4\r\n",
		"separator-of-one/\"\\t\"-1": "a,b,c,d\r\n1\t2\t3\t4\r\n",
		"line-break/1-0":             "a,b,c,d\r\n\"1\nand more, in \"\"quotes\"\"\",2,3,4\r\n",
		"rare-separator/\"\\t\\t\"":  "a\t\tb\t\tc\t\td\r\n1\t\t2\t\t3\t\t4\r\n",
	} {
		f, ok := files[name]
		got := string(f.Bytes)
		if !ok || got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestScore(t *testing.T) {
	t.Parallel()
	want := Table{Header: []string{"a", "b"}, Rows: [][]string{{"1", "2"}, {"3", "4"}}}
	for _, tt := range []struct {
		name  string
		want  Table
		got   [][]string
		total float64
		exact bool
	}{
		{"exact", want, [][]string{{"a", "b"}, {"1", "2"}, {"3", "4"}}, 10, true},
		{"a cell at the wrong place costs cells, not records", want, [][]string{{"a", "b"}, {"12", ""}, {"3", "4"}}, 7 + 3*4./6, false},
		{"a row missing", want, [][]string{{"a", "b"}, {"1", "2"}}, 1 + 3 + (1 + .5 + 2./3) + (1 + 4./6 + .8), false},
		{"nothing right", want, [][]string{{"x"}}, 1, false},
		{"nothing read", want, nil, 1, false},
		{"nothing expected", Table{}, [][]string{{"x"}}, 10, false},
		{"only a header", Table{Header: []string{"a"}}, [][]string{{"a"}}, 10, true},
	} {
		p := Score(tt.want, tt.got)
		if math.Abs(p.Total()-tt.total) > 1e-9 || p.Exact != tt.exact {
			t.Errorf("%s: %g %v", tt.name, p.Total(), p.Exact)
		}
	}
	var m Mean
	m.Add(File{Weight: 3}, Score(want, want.Records()))
	m.Add(File{Weight: 1}, Refused())
	if m.Simple() != 5 || m.Weighted() != 7.5 || m.Refused != 1 || m.Exact != 1 {
		t.Errorf("%+v", m)
	}
}
