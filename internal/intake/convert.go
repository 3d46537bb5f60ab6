package intake

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"sutor/internal/errs"
	"sutor/internal/finding"
	"sutor/internal/intake/archive"
	"sutor/internal/record"
)

// Convert reads the file f and writes its table to out as CSV: RFC 4180, UTF-8,
// a cell quoted only where it must be. The first line are the names of the
// columns, unless the file has no header. NULL is nothing between commas, an
// empty text is "".
//
// Rows with a defect are written too, as they were staged; Result.Notes and the
// rows given to defect, which may be nil, say which they are. A file that is
// refused writes nothing; a file without a byte is not refused here, it is nothing
// as CSV too.
func Convert(ctx context.Context, f File, out io.Writer, o Options, defect func(line int64, code string)) (res Result, err error) {
	if f.Size == 0 {
		return nothing(), nil
	}
	staging, err := archive.Scratch(o.Temp)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, staging.Close()) }()
	if res, err = Read(ctx, f, staging, o); err != nil {
		return Result{}, err
	}
	if _, err = staging.Seek(0, io.SeekStart); err != nil {
		return Result{}, fmt.Errorf("intake.Convert: %w", err)
	}
	w := plainWriter{bufio.NewWriterSize(out, 64<<10)}
	if headed(res.Found) && len(res.Columns) > 0 {
		w.names(res.Columns)
	}
	if err := eachRow(ctx, staging, func(r Row) {
		if r.Defect != "" && defect != nil {
			defect(r.Line, r.Defect)
		}
		w.row(r.Cells)
	}); err != nil {
		return Result{}, err
	}
	if err := w.to.Flush(); err != nil {
		return Result{}, diskError(err)
	}
	return res, nil
}

// nothing is the result of a file without a byte.
func nothing() Result {
	return Result{Kind: "csv", Dialect: "an empty file", Notes: []Note{{Code: "empty", Severity: finding.Warn, Say: "The file is empty: it has no bytes at all.",
		Mend: "Choose the file again; if it should have content, save it again first."}}}
}

// headed tells whether a file that was read has a header.
func headed(found Choice) bool { return found.HeaderLines == nil || *found.HeaderLines > 0 }

// Row is one record of a staging file. Its cells are valid until the next.
type Row struct {
	Line   int64
	Defect string // "" for none
	Cells  []record.Field
}

// eachRow reads a staging file.
func eachRow(ctx context.Context, staging io.Reader, take func(Row)) error {
	rd := record.NewReader(staging)
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		fields, err := rd.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("intake: reading staging: %w", err)
		}
		r := Row{Cells: fields[2:]}
		if _, err := fmt.Sscan(string(fields[0].Text), &r.Line); err != nil {
			return fmt.Errorf("intake: a staging record without its line: %w", err)
		}
		if !fields[1].Null {
			r.Defect = string(fields[1].Text)
		}
		take(r)
	}
}

// plainWriter writes CSV for other programs. Its first error is found at Flush.
type plainWriter struct{ to *bufio.Writer }

func (w plainWriter) names(names []string) {
	for i, n := range names {
		w.cell(i, record.Field{Text: []byte(n)}, len(names))
	}
	w.end()
}

func (w plainWriter) row(cells []record.Field) {
	for i, c := range cells {
		w.cell(i, c, len(cells))
	}
	w.end()
}

// cell writes a cell. In a table of one column a NULL is quoted too, since many
// readers skip a line without a byte.
func (w plainWriter) cell(i int, c record.Field, columns int) {
	if i > 0 {
		_ = w.to.WriteByte(',') // a failure stays in the buffer, for Flush
	}
	switch {
	case c.Null && columns > 1:
	case c.Null, len(c.Text) == 0, bytes.ContainsAny(c.Text, "\",\r\n"), strings.TrimSpace(string(c.Text)) != string(c.Text):
		_, _ = w.to.Write(record.AppendQuoted(nil, c.Text)) // likewise
	default:
		_, _ = w.to.Write(c.Text) // likewise
	}
}

func (w plainWriter) end() { _, _ = w.to.WriteString("\r\n") } // likewise

func diskError(cause error) error {
	return errs.New(errs.Unavailable, "The output cannot be written.").Because(cause)
}
