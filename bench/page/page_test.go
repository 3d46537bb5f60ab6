package page_test

import (
	"os"
	"path/filepath"
	"testing"

	"sutor/bench/page"
)

func TestWrite(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "page.md")
	const old = "# A\n\n<!-- begin one -->\nold\n<!-- end one -->\n\nB\n\n<!-- begin two -->\nIt must not be lost.\n"
	if err := os.WriteFile(file, []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"two", "three"} {
		if err := page.Write(file, name, "x\n"); err == nil {
			t.Errorf("%s has no place", name)
		}
	}
	if err := page.Write(file, "one", "new\nand more\n"); err != nil {
		t.Fatal(err)
	}
	const want = "# A\n\n<!-- begin one -->\nnew\nand more\n<!-- end one -->\n\nB\n\n<!-- begin two -->\nIt must not be lost.\n"
	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, got)
	}
}
