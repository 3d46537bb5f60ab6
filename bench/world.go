package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// database is one side's ground: a table that is filled again before each run, and the
// bare way of bringing a file into it, by what the database's own people would type.
type database interface {
	// fill makes the table and its copy to restore it from.
	fill(ctx context.Context, rows int64) error
	// fillWide makes a table of many columns, for plans of it only.
	fillWide(ctx context.Context, rows int64, columns int) error
	// writeFile writes a file of count rows for a table of rows, and gives its size.
	writeFile(ctx context.Context, file string, count, rows int64) (bytes int64, err error)
	// restore fills the table again as it was, and leaves the server nothing to catch up on.
	restore(ctx context.Context) error
	// digest tells the table's content in a few characters, whatever its order.
	digest(ctx context.Context) (string, error)
	// bare brings the file into the table without Sutor, and gives how long that took,
	// from the start of the program to its end, and its CPU time.
	bare(ctx context.Context, file string) (took, cpu time.Duration, err error)
	// cpu is the CPU time that the database server has used so far.
	cpu() (time.Duration, error)
	versions(ctx context.Context) (string, error)
	system() (kind, dsn, table string) // for the Compact
	tool() string                      // the program of the bare way
	close() error                      // drops everything; also when the run was interrupted
}

// updates is how many rows of a file of n change a row of the table.
func updates(n int64) int64 {
	known := n - inserts(n)
	return known/10*3 + min(known%10, 3)
}

// inserts is how many rows of a file of n are new.
func inserts(n int64) int64 { return n / 20 }

// world is a database with its table, and the file.
type world struct {
	database
	rows   int64
	count  int64 // rows of the file
	file   string
	bytes  int64
	before string // digest of the table before any change
}

// furnish fills the table and writes the file.
func furnish(ctx context.Context, db database, dir string, o options) (_ *world, err error) {
	w := &world{database: db, rows: o.rows, count: o.file, file: filepath.Join(dir, "customers.csv")}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if err := db.fill(ctx, o.rows); err != nil {
		return nil, err
	}
	if w.bytes, err = db.writeFile(ctx, w.file, w.count, w.rows); err != nil {
		return nil, err
	}
	if err := db.restore(ctx); err != nil {
		return nil, err
	}
	w.before, err = w.digest(ctx)
	return w, err
}

// columns are those of the table but its key.
var columns = []string{"name", "country", "city", "zip", "vat", "payment_terms", "credit_limit", "currency", "blocked", "since"}

func each(format, separator string) string {
	text := ""
	for i, c := range columns {
		if i > 0 {
			text += separator
		}
		text += fmt.Sprintf(format, c)
	}
	return text
}

// writeRows writes the file of a query's rows, of which there must be count, and gives its
// size; NULL is an empty cell.
func writeRows(file string, found *sql.Rows, count int64) (size int64, err error) {
	defer found.Close()
	f, err := os.Create(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	out := csv.NewWriter(f)
	if err := out.Write(append([]string{"id"}, columns...)); err != nil {
		return 0, err
	}
	cells, line, dest := make([]sql.NullString, len(columns)+1), make([]string, len(columns)+1), make([]any, len(columns)+1)
	for i := range cells {
		dest[i] = &cells[i]
	}
	var written int64
	for ; found.Next(); written++ {
		if err := found.Scan(dest...); err != nil {
			return 0, err
		}
		for i, c := range cells {
			line[i] = c.String
		}
		if err := out.Write(line); err != nil {
			return 0, err
		}
	}
	out.Flush()
	if err := errors.Join(found.Err(), out.Error()); err != nil {
		return 0, err
	}
	if written != count {
		return 0, fmt.Errorf("the file has %d rows instead of %d", written, count)
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// program runs a program with a script and measures it, with what the database does for it.
func program(ctx context.Context, db database, script string, env []string, name string, args ...string) (took, cpu time.Duration, err error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin, cmd.Env = strings.NewReader(script), append(os.Environ(), env...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	before, err := db.cpu()
	if err != nil {
		return 0, 0, err
	}
	if took, err = timed(cmd.Run); err != nil {
		return 0, 0, fmt.Errorf("%s: %w\n%s", name, err, said.String())
	}
	after, err := db.cpu()
	return took, after - before + cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), err
}
