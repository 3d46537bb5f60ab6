package intake

import (
	"bytes"
	"context"
	"io"

	"sutor/internal/intake/archive"
	"sutor/internal/intake/csv"
	"sutor/internal/intake/json"
)

// headSize is how much of a file is looked at to tell what it is.
const headSize = 4 << 10

// Read reads the file f, whatever it is, and writes the staging file to out.
//
// A file that cannot be read is refused with an [errs.Invalid]: what, where, and
// how to mend it. An error of f's own is passed on, wrapped. A full disk under
// out is [errs.Unavailable]. After an error what was written to out is worth
// nothing.
func Read(ctx context.Context, f File, out io.Writer, o Options) (Result, error) {
	staging := o.staging(out)
	res, err := read(ctx, f, staging, o)
	if staging.refused != nil { // whatever a reader made of it
		return Result{}, staging.refused
	}
	return res, err
}

// read is Read without the bound of staging.
func read(ctx context.Context, f File, out io.Writer, o Options) (Result, error) {
	head, in := peek(f.reader(), headSize)
	switch {
	case isGzip(head):
		return readGzip(ctx, f, out, o)
	case json.Looks(head):
		return readJSON(ctx, f, out, o)
	case isZip(head):
		z, err := archive.OpenZip(f, f.Size)
		if err != nil && !isDocument(head) {
			return Result{}, err
		}
		if err == nil && !z.Document() {
			return readZip(ctx, f, z, out, o)
		}
		return readWorkbook(ctx, f, out, o)
	case isCompound(head):
		return readWorkbook(ctx, f, out, o)
	}
	if err := foreign(head); err != nil {
		return Result{}, err
	}
	c := o.Choice
	res, err := csv.Read(ctx, in, out, csv.Options{Limits: o.Limits.Limits, Size: f.Size, Encoding: c.Encoding, Delimiter: c.Delimiter, Quote: c.Quote, Escape: c.Escape,
		SkipLines: c.SkipLines, HeaderLines: c.HeaderLines, Table: c.Table, Names: o.Names})
	if err != nil {
		return Result{}, err
	}
	return fromCSV(res), nil
}

// fromCSV says in intake's words what csv found.
func fromCSV(res csv.Result) Result {
	f := res.Found
	out := Result{Kind: "csv", Dialect: res.Dialect, Columns: res.Columns, Rows: res.Rows, Bytes: res.Bytes, Defects: res.Defects, BlankLines: res.BlankLines,
		Found: Choice{Encoding: f.Encoding, Delimiter: f.Delimiter, Quote: f.Quote, Escape: f.Escape, SkipLines: f.SkipLines, HeaderLines: f.HeaderLines, Table: f.Table}}
	for _, n := range res.Notes {
		out.Notes = append(out.Notes, Note(n))
	}
	return out
}

// peek gives up to n bytes of in, and a reader that begins with them and goes on
// as in would have, its error included.
func peek(in io.Reader, n int) (head []byte, all io.Reader) {
	head = make([]byte, n)
	k, err := 0, error(nil)
	for idle := 0; k < n && err == nil && idle < 100; idle++ {
		var m int
		if m, err = in.Read(head[k:]); m > 0 {
			idle = 0
		}
		k += m
	}
	head = head[:k]
	if err != nil {
		in = failed{err}
	}
	return head, io.MultiReader(bytes.NewReader(head), in)
}

// failed is what is left of a reader after its error.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }
