package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sutor/internal/cli"
)

func TestFileInspect(t *testing.T) {
	t.Parallel()
	name := file(t, "terms.csv", "id;terms;note\n1;NET30;\n2;NET45\n\n3;\"say \x1b[31m\nhi\";\n")
	r := run(t, nil, cli.Local{}, "file", "inspect", name)
	want := `terms.csv: UTF-8, separated by semicolons, lines ended by LF.
3 rows of 3 columns, 1 blank line left out.

  COLUMN  LOOKS LIKE  FILLED  FOR EXAMPLE
  id      integer          3  1 · 2 · 3
  terms   text             3  NET30 · NET45 · say \u001b[31m⏎hi
  note    –                0

First rows, as read
  LINE  id  terms              note
     2  1   NET30              –
     3  2   NET45              –
     5  3   say \u001b[31m⏎hi  –

Rows that are not as they should be
  Another number of cells than the header; missing ones are empty, ones beyond it are left out. Line 3.
`
	if r.code != 0 || r.out != want || r.errOut != "" || len(r.heard) > 0 {
		t.Errorf("exit %d, heard %q\n%s%s", r.code, r.heard, r.out, r.errOut)
	}
	r = run(t, nil, cli.Local{}, "file", "inspect", name, "--json")
	var doc struct {
		File, Kind string
		Rows       int
		Found      struct{ Delimiter string }
		Columns    []struct{ Name, Type string }
		Defective  []struct {
			Line   int
			Defect string
		}
	}
	if err := json.Unmarshal([]byte(r.out), &doc); err != nil || doc.File != "terms.csv" || doc.Kind != "csv" || doc.Rows != 3 || doc.Found.Delimiter != ";" ||
		doc.Columns[0].Type != "integer" || doc.Defective[0].Line != 3 {
		t.Errorf("%v %s", err, r.out)
	}
}

func TestFileConvert(t *testing.T) {
	t.Parallel()
	name := file(t, "terms.csv", "id;terms\n1;\"a,b\"\n2\n")
	r := run(t, nil, cli.Local{}, "file", "convert", name)
	if r.code != 0 || r.out != "id,terms\r\n1,\"a,b\"\r\n2,\r\n" || !strings.Contains(r.errOut, "2 rows of 2 columns, from UTF-8, separated by semicolons") ||
		!strings.Contains(r.errOut, "Line 3.") {
		t.Errorf("exit %d\n%q\n%s", r.code, r.out, r.errOut)
	}
	out := filepath.Join(t.TempDir(), "out.csv")
	r = run(t, nil, cli.Local{}, "file", "convert", name, "-o", out, "--json")
	if text, err := os.ReadFile(out); err != nil || string(text) != "id,terms\r\n1,\"a,b\"\r\n2,\r\n" {
		t.Errorf("%q %v", text, err)
	}
	if r.code != 0 || !strings.Contains(r.out, `"defective":[{"line":3,"defect":"cells:1"}]`) || strings.Count(r.out, "\n") != 1 {
		t.Errorf("exit %d %s", r.code, r.out)
	}
	if r = run(t, nil, cli.Local{}, "file", "convert", "-"); r.code != 0 || r.out != "id\r\n1\r\n" {
		t.Errorf("standard input: exit %d %q %s", r.code, r.out, r.errOut)
	}
}

// A refused file is one sentence and nothing else, and leaves the old output.
func TestFileRefusals(t *testing.T) {
	t.Parallel()
	out := file(t, "out.csv", "before")
	bad := file(t, "bad.csv", "a,b\n1,2\n\x00,3\n")
	for _, tt := range []struct {
		args []string
		code int
		say  string
	}{
		{[]string{"file", "convert", bad, "-o", out}, 7, "NUL character"},
		{[]string{"file", "inspect", bad}, 7, "NUL character"},
		{[]string{"file", "inspect", bad, "--json"}, 7, `"exit":7`},
		{[]string{"file", "inspect", filepath.Dir(out)}, 2, "is a folder"},
		{[]string{"file", "inspect", "nowhere.csv"}, 4, "There is no file"},
		{[]string{"file", "convert", bad, "--json"}, 2, "-o"},
		{[]string{"file", "inspect", bad, "--table", "0"}, 2, "--table takes a number from 1"},
		{[]string{"file", "inspect", bad, "--skip-lines", "x"}, 2, "--skip-lines takes a number"},
	} {
		r := run(t, nil, cli.Local{}, tt.args...)
		if r.code != tt.code || r.out != "" || !strings.Contains(r.errOut, tt.say) {
			t.Errorf("%v: exit %d %q %q", tt.args, r.code, r.out, r.errOut)
		}
	}
	if text, err := os.ReadFile(out); err != nil || string(text) != "before" {
		t.Errorf("%q %v", text, err)
	}
}
