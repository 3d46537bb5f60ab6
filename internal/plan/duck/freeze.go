package duck

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sutor/internal/change"
	"sutor/internal/finding"
	"sutor/internal/plan"
	"sutor/internal/record"
)

// frozen is plan.parquet in the making.
type frozen struct {
	*meanwhile
	cancel     context.CancelFunc
	path       string        // of its own
	file, rows record.Digest // once that is over
}

func (r *run) newFrozen() *frozen { return &frozen{path: r.fresh("plan.parquet")} }

// beginFreezing begins to make it on another connection. That ends with the session, if
// not before.
func (r *run) beginFreezing(ctx context.Context, f *frozen, do func(context.Context, *run) error) (_ *frozen, err error) {
	ctx, f.cancel = context.WithCancel(context.WithoutCancel(ctx))
	f.meanwhile, err = r.meanwhile(ctx, do)
	if err != nil {
		f.cancel()
		return nil, err
	}
	*r.endings = append(*r.endings, func() { f.drop(); f.end() })
	return f, nil
}

// wait waits until it is over. Nil is over.
func (f *frozen) wait(ctx context.Context) error {
	if f == nil {
		return nil
	}
	defer context.AfterFunc(ctx, f.cancel)()
	return f.end()
}

// drop gives it up, and does not wait for that: DuckDB may take a while. Nil is over.
func (f *frozen) drop() {
	if f != nil {
		f.cancel()
	}
}

// freezing writes deltas as plan.parquet and digests it.
func (r *run) freezing(ctx context.Context, f *frozen, deltas string) error {
	if err := r.writeDeltas(ctx, deltas, f.path); err != nil {
		return err
	}
	return r.digestFrozen(ctx, f)
}

// digestFrozen digests plan.parquet and its canonical rows.
func (r *run) digestFrozen(ctx context.Context, f *frozen) (err error) {
	f.file, f.rows, err = digests(ctx, f.path, r.spec.Key, r.spec.Judged)
	return err
}

// writeDeltas writes deltas as a plan's file. Values after are made of those before and
// those that are written once the rows are sorted: there is less to be sorted then.
func (r *run) writeDeltas(ctx context.Context, deltas, path string) error {
	query, order, columns := r.toWrite(deltas)
	return r.writeParquet(ctx, `SELECT * FROM (`+query+`) ORDER BY `+order, columns, path)
}

// toWrite gives the query of deltas, the order of a plan's file, and its columns.
func (r *run) toWrite(deltas string) (query, order, columns string) {
	query = `SELECT op, CASE WHEN line > 0 THEN line END AS line, ` + r.mask() + ` AS mask, why` + list(r.nk, "k#") + list(r.nj, "b#") +
		list(r.nj, "CASE WHEN m# THEN a# END AS w#") + ` FROM ` + deltas
	order, columns = "op"+list(r.nk, "k#"), "op, line, mask, why"+list(r.nk, "k#")+list(r.nj, "b#")
	if r.spec.Given != "" {
		order += ", mask"
	}
	for j := range r.nj {
		after := fmt.Sprintf("CASE WHEN %s THEN w%d WHEN op = 'delete' THEN NULL ELSE b%d END", inMask(j), j, j)
		if columns += fmt.Sprintf(", %s AS a%d", after, j); r.spec.Given != "" {
			order += ", " + after
		}
	}
	if r.spec.Given != "" {
		order += ", line"
	}
	return query, order, columns
}

// inMask tells by its mask whether a row of a plan's file writes a judged column.
func inMask(j int) string { return fmt.Sprintf("substr(mask, %d, 1) = '1'", j+1) }

// sortedBeside is how many cells of deltas are written while something else is done, for
// each megabyte of a run: what sorts more needs the memory for itself.
const sortedBeside = 50_000

// sortsBeside tells whether the rows of a table are few enough for that.
func (r *run) sortsBeside(ctx context.Context, table string) (bool, error) {
	rows, err := r.count(ctx, `SELECT count(*) FROM `+table)
	return r.areFew(rows), err
}

// areFew tells whether that many rows are.
func (r *run) areFew(rows int64) bool { return rows*int64(r.nk+2*r.nj) <= r.engine.beside }

