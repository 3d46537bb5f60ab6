package workflow

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"sutor/internal/access"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/intake/xlsx"
	"sutor/internal/record"
)

// Export writes all rows of a dataset as a file that can be proposed again: put
// back unchanged it changes nothing. It is a read of everything, so it leaves a
// leaf; the values to choose from that a workbook takes from another dataset are
// read under the same right, and leave one too.
func (w *Workflow) Export(ctx context.Context, p access.Principal, name, format string, out io.Writer) error {
	r, err := w.reading(ctx, p, name, access.Export, "export")
	if err != nil {
		return w.refused(ctx, p, "", "export", err)
	}
	e := &export{r, w}
	switch format {
	case "csv":
		return e.csv(ctx, out)
	case "xlsx":
		return e.xlsx(ctx, out)
	}
	return errFormat(format)
}

// export is one taking out of the rows of a dataset that somebody sees.
type export struct {
	*reading
	w *Workflow
}

// leave leaves the leaves of what is about to be read.
func (e *export) leave(ctx context.Context, format string, lists []string) error {
	return e.w.Store.Do(ctx, func(tx Tx) error {
		bodies := []evidence.Body{{Dataset: e.d.Name, Action: "export " + format}}
		for _, other := range lists {
			bodies = append(bodies, evidence.Body{Dataset: other, Action: "export its keys to choose from, for " + e.d.Name})
		}
		for _, body := range bodies {
			body.Who = string(e.p.Email)
			if _, err := e.w.log.Append(tx.Log(), evidence.Entry{Kind: evidence.DatasetExported, At: e.w.Now(), Means: e.p.Means, Body: body}); err != nil {
				return err
			}
		}
		return nil
	})
}

// rows gives the rows as a file may have them: a system prints floats with more digits
// than they have (0.1 in a FLOAT of MariaDB as 0.10000000149011612), which a file that
// is put back is refused for.
func (e *export) rows(ctx context.Context, each func([]record.Field) error) error {
	return e.each(ctx, e.columns, func(fields []record.Field) error {
		for i, c := range e.columns {
			if c.Type.Kind != record.Float || fields[i].Null {
				continue
			}
			if x, err := strconv.ParseFloat(string(fields[i].Text), c.Type.Bits); err == nil && !math.IsNaN(x) {
				fields[i].Text = []byte(record.FormatFloat(x, c.Type.Bits))
			}
		}
		return each(fields)
	})
}

func (e *export) xlsx(ctx context.Context, out io.Writer) error {
	book, lists, err := e.book(ctx)
	if err != nil {
		return err
	}
	if err := e.leave(ctx, "xlsx", lists); err != nil {
		return err
	}
	sheet := xlsx.NewWriter(out, book)
	if err := e.rows(ctx, func(fields []record.Field) error { return sheet.Row(fields) }); err != nil {
		return err
	}
	return sheet.Close()
}

func (e *export) csv(ctx context.Context, out io.Writer) error {
	if err := e.leave(ctx, "csv", nil); err != nil {
		return err
	}
	w := newCSV(out)
	w.header(e.columns.Names())
	if err := e.rows(ctx, w.row); err != nil {
		return err
	}
	return w.Flush()
}

// csvWriter writes RFC 4180: an empty cell is NULL, "" is the empty text, just as
// intake reads them, so that a file that comes back unchanged changes nothing. For
// the same reason a text that a spreadsheet program would take for a formula
// stands as it is: the workbook is the form for people.
type csvWriter struct{ *bufio.Writer }

func newCSV(out io.Writer) csvWriter { return csvWriter{bufio.NewWriterSize(out, 128<<10)} }

func (w csvWriter) header(names []string) {
	for i, name := range names {
		if i > 0 {
			w.WriteByte(',')
		}
		w.cell([]byte(name))
	}
	w.WriteString("\r\n")
}

// row writes a record; the error of any write comes back from it or from Flush.
func (w csvWriter) row(fields []record.Field) error {
	for i, f := range fields {
		if i > 0 {
			w.WriteByte(',')
		}
		if !f.Null {
			w.cell(f.Text)
		}
	}
	_, err := w.WriteString("\r\n")
	return err
}

// cell quotes where it must: the empty text, separators of any kind, and quotes.
func (w csvWriter) cell(text []byte) {
	s := string(text)
	if s != "" && !strings.ContainsAny(s, ",;\t\"\r\n") && strings.TrimSpace(s) == s {
		w.WriteString(s)
		return
	}
	w.Write(record.AppendQuoted(nil, text))
}

func errFormat(format string) error {
	return errs.New(errs.Usage, "There is no export format %q.", format).WithMend("Use csv or xlsx.")
}

// pipeRows reads the rows of an export one by one.
func pipeRows(produce func(io.Writer) error, each func([]record.Field) error) error {
	r, wr := io.Pipe()
	done := make(chan error, 1)
	go func() {
		var err error
		defer func() {
			wr.CloseWithError(err)
			done <- err
		}()
		defer errs.Caught(&err)
		err = produce(wr)
	}()
	rows := record.NewReader(r)
	for {
		fields, err := rows.Read()
		if err == io.EOF {
			return <-done
		}
		if err == nil {
			err = each(fields[1:]) // without the number
		}
		if err != nil {
			r.CloseWithError(err)
			if produced := <-done; produced != nil && errs.As(produced) != nil {
				return produced
			}
			if errs.As(err) != nil {
				return err
			}
			return fmt.Errorf("exporting: %w", err)
		}
	}
}
