package duck

import (
	"context"
	"fmt"
	"strings"

	"sutor/internal/expr"
	"sutor/internal/plan"
	"sutor/internal/record"
)

// onlySome takes the lines that the plan is not of out of what was read.
func (r *run) onlySome(ctx context.Context) error {
	if r.spec.Lines == nil {
		return nil
	}
	path := r.Path("only.csv")
	if err := r.writeTo(path, r.spec.Lines.Write); err != nil {
		return err
	}
	return r.load(ctx, `
		CREATE TABLE only_lines AS SELECT lo, CAST(hi AS BIGINT) AS hi FROM `+readCSV(path, "lo", []string{"hi"})+`;
		DELETE FROM cells WHERE line NOT IN (SELECT c.line FROM cells c ASOF JOIN only_lines o ON c.line >= o.lo WHERE c.line <= o.hi)`)
}

// Part is some rows of a plan.
type Part struct {
	Lines   plan.Spans // of the file
	Rows    int64
	Rest    int64 // rows that are not in it
	Unknown int64 // of these, rows of which it could not be judged whether they are
	NoLine  int64 // rows with no line of a file behind them, in the part or not
}

// PartBy gives the rows of a plan for which a condition holds for certain.
func (s *Session) PartBy(ctx context.Context, parquet string, m plan.Manifest, condition expr.Condition) (Part, error) {
	r := &run{Session: s, spec: plan.Spec{Key: m.KeySchema(), Judged: m.JudgedSchema()}, nk: len(m.Key), nj: len(m.Columns) - len(m.Key)}
	masks := ""
	for j := range r.nj {
		masks += fmt.Sprintf(", substr(mask, %d, 1) = '1' AS m%d", j+1, j)
	}
	binding := expr.Binding{Column: r.side, Op: "op", Changed: r.changed()}
	return s.part(ctx, `SELECT line, `+condition.SQL(expr.DuckDB(), binding)+` AS hit FROM (SELECT *`+masks+` FROM read_parquet(`+text(parquet)+`))`)
}

// PartOf gives the rows of a plan that a finding is about, by its number in the
// hits of the plan ([plan.Outcome].Hits); or all others.
func (s *Session) PartOf(ctx context.Context, parquet, hits string, number int, others bool) (Part, error) {
	not := ""
	if others {
		not = "NOT "
	}
	return s.part(ctx, fmt.Sprintf(`SELECT line, %sline IN (SELECT line FROM %s WHERE f = '%d') AS hit FROM read_parquet(%s)`,
		not, readCSV(hits, "line", []string{"f"}), number, text(parquet)))
}

// part reads which lines a query gives a hit for.
func (s *Session) part(ctx context.Context, query string) (p Part, err error) {
	err = s.query(ctx, `SELECT count(*) FILTER (hit), count(*) FILTER (hit IS NOT TRUE), count(*) FILTER (hit IS NULL), count(*) FILTER (line IS NULL) FROM (`+query+`)`,
		func(scan func(...any) error) error { return scan(&p.Rows, &p.Rest, &p.Unknown, &p.NoLine) })
	if err != nil {
		return p, err
	}
	err = s.query(ctx, `SELECT min(line), max(line) FROM (SELECT line, line - row_number() OVER (ORDER BY line) AS run FROM (`+query+`) WHERE hit AND line IS NOT NULL) GROUP BY run ORDER BY 1`,
		func(scan func(...any) error) error {
			var span plan.Span
			err := scan(&span.From, &span.To)
			p.Lines = append(p.Lines, span)
			return err
		})
	return p, err
}

// RowsOf gives the digest of those canonical rows of a plan that come from the
// lines: what a plan of them alone must have.
func (s *Session) RowsOf(ctx context.Context, parquet string, m plan.Manifest, lines plan.Spans) (record.Digest, error) {
	path, some := s.Path("lines.csv"), s.Path("some.parquet")
	if err := s.writeTo(path, lines.Write); err != nil {
		return "", err
	}
	columns := strings.TrimPrefix(list(len(m.Key), "p.k#")+list(len(m.Columns)-len(m.Key), "p.b#")+list(len(m.Columns)-len(m.Key), "p.a#"), ", ")
	query := `SELECT p.n, p.op, p.line, p.mask, p.why, ` + columns + ` FROM read_parquet(` + text(parquet) + `) p
		ASOF JOIN (SELECT lo, CAST(hi AS BIGINT) AS hi FROM ` + readCSV(path, "lo", []string{"hi"}) + `) o ON p.line >= o.lo WHERE p.line <= o.hi ORDER BY n`
	if err := s.load(ctx, `COPY (`+query+`) TO `+text(some)+` (FORMAT parquet)`); err != nil {
		return "", err
	}
	d := record.NewDigester()
	err := CanonicalRows(ctx, some, m.KeySchema(), m.JudgedSchema(), d)
	return d.Digest(), err
}
