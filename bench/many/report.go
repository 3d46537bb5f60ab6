package main

import (
	"fmt"
	"io"
	"strings"

	"sutor/bench/page"
)

// report prints the figures as they come, and keeps them for the file.
type report struct {
	out  io.Writer
	text strings.Builder
}

func (r *report) print(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	r.text.WriteString(line)
	fmt.Fprint(r.out, line)
}

func (r *report) machine() error {
	machine, err := page.Machine()
	r.print("%s\n\n", machine)
	return err
}

// line prints one figure, and beside its goal, where it has one, whether it is met.
func (r *report) line(what string, figure float64, unit string, met bool, goal string) {
	verdict := ""
	switch {
	case goal == "":
	case met:
		verdict = "meets " + goal
	default:
		verdict = "MISSES " + goal
	}
	r.print("%s\n", strings.TrimRight(fmt.Sprintf("%-58s %8.0f %-4s %s", what, figure, unit, verdict), " "))
}
