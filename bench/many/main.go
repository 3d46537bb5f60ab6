// Command many measures a day of small changes: how long a server takes to be ready
// and what it holds when nobody asks for anything, how long many small files take to be
// planned when ten people hand theirs in at once, and how many leaves the evidence
// takes in a second. It starts its own servers on 127.0.0.1 and ends by itself.
//
//	go run ./bench/many -out docs/performance.md
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"sutor/bench/page"
	"sutor/internal/client"
	"sutor/internal/evidence"
	"sutor/internal/store/sqlite"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

type options struct {
	changes, rows, makers int
	leaves, batch         int
	out                   string // Markdown file to write; "" for none
}

func main() {
	beSutorIfAsked()
	var o options
	flag.IntVar(&o.changes, "changes", 200, "changes in all")
	flag.IntVar(&o.rows, "rows", 100, "rows of each")
	flag.IntVar(&o.makers, "makers", 10, "makers at once")
	flag.IntVar(&o.leaves, "leaves", 50_000, "leaves of the evidence")
	flag.IntVar(&o.batch, "batch", 100, "leaves of a transaction")
	flag.StringVar(&o.out, "out", "", "also write the results, as Markdown, to this `file`")
	flag.Parse()
	if err := run(context.Background(), o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "bench-many")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	r := &report{out: out}
	if err := r.machine(); err != nil {
		return err
	}
	if err := r.day(ctx, filepath.Join(dir, "demo"), o); err != nil {
		return err
	}
	perSecond, err := leaves(ctx, filepath.Join(dir, "leaves.db"), o)
	if err != nil {
		return err
	}
	r.line(fmt.Sprintf("leaves a second, %d a transaction", o.batch), perSecond, "", perSecond >= 5000, "5,000 at least")
	if o.out == "" {
		return nil
	}
	return page.Figures(o.out, "many", "go run ./bench/many -out "+filepath.ToSlash(o.out), r.text.String())
}

// day measures a server that starts, is left alone, and then plans many small changes.
func (r *report) day(ctx context.Context, dir string, o options) (err error) {
	s, err := start(ctx, dir) // which makes the company
	if err == nil {
		err = s.stop()
	}
	if err != nil {
		return err
	}
	if s, err = start(ctx, s.dir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	idle, err := s.resident()
	if err != nil {
		return err
	}
	r.line("a server is ready after", ms(s.ready), "ms", s.ready <= time.Second, "1,000 ms")
	r.line("resident when idle", mib(idle), "MiB", mib(idle) <= 80, "80 MiB")
	warm := o
	warm.changes = 4 * o.makers
	if _, _, err := s.plan(ctx, warm, o.makers); err != nil { // opens as many connections as are used at once
		return err
	}
	for _, makers := range []int{1, o.makers} {
		if err := r.plans(ctx, s, o, makers); err != nil {
			return err
		}
	}
	if idle, err = s.resident(); err == nil {
		r.line("resident after them", mib(idle), "MiB", true, "")
	}
	return err
}

// plans measures the changes with so many makers at once.
func (r *report) plans(ctx context.Context, s *server, o options, makers int) error {
	before, err := s.cpu()
	if err != nil {
		return err
	}
	took, all, err := s.plan(ctx, o, makers)
	if err != nil {
		return err
	}
	after, err := s.cpu()
	if err != nil {
		return err
	}
	what, each := fmt.Sprintf("%d changes of %d rows, %d at once: ", len(took), o.rows, makers), float64(len(took))
	p95, goal := at(took, 0.95), ""
	if makers > 1 {
		goal = "150 ms"
	}
	r.line(what+"planned, p50", ms(at(took, 0.5)), "ms", true, "")
	r.line(what+"planned, p95", ms(p95), "ms", p95 <= 150*time.Millisecond, goal)
	r.line(what+"a second", each/all.Seconds(), "", true, "")
	r.line(what+"CPU of the server, each", ms(after-before)/each, "ms", true, "")
	return nil
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

func ms(d time.Duration) float64 { return float64(d) / 1e6 }

// at gives a percentile of sorted times.
func at(all []time.Duration, share float64) time.Duration {
	return all[min(len(all)-1, int(share*float64(len(all))))]
}

// plan hands in the changes, so many makers at once, each the next when the one before
// stands. It gives the times from the file to the plan, sorted, and that of all.
func (s *server) plan(ctx context.Context, o options, makers int) (took []time.Duration, all time.Duration, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		mu   sync.Mutex
		wait sync.WaitGroup
		next = make(chan int)
	)
	began := time.Now()
	for range makers {
		wait.Go(func() {
			maria, ferr := s.as("maria")
			for n := range next {
				var one time.Duration
				if ferr == nil {
					one, ferr = propose(ctx, maria, n, o.rows)
				}
				mu.Lock()
				took = append(took, one)
				err = errors.Join(err, ferr)
				mu.Unlock()
			}
		})
	}
	for n := range o.changes {
		next <- n
	}
	close(next)
	wait.Wait()
	slices.Sort(took)
	return took, time.Since(began), err
}

// propose plans one small file that changes some of its rows.
func propose(ctx context.Context, maria *client.Client, n, rows int) (time.Duration, error) {
	var file strings.Builder
	file.WriteString("id,payment_terms,credit_limit\n")
	for i := range rows {
		fmt.Fprintf(&file, "%d,%s,%d.50\n", 10001+(n*rows+i)%40_000, []string{"NET30", "NET45", "NET60"}[i%3], 1000+i)
	}
	began := time.Now()
	ch, err := maria.Propose(ctx, client.Proposal{Dataset: "customers", Title: fmt.Sprintf("Small change %d", n)},
		client.File{Name: "small.csv", Size: int64(file.Len()), From: strings.NewReader(file.String())})
	if err == nil {
		ch, err = maria.Settle(ctx, ch, 20*time.Second, func(wire.Change) {})
	}
	if err == nil && ch.Plan == nil {
		err = fmt.Errorf("change %s has no plan: %s", ch.ID, ch.Why)
	}
	return time.Since(began), err
}

// leaves appends to a log in transactions of so many, durable as in a server, and gives
// how many come into it in a second.
func leaves(ctx context.Context, path string, o options) (perSecond float64, err error) {
	db, err := sqlite.Open(ctx, path, sqlite.Options{})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	log := evidence.Log{}
	began := time.Now()
	for n := 0; n < o.leaves; n += o.batch {
		err := db.Do(ctx, func(tx workflow.Tx) error {
			for i := range o.batch {
				_, err := log.Append(tx.Log(), evidence.Entry{Kind: evidence.RowsRead, At: time.Now(), IDs: map[string]string{"dataset": "customers"},
					Body: evidence.Body{Who: "maria@example.test", Message: fmt.Sprintf("rows %d", n+i)}})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return float64(o.leaves) / time.Since(began).Seconds(), nil
}
