package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"sutor/bench/page"
)

// report prints the rounds as they come, and at the end the medians.
type report struct {
	o      options
	out    io.Writer
	text   strings.Builder // of all that was printed, for the file
	rounds []round
}

const headings = "round  %7s s  plan s   decide s   apply s   Sutor s   undo s   Sutor/bare   undo/bare   CPU/CPU   server MB"

func newReport(ctx context.Context, o options, w *world, out io.Writer) (*report, error) {
	r := &report{o: o, out: out}
	machine, err := page.Machine()
	if err != nil {
		return nil, err
	}
	versions, err := w.versions(ctx)
	if err != nil {
		return nil, err
	}
	r.print("%s\n%s\n", machine, versions)
	r.print("%d rows of CSV × 11 columns (%.1f MB; %d updates, %d inserts) into a table of %d rows\n\n",
		o.file, float64(w.bytes)/1e6, updates(o.file), inserts(o.file), o.rows)
	r.print("%s\n", fmt.Sprintf(headings, w.tool()))
	return r, nil
}

// print shows text, and keeps it for the file.
func (r *report) print(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	r.text.WriteString(text)
	fmt.Fprint(r.out, text)
}

func (r *report) add(m round) {
	r.rounds = append(r.rounds, m)
	r.line(fmt.Sprint(len(r.rounds)), func(f figure) float64 { return f(m) })
}

// figure picks one number of a round.
type figure func(round) float64

// figures are the columns after the first.
func figures() []figure {
	seconds := func(f func(round) time.Duration) figure { return func(r round) float64 { return f(r).Seconds() } }
	return []figure{
		seconds(func(r round) time.Duration { return r.bare }),
		seconds(func(r round) time.Duration { return r.plan }),
		seconds(func(r round) time.Duration { return r.decide }),
		seconds(func(r round) time.Duration { return r.apply }),
		seconds(round.sutor),
		seconds(func(r round) time.Duration { return r.undo }),
		func(r round) float64 { return r.sutor().Seconds() / r.bare.Seconds() },
		func(r round) float64 { return r.undo.Seconds() / r.bare.Seconds() },
		func(r round) float64 { return r.sutorCPU.Seconds() / r.bareCPU.Seconds() },
		func(r round) float64 { return float64(r.peak) / 1e6 },
	}
}

func (r *report) line(name string, value func(figure) float64) {
	v := []any{name}
	for _, f := range figures() {
		v = append(v, value(f))
	}
	r.print("%-6s %9.2f %7.2f  %9.3f  %8.2f  %8.2f  %7.2f  %11.2f  %10.2f  %8.2f  %10.0f\n", v...)
}

// end prints the medians and writes the file.
func (r *report) end() error {
	r.line("median", func(f figure) float64 {
		var all []float64
		for _, m := range r.rounds {
			all = append(all, f(m))
		}
		return median(all)
	})
	if r.o.out == "" {
		return nil
	}
	return page.Figures(r.o.out, r.o.place, r.command(), r.text.String())
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	n := len(v)
	if n%2 == 1 {
		return v[n/2]
	}
	return (v[n/2-1] + v[n/2]) / 2
}

// command is what to type to measure again.
func (r *report) command() string {
	c := fmt.Sprintf("go run ./bench -rows %d -file %d -rounds %d", r.o.rows, r.o.file, r.o.rounds)
	if r.o.kind != onPostgres {
		c += " -kind " + r.o.kind
	}
	if r.o.tuned {
		c += " -tuned"
	}
	if r.o.out != "" {
		c += " -out " + r.o.out
	}
	if r.o.out != "" && r.o.place != r.o.kind {
		c += " -place " + r.o.place
	}
	return c
}
