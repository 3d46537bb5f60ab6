package duck

import (
	"context"
	"fmt"
	"strings"

	"sutor/internal/plan"
	"sutor/internal/system/driver"
)

// Row is one row of a plan, values as canonical text.
type Row struct {
	N      int64
	Op     driver.Op
	Line   *int64
	Mask   string
	Why    string
	Key    []*string
	Before []*string
	After  []*string
}

// Rows reads a page of a plan, in the file's order: rows of one op, or of all
// for "". It also gives how many there are.
func (s *Session) Rows(ctx context.Context, parquet string, m plan.Manifest, op driver.Op, limit, offset int64) (rows []Row, total int64, err error) {
	where := " WHERE true"
	if op != "" {
		where = " WHERE op = " + text(string(op))
	}
	if total, err = s.count(ctx, `SELECT count(*) FROM read_parquet(`+text(parquet)+`)`+where); err != nil {
		return nil, 0, err
	}
	rest := where + fmt.Sprintf(` ORDER BY line NULLS LAST, n LIMIT %d OFFSET %d`, limit, offset)
	err = s.readRows(ctx, `read_parquet(`+text(parquet)+`)`, m, strings.TrimPrefix(rest, " WHERE "), func(r Row) { rows = append(rows, r) })
	return rows, total, err
}

// Numbered gives the rows of a plan with these numbers.
func (s *Session) Numbered(ctx context.Context, parquet string, m plan.Manifest, numbers []int64) (map[int64]Row, error) {
	found := map[int64]Row{}
	if len(numbers) == 0 {
		return found, nil
	}
	err := s.readRows(ctx, `read_parquet(`+text(parquet)+`)`, m, `n IN (`+strings.Trim(strings.ReplaceAll(fmt.Sprint(numbers), " ", ", "), "[]")+`)`, func(r Row) { found[r.N] = r })
	return found, err
}

// Seen gives what a finding shows of the row.
func (r Row) Seen(m plan.Manifest) plan.Seen {
	s := plan.Seen{File: map[string]*string{}, Live: map[string]*string{}}
	for i, c := range m.KeySchema() {
		s.File[c.Name] = r.Key[i]
	}
	for j, c := range m.JudgedSchema() {
		s.File[c.Name] = r.After[j]
		if r.Op != driver.Insert {
			s.Live[c.Name] = r.Before[j]
		}
	}
	return s
}

// readRows reads rows of a plan, whole; from is their SQL, rest a condition and what
// may follow it.
func (s *Session) readRows(ctx context.Context, from string, m plan.Manifest, rest string, each func(Row)) error {
	nk, nj := len(m.Key), len(m.Columns)-len(m.Key)
	query := `SELECT n, op, line, mask, why` + list(nk, "k#") + list(nj, "b#") + list(nj, "a#") +
		` FROM ` + from + ` WHERE ` + rest
	return s.query(ctx, query, func(scan func(...any) error) error {
		row := Row{Key: make([]*string, nk), Before: make([]*string, nj), After: make([]*string, nj)}
		var why *string
		dest := []any{&row.N, &row.Op, &row.Line, &row.Mask, &why}
		for _, side := range [][]*string{row.Key, row.Before, row.After} {
			for i := range side {
				dest = append(dest, &side[i])
			}
		}
		if err := scan(dest...); err != nil {
			return err
		}
		if why != nil {
			row.Why = *why
		}
		each(row)
		return nil
	})
}

func comma(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return ", " + strings.Join(names, ", ")
}

// Lines gives the file rows behind numbers of a plan, at most limit of them.
func (s *Session) Lines(ctx context.Context, parquet string, numbers []int64, limit int) (lines []int64, err error) {
	if len(numbers) > limit {
		numbers = numbers[:limit]
	}
	in := strings.Trim(strings.ReplaceAll(fmt.Sprint(numbers), " ", ", "), "[]")
	if in == "" {
		return nil, nil
	}
	err = s.query(ctx, `SELECT line FROM read_parquet(`+text(parquet)+`) WHERE line IS NOT NULL AND n IN (`+in+`) ORDER BY line`,
		func(scan func(...any) error) error {
			var line int64
			err := scan(&line)
			lines = append(lines, line)
			return err
		})
	return lines, err
}

// HasKey tells whether a plan has a row with this key, its parts joined by " + ".
func (s *Session) HasKey(ctx context.Context, f Frozen, key string) (bool, error) {
	n, err := s.count(ctx, `SELECT count(*) FROM (SELECT 1 FROM `+f.rows()+` WHERE concat_ws(' + '`+list(len(f.Manifest.Key), "k#")+`) = `+text(key)+` LIMIT 1)`)
	return n > 0, err
}
