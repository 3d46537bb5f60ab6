package intake

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sutor/internal/errs"
)

func zipped(t *testing.T, members ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		f, err := w.Create(members[i])
		if err == nil {
			_, err = io.WriteString(f, members[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestReadKinds(t *testing.T) {
	t.Parallel()
	const terms = "id;terms\n1;NET30\n"
	const rows = "2,,\"1\",\"NET30\"\n"
	const orders = `{"at":"now","customers":[{"id":1}],"orders":[{"nr":2}]}`
	tests := []struct {
		name, file, sheet string
		kind, want, say   string
		codes             []string
	}{
		{"gzip", gzipped(t, terms), "", "csv", rows, "compressed with gzip", nil},
		{"gzip of JSON", gzipped(t, `[{"id":1}]`), "", "json", "1,,\"1\"\n", "JSON, an array of objects, compressed", nil},
		{"zip", zipped(t, "folder/terms.csv", terms), "", "csv", rows, "in a ZIP archive", nil},
		{"zip with any name", zipped(t, "TERMS", terms), "", "csv", rows, "in a ZIP archive", nil},
		{"zip with a letter beside", zipped(t, "read me.txt", "Dear all", "terms.csv", terms), "", "csv", rows, "in a ZIP archive", []string{"archive"}},
		{"zip, chosen", zipped(t, "a.csv", "x\n1\n", "b/terms.csv", terms), "b/terms.csv", "csv", rows, "", []string{"archive"}},
		{"zip, chosen by its last name", zipped(t, "a.csv", "x\n1\n", "b/terms.csv", terms), "terms.csv", "csv", rows, "", []string{"archive"}},
		{"a table of a file of an archive", zipped(t, "x.json", orders, "y.csv", terms), "x.json/orders", "json", "1,,\"2\"\n", "", []string{"json-members", "archive"}},
		{"JSON", `[{"id":1}]`, "", "json", "1,,\"1\"\n", "JSON", nil},
		{"JSON Lines", "{\"id\":1}\n{\"id\":2}\n", "", "json", "1,,\"1\"\n2,,\"2\"\n", "JSON Lines", nil},
		{"JSON with two tables", orders, "customers", "json", "1,,\"1\"\n", "", []string{"json-members"}},
		{"cells pasted from a spreadsheet", "id\tnote\n1\t\"two\nlines, \"\"quoted\"\"\"\n2\t5\" pipe\n", "", "csv", "2,,\"1\",\"two\nlines, \"\"quoted\"\"\"\n4,,\"2\",\"5\"\" pipe\"\n", "tabs", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			res, err := Read(context.Background(), textFile(tt.file), &out, Options{Temp: t.TempDir(), Choice: Choice{Sheet: tt.sheet}})
			if err != nil {
				t.Fatal(err)
			}
			var codes []string
			for _, n := range res.Notes {
				codes = append(codes, n.Code)
			}
			if out.String() != tt.want || res.Kind != tt.kind || !strings.Contains(res.Dialect, tt.say) || res.Bytes != int64(len(tt.file)) {
				t.Errorf("%q %+v", out.String(), res)
			}
			if d := cmp.Diff(tt.codes, codes); d != "" {
				t.Errorf("notes %s", d)
			}
			if len(res.Notes) > 0 { // what was found reads the same again
				var again bytes.Buffer
				if _, err := Read(context.Background(), textFile(tt.file), &again, Options{Temp: t.TempDir(), Choice: res.Found}); err != nil || again.String() != tt.want {
					t.Errorf("%+v: %v %q", res.Found, err, again.String())
				}
			}
		})
	}
}

func TestReadRefusesArchives(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, file, sheet, say string }{
		{"several", zipped(t, "a.csv", "x\n1\n", "b.csv", "y\n1\n"), "", `several files: "a.csv", "b.csv"`},
		{"nothing", zipped(t, "folder/", ""), "", "holds no file"},
		{"no such file", zipped(t, "a.csv", "x\n1\n", "b.csv", "y\n1\n"), "c.csv", `no file "c.csv"`},
		{"an archive inside", zipped(t, "a.zip", zipped(t, "a.csv", "x\n1\n")), "", "another archive"},
		{"gzip inside", zipped(t, "a.csv.gz", gzipped(t, "x\n1\n")), "", "another archive"},
		{"gzip of gzip", gzipped(t, gzipped(t, "x\n1\n")), "", "another archive"},
		{"a tar", gzipped(t, "a.csv"+strings.Repeat("\x00", 252)+"ustar\x0000"), "", "another archive"},
		{"a picture inside", zipped(t, "a.png", "\x89PNG\r\n\x1A\n"), "", "picture"},
		{"a bad table inside", gzipped(t, "a,b\n1,\x00\n"), "", "NUL"},
	} {
		_, err := Read(context.Background(), textFile(tt.file), io.Discard, Options{Temp: t.TempDir(), Choice: Choice{Sheet: tt.sheet}})
		e := errs.As(err)
		if e == nil || e.Kind != errs.Invalid || e.Mend == "" || !strings.Contains(e.Message, tt.say) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
