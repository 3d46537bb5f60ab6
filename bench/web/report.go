package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sutor/bench/page"
	"sutor/internal/client"
	"sutor/internal/wire"
	"sutor/test/browser"
)

// pages is where the figures go, if nowhere else.
const pages = "pages"

// The goals: what a page may take and weigh.
const (
	rowsGoal  = 100 * time.Millisecond
	pageGoal  = 30 * time.Millisecond
	firstGoal = 150 << 10 // bytes over the wire of the first load
	laterGoal = 20 << 10
)

// report prints the figures as they come, and keeps them for the file.
type report struct {
	o    options
	text strings.Builder
}

func (r *report) print(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	r.text.WriteString(line)
	fmt.Print(line)
}

func (r *report) begin(c wire.Change, took time.Duration) error {
	machine, err := page.Machine()
	if err != nil {
		return err
	}
	n := c.Plan.Counts
	r.print("%s\n", machine)
	r.print("a change of %d rows (%d new, %d changed), proposed and planned in %.0f s\n\n", n.Insert+n.Update, n.Insert, n.Update, took.Seconds())
	return nil
}

const tableHead = "%-44s %8s %8s %8s   %s\n"

func (r *report) line(what string, t times, goal time.Duration) {
	ms := func(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d)/1e6) }
	r.print(tableHead, what, ms(t.at(0.5)), ms(t.at(0.99)), ms(t[len(t)-1]), verdict(t.at(0.99) <= goal, fmt.Sprintf("%d ms", goal.Milliseconds())))
}

func verdict(ok bool, goal string) string {
	if ok {
		return "within " + goal
	}
	return "MISSES " + goal
}

// rows measures pages of the plan's rows: each once cold, then again and again.
func (r *report) rows(ctx context.Context, v *visitor, c wire.Change) error {
	path := "/changes/" + c.ID
	r.print(tableHead, "rows, one after the other", "p50 ms", "p99 ms", "most ms", "p99")
	if r.o.shuffle {
		if err := r.copying(ctx, v, path); err != nil {
			return err
		}
	}
	for _, one := range []struct {
		name string
		path func(i int) string
	}{
		{"first page", func(int) string { return path }},
		{"by operation", func(int) string { return path + "?op=insert" }},
		{"by finding", func(int) string { return path + "?finding=big-start" }},
		{"by one column", func(int) string { return path + "?changed=payment_terms" }},
		{"by a value of a column", func(int) string { return path + "?column=payment_terms&has=NET45" }},
		{"the last rows", func(int) string { return fmt.Sprintf("%s?offset=%d", path, r.o.rows-100) }},
		{"the middle row", func(int) string { return fmt.Sprintf("%s?offset=%d", path, r.o.rows/2) }},
		{"any row", func(i int) string { return fmt.Sprintf("%s?offset=%d", path, i*7919*101%r.o.rows) }},
	} {
		_, cold, err := v.get(ctx, one.path(0))
		if err != nil {
			return err
		}
		t, err := v.often(ctx, r.o.samples, one.path)
		if err != nil {
			return err
		}
		r.line(fmt.Sprintf("%s (the first time %.0f ms)", one.name, float64(cold)/1e6), t, rowsGoal)
	}
	return nil
}

// copying measures the first page as long as the rows are copied into the file's order.
func (r *report) copying(ctx context.Context, v *visitor, path string) error {
	_, cold, err := v.get(ctx, path)
	if err != nil {
		return err
	}
	var all times
	for began := time.Now(); time.Since(began) < r.o.copying; {
		_, took, err := v.get(ctx, path)
		if err != nil {
			return err
		}
		all = append(all, took)
	}
	slices.Sort(all)
	r.line(fmt.Sprintf("first page, in the first %s (at first %.0f ms)", r.o.copying, float64(cold)/1e6), all, rowsGoal)
	return nil
}

// api measures the same rows as programs and the command line have them.
func (r *report) api(ctx context.Context, maria *client.Client, c wire.Change) error {
	r.print("\n"+tableHead, "rows, by the API, a hundred at once", "p50 ms", "p99 ms", "most ms", "p99")
	for _, one := range []struct {
		name   string
		want   client.RowsWanted
		offset int
	}{
		{"the first", client.RowsWanted{}, 0},
		{"the last", client.RowsWanted{}, r.o.rows - 100},
		{"by operation", client.RowsWanted{Op: "insert"}, 0},
		{"by finding", client.RowsWanted{Finding: "big-start"}, 0},
		{"by one column", client.RowsWanted{Changed: "payment_terms"}, 0},
	} {
		var all times
		for range r.o.samples {
			began := time.Now()
			if _, err := maria.Rows(ctx, c.ID, one.want, 100, int64(one.offset)); err != nil {
				return err
			}
			all = append(all, time.Since(began))
		}
		slices.Sort(all)
		r.line(one.name, all, rowsGoal)
	}
	return nil
}

