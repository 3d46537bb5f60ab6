package duck

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"sutor/internal/record"
)

// A plan's file is written before all is known that may still change it: as if it stayed
// what it is most often. Where it does not, the file is written again.
//
// Of a file of rows, most often no row is invalid.
//
// Nearly always an applied plan is undone while the system still has what was stored. So
// a reversal is made as if it had, while the system looks its rows up. A live row that is
// just what was stored is known as it arrives, and goes no further (arriving.go); where
// all others are as foreseen too, the plan stands already. Else the deltas of those that
// are not are made of what the system has, as they are without all this.

// foreseeValid begins to freeze the plan of a file as if no row were invalid; where it is
// large, or one of several, the memory is for the checks.
func (r *run) foreseeValid(ctx context.Context) error {
	if r.spec.Within != nil || r.schema != runSchema {
		return nil
	}
	few, err := r.sortsBeside(ctx, "differing")
	if err == nil && few {
		r.frozen, err = r.beginFreezing(ctx, func(ctx context.Context, other *run, f *frozen) error {
			return other.freezing(ctx, f, `(`+r.written()+`)`)
		})
	}
	return err
}

// validForeseen forgets that where a row is invalid.
func (r *run) validForeseen(ctx context.Context) error {
	if r.frozen == nil {
		return nil
	}
	n, err := r.count(ctx, `SELECT count(*) FROM hits WHERE f IN (`+r.invalidChecks()+`)`)
	if err == nil && n > 0 {
		r.frozen.drop()
		r.frozen = nil
	}
	return err
}

// foreseeable tells whether live rows can be compared as they arrive with what was stored,
// and whether that has all that is judged of every row.
func (r *run) foreseeable(rev Reversal) bool {
	return r.comparing != Here && r.spec.Only == nil && !slices.ContainsFunc(r.cols, func(c column) bool { return c.Type.Kind == record.Native }) &&
		!slices.ContainsFunc(r.spec.Judged, func(c record.Column) bool {
			return rev.Manifest.JudgedSchema().Index(c.Name) < 0 || rev.Columns.Index(c.Name) < 0
		})
}

// foreseeing tells whether the reversal was made as if nothing had changed since.
func (r *run) foreseeing() bool { return r.arriving != nil }

// askApplied looks up the live rows of the applied keys.
func (r *run) askApplied(ctx context.Context, rev Reversal) error {
	to := r.arrivingAgain(r.foreseeable(rev))
	if to.on {
		var err error
		if to.alike, err = r.newRecords("alike.csv"); err != nil {
			return err
		}
	}
	defer func() {
		if r.arriving == nil {
			to.close()
		}
	}()
	r.countTable(ctx)
	var sent int64
	return r.lookAhead(ctx, to, &sent, func(keys io.Writer) error {
		back := &goingBack{run: r, to: to, keys: record.NewWriter(keys), sent: &sent}
		stored, values := "", names("k", r.nk)
		for i, c := range r.spec.Judged {
			if !to.on {
				break
			}
			stored += fmt.Sprintf(", s%d AS l%d", rev.Columns.Index(c.Name), i)
			values = append(values, fmt.Sprintf("l%d", i))
		}
		deleted := `SELECT n` + list(r.nk, "k#") + strings.Repeat(", NULL::VARCHAR", len(values)-r.nk) + ` FROM read_parquet(` + text(rev.Parquet) + `) WHERE op = 'delete'`
		if rev.Manifest.Counts.Delete > 0 { // their numbers are lower than the others'
			if err := r.feed(ctx, deleted, names("k", r.nk), "deleted.csv", back.deleted); err != nil {
				return err
			}
		}
		if err := r.feed(ctx, `SELECT n`+list(r.nk, "k#")+stored+` FROM read_parquet(`+text(rev.Stored)+`)`, values, "applied.csv", back.stored); err != nil {
			return err
		}
		return back.keys.Flush()
	})
}

// goingBack is one way through what was applied.
type goingBack struct {
	*run
	to   *arriving
	keys *record.Writer
	sent *int64
}

// deleted reads rows that were deleted, of which the system is to have none.
func (g *goingBack) deleted(in io.Reader) error { return g.each(in, false) }

