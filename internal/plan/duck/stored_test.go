package duck_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"sutor/internal/change"
	"sutor/internal/finding"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// What the system told of is compared with what was approved, in the columns that a
// row writes and in no others; the rows that it did not tell of are kept as approved.
func TestStored(t *testing.T) {
	t.Parallel()
	const file = "id,name,credit\n1,Anna,100\n2,Bob,300\n9,Zoe,1\n" // insert 9; update 1 (name), 2 (credit)
	const inserted = "1,\"9\",\"Zoe\",\"1.00\"\n"
	const kept = `"n","op","key:id","stored:name","stored:credit"` + "\n1,\"insert\",\"9\",\"Zoe\",\"1.00\"\n2,\"update\",\"1\",\"Anna\",\"100.00\"\n3,\"update\",\"2\",\"Bob\",\"300.00\"\n"
	for _, c := range []struct{ name, updated, want, kept, err string }{
		{name: "as approved", updated: "2,\"1\",\"Anna\",\"100.00\"\n3,\"2\",\"Bob\",\"300.00\"\n", kept: kept},
		{name: "as approved, and not told of", kept: kept},
		{name: "one of them told of", updated: "3,\"2\",\"Bob\",\"300.00\"\n", kept: kept},
		{name: "otherwise, told of alone", updated: "3,\"2\",\"BOB\",\"300.00\"\n", kept: strings.Replace(kept, "Bob", "BOB", 1)},
		{name: "otherwise in a column that is not written", updated: "2,\"1\",\"Anna\",\"7.00\"\n3,\"2\",\"BOB\",\"300.00\"\n"},
		{name: "otherwise in one column", updated: "2,\"1\",\"ANNA\",\"100.00\"\n3,\"2\",\"Bob\",\"300.00\"\n", want: `name 1 2 "ANNA" instead of "Anna"`},
		{name: "nothing instead of a value", updated: "2,\"1\",\"Anna\",\"100.00\"\n3,\"2\",\"Bob\",\n", want: `credit 1 3 no value instead of "300.00"`},
		{name: "a row twice", updated: "2,\"1\",\"Anna\",\"100.00\"\n2,\"1\",\"Anna\",\"100.00\"\n", err: "inserts and updates 3 rows"},
		{name: "a row of another number", updated: "2,\"1\",\"Anna\",\"100.00\"\n8,\"2\",\"Bob\",\"300.00\"\n", err: "inserts and updates 3 rows"},
		{name: "a row of another step", updated: "1,\"9\",\"Zoe\",\"1.00\"\n", err: "inserts and updates 3 rows"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			s, out := b.plan(file, change.Options{Mode: change.Upsert})
			found, err := s.Stored(context.Background(), out.Parquet, out.Manifest, out.Manifest.JudgedSchema(),
				[]duck.StoredFile{storedFile(t, s, driver.Update, out.Manifest.JudgedSchema(), c.updated), storedFile(t, s, driver.Insert, out.Manifest.JudgedSchema(), inserted)},
				s.Path("stored.parquet"))
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("%v, want an error with %q", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := told(found); got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
			var kept strings.Builder
			err = duck.CanonicalStored(context.Background(), s.Path("stored.parquet"), out.Manifest.KeySchema(), out.Manifest.JudgedSchema(), &kept)
			if err != nil || c.kept != "" && kept.String() != c.kept {
				t.Errorf("kept %s, %v", kept.String(), err)
			}
		})
	}
}

func storedFile(t *testing.T, s *duck.Session, op driver.Op, columns record.Schema, records string) duck.StoredFile {
	t.Helper()
	f := duck.StoredFile{Op: op, Columns: columns, Path: s.Path("stored-" + string(op) + ".csv")}
	if err := os.WriteFile(f.Path, []byte(records), 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}

// told shortens findings: column, rows, ranges, and what instead of what, which
// no message may hold: it is shown to people who may not see values.
func told(found []finding.Finding) string {
	var all []string
	for _, f := range found {
		all = append(all, fmt.Sprintf("%s %d %s %s", f.Column, f.Rows, strings.Join(f.Ranges, ","), strings.Join(f.Samples, "; ")))
	}
	return strings.Join(all, "; ")
}
