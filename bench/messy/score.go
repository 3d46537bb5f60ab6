package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"sutor/internal/intake/pollute"
)

// reader reads a polluted file as somebody does; false refuses it.
type reader struct {
	name string
	read func(context.Context, pollute.File) ([][]string, bool, error)
}

func readers(o options) ([]reader, func() error, error) {
	all := []reader{{"without hints", sutor(false)}, {"with hints", sutor(true)}}
	if !o.duckdb {
		return all, func() error { return nil }, nil
	}
	d, err := openDuck()
	if err != nil {
		return nil, nil, err
	}
	return append(all, reader{"DuckDB, guessing", d.guess}, reader{"DuckDB, given the dialect", d.told}), d.close, nil
}

func sutor(hinted bool) func(context.Context, pollute.File) ([][]string, bool, error) {
	return func(ctx context.Context, f pollute.File) ([][]string, bool, error) {
		r, err := pollute.Read(ctx, f, hinted)
		return r.Records, r.Refused == nil, err
	}
}

// loss is what a reader made of a file.
type loss struct {
	file   pollute.File
	reader string
	points pollute.Points
}

// tally holds the means of one list of files by reader and family.
type tally struct {
	all      map[string]*pollute.Mean
	families map[string]map[string]*pollute.Mean // family → reader
	order    []string
}

func scores(ctx context.Context, o options) (text string, err error) {
	rs, closeAll, err := readers(o)
	if err != nil {
		return "", err
	}
	defer func() {
		if cerr := closeAll(); err == nil {
			err = cerr
		}
	}()
	var out strings.Builder
	var losses []loss
	for _, list := range []struct {
		name  string
		files []pollute.File
	}{{"The published list", pollute.Survey()}, {"Beyond it", pollute.Taxonomy()}} {
		t, l, err := scoreList(ctx, rs, list.files)
		if err != nil {
			return "", err
		}
		losses = append(losses, l...)
		t.write(&out, list.name, rs)
	}
	if o.worst > 0 {
		writeWorst(&out, losses, o.worst)
	}
	return out.String(), nil
}

func scoreList(ctx context.Context, rs []reader, files []pollute.File) (tally, []loss, error) {
	t := tally{all: map[string]*pollute.Mean{}, families: map[string]map[string]*pollute.Mean{}}
	var losses []loss
	for _, f := range files {
		if t.families[f.Family] == nil {
			t.families[f.Family] = map[string]*pollute.Mean{}
			t.order = append(t.order, f.Family)
		}
		for _, r := range rs {
			records, read, err := r.read(ctx, f)
			if err != nil {
				return t, nil, err
			}
			p := pollute.Refused()
			if read {
				p = pollute.Score(f.Want, records)
			}
			add(t.all, r.name, f, p)
			add(t.families[f.Family], r.name, f, p)
			losses = append(losses, loss{f, r.name, p})
		}
	}
	return t, losses, nil
}

func add(to map[string]*pollute.Mean, name string, f pollute.File, p pollute.Points) {
	if to[name] == nil {
		to[name] = &pollute.Mean{}
	}
	to[name].Add(f, p)
}

func (t tally) write(out *strings.Builder, name string, rs []reader) {
	fmt.Fprintf(out, "**%s** (%d files)\n\n| | simple | weighted | exact | refused |\n|---|--:|--:|--:|--:|\n", name, t.all[rs[0].name].Files)
	for _, r := range rs {
		m := t.all[r.name]
		fmt.Fprintf(out, "| %s | %.3f | %.3f | %d | %d |\n", r.name, m.Simple(), m.Weighted(), m.Exact, m.Refused)
	}
	fmt.Fprintf(out, "\n| Pollution | files |")
	for _, r := range rs {
		fmt.Fprintf(out, " %s |", r.name)
	}
	fmt.Fprintf(out, "\n|---|--:|%s\n", strings.Repeat("--:|", len(rs)))
	for _, family := range t.order {
		fmt.Fprintf(out, "| %s | %d |", family, t.families[family][rs[0].name].Files)
		for _, r := range rs {
			fmt.Fprintf(out, " %.3f |", t.families[family][r.name].Simple())
		}
		out.WriteByte('\n')
	}
	out.WriteByte('\n')
}

func writeWorst(out *strings.Builder, losses []loss, n int) {
	losses = slices.DeleteFunc(losses, func(l loss) bool { return strings.HasPrefix(l.reader, "DuckDB") })
	slices.SortStableFunc(losses, func(a, b loss) int { return cmp.Compare(a.points.Total(), b.points.Total()) })
	for _, l := range losses[:min(n, len(losses))] {
		fmt.Fprintf(out, "%6.3f %s (%s): read %g, header %.3f, records %.3f, cells %.3f\n", l.points.Total(), l.file.Name, l.reader,
			l.points.Read, l.points.Header.F1, l.points.Records.F1, l.points.Cells.F1)
	}
}