// freeze makes the plan of the deltas, whose guardrails are judged while they are written
// and facts are counted; where there are many, before.
func (r *run) freeze(ctx context.Context, judge doing) (*plan.Outcome, error) {
	out := &plan.Outcome{Hits: r.Path("hits.csv")}
	if r.frozen == nil {
		small, err := r.sortsBeside(ctx, "deltas")
		if err == nil && small {
			f := r.newFrozen()
			r.frozen, err = r.beginFreezing(ctx, f, func(ctx context.Context, other *run) error { return other.freezing(ctx, f, "deltas") })
		}
		if err != nil {
			return nil, err
		}
	}
	f := r.frozen
	defer f.drop()
	facts := r.aside(ctx, func(ctx context.Context, other *run) (err error) {
		out.Facts, err = other.facts(ctx)
		return err
	})
	err := r.steps(ctx, allSteps-1, []doing{judge, {"freezing the plan", func(ctx context.Context) error { return r.describe(ctx, out) }}})
	if counted := facts(); err == nil {
		err = counted
	}
	if err != nil {
		return nil, err
	}
	err = f.wait(ctx)
	if f == nil || errors.Is(err, errMemory) { // of long texts there may be too little for both
		f = r.newFrozen()
		err = r.freezing(ctx, f, "deltas")
	}
	out.Parquet, out.Manifest.File, out.Manifest.Rows = f.path, f.file, f.rows
	return out, err
}

// describe gathers the findings and fills the rest of the manifest.
func (r *run) describe(ctx context.Context, out *plan.Outcome) (err error) {
	m := &out.Manifest
	m.Columns = append(append(record.Schema{}, r.spec.Key...), r.spec.Judged...)
	m.Key, m.Mapping, m.TableRows = r.spec.Key.Names(), r.mapping(), r.table
	if out.Findings, err = r.findings(ctx); err != nil {
		return err
	}
	if !r.reversal && r.spec.Rule == nil {
		if m.Content, err = r.digest, nil; m.Content == "" {
			m.Content, err = r.content(ctx)
		}
		if err != nil {
			return err
		}
	}
	if r.spec.Given != "" {
		n, err := r.count(ctx, `SELECT count(*) FROM deltas WHERE `+r.keyless())
		if err != nil {
			return err
		}
		if n > 0 {
			m.Given = r.spec.Given
		}
	}
	m.Counts, err = r.counts(ctx)
	return err
}

func (r *run) mask() string {
	if r.nj == 0 {
		return "''"
	}
	parts := make([]string, r.nj)
	for j := range parts {
		parts[j] = fmt.Sprintf("CASE WHEN m%d THEN '1' ELSE '0' END", j)
	}
	return strings.Join(parts, " || ")
}

// compressed is how Parquet files are compressed: on our texts a higher level takes more time
// and not less room.
const compressed = `FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1`

// groupRows is how many rows a group of a plan's file has.
const groupRows = 20_480

// writeParquet numbers the rows of query in their order (package plan, "Files") and writes
// columns made of them in it, in which whoever reads the file gets them; in groups so
// small that a page of them is read without much else.
func (s *Session) writeParquet(ctx context.Context, query, columns, path string) error {
	return s.writeGroups(ctx, `SELECT row_number() OVER () AS n, `+columns+` FROM (`+query+`)`, path)
}

// writeGroups writes a query's rows in groups of that size.
func (s *Session) writeGroups(ctx context.Context, query, path string) error {
	_, err := s.copyTo(ctx, query, path, compressed+`, ROW_GROUP_SIZE `+fmt.Sprint(groupRows))
	return err
}

// digests gives the digest of a plan's file and of its canonical rows.
func digests(ctx context.Context, parquet string, key, judged record.Schema) (file, rows record.Digest, err error) {
	d, canonical := record.NewDigester(), record.NewDigester()
	hashed := begin(func() error { return hashFile(parquet, d) })
	err = errors.Join(CanonicalRows(ctx, parquet, key, judged, canonical), hashed.end())
	return d.Digest(), canonical.Digest(), err
}

