package intake

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sutor/internal/errs"
	"sutor/internal/record"
)

var update = flag.Bool("update", false, "rewrite corpus.golden")

const corpus = "csv/testdata"

// TestCorpus holds the verdict on every file of the corpus, most of them by
// strangers: what was understood, or the sentence of refusal.
func TestCorpus(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	err := filepath.WalkDir(corpus, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(corpus, path)
		if err == nil && d.Name() == "rapid" {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() || !strings.Contains(filepath.Ext(name), ".") || strings.HasSuffix(name, ".md") || strings.HasPrefix(name, "spectrum") || strings.HasSuffix(name, ".golden") {
			return err
		}
		fmt.Fprintf(&got, "%s: %s\n", filepath.ToSlash(name), verdict(t, path))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join(corpus, "corpus.golden")
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

func verdict(t *testing.T, path string) string {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	res, err := Read(context.Background(), textFile(string(file)), &out, Options{})
	if err != nil {
		if e := errs.As(err); e == nil || e.Kind != errs.Invalid || e.Mend == "" {
			t.Errorf("%s: refused without a sentence: %v", path, err)
		}
		return "REFUSED " + err.Error()
	}
	rows := records(t, out.Bytes())
	defects := ""
	for _, r := range rows {
		if len(r) != len(res.Columns)+2 {
			t.Errorf("%s: a staging record of %d cells for %d columns", path, len(r)-2, len(res.Columns))
		}
		if r[1] != nil && len(defects) < 60 {
			defects += fmt.Sprintf(" %s=%s", *r[0], *r[1])
		}
	}
	if int64(len(rows)) != res.Rows {
		t.Errorf("%s: %d records, %d rows", path, len(rows), res.Rows)
	}
	names := strings.Join(res.Columns, "|")
	return fmt.Sprintf("%s; %d columns %.60q, %d rows, %d blank lines, %d defects%s",
		res.Dialect, len(res.Columns), names, res.Rows, res.BlankLines, res.Defects, defects)
}

// records reads a staging file: line, defect, cells; nil for NULL.
func records(t *testing.T, staging []byte) (rows [][]*string) {
	t.Helper()
	for rd := record.NewReader(bytes.NewReader(staging)); ; {
		fields, err := rd.Read()
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		var r []*string
		for _, f := range fields {
			r = append(r, f.Ptr())
		}
		rows = append(rows, r)
	}
}

// Naughty strings and formulas are texts like any other, as cells and as names.
func TestHostileTextsPassUnchanged(t *testing.T) {
	t.Parallel()
	var texts []string
	naughty, err := os.ReadFile(filepath.Join(corpus, "blns", "blns.json"))
	if err == nil {
		err = json.Unmarshal(naughty, &texts)
	}
	if err != nil {
		t.Fatal(err)
	}
	formulas, err := os.ReadFile(filepath.Join(corpus, "payloadbox", "csv-payload.txt"))
	if err != nil {
		t.Fatal(err)
	}
	texts = append(texts, strings.Split(strings.TrimSpace(string(formulas)), "\n")...)
	texts = append(texts, "'; DROP TABLE x; --", `\.`, "NaN", strings.Repeat("k", 10_000))
	for _, text := range texts {
		cell := `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
		name := strings.TrimSpace(text)
		file := "id," + cell + "\n1," + cell + "\n"
		if name == "" || name == "id" || strings.Contains(text, "\x00") {
			name, file = "x", "id,x\n1,"+cell+"\n"
		}
		var out bytes.Buffer
		res, err := Read(context.Background(), textFile(file), &out, Options{Choice: Choice{Delimiter: ",", HeaderLines: new(1)}})
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		rows := records(t, out.Bytes())
		if len(rows) != 1 || rows[0][3] == nil || *rows[0][3] != text || rows[0][1] != nil || res.Columns[1] != name {
			t.Errorf("%q became %q under %q", text, out.String(), res.Columns)
		}
	}
}
