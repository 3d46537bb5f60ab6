package duck

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sutor/internal/record"
	"sutor/internal/record/format"
)

// A file is gone through once before DuckDB reads it. Its keys go up to the system, which
// finds their rows meanwhile; and each row gets a sum, by which a live row is known that
// has the same values (arriving.go).

// fetchAhead looks up the rows of the file's keys. Where it takes more to know how a key
// is written (formats.go, spell.go), what rows are found by is no key, or rows outside of
// the file are read too, the fetch waits; and where the system compares.
func (r *run) fetchAhead(ctx context.Context) error {
	if r.there = r.comparesThere(); r.there || r.spec.Within != nil || r.spec.Match != nil || !r.plainKeys() {
		return nil
	}
	to, err := r.newArriving()
	if err != nil {
		return err
	}
	defer func() {
		if r.arriving == nil {
			to.close()
		}
	}()
	r.countTable(ctx)
	g := &goingThrough{run: r, points: make([]pointed, len(r.cols)), to: to}
	if err := r.lookAhead(ctx, to, &g.keys, g.file); err != nil && !g.unlike {
		return err
	}
	return nil
}

// lookAhead looks up the keys that send writes, so many of them; live rows go to whoever
// compares them as they arrive.
func (r *run) lookAhead(ctx context.Context, to *arriving, sent *int64, send func(io.Writer) error) error {
	ctx, cancel := context.WithCancel(ctx)
	f := &fetching{table: "live_raw", down: r.Path("live_raw-down.csv")}
	from, keys := io.Pipe()
	f.meanwhile = begin(func() error {
		defer cancel()
		err := r.fetch(ctx, f, to, r.lookupLive(), from, sent)
		f.aside = to.aside()
		from.CloseWithError(errNotAhead)
		return err
	})
	err := send(keys)
	keys.CloseWithError(err)
	if err == nil {
		if r.ahead = f; to.on {
			r.arriving = to
		}
		return nil
	}
	cancel()
	if failed := f.end(); errors.Is(err, errNotAhead) && failed != nil { // what could not be sent was not looked up
		return failed
	}
	return err
}

// errNotAhead is that keys are not looked up, or not any more.
var errNotAhead = errors.New("plan/duck: keys are not looked up ahead")

// plainKeys tells whether the keys of the file can be read by their grammar alone.
func (r *run) plainKeys() bool {
	return !slices.ContainsFunc(r.cols[:r.nk], func(c column) bool {
		return c.source < 0 || c.written.chosen || c.Type.Kind == record.Native || hasFraction(c.Type.Kind) || c.Type.Kind == record.Text && r.spec.Unnumbered()
	})
}

// goingThrough is one way through a staging file.
type goingThrough struct {
	*run
	to     *arriving // the rows
	keys   int64     // written
	rows   int64
	bytes  int64
	unlike bool // a key is not written in the standard grammar
	points []pointed
	key    [][]byte // of a row
}

// pointed is what the numbers of a column that have a point look like ([maybeGrouped]).
type pointed struct{ plain, grouped bool }

// grouped tells whether the numbers of a column may be others than the standard grammar
// makes of them.
func (g *goingThrough) grouped() bool {
	return slices.ContainsFunc(g.points, func(p pointed) bool { return p.grouped && !p.plain })
}

// file writes the keys of the file. Whether live rows are compared as they arrive is known
// when it ends.
func (g *goingThrough) file(out io.Writer) error {
	in, err := os.Open(g.staging)
	if err != nil {
		return diskError(err)
	}
	defer in.Close()
	rows, w := record.NewReader(in), record.NewWriter(out)
	for {
		if g.unlike {
			return errNotAhead
		}
		fields, err := rows.Read()
		if err == io.EOF {
			g.to.on = g.to.on && !g.grouped()
			return w.Flush()
		}
		if err != nil {
			return err
		}
		if err := g.row(fields, w); err != nil {
			return err
		}
		g.bytes += int64(len(rows.Raw()))
	}
}

// row goes through a row of the file: line, defect, cells.
func (g *goingThrough) row(fields []record.Field, w *record.Writer) error {
	line, err := strconv.ParseInt(string(fields[0].Text), 10, 64)
	if err != nil {
		return err
	}
	g.rows++
	sound, defect := fields[1].Null || strings.HasPrefix(string(fields[1].Text), "~"), !fields[1].Null
	keyed := sound && g.readKey(fields[2:])
	if keyed {
		g.keys++
		w.Number(line)
		for _, k := range g.key {
			w.Value(k)
		}
		err = w.End()
	}
	if g.to.on = g.to.on && (!sound || g.fits(fields[2:])); g.to.on {
		row := summed{line: line, from: g.bytes}
		if keyed && !defect {
			row.sum = g.sum(fields[2:])
		}
		g.to.rows.add(row)
	}
	return err
}

