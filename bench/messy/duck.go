package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	_ "github.com/duckdb/duckdb-go/v2"

	"sutor/internal/intake/pollute"
)

// duck reads files with DuckDB, as the published benchmark lets it: errors are
// ignored, rows filled up, quotes taken leniently; once guessing, once told
// delimiter, quote, escape, lines to skip and the columns' names.
type duck struct {
	db  *sql.DB
	dir string
}

func openDuck() (*duck, error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "sutor-messy-")
	return &duck{db, dir}, err
}

func (d *duck) close() error {
	if err := os.RemoveAll(d.dir); err != nil {
		return err
	}
	return d.db.Close()
}

const lenient = "strict_mode=false, ignore_errors=true, null_padding=true"

func (d *duck) guess(ctx context.Context, f pollute.File) ([][]string, bool, error) {
	return d.read(ctx, f, lenient+", all_varchar=true", true)
}

func (d *duck) told(ctx context.Context, f pollute.File) ([][]string, bool, error) {
	h := f.Hints
	escape := h.Escape
	if escape == "none" {
		escape = ""
	}
	columns := make([]string, 0, len(f.Want.Header))
	for i, name := range f.Want.Header {
		if name == "" || contains(f.Want.Header[:i], name) {
			name += fmt.Sprint("_", i) // DuckDB takes no name twice, nor none
		}
		columns = append(columns, quoted(name)+": 'VARCHAR'")
	}
	named := len(columns) > 0
	for i := 0; !named && len(f.Want.Rows) > 0 && i < len(f.Want.Rows[0]); i++ {
		columns = append(columns, fmt.Sprintf("'column%d': 'VARCHAR'", i))
	}
	options := fmt.Sprintf("%s, auto_detect=false, header=false, skip=%d, delim=%s, quote=%s, escape=%s, columns={%s}",
		lenient, h.SkipLines+h.HeaderLines, quoted(h.Delimiter), quoted(h.Quote), quoted(escape), strings.Join(columns, ", "))
	return d.read(ctx, f, options, named)
}

func contains(all []string, name string) bool {
	for _, n := range all {
		if n == name {
			return true
		}
	}
	return false
}

// quoted writes a text of ours as SQL.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// read gives the records; whatever DuckDB refuses is refused.
func (d *duck) read(ctx context.Context, f pollute.File, options string, named bool) ([][]string, bool, error) {
	path := filepath.Join(d.dir, "file.csv")
	if err := os.WriteFile(path, f.Bytes, 0o600); err != nil {
		return nil, false, err
	}
	return d.readAt(ctx, path, options, named)
}

// readAt is read for a file that stands in a folder.
func (d *duck) readAt(ctx context.Context, path, options string, named bool) ([][]string, bool, error) {
	rows, err := d.db.QueryContext(ctx, "SELECT * FROM read_csv("+quoted(path)+", "+options+")")
	if err != nil {
		return nil, false, ctx.Err()
	}
	defer rows.Close() // read to its end below
	names, err := rows.Columns()
	if err != nil {
		return nil, false, err
	}
	var out [][]string
	if named && names[0] != "column0" { // what DuckDB calls columns of a file in which it saw no header
		out = append(out, names)
	}
	cells := make([]sql.NullString, len(names))
	into := make([]any, len(names))
	for i := range cells {
		into[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, false, err
		}
		r := make([]string, len(cells))
		for i, c := range cells {
			r[i] = c.String
		}
		out = append(out, r)
	}
	if rows.Err() != nil {
		return nil, false, ctx.Err()
	}
	return out, true, nil
}

// find lets DuckDB find out everything, with its own settings but for one: values
// stay texts. It tells no encoding, and takes UTF-8 unless told.
func (d *duck) find(ctx context.Context, path string) (found, error) {
	var f found
	err := d.db.QueryRowContext(ctx, "SELECT Delimiter, Quote, HasHeader FROM sniff_csv("+quoted(path)+")").Scan(&f.delimiter, &f.quote, &f.header)
	if err != nil {
		return found{refused: true}, ctx.Err()
	}
	if f.quote == "(empty)" || f.quote == "\x00" {
		f.quote = ""
	}
	f.encoding = "utf-8"
	var read bool
	if f.records, read, err = d.readAt(ctx, path, "all_varchar=true", f.header); err != nil {
		return found{}, err
	}
	if !read {
		f.records = nil // the dialect stands, the table does not
	}
	return f, nil
}
