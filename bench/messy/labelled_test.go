package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPlain(t *testing.T) {
	t.Parallel()
	rfc := label{delimiter: ",", quote: `"`, escape: `"`}
	tests := []struct {
		name, text string
		label      label
		want       [][]string // nil: it breaks its dialect
	}{
		{"line ends", "a,b\r\n1,\n\r,2", rfc, [][]string{{"a", "b"}, {"1", ""}, {"", "2"}}},
		{"quotes", "\"a,\"\"b\"\"\",\"1\r\n2\"\n", rfc, [][]string{{`a,"b"`, "1\r\n2"}}},
		{"backslash", `'it\'s'|x`, label{delimiter: "|", quote: "'", escape: `\`}, [][]string{{"it's", "x"}}},
		{"longer delimiter", "1aa2\n", label{delimiter: "aa"}, [][]string{{"1", "2"}}},
		{"one column", "a,b\n", label{quote: `"`, escape: `"`}, [][]string{{"a,b"}}},
		{"lines above", "notes\n\na,b\n", label{delimiter: ",", skip: 2}, [][]string{{"a", "b"}}},
		{"text behind a quote", "\"a\"b,c\n", rfc, nil},
		{"never closed", "\"a,b\n", rfc, nil},
	}
	for _, tt := range tests {
		got, err := plain(tt.text, tt.label)
		if d := cmp.Diff(tt.want, got); d != "" || (err == nil) != (tt.want != nil) {
			t.Errorf("%s: %v\n%s", tt.name, err, d)
		}
	}
}

func TestSettled(t *testing.T) {
	t.Parallel()
	got := settled([][]string{{"a", "b", ""}, {"1"}, {"", "2", "", ""}, {"", ""}})
	if d := cmp.Diff([][]string{{"a", "b"}, {"1", ""}, {"", "2"}}, got); d != "" {
		t.Error(d)
	}
	if settled([][]string{{"a"}, {"1", "2"}}) != nil {
		t.Error("a row that is too long has a right answer")
	}
}

// Every fault is seen: a measure that finds all right is none.
func TestMark(t *testing.T) {
	t.Parallel()
	l := label{delimiter: ";", quote: "'", encoding: "windows-1252", header: true, text: true, bytes: "a;b\n'1';2\n", table: [][]string{{"a", "b"}, {"1", "2"}}}
	right := func() found {
		return found{delimiter: ";", quote: "'", encoding: "windows-1252", header: true, records: [][]string{{" a", "b"}, {"1", "2"}}}
	}
	tests := []struct {
		name  string
		spoil func(*found)
		wrong []string
	}{
		{"nothing", func(*found) {}, nil},
		{"delimiter", func(f *found) { f.delimiter = "," }, []string{"delimiter", "dialect"}},
		{"quote", func(f *found) { f.quote = `"` }, []string{"quote", "dialect"}},
		{"header", func(f *found) { f.header = false }, []string{"header", "dialect", "table"}},
		{"encoding", func(f *found) { f.encoding = "cp852" }, []string{"encoding", "dialect"}},
		{"cell", func(f *found) { f.records[1][1] = "2 " }, []string{"table"}},
		{"row", func(f *found) { f.records = f.records[:1] }, []string{"table"}},
		{"refused", func(f *found) { f.refused = true }, aspects},
	}
	for _, tt := range tests {
		got := right()
		tt.spoil(&got)
		a := newAnswers()
		faults := a.mark(l, got)
		for _, name := range aspects {
			if wrong := a.right[name] < a.asked[name]; a.asked[name] != 1 || wrong != slices.Contains(tt.wrong, name) {
				t.Errorf("%s: %s asked %d, right %d", tt.name, name, a.asked[name], a.right[name])
			}
		}
		if (len(faults) > 0) != (len(tt.wrong) > 0) {
			t.Errorf("%s: %q", tt.name, faults)
		}
	}
}

// A file of the suite is labelled where the expected JSON agrees with its dialect.
func TestCSVWLabels(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := map[string]string{
		"manifest-json.jsonld": `{"entries":[{"action":"a.csv","result":"a.json"},{"action":"b-metadata.json","result":"b.json"},
			{"action":"c.csv","result":"c.json"},{"action":"refused.csv"}]}`,
		"a.csv":           "n,x\n1,one\n",
		"a.json":          `{"tables":[{"url":"http://example.org/a.csv","row":[{"describes":[{"n":"1","x":"one"}]}]}]}`,
		"b.csv":           "n;x\n2;two\n",
		"b-metadata.json": `{"url":"b.csv","dialect":{"delimiter":";"}}`,
		"b.json":          `{"tables":[{"url":"http://example.org/b.csv","row":[{"describes":[{"n":2,"x":"two"}]}]}]}`,
		"c.csv":           "n,x\n3,three\n",
		"c.json":          `{"tables":[{"url":"http://example.org/c.csv","row":[{"describes":[{"x":"tree"}]}]}]}`,
	}
	root := filepath.Join(dir, filepath.FromSlash(csvwTests))
	if err := os.MkdirAll(root, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	labels, err := csvwLabels(dir)
	var got []string
	for _, l := range labels {
		got = append(got, strings.TrimPrefix(l.file, csvwTests+"/")+" "+l.delimiter)
	}
	if d := cmp.Diff([]string{"a.csv ,", "b.csv ;"}, got); d != "" || err != nil {
		t.Errorf("%v\n%s", err, d)
	}
}
