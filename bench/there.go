package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"sutor/internal/change"
	"sutor/internal/connector/all"
	"sutor/internal/finding"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/system"
	"sutor/internal/system/driver"
)

// Where rows are compared (plan/duck, there.go): the plan of the same file is made with
// all live rows fetched, and with the system comparing. Only the plan is measured, from
// the file as it was read; both must be the same plan.

// shape is one case: so many columns are judged, of which the file has some, and so many
// rows in a hundred differ in one of them.
type shape struct{ judged, sent, differ int }

// shapes are those of which the choice was made.
var shapes = []shape{{10, 10, 30}, {40, 3, 30}, {40, 3, 2}, {40, 8, 2}, {20, 5, 2}, {10, 3, 2}, {10, 3, 30}}

// wideColumn gives the type of a column and its value in row i, both in the words of
// either database: texts, with a date and a number among five.
func wideColumn(c int) (declared, value string) {
	switch c % 5 {
	case 3:
		return "date", fmt.Sprintf("'20%02d-05-%02d'", c, 1+c%28)
	case 4:
		return "decimal(12,2)", fmt.Sprintf("%d.25 + i", c)
	}
	return "varchar(60)", fmt.Sprintf("concat('value %d of row ', i)", c)
}

// wideSQL makes a table of a key and so many columns, filled from a query of numbers i.
func wideSQL(columns int, numbers string) []string {
	declared, values := "", ""
	for c := 1; c <= columns; c++ {
		t, v := wideColumn(c)
		declared, values = declared+fmt.Sprintf(", c%d %s", c, t), values+", "+v
	}
	return []string{"DROP TABLE IF EXISTS wide", "CREATE TABLE wide (id bigint PRIMARY KEY" + declared + ")", "INSERT INTO wide SELECT i" + values + " FROM (" + numbers + ") AS numbers"}
}

// runThere measures all shapes, some rounds each.
func runThere(ctx context.Context, o options, out io.Writer) (err error) {
	db, stop, err := open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.close(), stop()) }()
	dir, err := os.MkdirTemp("", "sutor-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fmt.Fprintf(out, "%d rows of a file into %d rows; CPU seconds of the plan, Sutor's and the database's; medians of %d rounds\n\n", o.file, o.rows, o.rounds)
	fmt.Fprintln(out, "judged  in file  differ      here            there        there/here   MB up, down here   there")
	for _, s := range shapes {
		if err := s.measure(ctx, o, db, dir, out); err != nil {
			return err
		}
	}
	return nil
}

// side is what one way of comparing took.
type side struct {
	own, server time.Duration
	up, down    int64 // bytes
}

func (s shape) measure(ctx context.Context, o options, db database, dir string, out io.Writer) error {
	if err := db.fillWide(ctx, o.rows, s.judged); err != nil {
		return err
	}
	kind, dsn, _ := db.system()
	sys, err := system.Open(ctx, "bench", kind, dsn, all.Connectors())
	if err != nil {
		return err
	}
	defer sys.Close()
	described, err := sys.Describe(ctx, record.Table{Name: "wide"})
	if err != nil {
		return err
	}
	file := filepath.Join(dir, "wide.csv")
	spec, err := s.file(file, o, described)
	if err != nil {
		return err
	}
	sides := map[duck.Comparing][]side{}
	for range o.rounds {
		var digests []record.Digest
		for _, place := range []duck.Comparing{duck.Arriving, duck.There} {
			m, rows, err := s.once(ctx, spec, db, sys, dir, file, place)
			if err != nil {
				return err
			}
			sides[place], digests = append(sides[place], m), append(digests, rows)
		}
		if digests[0] != digests[1] {
			return errors.New("the two plans are not the same")
		}
	}
	here, there := middle(sides[duck.Arriving]), middle(sides[duck.There])
	fmt.Fprintf(out, "%6d  %7d  %4d %%  %5.2f + %-5.2f   %5.2f + %-5.2f   %8.2f     %5.1f %6.1f   %5.1f %6.1f\n", s.judged, s.sent, s.differ,
		here.own.Seconds(), here.server.Seconds(), there.own.Seconds(), there.server.Seconds(),
		float64(there.own+there.server)/float64(here.own+here.server), float64(here.up)/1e6, float64(here.down)/1e6, float64(there.up)/1e6, float64(there.down)/1e6)
	return nil
}

