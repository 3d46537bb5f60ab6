// Command messy measures how well messy files are read.
//
//	go run ./bench/messy -score              # the published taxonomy, ours: see package pollute
//	go run ./bench/messy -score -duckdb      # and what DuckDB's sniffer makes of the same files
//	go run ./bench/messy -corpora DIR        # every file below DIR: read, or refused in words
//	go run ./bench/messy -labelled DIR       # how often dialect and table are right; -duckdb as well
//	go run ./bench/messy -score -corpora DIR -out docs/intake.md
//
// With -out the tables take their places in that page, between the lines that
// mark them; the rest of the page is left alone.
//
// # The score
//
// Every file of [pollute.Survey] and [pollute.Taxonomy] is read twice: knowing
// nothing, and with the hints that a person could give (encoding, separator,
// quote, escape, lines above the header, lines of the header). -worst N also
// prints the N files that lose most, which is where to look next.
//
// # The labels
//
// Files of the corpora whose dialect or table is known (labels.csv, and the tests
// of CSV on the Web) are read knowing nothing, and compared with what a simple
// reader that is told the dialect makes of them. -corpora measures this, too.
//
// # The corpora
//
// Each file is read to its end in a process of its own, so that a crash, a hang or
// memory without bounds is seen for what it is: the process has a minute, and the
// most memory it ever held is noted. A file counts as bad if the process
// ends in any other way than having read it, or refused it with a sentence, within
// 512 MiB.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"sutor/bench/page"
)

// options are the command line's.
type options struct {
	score, duckdb          bool
	worst                  int
	corpora, labelled, out string
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == asReader {
		os.Exit(readOne(os.Args[2]))
	}
	var o options
	flag.BoolVar(&o.score, "score", false, "score the polluted files")
	flag.BoolVar(&o.duckdb, "duckdb", false, "let DuckDB read them too")
	flag.IntVar(&o.worst, "worst", 0, "print the `N` files that lose most")
	flag.StringVar(&o.corpora, "corpora", "", "read every file below this `folder`")
	flag.StringVar(&o.labelled, "labelled", "", "read the labelled files below this `folder`; that of -corpora, where one is given")
	flag.StringVar(&o.out, "out", "", "put the tables into this Markdown `file`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "messy:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, out io.Writer) error {
	tables := map[string]string{}
	if o.score {
		text, err := scores(ctx, o)
		if err != nil {
			return err
		}
		tables["score"] = text
	}
	if o.labelled == "" {
		o.labelled = o.corpora
	}
	if o.labelled != "" {
		text, err := labelled(ctx, o.labelled, o.duckdb)
		if err != nil {
			return err
		}
		tables["labelled"] = text
	}
	bad := 0
	if o.corpora != "" {
		text, n, err := corpora(ctx, o.corpora)
		if err != nil {
			return err
		}
		tables["corpora"], bad = text, n
	}
	for _, name := range []string{"score", "labelled", "corpora"} {
		if _, err := fmt.Fprintln(out, tables[name]); err != nil {
			return err
		}
	}
	if o.out != "" {
		for name, text := range tables {
			if err := page.Write(o.out, name, text); err != nil {
				return err
			}
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d files are neither read nor refused as they should be", bad)
	}
	return nil
}
