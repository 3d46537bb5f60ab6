// Command intake measures how fast files are read: a workbook beside excelize's
// streaming reader, and CSV beside DuckDB's read_csv.
//
//	go run ./bench/intake                            # a million rows of eleven columns
//	go run ./bench/intake -rows 100000 -rounds 3     # a quick look
//	go run ./bench/intake -out docs/workbooks.md     # and the table into its place in that page
//
// Both files hold the same rows; they are made in a temporary folder from a fixed
// seed, and removed. A round reads each file with both readers, one after the
// other, each in a process of its own, the next round in the other order. What is
// told is the median of the rounds, wall time and CPU time, and the most memory
// that a reader's process held.
//
// Ours writes the staging file to disk. excelize goes over the cells and keeps
// nothing. DuckDB is told that all columns are text, finds out the dialect as ours
// does, and makes a table in memory, which is the least that a plan could be made
// from.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// options are the command line's.
type options struct {
	rows, rounds int
	only, out    string
	profile      string
}

func main() {
	if len(os.Args) > 3 && os.Args[1] == asReader {
		os.Exit(readOne(os.Args[2], os.Args[3], os.Args[4:]))
	}
	var o options
	flag.IntVar(&o.rows, "rows", 1_000_000, "rows of the files")
	flag.IntVar(&o.rounds, "rounds", 5, "rounds")
	flag.StringVar(&o.only, "only", "", "measure `xlsx` or csv only")
	flag.StringVar(&o.profile, "profile", "", "write a CPU profile of our reader into this `folder`")
	flag.StringVar(&o.out, "out", "", "put the table into this Markdown `file`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "intake:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "sutor-bench-")
	if err != nil {
		return err
	}
	defer func() {
		if e := os.RemoveAll(dir); err == nil {
			err = e
		}
	}()
	r := &report{options: o}
	for _, c := range []contest{
		{"xlsx", "workbook", filepath.Join(dir, "rows.xlsx"), makeWorkbook, "xlsx", "excelize"},
		{"csv", "CSV", filepath.Join(dir, "rows.csv"), makeCSV, "csv", "duckdb"},
	} {
		if o.only != "" && o.only != c.kind {
			continue
		}
		size, inside, err := c.make(c.file, o.rows)
		if err != nil {
			return err
		}
		if err := r.contest(ctx, c, size, inside); err != nil {
			return err
		}
		if err := os.Remove(c.file); err != nil {
			return err
		}
	}
	return r.write()
}

// contest is one file that is read by two readers.
type contest struct {
	kind, name, file string
	make             func(file string, rows int) (size, inside int64, err error)
	ours, theirs     string
}