// middle is the side with the median of all CPU time.
func middle(all []side) side {
	slices.SortFunc(all, func(a, b side) int { return int(a.own + a.server - b.own - b.server) })
	return all[len(all)/2]
}

// file writes the file as intake would leave it, and gives what a plan of it is made from.
func (s shape) file(path string, o options, t driver.Table) (spec plan.Spec, err error) {
	spec = plan.Spec{Table: t, Key: t.Columns[:1], Judged: t.Columns[1 : 1+s.judged], Columns: t.Columns[:1+s.sent].Names(), Location: time.UTC, Compares: true,
		Options: change.Options{Mode: change.Upsert}, Allow: map[driver.Op]bool{driver.Insert: true, driver.Update: true}}
	for i, name := range spec.Columns {
		spec.Sources = append(spec.Sources, plan.Source{File: i, Name: name, Column: name, How: "name"})
	}
	f, err := os.Create(path)
	if err != nil {
		return spec, err
	}
	w := bufio.NewWriter(f)
	for n := range o.file {
		i := n*7919%o.rows + 1 // a prime: all different, in no order
		fmt.Fprintf(w, "%d,,\"%d\"", n+2, i)
		for c := 1; c <= s.sent; c++ {
			more := int64(0)
			if c == 1 && int(n%100) < s.differ {
				more = 1
			}
			switch c % 5 {
			case 3:
				fmt.Fprintf(w, ",\"20%02d-05-%02d\"", c, 1+c%28)
			case 4:
				fmt.Fprintf(w, ",\"%d.25\"", i+int64(c))
			default:
				fmt.Fprintf(w, ",\"value %d of row %d\"", c, i+more*o.rows)
			}
		}
		fmt.Fprintln(w)
	}
	return spec, errors.Join(w.Flush(), f.Close())
}

// once makes the plan once.
func (s shape) once(ctx context.Context, spec plan.Spec, db database, sys *system.System, dir, file string, place duck.Comparing) (m side, rows record.Digest, err error) {
	engine, err := duck.New(duck.Options{Dir: dir, Comparing: place})
	if err != nil {
		return m, "", err
	}
	session, err := engine.Session(ctx, file)
	if err != nil {
		return m, "", err
	}
	defer session.Close()
	server, err := db.cpu()
	if err != nil {
		return m, "", err
	}
	own, live := ownCPU(), &weighed{System: sys, side: &m}
	out, err := session.Build(ctx, spec, file, live, func(string, int64, int64) {})
	if err != nil {
		return m, "", err
	}
	if slices.ContainsFunc(out.Findings, func(f finding.Finding) bool { return f.Invalid }) || out.Manifest.Counts.Update == 0 || out.Manifest.Counts.Insert > 0 {
		return m, "", fmt.Errorf("the plan is not what was meant: %+v, %+v", out.Manifest.Counts, out.Findings)
	}
	m.own = ownCPU() - own
	after, err := db.cpu()
	m.server = after - server
	return m, out.Manifest.Rows, err
}

// ownCPU is what this process has used.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // of a fixed argument
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// weighed counts the bytes of fetches.
type weighed struct {
	*system.System
	side *side
}

func (w *weighed) Fetch(ctx context.Context, l driver.Lookup, in io.Reader, out io.Writer) (sent, found int64, err error) {
	return w.System.Fetch(ctx, l, io.TeeReader(in, weight{&w.side.up}), io.MultiWriter(out, weight{&w.side.down}))
}

type weight struct{ bytes *int64 }

func (w weight) Write(p []byte) (int, error) {
	*w.bytes += int64(len(p))
	return len(p), nil
}
