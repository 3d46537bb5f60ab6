package plan

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/expr"
	"sutor/internal/finding"
	"sutor/internal/record"
)

// A plan is always of the dataset's own key: by that its rows are written, taken
// back and compared with another plan's. What its file names them by may be
// something else that is unique in the system ([Spec].Match, chosen with --key);
// the live row then tells the key. And a new row may have no key at all, where the
// system gives one when the row is written ([Spec].Given).

// By is what rows of the file find live ones by: Match or the key. It is of the key
// and the judged set, and unique in the system. A row that is found does not write
// it: what the system holds equal is not told apart here.
func (s Spec) By() record.Schema {
	if s.Match != nil {
		return s.Match
	}
	return s.Key
}

// Unnumbered tells whether a row of the file without a value of Given is a new one.
// In a sync it is not: there it could mean a row that would be deleted; and where
// rows are found by something else, that tells.
func (s Spec) Unnumbered() bool {
	mode := s.Options.Mode
	return s.Given != "" && s.Match == nil && s.Rule == nil && (mode == change.Upsert || mode == change.Insert)
}

// GivenJudged is the place in Key of the column that the system gives new rows, where what
// the maker sees depends on it: nobody knows of such a row yet whether they would see it.
// -1 where it does not.
func (s Spec) GivenJudged() int {
	if s.Only == nil || s.Given == "" || !slices.Contains(s.Only.Columns(expr.Whole), s.Given) {
		return -1
	}
	return s.Key.Index(s.Given)
}

// Several refuses what rows are found by where some of it meets several live rows.
func (s Spec) Several(keys int64) error {
	mend := "The steward gives the dataset a key that is unique in the system."
	if s.Match != nil {
		mend = "Find the rows by something else: leave --key out, or name other columns."
	}
	return errs.New(errs.Invalid, "The key %s does not name one row each in %s: %d keys of the file meet several live rows.",
		strings.Join(s.By().Names(), ", "), s.Table.Table, keys).WithMend("%s", mend)
}

// OtherKeyFinding: a row that is found by something else gives the key of another.
func OtherKeyFinding(c record.Column) finding.Finding {
	return invalid(finding.OtherKey, c.Name, fmt.Sprintf("Rows give another %s than the row has that they are found by: they name two different rows.", c.Title()),
		"Correct one of the two, or leave the column "+c.Name+" out.")
}

// NamelessFinding: the row that is meant has no key in the system.
func NamelessFinding(c record.Column) finding.Finding {
	return by(finding.Steward, invalid(finding.MissingKey, c.Name, fmt.Sprintf("Rows mean live rows that have no %s, by which they would be written.", c.Title()),
		"Take them out. The steward can give the dataset a key that every row has."))
}

// KeylessFinding: a new row, found by something else, that has no key of its own.
func KeylessFinding(c record.Column) finding.Finding {
	return invalid(finding.MissingKey, c.Name, fmt.Sprintf("Rows are not in the system yet, and give no %s, which a new row needs.", c.Title()),
		"Check what they are found by; if they are new, fill "+c.Name+" in. Where the system numbers its rows itself, the steward can say so in the Compact (given: true).")
}

// GivenFinding tells which rows are new because they have no key.
func GivenFinding(c record.Column) finding.Finding {
	return warning(finding.GivenKey, c.Name, fmt.Sprintf("Rows are new, and the system gives them their %s when they are written.", c.Title()),
		"Which ones they got stands in the result. If a row means one that is there already, it needs its "+c.Name+", or would be there twice.")
}

// Numbered copies the rows of an insert (driver.Write), which has so many columns of a
// key, and gives those that have none in column at, counted from 0, the next of the
// keys, which are records "number of the row, value" in the same order. It gives how many
// rows there are of these.
func Numbered(rows, keys io.Reader, out io.Writer, at int) (n int64, err error) {
	in, drawn, w := record.NewReader(rows), record.NewReader(keys), record.NewWriter(out)
	for {
		fields, err := in.Read()
		if err == io.EOF {
			return n, w.Flush()
		}
		if err != nil {
			return n, err
		}
		number, err := strconv.ParseInt(string(fields[0].Text), 10, 64)
		if err != nil {
			return n, err
		}
		w.Number(number)
		for i, f := range fields[1:] {
			if i == 1+at && f.Null {
				key, err := drawn.Read()
				if err != nil {
					return n, fmt.Errorf("plan: too few keys were given: %w", err)
				}
				if !bytes.Equal(key[0].Text, fields[0].Text) {
					return n, fmt.Errorf("plan: a key for row %s came where row %s needs one", key[0].Text, fields[0].Text)
				}
				f = key[1]
				n++
			}
			if f.Null {
				w.Null()
			} else {
				w.Value(f.Text)
			}
		}
		if err := w.End(); err != nil {
			return n, err
		}
	}
}
