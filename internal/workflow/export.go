package workflow

import (
	"bufio"
	"io"
	"strings"

	"sutor/internal/intake/xlsx"
	"sutor/internal/record"
)

// exportTo writes rows in a format that people open and hand in again.
func exportTo(out io.Writer, format string, columns record.Schema, produce func(io.Writer) error) error {
	switch format {
	case "csv":
		return exportCSV(out, columns, produce)
	case "xlsx":
		sheet, err := xlsx.NewWriter(out, columns)
		if err != nil {
			return err
		}
		if err := pipeRows(produce, sheet.Row); err != nil {
			return err
		}
		return sheet.Close()
	}
	return errFormat(format)
}

// exportCSV writes RFC 4180 with a header line: an empty cell is NULL, "" is the
// empty text, just as intake reads them, so that a file that comes back
// unchanged changes nothing.
func exportCSV(out io.Writer, columns record.Schema, produce func(io.Writer) error) error {
	w := bufio.NewWriterSize(out, 128<<10)
	for i, c := range columns {
		if i > 0 {
			w.WriteByte(',')
		}
		writeCell(w, []byte(c.Name))
	}
	w.WriteString("\r\n")
	err := pipeRows(produce, func(fields []record.Field) error {
		for i, f := range fields {
			if i > 0 {
				w.WriteByte(',')
			}
			if !f.Null {
				writeCell(w, f.Text)
			}
		}
		_, err := w.WriteString("\r\n")
		return err
	})
	if err != nil {
		return err
	}
	return w.Flush()
}

// writeCell quotes where it must: the empty text, separators of any kind, and
// quotes.
func writeCell(w *bufio.Writer, text []byte) {
	s := string(text)
	if s != "" && !strings.ContainsAny(s, ",;\t\"\r\n") && strings.TrimSpace(s) == s {
		w.WriteString(s)
		return
	}
	w.Write(record.AppendQuoted(nil, text))
}
