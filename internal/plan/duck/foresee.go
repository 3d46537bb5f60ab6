package duck

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"sutor/internal/record"
	"sutor/internal/system/driver"
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
		f := r.newFrozen()
		r.frozen, err = r.beginFreezing(ctx, f, func(ctx context.Context, other *run) error {
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

// askApplied looks up the live rows of the applied keys; what was stored is summed up
// meanwhile.
func (r *run) askApplied(ctx context.Context, rev Reversal) (err error) {
	to := r.arrivingAgain(r.foreseeable(rev))
	if to.on {
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
		if err := r.sendApplied(ctx, rev, record.NewWriter(keys), &sent); err != nil || !to.on {
			return err
		}
		to.summing = begin(func() error { return r.sumStored(ctx, rev, to) })
		r.summing = to.summing
		return nil
	})
}

// sendApplied writes the numbers and keys of applied rows, in the order of their numbers,
// and counts them; one without a key was none of the system's.
func (r *run) sendApplied(ctx context.Context, rev Reversal, w *record.Writer, sent *int64) error {
	send := func(row []datum) error {
		if slices.ContainsFunc(row, func(d datum) bool { return d.null }) {
			return nil
		}
		*sent++
		w.Number(row[0].number)
		for _, k := range row[1:] {
			w.Value(k.text)
		}
		return w.End()
	}
	columns := append([]string{"n"}, names("k", r.nk)...)
	if err := eachDeleted(ctx, rev, columns, send); err != nil {
		return err
	}
	if err := eachRow(ctx, rev.Stored, columns, send); err != nil {
		return err
	}
	return w.Flush()
}

// sumStored gives live rows the sums by which they are known when they arrive: those of
// what was stored. Of rows that were deleted none is to arrive.
func (r *run) sumStored(ctx context.Context, rev Reversal, to *arriving) error {
	columns := append([]string{"n"}, names("k", r.nk)...)
	for _, c := range r.spec.Judged {
		columns = append(columns, fmt.Sprintf("s%d", rev.Columns.Index(c.Name)))
	}
	deleted := func(row []datum) error {
		to.rows.add(summed{line: row[0].number, from: -1})
		return nil
	}
	stored := func(row []datum) error {
		to.reset()
		for _, i := range to.compared {
			to.add(row[1+i].bytes())
		}
		to.rows.add(summed{line: row[0].number, from: -1, sum: to.sum()})
		return nil
	}
	if err := eachDeleted(ctx, rev, columns[:1], deleted); err != nil {
		return err
	}
	return eachRow(ctx, rev.Stored, columns, stored)
}

// eachDeleted reads columns of the rows that a plan deleted.
func eachDeleted(ctx context.Context, rev Reversal, columns []string, do func(row []datum) error) error {
	left := rev.Manifest.Counts.Delete
	err := eachOfOp(ctx, rev.Parquet, driver.Delete, columns, func(row []datum) error {
		left--
		return do(row)
	})
	if err == nil && left != 0 {
		err = fmt.Errorf("plan/duck: %d deleted rows are missing in %s", left, rev.Parquet)
	}
	return err
}

// notAbreast is the error of a row that does not lie beside what was stored of it, or that
// there is nothing to reverse of.
const notAbreast = "a row is not beside what was stored of it, or has nothing to go back"

// abreast is the SQL of applied rows, p, beside what was stored of them, t, which lies in
// their order: nothing has to be joined. Rows that were deleted have nothing beside them.
func abreast(rev Reversal) string {
	return applied(rev) + ` p POSITIONAL JOIN read_parquet(` + text(rev.Stored) + `) t`
}

// foresee freezes the reversal as if nothing had changed since. Where that cannot be told,
// or there are so many rows that to join them and to sort them takes all of the memory
// each, it makes cells a table.
func (r *run) foresee(ctx context.Context, rev Reversal) error {
	if !r.foreseeing() {
		return r.keepCells(ctx)
	}
	f := r.newFrozen()
	deltas := `(` + r.reversed(rev, r.asStored("cells"), true) + `)`
	written, err := r.writeAbreast(ctx, rev, f.path)
	if err == nil && !written {
		err = errMemory
		if r.areFew(rev.Manifest.Counts.Written()) {
			f = r.newFrozen()
			err = r.writeDeltas(ctx, deltas, f.path)
		}
		if errors.Is(err, errMemory) {
			if err = r.keepCells(ctx); err == nil {
				f = r.newFrozen()
				err = r.writeDeltas(ctx, deltas, f.path)
			}
		}
	}
	if err != nil {
		return err
	}
	r.frozen, err = r.beginFreezing(ctx, f, func(ctx context.Context, other *run) error { return other.digestFrozen(ctx, f) })
	return err
}

// keepCells makes cells a table.
func (r *run) keepCells(ctx context.Context) error {
	return r.exec(ctx, `ALTER VIEW cells RENAME TO applied; CREATE TABLE cells AS SELECT * FROM applied`)
}

// writeAbreast writes the file of the reversal as its rows come where they lie abreast: they
// are neither joined nor sorted, and there may be any number of them. False where something
// does not lie so, or they do not come in the order of the file. Nothing is to be joined to
// rows that lie abreast, nor chosen of them: what DuckDB made of that did not lie so any
// more, and it would work out twice what it chooses by.
func (r *run) writeAbreast(ctx context.Context, rev Reversal, path string) (bool, error) {
	if c := rev.Manifest.Counts; r.spec.Given != "" || c.Written() == 0 || c.Delete > 0 {
		return false, nil
	}
	query, _, columns := r.toWrite(`(SELECT * REPLACE (COALESCE(op, error(` + text(notAbreast) + `)) AS op) FROM (` + r.eachReversed(rev, r.asStored("abreast"), true) + `))`)
	if err := r.writeParquet(ctx, query, columns, path); err != nil {
		if strings.Contains(err.Error(), "Error: "+notAbreast) {
			return false, nil
		}
		return false, err
	}
	row := `SELECT n, op` + list(r.nk, "k#") + ` FROM read_parquet(` + text(path) + `)`
	early, err := r.count(ctx, `SELECT count(*) FROM (`+row+` WHERE n > 1) a POSITIONAL JOIN (`+row+`) b WHERE a.n <> b.n + 1 OR `+comesBefore(append([]string{"op"}, names("k", r.nk)...)))
	r.abreast = err == nil && early == 0
	return r.abreast, err
}

// comesBefore is the condition that a comes before b in the order of columns.
func comesBefore(columns []string) string {
	c := columns[0]
	less := "a." + c + " < b." + c
	if len(columns) == 1 {
		return less
	}
	return "(" + less + " OR a." + c + " = b." + c + " AND " + comesBefore(columns[1:]) + ")"
}

// asStored selects applied rows as if their live rows were what was stored.
func (r *run) asStored(cells string) string {
	return `SELECT *, CASE WHEN op <> 'delete' THEN line END AS n` + list(r.nk, "v# AS k#") + list(r.nj, "stored# AS l#") + `, false AS hidden FROM ` + cells
}

// settleForeseen makes the deltas: a view of what was foreseen, where what is there is what
// was stored, numbered as in its file; or a table, where some of it is not.
func (r *run) settleForeseen(ctx context.Context, rev Reversal) error {
	if err := r.exec(ctx, `CREATE TABLE unforeseen AS SELECT n AS line FROM `+applied(rev)+`
		WHERE n IN (SELECT n FROM live_raw) OR op <> 'delete' AND n NOT IN (SELECT n FROM alike)`); err != nil {
		return err
	}
	n, err := r.count(ctx, `SELECT count(*) FROM unforeseen`)
	if err != nil {
		return err
	}
	if n > 0 {
		r.frozen.drop()
		r.frozen = nil
		return r.exec(ctx, `CREATE TABLE deltas AS `+r.reversed(rev, r.asStored(`(SELECT * FROM cells WHERE line NOT IN (SELECT line FROM unforeseen))`), true)+`
			UNION ALL `+r.reversed(rev, r.asLive(`(SELECT * FROM cells WHERE line IN (SELECT line FROM unforeseen))`), false))
	}
	r.foreseen = true
	stored, masks := "", ""
	for j, c := range r.spec.Judged {
		stored += fmt.Sprintf(", s%d AS l%d", rev.Columns.Index(c.Name), j)
		masks += fmt.Sprintf(", %s AS m%d", inMask(j), j)
	}
	return r.exec(ctx, `CREATE OR REPLACE VIEW live AS SELECT n`+list(r.nk, "k#")+stored+`, true AS same FROM read_parquet(`+text(rev.Stored)+`);
		CREATE VIEW deltas AS SELECT n, COALESCE(line, -n) AS line, op, why`+list(r.nk, "k#")+list(r.nj, "b#")+list(r.nj, "a#")+masks+`
		FROM read_parquet(`+text(r.frozen.path)+`)`)
}

// changeDeltas makes the deltas a table, where they are a view of what was foreseen.
func (r *run) changeDeltas(ctx context.Context) error {
	if !r.foreseen {
		return nil
	}
	r.frozen.drop()
	r.frozen, r.foreseen = nil, false
	return r.exec(ctx, `CREATE TABLE settled AS SELECT * EXCLUDE (n) FROM deltas; DROP VIEW deltas; ALTER TABLE settled RENAME TO deltas`)
}
