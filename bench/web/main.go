// Command web measures how fast the pages are with a large change before them: the
// demo company on a port of 127.0.0.1, one change of as many rows as are wanted, and
// whoever looks at it. It starts its own server and ends by itself.
//
//	go run ./bench/web -rows 1000000 -out docs/performance.md
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"sutor/test/browser"
)

type options struct {
	rows    int
	samples int           // of each page of rows
	rate    int           // requests a second to the other pages
	during  time.Duration // that they are asked for
	shuffle bool          // the file's order is another than that of its keys
	copying time.Duration // how long the first page is asked for then before anything else
	out     string
	place   string // in it
}

func main() {
	var o options
	flag.IntVar(&o.rows, "rows", 1_000_000, "rows of the change")
	flag.IntVar(&o.samples, "samples", 200, "how often each page of rows is asked for")
	flag.IntVar(&o.rate, "rate", 100, "requests a second to the other pages")
	flag.DurationVar(&o.during, "during", 20*time.Second, "how long the other pages are asked for")
	flag.BoolVar(&o.shuffle, "shuffle", false, "the file's rows are in another order than their keys")
	flag.DurationVar(&o.copying, "copying", time.Minute, "how long its first page is asked for before anything else, shuffled")
	flag.StringVar(&o.out, "out", "", "file whose section on pages is written; none where empty")
	flag.StringVar(&o.place, "place", pages, "the `place` in that file")
	flag.Parse()
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "bench-web")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	company, err := browser.Found(ctx, filepath.Join(dir, "demo"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, company.Close()) }()
	fmt.Printf("planning a change of %d rows\n", o.rows)
	file, write := io.Pipe()
	go func() { write.CloseWithError(customers(write, o.rows, o.shuffle)) }()
	began := time.Now()
	c, err := company.Propose(ctx, "customers", "million.csv", file, "A million customers")
	if err != nil {
		return err
	}
	if c.Plan == nil {
		return fmt.Errorf("there is no plan: %s", c.Why)
	}
	r := report{o: o}
	if err := r.begin(c, time.Since(began)); err != nil {
		return err
	}
	v, err := signIn(ctx, company.Base, "maria@example.test")
	if err != nil {
		return err
	}
	if err := r.rows(ctx, v, c); err != nil {
		return err
	}
	maria, err := company.As("maria")
	if err != nil {
		return err
	}
	if err := r.api(ctx, maria, c); err != nil {
		return err
	}
	if err := r.others(ctx, v, c.ID); err != nil {
		return err
	}
	if err := r.wire(ctx, v, c.ID); err != nil {
		return err
	}
	if err := r.shift(ctx, company.Base, filepath.Join(dir, "profile"), c.ID); err != nil {
		return err
	}
	return r.write()
}

// customers writes a file of customers: the first are there already, a tenth of the
// others begins with a limit that a guardrail hits. Shuffled, rows that are beside each
// other in the file lie far apart by their keys.
func customers(out io.Writer, rows int, shuffled bool) error {
	if _, err := io.WriteString(out, "id,name,country,vat,payment_terms,credit_limit\n"); err != nil {
		return err
	}
	for i := range rows {
		if shuffled {
			i = i * 7_368_787 % rows // a prime: each row once
		}
		terms := []string{"NET30", "NET45", "NET60", "NET90"}[i%4]
		if _, err := fmt.Fprintf(out, "%d,Customer %d,Germany,DE%09d,%s,%d.50\n", 10001+i, i, i, terms, 1000+i%10*5500); err != nil {
			return err
		}
	}
	return nil
}
