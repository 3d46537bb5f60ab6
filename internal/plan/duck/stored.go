package duck

import (
	"context"
	"fmt"
	"os"
	"strings"

	"sutor/internal/finding"
	"sutor/internal/plan"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// StoredFile is what a system told of one operation (driver.Tx.Write): records of a
// plan row's number, its key and the values of Columns as really stored, of rows that
// were stored otherwise than the plan says, and maybe of others.
type StoredFile struct {
	Op      driver.Op
	Columns record.Schema
	Path    string // "" where nothing was told
	Keys    string // records "number, key" of new rows whose key the system gave ([Session.DealKeys]); "" where there are none
}

// Told tells whether the system told of any row.
func (f StoredFile) Told() (bool, error) {
	if f.Path == "" || f.Op == driver.Delete {
		return false, nil
	}
	info, err := os.Stat(f.Path)
	if err != nil {
		return false, diskError(err)
	}
	return info.Size() > 0, nil
}

// Stored compares what the system stored with what was approved, and keeps it as
// a Parquet file for a later reversal: n, op, k0…, and s0… over columns. Columns
// that an operation did not report are NULL there; only those of its own
// operation are ever read back.
//
// A column that the plan writes and that was stored differently is a finding:
// the apply must be rolled back.
func (s *Session) Stored(ctx context.Context, parquet string, m plan.Manifest, columns record.Schema, files []StoredFile, path string) ([]finding.Finding, error) {
	told, err := s.loadTold(ctx, m, columns, files)
	if err != nil {
		return nil, err
	}
	rows := approved(parquet, m, columns, files)
	if told != "" {
		rows = `SELECT * FROM (` + rows + `) WHERE n NOT IN (SELECT n FROM (` + told + `)) UNION ALL ` + told + ` ORDER BY n`
	}
	if _, err := s.copyTo(ctx, rows, path, compressed); err != nil {
		return nil, err
	}
	if err := s.allThere(ctx, m, path); err != nil || told == "" {
		return nil, err
	}
	return s.differing(ctx, parquet, m, columns, told)
}

// loadTold reads what was told; it gives the SQL of all of it, as it is kept, "" where
// there is nothing.
func (s *Session) loadTold(ctx context.Context, m plan.Manifest, columns record.Schema, files []StoredFile) (string, error) {
	nk := len(m.Key)
	var parts []string
	for i, f := range files {
		if any, err := f.Told(); err != nil || !any {
			if err != nil {
				return "", err
			}
			continue
		}
		table := fmt.Sprintf("told%d", i)
		fields := append(names("k", nk), names("r", len(f.Columns))...)
		sel := `n, ` + text(string(f.Op)) + ` AS op`
		for i, c := range m.KeySchema() {
			sel += fmt.Sprintf(", %s AS k%d", canonicalLive(c.Type, fmt.Sprintf("k%d", i)), i)
		}
		for j, c := range columns {
			value := "NULL::VARCHAR"
			if r := f.Columns.Index(c.Name); r >= 0 {
				value = canonicalLive(c.Type, fmt.Sprintf("r%d", r))
			}
			sel += fmt.Sprintf(", %s AS s%d", value, j)
		}
		if err := s.load(ctx, `CREATE TABLE `+table+` AS SELECT `+sel+` FROM `+readCSV(f.Path, "n", fields)); err != nil {
			return "", err
		}
		os.Remove(f.Path)
		parts = append(parts, `SELECT * FROM `+table)
	}
	return strings.Join(parts, " UNION ALL "), nil
}

// approved is the SQL of a plan's rows as they are kept where the system stored just
// what was approved: after, which is before in the columns of an update that it does
// not write, and NULL in those of an insert. They come in the order of their numbers.
func approved(parquet string, m plan.Manifest, columns record.Schema, files []StoredFile) string {
	from, keys := `read_parquet(`+text(parquet)+`) p`, ""
	for i := range m.Key {
		keys += fmt.Sprintf(", p.k%d", i)
	}
	for _, f := range files {
		if f.Keys != "" {
			_, column := keylessRows(m)
			from += ` LEFT JOIN ` + readCSV(f.Keys, "n", []string{"key"}) + ` g ON g.n = p.n`
			keys = strings.Replace(keys, `p.`+column, `COALESCE(p.`+column+`, g.key) AS `+column, 1)
		}
	}
	values := ""
	for i, c := range columns {
		value := "NULL::VARCHAR"
		if j := m.JudgedSchema().Index(c.Name); j >= 0 {
			value = fmt.Sprintf("p.a%d", j)
		}
		values += fmt.Sprintf(", %s AS s%d", value, i)
	}
	query := `SELECT p.n, p.op` + keys + values + ` FROM ` + from + ` WHERE p.op IN ('insert', 'update')`
	if strings.Contains(from, " JOIN ") {
		query += ` ORDER BY p.n`
	}
	return query
}

// allThere makes sure that every row that was written is kept once, with its key.
func (s *Session) allThere(ctx context.Context, m plan.Manifest, path string) error {
	var back, keyed int64
	keys := strings.TrimPrefix(comma(names("k", len(m.Key))), ", ")
	err := s.query(ctx, `SELECT count(DISTINCT n), count(*) FILTER (`+strings.ReplaceAll(keys, ", ", " IS NOT NULL AND ")+` IS NOT NULL) FROM read_parquet(`+text(path)+`)`,
		func(scan func(...any) error) error { return scan(&back, &keyed) })
	if want := m.Counts.Insert + m.Counts.Update; err == nil && (back != want || keyed != want) {
		err = fmt.Errorf("plan/duck: the plan inserts and updates %d rows, %d are kept as stored, %d of them with a key", want, back, keyed)
	}
	return err
}

// differing finds the approved columns that were stored otherwise. One pass over
// the rows that were told of counts them for all columns; in most applies there are none.
func (s *Session) differing(ctx context.Context, parquet string, m plan.Manifest, columns record.Schema, told string) ([]finding.Finding, error) {
	judged := m.JudgedSchema()
	counts := make([]int64, len(judged))
	var rows, known int64
	sel, dest := []string{"count(*)", "count(p.n)"}, []any{&rows, &known}
	for j, c := range judged {
		if i := columns.Index(c.Name); i >= 0 {
			sel, dest = append(sel, "count(*) FILTER ("+otherwise(j, i)+")"), append(dest, &counts[j])
		}
	}
	from := `(` + told + `) t LEFT JOIN read_parquet(` + text(parquet) + `) p USING (n, op)`
	err := s.query(ctx, `SELECT `+strings.Join(sel, ", ")+` FROM `+from, func(scan func(...any) error) error { return scan(dest...) })
	if err == nil && rows != known {
		err = fmt.Errorf("plan/duck: the system told of %d rows, %d of which the plan writes", rows, known)
	}
	if err != nil {
		return nil, err
	}
	var out []finding.Finding
	for j, c := range judged {
		if counts[j] == 0 {
			continue
		}
		i := columns.Index(c.Name)
		query := fmt.Sprintf(`SELECT min(p.line), min(p.a%d), min_by(t.s%d, p.a%d) FROM %s WHERE %s`, j, i, j, from, otherwise(j, i))
		err := s.query(ctx, query, func(scan func(...any) error) error {
			var line *int64
			var approved, stored *string
			if err := scan(&line, &approved, &stored); err != nil {
				return err
			}
			out = append(out, asStored(c, counts[j], line, approved, stored))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// otherwise is the condition that judged column j was written, and stored (as
// column i) differently.
func otherwise(j, i int) string {
	return fmt.Sprintf("substr(p.mask, %d, 1) = '1' AND p.a%d IS DISTINCT FROM t.s%d", j+1, j, i)
}

func asStored(c record.Column, rows int64, line *int64, approved, stored *string) finding.Finding {
	f := finding.Finding{Guardrail: finding.AsStored, Severity: finding.Block, Rows: rows, Column: c.Name,
		Message: fmt.Sprintf("The system would store something else in %s than was approved.", c.Name), Who: finding.Steward,
		Samples: []string{shown(stored) + " instead of " + shown(approved)},
		Mend:    "Nothing was written. A trigger or a rule of the system changes the value; the steward knows which. Propose the value that it makes."}
	if line != nil {
		f.Ranges = []string{finding.Range(*line, *line)}
	}
	return f
}

func shown(v *string) string {
	if v == nil {
		return "no value"
	}
	return `"` + finding.Sample(*v) + `"`
}
