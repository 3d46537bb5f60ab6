package duck

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"sutor/internal/change"
	"sutor/internal/plan"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// TestStep: the rows of an operation come in the order of the file, over the columns that
// are asked for, from all groups of rows that have any.
func TestStep(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	const n = 2*groupRows + 10
	path := s.Path("plan.parquet")
	query := fmt.Sprintf(`SELECT CASE WHEN i < 5 THEN 'delete' WHEN i < 10 THEN 'insert' ELSE 'update' END AS op, i AS line, CASE WHEN i < 5 THEN '00' WHEN i %% 2 = 0 THEN '01' ELSE '10' END AS mask,
		NULL::VARCHAR AS why, i::VARCHAR AS k0, 'was "' || i || '"' AS b0, '' AS b1, CASE WHEN i < 5 THEN NULL ELSE 'is ' || i END AS a0, NULL::VARCHAR AS a1 FROM range(%d) t(i)`, n)
	fine(t, s.writeParquet(t.Context(), query, "op, line, mask, why, k0, b0, b1, a0, a1", path))
	column := func(name string) record.Column {
		return record.Column{Name: name, Type: record.Type{Kind: record.Text}}
	}
	m := plan.Manifest{Key: []string{"id"}, Columns: record.Schema{column("id"), column("name"), column("note")}, Counts: change.Counts{Delete: 5, Insert: 5, Update: n - 10}}
	for _, c := range []struct {
		op          driver.Op
		columns     record.Schema
		rows        int64
		first, last string
	}{
		{driver.Delete, m.JudgedSchema(), 5, `1,"00","0","was ""0""","",,`, `5,"00","4","was ""4""","",,`},
		{driver.Insert, m.JudgedSchema(), 5, `6,"10","5","was ""5""","","is 5",`, `10,"10","9","was ""9""","","is 9",`},
		{driver.Update, record.Schema{column("note"), column("other"), column("name")}, n - 10,
			`11,"100","10","",,"was ""10""",,,`, fmt.Sprintf(`%d,"001","%d","",,"was ""%[2]d""",,,"is %[2]d"`, n, n-1)},
		{driver.Update, nil, n - 10, `11,"","10"`, fmt.Sprintf(`%d,"","%d"`, n, n-1)},
	} {
		out := s.Path("step.csv")
		rows, err := StepFile(t.Context(), path, m, c.op, c.columns, out)
		fine(t, err)
		all, err := os.ReadFile(out)
		fine(t, err)
		lines := strings.Split(strings.TrimSuffix(string(all), "\n"), "\n")
		if rows != c.rows || int64(len(lines)) != c.rows || lines[0] != c.first || lines[len(lines)-1] != c.last {
			t.Errorf("%s: %d rows, %d lines, from %s to %s; want %d, from %s to %s", c.op, rows, len(lines), lines[0], lines[len(lines)-1], c.rows, c.first, c.last)
		}
	}
	if _, err := StepFile(t.Context(), path, m, driver.Update, nil, s.Path("nowhere/step.csv")); err == nil {
		t.Error("a step was written to a folder that is not there")
	}
	gone := errors.New("gone")
	if _, err := Step(t.Context(), path, m, driver.Update, nil, failing{gone}); !errors.Is(err, gone) {
		t.Errorf("whoever reads leaves: %v", err)
	}
	fine(t, s.exec(t.Context(), `COPY (SELECT * REPLACE ('01' AS mask) FROM read_parquet(`+text(path)+`) WHERE op = 'delete') TO `+text(s.Path("odd.parquet"))+` (`+compressed+`)`))
	if _, err := Step(t.Context(), s.Path("odd.parquet"), m, driver.Delete, m.JudgedSchema(), io.Discard); err == nil {
		t.Error("a row was deleted and written")
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
