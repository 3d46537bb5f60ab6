package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"sutor/internal/errs"
	"sutor/internal/finding"
	"sutor/internal/intake/archive"
	"sutor/internal/intake/json"
)

// readGzip reads the file that a gzip file holds.
func readGzip(ctx context.Context, f File, out io.Writer, o Options) (Result, error) {
	inner, size, err := archive.Gunzip(ctx, f, f.Size, o.archive())
	if err != nil {
		return Result{}, err
	}
	res, err := readInside(ctx, inner, size, strings.TrimSuffix(f.Name, path.Ext(f.Name)), out, o)
	if err != nil {
		return Result{}, err
	}
	res.Dialect, res.Bytes = res.Dialect+", compressed with gzip", f.Size
	return res, nil
}

func (o Options) archive() archive.Limits {
	return archive.Limits{MaxBytes: o.MaxBytes, Temp: o.Temp}
}

// readInside reads a file that was unpacked, and ends it.
func readInside(ctx context.Context, inner *os.File, size int64, name string, out io.Writer, o Options) (res Result, err error) {
	defer func() { err = errors.Join(err, inner.Close()) }()
	f := File{ReaderAt: inner, Size: size, Name: name}
	head, _ := peek(f.reader(), headSize)
	if isArchive(head) {
		return Result{}, errs.New(errs.Invalid, "The archive holds another archive.").WithMend("%s", unpack)
	}
	return read(ctx, f, out, o)
}

// isArchive tells what is not looked into a second time: a ZIP archive that is no
// document, gzip, tar.
func isArchive(head []byte) bool {
	tar := len(head) > 262 && string(head[257:262]) == "ustar"
	return tar || isZip(head) && !isDocument(head) || isGzip(head)
}

func isGzip(head []byte) bool { return bytes.HasPrefix(head, []byte("\x1F\x8B\x08")) }
func isZip(head []byte) bool  { return bytes.HasPrefix(head, []byte("PK\x03\x04")) }

// isDocument tells a ZIP archive that by its first entries is a workbook or
// another document, even where its directory is gone.
func isDocument(head []byte) bool {
	return bytes.Contains(head, []byte("[Content_Types].xml")) || bytes.Contains(head, []byte("xl/")) || bytes.Contains(head, []byte("mimetype"))
}

// readZip reads the one table that an archive holds, or the one that was chosen.
func readZip(ctx context.Context, f File, z *archive.Zip, out io.Writer, o Options) (Result, error) {
	at, rest, err := chooseFile(z.Names, o.Sheet)
	if err != nil {
		return Result{}, err
	}
	inner, size, err := z.Unpack(ctx, at, o.archive())
	if err != nil {
		return Result{}, err
	}
	o.Sheet = rest
	res, err := readInside(ctx, inner, size, path.Base(z.Names[at]), out, o)
	if err != nil {
		return Result{}, err
	}
	res.Bytes = f.Size
	res.Dialect = fmt.Sprintf("%s, in a ZIP archive", res.Dialect)
	if len(z.Names) > 1 {
		res.Found.Sheet = z.Names[at] + either(res.Found.Sheet != "", "/"+res.Found.Sheet, "")
		res.Notes = append(res.Notes, leftOut(z.Names, at))
		for i, name := range z.Names {
			res.Parts = append(res.Parts, Part{Kind: "file", Name: name, Read: i == at})
		}
	}
	return res, nil
}

func either(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}

func leftOut(names []string, at int) Note {
	others := slices.Delete(slices.Clone(names), at, at+1)
	return Note{Code: "archive", Severity: finding.Warn, Say: fmt.Sprintf("Of the archive %s was read; left out: %s.", show(names[at]), list(others)),
		Mend: "Choose another file of the archive as the sheet, if it is the one."}
}

// chooseFile settles which file of an archive is read: the chosen one, the only
// one, or the only one that looks like a table. rest is what of the choice is for
// the file itself, as the sheet of a workbook.
func chooseFile(names []string, chosen string) (at int, rest string, err error) {
	if len(names) == 0 {
		return 0, "", errs.New(errs.Invalid, "The ZIP archive holds no file.").WithMend("Choose the file with the table.")
	}
	for i, name := range names {
		if chosen == name || chosen != "" && chosen == path.Base(name) {
			return i, "", nil
		}
		if sheet, ok := strings.CutPrefix(chosen, name+"/"); ok {
			return i, sheet, nil
		}
	}
	tables := tablesAmong(names)
	switch {
	case len(tables) == 1:
		return tables[0], chosen, nil
	case chosen != "":
		return 0, "", errs.New(errs.Invalid, "The ZIP archive holds no file %s.", show(chosen)).WithMend("It holds: %s.", list(names))
	}
	return 0, "", errs.New(errs.Invalid, "The ZIP archive holds several files: %s.", list(names)).WithMend("Choose one of them with --sheet NAME.")
}

// tablesAmong gives the places of the files that by their names may be tables: of
// several, texts without a better name do not count beside ones that have it.
func tablesAmong(names []string) (at []int) {
	if len(names) == 1 {
		return []int{0}
	}
	for _, endings := range [][]string{{".csv", ".tsv", ".tab", ".psv", ".json", ".jsonl", ".ndjson", ".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"}, {".txt", ".dat"}} {
		for i, name := range names {
			if slices.Contains(endings, strings.ToLower(path.Ext(name))) {
				at = append(at, i)
			}
		}
		if len(at) > 0 {
			return at
		}
	}
	return nil
}

// readJSON reads JSON and JSON Lines.
func readJSON(ctx context.Context, f File, out io.Writer, o Options) (Result, error) {
	res, err := json.Read(ctx, f.reader, out, json.Options{MaxRows: o.MaxRows, MaxColumns: o.MaxColumns, MaxCell: o.MaxCell, MaxRecord: o.MaxRecord, Member: o.Sheet})
	if err != nil {
		return Result{}, err
	}
	one := 1
	r := Result{Kind: "json", Found: Choice{Sheet: res.Member, Encoding: "utf-8", HeaderLines: &one}, Dialect: res.Dialect(), Columns: res.Columns, Rows: res.Rows, Bytes: f.Size}
	for _, t := range res.Tables {
		r.Parts = append(r.Parts, Part{Kind: "table", Name: t, Read: t == res.Member})
	}
	if len(res.LeftOut) > 0 {
		r.Notes = append(r.Notes, Note{Code: "json-members", Severity: finding.Warn,
			Say: fmt.Sprintf("Of the object %s was read; left out: %s.", show(res.Member), list(res.LeftOut))})
	}
	return r, nil
}
