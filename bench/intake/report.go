package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"sutor/bench/page"
)

// report prints the rounds as they come, and at the end the table of medians.
type report struct {
	options options
	table   strings.Builder
}

func (r *report) contest(ctx context.Context, c contest, size, inside int64) error {
	fmt.Printf("%s: %d rows × %d columns, %.0f MB", c.name, r.options.rows, columns, float64(size)/1e6)
	if inside != size {
		fmt.Printf(" (%.0f MB unpacked)", float64(inside)/1e6)
	}
	fmt.Println()
	ours, theirs := make([]figures, r.options.rounds), make([]figures, r.options.rounds)
	for i := range r.options.rounds {
		order := []int{i % 2, 1 - i%2}
		for _, who := range order {
			list, reader := ours, c.ours
			profile := r.options.profile
			if who == 1 {
				list, reader, profile = theirs, c.theirs, ""
			}
			f, err := measure(ctx, reader, c.file, profile)
			if err != nil {
				return err
			}
			if f.Rows != int64(r.options.rows) {
				return fmt.Errorf("%s read %d rows of %d", reader, f.Rows, r.options.rows)
			}
			list[i] = f
			fmt.Printf("  round %d  %-9s %6.2f s   %6.2f s of CPU   %5d MiB\n", i+1, reader, f.Wall.Seconds(), f.CPU.Seconds(), f.Memory>>20)
		}
	}
	r.row(c, size, inside, ours, theirs)
	return nil
}

// row adds the medians of a contest to the table.
func (r *report) row(c contest, size, inside int64, ours, theirs []figures) {
	wall := func(f figures) time.Duration { return f.Wall }
	cpu := func(f figures) time.Duration { return f.CPU }
	memory := func(f figures) time.Duration { return time.Duration(f.Memory) }
	seconds := func(list []figures, of func(figures) time.Duration) float64 { return median(list, of).Seconds() }
	if r.table.Len() == 0 {
		fmt.Fprintf(&r.table, "%s, %s, %d CPUs, medians of %d rounds.\n\n", runtime.Version(), runtime.GOARCH, runtime.NumCPU(), r.options.rounds)
		r.table.WriteString("| File | Beside | Ours | Theirs | Ratio | CPU ours | CPU theirs | Ratio | Memory ours | Memory theirs |\n|---|---|---|---|---|---|---|---|---|---|\n")
	}
	what := fmt.Sprintf("%s, %d × %d, %.0f MB", c.name, r.options.rows, columns, float64(size)/1e6)
	if inside != size {
		what += fmt.Sprintf(" (%.0f MB of XML)", float64(inside)/1e6)
	}
	line := fmt.Sprintf("| %s | %s | %.2f s | %.2f s | %.3f | %.2f s | %.2f s | %.3f | %d MiB | %d MiB |\n", what, c.theirs,
		seconds(ours, wall), seconds(theirs, wall), seconds(ours, wall)/seconds(theirs, wall),
		seconds(ours, cpu), seconds(theirs, cpu), seconds(ours, cpu)/seconds(theirs, cpu),
		int64(median(ours, memory))>>20, int64(median(theirs, memory))>>20)
	r.table.WriteString(line)
	fmt.Print("\n", r.table.String(), "\n")
}

func median(list []figures, of func(figures) time.Duration) time.Duration {
	all := make([]time.Duration, len(list))
	for i, f := range list {
		all[i] = of(f)
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// write puts the table into its place.
func (r *report) write() error {
	if r.options.out == "" {
		return nil
	}
	return page.Write(r.options.out, "readers", r.table.String())
}