// counts counts the rows by what happens to them; what is neither written nor
// invalid nor left alone for a reason is unchanged.
func (r *run) counts(ctx context.Context) (c change.Counts, err error) {
	rows := `(SELECT count(*) FROM cells)`
	if r.reversal {
		rows = fmt.Sprint(r.applied)
	}
	err = r.query(ctx, `SELECT count(*) FILTER (op = 'insert'), count(*) FILTER (op = 'update'), count(*) FILTER (op = 'delete'),
			count(*) FILTER (op = 'kept'), count(*) FILTER (op = 'impossible'), `+rows+`,
			(SELECT count(DISTINCT line) FROM hits WHERE f IN (`+r.invalidChecks()+`)) FROM deltas`,
		func(scan func(...any) error) error {
			var all int64
			err := scan(&c.Insert, &c.Update, &c.Delete, &c.Kept, &c.Impossible, &all, &c.Invalid)
			c.Unchanged = all - c.Written() - c.Kept - c.Impossible - c.Invalid
			if !r.reversal { // a row that a sync deletes is none of the file
				c.Unchanged += c.Delete
			}
			return err
		})
	return c, err
}

// findings folds the hits into findings: rows, ranges, samples; without those
// that hit nothing; blocking ones first. Samples are in the order of the file's lines,
// before them those of rows that are in no file, by their text.
func (r *run) findings(ctx context.Context) ([]finding.Finding, error) {
	err := r.query(ctx, `SELECT f, count(DISTINCT line) FROM hits GROUP BY f`, func(scan func(...any) error) error {
		var f int
		var n int64
		err := scan(&f, &n)
		r.checks[f].Rows = n
		return err
	})
	if err != nil {
		return nil, err
	}
	lines := "line > 0"
	if r.spec.Rule != nil {
		lines = "false" // of no file
	}
	err = r.query(ctx, fmt.Sprintf(`
		WITH once AS (SELECT DISTINCT f, line FROM hits WHERE %s),
		runs AS (SELECT f, line, line - row_number() OVER (PARTITION BY f ORDER BY line) AS run FROM once),
		ranges AS (SELECT f, min(line) AS lo, max(line) AS hi FROM runs GROUP BY f, run)
		SELECT f, lo, hi FROM ranges QUALIFY row_number() OVER (PARTITION BY f ORDER BY lo) <= %d ORDER BY f, lo`, lines, finding.MaxRanges+1),
		func(scan func(...any) error) error {
			var f int
			var lo, hi int64
			if err := scan(&f, &lo, &hi); err != nil {
				return err
			}
			text := finding.Range(lo, hi)
			if len(r.checks[f].Ranges) == finding.MaxRanges {
				text = "…"
			}
			r.checks[f].Ranges = append(r.checks[f].Ranges, text)
			return nil
		})
	if err != nil {
		return nil, err
	}
	err = r.query(ctx, `SELECT f, sample FROM (SELECT f, left(sample, 200) AS sample, min(line) AS line FROM hits WHERE sample IS NOT NULL GROUP BY ALL)
		QUALIFY row_number() OVER (PARTITION BY f ORDER BY greatest(line, 0), sample) <= 3 ORDER BY f, greatest(line, 0), sample`, func(scan func(...any) error) error {
		var f int
		var sample string
		err := scan(&f, &sample)
		r.checks[f].Samples = append(r.checks[f].Samples, finding.Sample(sample))
		return err
	})
	if err == nil {
		err = r.examples(ctx)
	}
	if err != nil {
		return nil, err
	}
	type numbered struct {
		finding.Finding
		f int // in hits
	}
	var hit []numbered
	for f, c := range r.checks {
		if c.Rows == 0 {
			continue
		}
		if c.Invalid && r.spec.Options.LeaveOut {
			c.Severity = finding.Warn
			c.Mend = "Left out, as chosen with --leave-out-invalid. " + c.Mend
		}
		hit = append(hit, numbered{c, f})
	}
	rank := map[finding.Severity]int{finding.Block: 0, finding.Approve: 1, finding.Warn: 2}
	slices.SortStableFunc(hit, func(a, b numbered) int { return rank[a.Severity] - rank[b.Severity] })
	order := make([]int, len(hit))
	out := make([]finding.Finding, len(hit))
	for i, h := range hit {
		out[i], order[i] = h.Finding, h.f
	}
	return append(out, r.told...), r.writeHits(ctx, order)
}

// writeHits writes the lines of every finding (plan.Outcome); order gives the
// checks behind the findings.
func (r *run) writeHits(ctx context.Context, order []int) error {
	pairs := "(-1, -1)"
	for i, f := range order {
		pairs += fmt.Sprintf(", (%d, %d)", f, i)
	}
	return r.copyCSV(ctx, `SELECT DISTINCT line, i FROM hits JOIN (VALUES `+pairs+`) o(f, i) USING (f) WHERE line > 0 ORDER BY line, i`, nil, r.Path("hits.csv"))
}
