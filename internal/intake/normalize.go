package intake

import (
	"bufio"
	"errors"
	"io"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"sutor/internal/finding"
	"sutor/internal/record"
)

// NFC names the form that [Normalize] makes, as people choose it.
const NFC = "nfc"

// Normalize writes the staging file with the texts of some columns (from 0, of
// header) in Unicode's composed form, NFC (UAX #15): an e and an accent become one
// é. Nothing else changes: other columns, defective records and, byte for byte, all
// records that are in this form already stay as they are. There is a note for each
// column in which it changed something, with how many cells.
func Normalize(staging io.Reader, header []string, columns []int, out io.Writer) ([]Note, error) {
	w := bufio.NewWriterSize(out, 256<<10)
	composed := record.NewWriter(w)
	notes := make([]Note, len(header))
	err := EachRecord(staging, func(line int64, raw []byte) error {
		if norm.NFC.IsNormal(raw) { // quotes and commas join with no accent, so then every cell is
			_, err := w.Write(raw)
			return err
		}
		fields, err := Cells(raw)
		if err != nil {
			return err
		}
		if !compose(fields, columns, func(column int) { notes[column].count(line) }) {
			_, err := w.Write(raw)
			return err
		}
		composed.Number(line)
		for _, f := range fields {
			composed.Optional(f)
		}
		return errors.Join(composed.End(), composed.Flush())
	})
	for i := range notes {
		notes[i].Code, notes[i].Severity, notes[i].Column = "normalized", finding.Warn, header[i]
		notes[i].Say = "Texts were taken in Unicode's composed form (NFC), as chosen: that changed these cells."
		notes[i].Mend = "To take them as they are: --normalize none"
	}
	return slices.DeleteFunc(notes, func(n Note) bool { return n.Rows == 0 }), errors.Join(err, w.Flush())
}

// compose puts the cells of some columns of a record (defect, cells…) into NFC and
// tells each that it changed.
func compose(fields []*string, columns []int, changed func(column int)) (any bool) {
	if d := fields[0]; d != nil && !strings.HasPrefix(*d, "~") {
		return false
	}
	for _, column := range columns {
		cell := fields[1+column]
		if cell == nil {
			continue
		}
		if text := toNFC(*cell); text != *cell {
			fields[1+column], any = &text, true
			changed(column)
		}
	}
	return any
}

// joiner is what package norm puts into a text after thirty accents in a row, so that
// it can be read in pieces. That is more than was asked for.
const joiner = "\u034f"

// toNFC composes a text. One with more accents on one letter than any language has,
// which package norm would take apart, stays as it is.
func toNFC(text string) string {
	out := norm.NFC.String(text)
	if strings.Count(out, joiner) != strings.Count(text, joiner) {
		return text
	}
	return out
}

// count counts a row of the file.
func (n *Note) count(line int64) {
	if n.Rows++; len(n.Lines) < MaxNoteLines {
		n.Lines = append(n.Lines, line)
	}
}