// others are the pages that are asked for at a rate, all of them mixed.
func others(id string) []string {
	return []string{"/", "/changes", "/changes/" + id + "/findings", "/changes/" + id + "/discussion", "/changes/" + id + "/history",
		"/datasets", "/datasets/customers", "/datasets/customers/rules", "/datasets/customers/propose", "/inbox", "/compact", "/search?q=terms", "/help"}
}

func (r *report) others(ctx context.Context, v *visitor, id string) error {
	r.print("\n"+tableHead, fmt.Sprintf("other pages, %d requests a second", r.o.rate), "p50 ms", "p99 ms", "most ms", "p99")
	paths := others(id)
	if _, err := v.often(ctx, len(paths), func(i int) string { return paths[i] }); err != nil { // warm
		return err
	}
	all, err := v.steadily(ctx, r.o.rate, r.o.during, paths)
	if err != nil {
		return err
	}
	var together times
	for _, path := range paths {
		r.line(strings.ReplaceAll(path, id, "ID"), all[path], pageGoal)
		together = append(together, all[path]...)
	}
	slices.Sort(together)
	r.line("all of them", together, pageGoal)
	return nil
}

// wire weighs the pages as they go over the line, without the heads of the answers.
func (r *report) wire(ctx context.Context, v *visitor, id string) error {
	body, _, err := v.get(ctx, "/")
	if err != nil {
		return err
	}
	first := len(body)
	page, err := unpacked(body)
	if err != nil {
		return err
	}
	for _, path := range asset.FindAllString(page, -1) {
		body, _, err := v.get(ctx, path)
		if err != nil {
			return err
		}
		first += len(body)
	}
	r.print("\nfirst load: %.1f KB over the wire, %s\n", float64(first)/1024, verdict(first <= firstGoal, "150 KB"))
	heaviest, at := 0, ""
	for _, path := range append(others(id), "/changes/"+id) {
		if body, _, err = v.get(ctx, path); err != nil {
			return err
		}
		if len(body) > heaviest {
			heaviest, at = len(body), strings.ReplaceAll(path, id, "ID")
		}
	}
	r.print("then at most %.1f KB a page (%s), %s\n", float64(heaviest)/1024, at, verdict(heaviest <= laterGoal, "20 KB"))
	return nil
}

func unpacked(b []byte) (string, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(z)
	return string(text), err
}

// shift sums what moves on the pages while they load.
func (r *report) shift(ctx context.Context, base, profile, id string) error {
	chromium, err := browser.Launch(ctx, profile)
	if err != nil {
		return err
	}
	defer chromium.End()
	most, at := 0.0, ""
	for _, width := range []int64{360, 1024} {
		w := chromium.Open(base)
		defer w.End()
		if err := w.Size(width, 800, "light"); err != nil {
			return err
		}
		if err := w.Enter("maria@example.test", browser.Password); err != nil {
			return err
		}
		for _, path := range append(others(id), "/changes/"+id) {
			if err := w.Go(path); err != nil {
				return err
			}
			moved, err := w.Shift()
			if err != nil {
				return err
			}
			if moved > most {
				most, at = moved, fmt.Sprintf(" (%s at %d pixels)", strings.ReplaceAll(path, id, "ID"), width)
			}
		}
	}
	r.print("layout shift: at most %.4g%s, %s\n", most, at, verdict(most == 0, "0"))
	return nil
}

// write puts the figures into their section of the file.
func (r *report) write() error {
	if r.o.out == "" {
		return nil
	}
	command := fmt.Sprintf("go run ./bench/web -rows %d -out %s", r.o.rows, filepath.ToSlash(r.o.out))
	if r.o.shuffle {
		command += " -shuffle"
	}
	if r.o.place != pages {
		command += " -place " + r.o.place
	}
	return page.Figures(r.o.out, r.o.place, command, r.text.String())
}
