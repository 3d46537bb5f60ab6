package csv

import (
	"bytes"
	"io"

	"sutor/internal/errs"
	"sutor/internal/record"
)

// A row is one staging record, for comparing.
type row struct {
	line   string
	defect string
	cells  []string // <null>, or the text in brackets
}

const null = "<null>"

func shownText(s string) string { return "[" + s + "]" }

// fataler is what testing.TB and rapid.T share.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// staged reads a staging file back.
func staged(t fataler, staging []byte) []row {
	t.Helper()
	var rows []row
	for rd := record.NewReader(bytes.NewReader(staging)); ; {
		fields, err := rd.Read()
		if err == io.EOF {
			return rows
		}
		if err != nil {
			t.Fatalf("staging after %d rows: %v", len(rows), err)
		}
		r := row{line: string(fields[0].Text)}
		if !fields[1].Null {
			r.defect = string(fields[1].Text)
		}
		for _, f := range fields[2:] {
			if f.Null {
				r.cells = append(r.cells, null)
			} else {
				r.cells = append(r.cells, shownText(string(f.Text)))
			}
		}
		rows = append(rows, r)
	}
}

// refusedWell tells whether a refusal is a sentence with a mend.
func refusedWell(t fataler, file []byte, err error) {
	t.Helper()
	if e := errs.As(err); e == nil || e.Kind != errs.Invalid || e.Mend == "" {
		t.Fatalf("%q: refused without a sentence: %v", file, err)
	}
}
