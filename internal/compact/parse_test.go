package compact_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"sutor/internal/compact"
)

var update = flag.Bool("update", false, "write the expected messages anew")

// examples reads every YAML file of a folder below testdata.
func examples(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples in %s (%v)", folder, err)
	}
	out := map[string][]byte{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(file)] = b
	}
	return out
}

func messages(problems []compact.Problem) string {
	var b strings.Builder
	for _, p := range problems {
		b.WriteString(p.String() + "\n")
	}
	return b.String()
}

func TestGood(t *testing.T) {
	t.Parallel()
	for name, b := range examples(t, "good") {
		c, problems := compact.Parse(name, b)
		if c == nil || len(problems) != 0 {
			t.Errorf("%s has problems:\n%s", name, messages(problems))
		}
	}
}

// The golden files hold, for each example, every message in order.
func TestMessages(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"bad", "warn"} {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			golden := filepath.Join("testdata", folder+".txtar")
			all := examples(t, folder)
			if *update {
				writeGolden(t, golden, all)
			}
			archive, err := txtar.ParseFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if len(archive.Files) != len(all) {
				t.Errorf("%s expects %d examples, there are %d", golden, len(archive.Files), len(all))
			}
			for _, want := range archive.Files {
				c, problems := compact.Parse(want.Name, all[want.Name])
				if diff := cmp.Diff(string(want.Data), messages(problems)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", want.Name, diff)
				}
				if failed := compact.Failed(problems); failed != (folder == "bad") || failed != (c == nil) {
					t.Errorf("%s: failed = %v, Compact given = %v", want.Name, failed, c != nil)
				}
			}
		})
	}
}

func writeGolden(t *testing.T, golden string, all map[string][]byte) {
	archive := &txtar.Archive{Comment: []byte("What is said about each example of this folder. Written by: go test -update\n")}
	for name, b := range all {
		_, problems := compact.Parse(name, b)
		archive.Files = append(archive.Files, txtar.File{Name: name, Data: []byte(messages(problems))})
	}
	sortFiles(archive.Files)
	if err := os.WriteFile(golden, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

// No message ever repeats a secret, wherever in a dsn it stood.
func TestNoSecretInMessages(t *testing.T) {
	t.Parallel()
	for name, b := range examples(t, "bad") {
		_, problems := compact.Parse(name, b)
		for _, p := range problems {
			if said := fmt.Sprintf("%+v", p); strings.Contains(said, "geheim") {
				t.Errorf("%s: the password stands in a problem: %s", name, said)
			}
		}
	}
}

func TestUnreadable(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"empty", "", "f:1:1: The file holds nothing"},
		{"too large", strings.Repeat("#", compact.MaxBytes+1), "f:1:1: The file has 1048577 bytes"},
		{"not UTF-8", "compact: ä\nx: \xff", "f:2:4: The file is not UTF-8"},
		{"NUL", "compact: a\x00b", "f:1:1: The file cannot be read as YAML: control characters"},
		{"deep", strings.Repeat("[", 20000), "f:1:1: The file cannot be read as YAML: exceeded max depth"},
		{"deep groups", strings.Repeat("{a: ", 9000) + strings.Repeat("}", 9000), "f:1:53: Lists and groups are nested too deeply"},
		{"long key", "? " + strings.Repeat("k", 500_000) + "\n: [" + strings.Repeat("1,", 100_000) + "]", "f:1:3: This key is 500000 bytes long"},
		{"alias of nothing", "compact: *x", "f:1:1: The file cannot be read as YAML: unknown anchor"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, problems := compact.Parse("f", []byte(tt.in))
			if c != nil || !strings.Contains(messages(problems), tt.want) {
				t.Errorf("got %v\n%s", c, messages(problems))
			}
		})
	}
}

// Parse never panics, keeps its promises about order and nil, and is the same
// each time.
func FuzzParse(f *testing.F) {
	for _, folder := range []string{"good", "bad", "warn"} {
		files, err := filepath.Glob(filepath.Join("testdata", folder, "*.yaml"))
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, problems := compact.Parse("f.yaml", b)
		if (c == nil) != compact.Failed(problems) {
			t.Fatalf("a Compact with problems, or none without:\n%s", messages(problems))
		}
		again, others := compact.Parse("f.yaml", b)
		if (c == nil) != (again == nil) || messages(problems) != messages(others) {
			t.Fatalf("two runs differ:\n%s\n%s", messages(problems), messages(others))
		}
		for i, p := range problems {
			if p.Line < 1 || p.Column < 1 || p.Message == "" || strings.Contains(p.String(), "\n") {
				t.Fatalf("not one line with a place: %q", p.String())
			}
			if i > 0 && (problems[i-1].Line > p.Line || problems[i-1].Line == p.Line && problems[i-1].Column > p.Column) {
				t.Fatalf("not in order:\n%s", messages(problems))
			}
		}
		if c != nil {
			for _, d := range c.Datasets {
				if _, ok := c.DatasetDigest(d.Name); !ok {
					t.Fatalf("no digest of %q", d.Name)
				}
			}
		}
	})
}
