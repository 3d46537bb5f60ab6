package duck

import (
	"context"
	"fmt"
	"strings"

	"sutor/internal/plan"
)

// keylessRows are the new rows of a plan whose key the system gives, and the column
// that it gives them.
func keylessRows(m plan.Manifest) (where, column string) {
	column = fmt.Sprintf("k%d", m.KeySchema().Index(m.Given))
	return `op = 'insert' AND ` + column + ` IS NULL`, column
}

// Keyless counts the new rows of a plan whose key the system gives.
func (s *Session) Keyless(ctx context.Context, parquet string, m plan.Manifest) (int64, error) {
	if m.Given == "" {
		return 0, nil
	}
	where, _ := keylessRows(m)
	return s.count(ctx, `SELECT count(*) FROM read_parquet(`+text(parquet)+`) WHERE `+where)
}

// GivenKeys writes the keys that the system gave such rows, as records "number of the
// row, value" in the order of Step.
func (s *Session) GivenKeys(ctx context.Context, parquet, stored string, m plan.Manifest, path string) error {
	where, column := keylessRows(m)
	return s.copyCSV(ctx, `SELECT p.n, t.`+column+` AS key FROM (SELECT n FROM read_parquet(`+text(parquet)+`) WHERE `+where+`) p
		JOIN read_parquet(`+text(stored)+`) t USING (n) ORDER BY p.n`, []string{"key"}, path)
}

// DealKeys gives keys that were drawn, as records "number, value", to such rows in the
// order of the file, and writes them as GivenKeys does.
func (s *Session) DealKeys(ctx context.Context, parquet string, m plan.Manifest, drawn, path string) error {
	where, _ := keylessRows(m)
	return s.copyCSV(ctx, `SELECT p.n, d.key FROM (SELECT n, row_number() OVER (ORDER BY line, n) AS r FROM read_parquet(`+text(parquet)+`) WHERE `+where+`) p
		JOIN `+readCSV(drawn, "r", []string{"key"})+` d USING (r) ORDER BY p.n`, []string{"key"}, path)
}

// withKeys is the SQL of a plan's rows, with the keys that the system gave where they
// are known.
func withKeys(parquet, stored string, m plan.Manifest) string {
	rows := `read_parquet(` + text(parquet) + `)`
	if stored == "" || m.Given == "" {
		return rows
	}
	_, column := keylessRows(m)
	return `(SELECT p.* REPLACE (COALESCE(p.` + column + `, t.` + column + `) AS ` + column + `) FROM ` + rows + ` p
		LEFT JOIN (SELECT n, ` + column + ` FROM read_parquet(` + text(stored) + `) WHERE op = 'insert') t ON t.n = p.n)`
}

// twins tells rows without a key apart that are otherwise the same: their contents,
// and which of these it is. NULL for rows that have a key.
func (f Frozen) twins(columns int) string {
	if f.Manifest.Given == "" {
		return `NULL::VARCHAR`
	}
	_, column := keylessRows(f.Manifest)
	contents := `md5(to_json([` + strings.TrimPrefix(list(columns, "CASE WHEN w# THEN COALESCE('=' || c#, 'NULL') END"), ", ") + `]::VARCHAR[]))`
	if columns == 0 {
		contents = `''`
	}
	return `CASE WHEN ` + column + ` IS NULL THEN ` + contents + ` || '.' || row_number() OVER (PARTITION BY ` + column + ` IS NULL, ` + contents + `) END`
}