// stored reads rows as they were stored.
func (g *goingBack) stored(in io.Reader) error { return g.each(in, true) }

// each reads records "number, key…, judged…".
func (g *goingBack) each(in io.Reader, stands bool) error {
	for rows := record.NewReader(in); ; {
		fields, err := rows.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		line, err := strconv.ParseInt(string(fields[0].Text), 10, 64)
		if err != nil {
			return err
		}
		keyed := !slices.ContainsFunc(fields[1:1+g.nk], func(f record.Field) bool { return f.Null })
		if keyed {
			*g.sent++
			g.keys.Number(line)
			for _, k := range fields[1 : 1+g.nk] {
				g.keys.Value(k.Text)
			}
			if err := g.keys.End(); err != nil {
				return err
			}
		}
		if g.to.on {
			row := summed{line: line, from: -1}
			if keyed && stands {
				row.sum = g.to.sumOf(fields[1:])
			}
			g.to.rows.add(row)
		}
	}
}

// foresee freezes the reversal as if nothing had changed since. Where that cannot be told,
// or there are so many rows that to join them and to sort them takes all of the memory
// each, it makes cells a table.
func (r *run) foresee(ctx context.Context, rev Reversal) (err error) {
	keep := func() error {
		return r.exec(ctx, `ALTER VIEW cells RENAME TO applied; CREATE TABLE cells AS SELECT * FROM applied`)
	}
	if !r.foreseeing() {
		return keep()
	}
	write := func() error {
		return r.writeDeltas(ctx, `(`+r.reversed(rev, r.asStored("cells"))+`)`, r.newFrozen().path)
	}
	err = errMemory
	if r.areFew(rev.Manifest.Counts.Written()) {
		err = write()
	}
	if errors.Is(err, errMemory) {
		if err = keep(); err == nil {
			err = write()
		}
	}
	if err != nil {
		return err
	}
	r.frozen, err = r.beginFreezing(ctx, func(ctx context.Context, other *run, f *frozen) error { return other.digestFrozen(ctx, f) })
	return err
}

// asStored selects applied rows as if their live rows were what was stored.
func (r *run) asStored(cells string) string {
	return `SELECT *, CASE WHEN op <> 'delete' THEN line END AS n` + list(r.nk, "v# AS k#") + list(r.nj, "stored# AS l#") + `, false AS hidden FROM ` + cells
}

// settleForeseen makes the deltas: a view of what was foreseen, or a table where some of it was not.
func (r *run) settleForeseen(ctx context.Context, rev Reversal) error {
	if err := r.exec(ctx, `CREATE TABLE unforeseen AS SELECT line FROM cells
		WHERE line IN (SELECT n FROM live_raw) OR op <> 'delete' AND line NOT IN (SELECT n FROM alike)`); err != nil {
		return err
	}
	n, err := r.count(ctx, `SELECT count(*) FROM unforeseen`)
	if err != nil {
		return err
	}
	if n > 0 {
		r.frozen.drop()
		r.frozen = nil
		return r.exec(ctx, `CREATE TABLE deltas AS `+r.reversed(rev, r.asStored(`(SELECT * FROM cells WHERE line NOT IN (SELECT line FROM unforeseen))`))+`
			UNION ALL `+r.reversed(rev, r.asLive(`(SELECT * FROM cells WHERE line IN (SELECT line FROM unforeseen))`)))
	}
	masks := ""
	for j := range r.nj {
		masks += fmt.Sprintf(", %s AS m%d", inMask(j), j)
	}
	return r.exec(ctx, `CREATE VIEW deltas AS SELECT COALESCE(line, -n) AS line, op, why`+list(r.nk, "k#")+list(r.nj, "b#")+list(r.nj, "a#")+masks+`
		FROM read_parquet(`+text(r.frozen.path)+`)`)
}

// changeDeltas makes the deltas a table, where they are a view of what was foreseen.
func (r *run) changeDeltas(ctx context.Context) error {
	if r.frozen == nil {
		return nil
	}
	r.frozen.drop()
	r.frozen = nil
	return r.exec(ctx, `CREATE TABLE settled AS SELECT * FROM deltas; DROP VIEW deltas; ALTER TABLE settled RENAME TO deltas`)
}
