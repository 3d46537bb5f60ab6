package xlsx

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite corpus.golden")

// TestCorpus holds the verdict on every workbook of the corpus, most of them by
// strangers: what was understood, or the sentence of refusal.
func TestCorpus(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	workbooks(t, func(name string, file []byte) {
		res, rows, err := read(t, file, Options{})
		if err != nil {
			fmt.Fprintf(&got, "%s: REFUSED %s\n", name, err)
			return
		}
		found := Options{Sheet: res.Sheet, Table: res.Table, SkipLines: &res.SkipLines, HeaderLines: &res.HeaderLines}
		if again, same, err := read(t, file, found); err != nil || !slices.Equal(rows, same) || !slices.Equal(res.Columns, again.Columns) {
			t.Errorf("%s: read as found, %v, it is another table: %q, %q", name, err, again.Columns, same)
		}
		fmt.Fprintf(&got, "%s: %s %s %.100q, %d rows, %d defects, %d blank %s\n", name, res.Sheet, res.Range, strings.Join(res.Columns, "|"),
			res.Rows, res.Defects, res.BlankLines, strings.Join(codes(res.Notes), " "))
		for _, row := range rows[:min(3, len(rows))] {
			fmt.Fprintf(&got, "    %.150q\n", row)
		}
	})
	golden := filepath.Join("testdata", "corpus.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got.String()); d != "" {
		t.Errorf("verdicts (-want +got):\n%s", d)
	}
}

// TestCorpusLikeExcelize: where excelize reads a workbook too, the cells are the
// same.
func TestCorpusLikeExcelize(t *testing.T) {
	t.Parallel()
	cells := 0
	workbooks(t, func(name string, file []byte) {
		// Hostile ones take all the memory there is, and _xD801__xDC05_ is a character to Excel and us.
		if !strings.HasPrefix(name, "generated/") && name != "phpspreadsheet/issue.4724.xlsx" {
			cells += likeExcelize(t, name, file)
		}
	})
	if cells < 1000 {
		t.Errorf("only %d cells were compared", cells)
	}
}

func workbooks(t *testing.T, each func(name string, file []byte)) {
	t.Helper()
	err := filepath.WalkDir("testdata", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasPrefix(filepath.Ext(path), ".xls") {
			return err
		}
		file, err := os.ReadFile(path)
		if err == nil {
			name, _ := filepath.Rel("testdata", path)
			each(filepath.ToSlash(name), file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
