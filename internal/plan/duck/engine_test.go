package duck

import (
	"context"
	"os"
	"strings"
	"testing"
)

// A valid file that the parallel reader refuses, because a chunk begins inside a
// quoted cell that looks like records, is read all the same. Small buffers make
// the chunks small.
func TestLoadReadsCellsThatLookLikeRecords(t *testing.T) {
	t.Parallel()
	s, ctx := newSession(t), context.Background()
	var file strings.Builder
	for range 200 {
		file.WriteString("1,\"" + strings.Repeat("x\n2,\"\"y\"\"\n3,\n", 400) + "\"\n")
	}
	path := s.Path("cells.csv")
	if err := os.WriteFile(path, []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	source := strings.Replace(readCSV(path, "n", []string{"a"}), "max_line_size = 33554432", "max_line_size = 8192, buffer_size = 16384", 1)
	query := `CREATE TABLE loaded AS SELECT * FROM ` + source
	if err := s.exec(ctx, query); err == nil {
		t.Log("this version's parallel reader takes the file")
		if err := s.exec(ctx, `DROP TABLE loaded`); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.load(ctx, query); err != nil {
		t.Fatal(err)
	}
	if n, err := s.count(ctx, `SELECT count(*) FROM loaded WHERE n = 1 AND length(a) = 4400`); err != nil || n != 200 {
		t.Errorf("%d rows of 200 are right, %v", n, err)
	}
}

// What DuckDB says of a failed statement goes to the server's log, whose readers may not see
// values: neither those that it quotes nor those that the statement has are in it.
func TestErrorsHoldNoValues(t *testing.T) {
	t.Parallel()
	s, ctx := newSession(t), context.Background()
	path := s.Path("broken.csv")
	if err := os.WriteFile(path, []byte("1,\"SECRET\"\n2,\"SECRET\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		`SELECT CAST(x AS INTEGER) FROM (VALUES ('SECRET''s')) t(x)`,
		`SELECT CAST('SECRET' AS DATE)`,
		`SELECT CAST('O''SECRET' AS DATE)`,
		"SELECT CAST('two\nSECRET' AS DATE)",
		`SELECT strptime('SECRET', '%Y')`,
		`CREATE TABLE loaded AS SELECT * FROM ` + readCSV(path, "n", []string{"a"}),
	} {
		if err := s.exec(ctx, query); err == nil || strings.Contains(err.Error(), "SECRET") || !strings.Contains(err.Error(), " in ") {
			t.Errorf("%s: %v", query, err)
		}
	}
}
