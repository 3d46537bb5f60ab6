package intake

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"sutor/internal/errs"
	"sutor/internal/intake/xlsx"
	"sutor/internal/record"
)

// workbook makes one of two columns of text.
func workbook(t *testing.T, rows int) string {
	t.Helper()
	var b bytes.Buffer
	w := xlsx.NewWriter(&b, xlsx.Book{Sheet: "Rows", Columns: []xlsx.Column{{Header: "id"}, {Header: "terms"}}})
	for range rows {
		text := []byte("NET30")
		if err := w.Row([]record.Field{{Text: text}, {Text: text}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Whatever the kind of the file: exactly as much staging as is allowed is written,
// and with one byte less the file is refused, in words for people.
func TestStagingLimit(t *testing.T) {
	t.Parallel()
	csv := "id,terms\n" + strings.Repeat("NET30,NET30\n", 50_000)
	json := "[" + strings.Repeat(`{"id":"NET30","terms":"NET30"},`, 5000) + `{"id":"NET30","terms":null}]`
	for name, file := range map[string]string{"csv": csv, "short csv": "id;terms\n1;2\n", "json": json, "zip": zipped(t, "terms.csv", csv), "gzip": gzipped(t, json), "workbook": workbook(t, 5000),
		"workbook in a zip": zipped(t, "terms.xlsx", workbook(t, 10))} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			read := func(most int64) (staging bytes.Buffer, err error) {
				o := Options{Temp: t.TempDir(), Limits: Limits{MaxStaging: most}}
				_, err = Read(context.Background(), textFile(file), &staging, o)
				return staging, err
			}
			free, err := read(0)
			if err != nil {
				t.Fatal(err)
			}
			size := int64(free.Len())
			if exact, err := read(size); err != nil || !bytes.Equal(exact.Bytes(), free.Bytes()) {
				t.Errorf("at the limit: %d of %d bytes, %v", exact.Len(), size, err)
			}
			over, err := read(size - 1)
			if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "The file holds too much") || !strings.Contains(errs.Public(err).Mend, "--max-staging") {
				t.Errorf("beyond the limit: %v", err)
			}
			if int64(over.Len()) >= size {
				t.Errorf("%d bytes were written, of which %d are allowed", over.Len(), size-1)
			}
		})
	}
}

// Mended cells are bounded with the rest.
func TestStagingLimitOfMends(t *testing.T) {
	t.Parallel()
	staging := "2,,\"a\"\n"
	mends := "2,\"c\",\"" + strings.Repeat("x", 100) + "\"\n"
	want := "2,,\"" + strings.Repeat("x", 100) + "\"\n"
	lay := func(most int) (string, error) {
		var out strings.Builder
		err := Overlay(strings.NewReader(staging), []string{"c"}, strings.NewReader(mends), Limits{MaxStaging: int64(most)}.Staging(io.Writer(&out)))
		return out.String(), err
	}
	if got, err := lay(len(want)); err != nil || got != want {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := lay(len(want) - 1); errs.KindOf(err) != errs.Invalid || got != "" {
		t.Errorf("%q, %v", got, err)
	}
}