// readKey reads the key of a row, canonical; false where it has none.
func (g *goingThrough) readKey(cells []record.Field) bool {
	g.key = g.key[:0]
	for _, c := range g.cols[:g.nk] {
		cell := cells[c.source]
		if cell.Null || len(cell.Text) == 0 && c.Type.Kind != record.Text {
			return false
		}
		if c.Type.IsCanonical(cell.Text) {
			g.key = append(g.key, cell.Text)
			continue
		}
		text, problem := c.Type.Parse(string(cell.Text), g.spec.Location)
		if problem == record.NotOfType && len(format.For(c.Type.Kind, "")) > 0 {
			g.unlike = true
		}
		if problem != record.OK {
			return false
		}
		g.key = append(g.key, []byte(text))
	}
	return true
}

// tried is of how many rows the cells are read before the others are taken to be written
// like them: a file that is written in another way is not compared in vain.
const tried = 1000

// fits tells whether the cells of a row may be written in the standard grammar, and looks
// at the points of its numbers.
func (g *goingThrough) fits(cells []record.Field) bool {
	for i, c := range g.cols {
		if c.source < 0 || cells[c.source].Null {
			continue
		}
		text := cells[c.source].Text
		if p := &g.points[i]; hasFraction(c.Type.Kind) && !p.plain && slices.Contains(text, '.') {
			if grouped.Match(text) {
				p.grouped = true
			} else {
				p.plain = true
			}
		}
		if g.rows > tried || len(text) == 0 || c.Type.IsCanonical(text) {
			continue
		}
		if _, problem := c.Type.Parse(string(text), g.spec.Location); problem == record.NotOfType && len(format.For(c.Type.Kind, "")) > 0 {
			return false
		}
	}
	return true
}

var grouped = regexp.MustCompile(`^(?:` + groupedByPoint + `)$`)

// sum is that of a row of the file, by the values that its texts are likely to stand for.
func (g *goingThrough) sum(cells []record.Field) sum {
	a := g.to
	a.reset()
	for _, i := range a.compared {
		if i < g.nk {
			a.add(g.key[i])
		} else {
			a.add(likely(g.cols[i].Type, cells[g.cols[i].source]))
		}
	}
	return a.sum()
}

// likely gives the canonical text of a cell where that takes little, else the cell's own,
// by which no live row is known; nil for an empty cell.
func likely(t record.Type, cell record.Field) []byte {
	text := cell.Text
	if cell.Null || len(text) == 0 && t.Kind != record.Text {
		return nil
	}
	if t.Kind != record.Bool && t.Kind != record.Decimal || t.IsCanonical(text) {
		return text
	}
	switch string(text) { // as PostgreSQL writes them
	case "t":
		return []byte("true")
	case "f":
		return []byte("false")
	}
	if canonical, p := t.Parse(string(text), nil); p == record.OK {
		return []byte(canonical)
	}
	return text
}

// readFile reads the file into cells: the rows that are not known, once those are, or all.
func (r *run) readFile(ctx context.Context) error {
	if r.arriving == nil {
		return r.readCells(ctx, r.staged(r.staging))
	}
	defer r.arriving.close()
	if err := r.ahead.end(); err != nil {
		return err
	}
	var err error
	if r.loading, err = r.elsewhere(ctx, func(ctx context.Context, other *run) error {
		return errors.Join(other.receive(ctx, r.ahead, other.received()), other.loadAlike(ctx))
	}); err != nil {
		return err
	}
	rest := r.Path("rest.csv")
	defer r.remove(rest)
	if err := r.writeTo(rest, func(out io.Writer) error { return r.arriving.rest(r.staging, out) }); err != nil {
		return err
	}
	r.arriving.forget()
	if err := r.loadPaired(ctx); err != nil {
		return err
	}
	if err := r.readCells(ctx, r.staged(rest)); err != nil {
		return err
	}
	unlike, err := r.unlike(ctx)
	if err != nil || !slices.Contains(unlike, true) {
		return err
	}
	if err := errors.Join(r.loading.end(), r.exec(ctx, `DROP TABLE `+r.unknown()+`; DROP TABLE hits; DROP TABLE live_raw; DROP TABLE alike; DROP TABLE IF EXISTS differing`)); err != nil {
		return err
	}
	r.ahead, r.loading, r.arriving = nil, nil, nil
	return r.readCells(ctx, r.staged(r.staging))
}

// unknown is the table of the cells of rows that are not known.
func (r *run) unknown() string {
	if r.arriving == nil {
		return "cells"
	}
	return "unknown"
}

// known makes the view cells of all rows. Those that are known have the live row's key, as
// the file has it, and nothing else.
func (r *run) known(ctx context.Context) error {
	if r.arriving == nil || r.reversal {
		return nil
	}
	key := ""
	for i := range r.nk {
		key += fmt.Sprintf(", k%[1]d AS s%[1]d, false AS e%[1]d, k%[1]d AS v%[1]d", i)
	}
	cells := `SELECT * FROM ` + r.unknown() + ` UNION ALL BY NAME SELECT n AS line` + key + ` FROM alike`
	if r.pairing() {
		cells += ` UNION ALL BY NAME SELECT line` + key + ` FROM differing WHERE paired`
	}
	return r.exec(ctx, `CREATE VIEW cells AS `+cells)
}
