package page_test

import (
	"os"
	"path/filepath"
	"testing"

	"sutor/bench/page"
)

func TestSections(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "page.md")
	steps := []struct {
		what  string
		write func() error
		want  string
	}{
		{"a head", func() error { return page.WriteHead(file, "# A\n\nOld.\n") }, "# A\n\nOld.\n"},
		{"a section", func() error { return page.Write(file, "one", "bench/one", "1\n") },
			"# A\n\nOld.\n\n<!-- one: begins; written by bench/one -->\n\n1\n\n<!-- one: ends -->\n"},
		{"another", func() error { return page.Write(file, "two", "bench -kind two", "2") },
			"# A\n\nOld.\n\n<!-- one: begins; written by bench/one -->\n\n1\n\n<!-- one: ends -->\n\n<!-- two: begins; written by bench -kind two -->\n\n2\n\n<!-- two: ends -->\n"},
		{"the first again", func() error { return page.Write(file, "one", "bench/one", "3") },
			"# A\n\nOld.\n\n<!-- one: begins; written by bench/one -->\n\n3\n\n<!-- one: ends -->\n\n<!-- two: begins; written by bench -kind two -->\n\n2\n\n<!-- two: ends -->\n"},
		{"the head again", func() error { return page.WriteHead(file, "# B\n") },
			"# B\n\n<!-- one: begins; written by bench/one -->\n\n3\n\n<!-- one: ends -->\n\n<!-- two: begins; written by bench -kind two -->\n\n2\n\n<!-- two: ends -->\n"},
	}
	for _, s := range steps {
		if err := s.write(); err != nil {
			t.Fatal(s.what, err)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != s.want {
			t.Fatalf("%s: %v\n%s\nwant\n%s", s.what, err, got, s.want)
		}
	}
	if err := os.WriteFile(file, []byte("<!-- one: begins; written by bench/one -->\n\nWhat follows is not to be lost.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := page.Write(file, "one", "bench/one", "1"); err == nil {
		t.Error("a section without an end is replaced")
	}
	if err := page.Write(t.TempDir(), "one", "x", "1"); err == nil {
		t.Error("a folder is written to")
	}
}
