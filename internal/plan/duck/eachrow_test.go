package duck

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"sutor/internal/record"
)

// TestEachRow: rows are read as DuckDB would write them, whatever they hold and however
// their columns are encoded.
func TestEachRow(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	columns := []string{"n", "few", "every", "part", "none", "odd", "number", "more"}
	query := `SELECT i AS n, 'v' || i % 3 AS few, 'value ' || i AS every, CASE WHEN i % 7 > 2 THEN i::VARCHAR END AS part, NULL::VARCHAR AS none,
		CASE i % 5 WHEN 0 THEN '' WHEN 1 THEN 'a "b", c' WHEN 2 THEN chr(10) || ',' WHEN 3 THEN NULL ELSE '💶' END AS odd,
		CASE WHEN i % 2 = 0 THEN i % 4 END AS number, CASE WHEN i < 40000 THEN 'm' || i % 100 ELSE 'm' || i END AS more FROM range(60000) t(i)`
	for _, options := range []string{compressed + ", ROW_GROUP_SIZE 20480", compressed, "FORMAT parquet, PARQUET_VERSION v2", "FORMAT parquet, COMPRESSION uncompressed, DICTIONARY_SIZE_LIMIT 1"} {
		path, want := s.fresh("rows.parquet"), s.fresh("rows.csv")
		fine(t, s.exec(t.Context(), `COPY (`+query+`) TO `+text(path)+` (`+options+`)`))
		fine(t, s.copyCSV(t.Context(), `SELECT `+strings.Join(columns, ", ")+` FROM read_parquet(`+text(path)+`)`, []string{"few", "every", "part", "none", "odd", "more"}, want))
		var got bytes.Buffer
		out := record.NewWriter(&got)
		fine(t, writeEach(t.Context(), path, columns, out))
		fine(t, out.Flush())
		if wanted, err := os.ReadFile(want); err != nil || !bytes.Equal(wanted, got.Bytes()) {
			t.Errorf("%s: %d bytes, want %d, %v", options, got.Len(), len(wanted), err)
		}
	}
}

// TestEachRowEnds: who reads may stop, a file that is not whole is told, and a column that
// is not there.
func TestEachRowEnds(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	path := s.Path("rows.parquet")
	fine(t, s.exec(t.Context(), `COPY (SELECT i AS n, 'value ' || i AS v FROM range(1000) t(i)) TO `+text(path)+` (`+compressed+`)`))
	read := 0
	fine(t, eachRow(t.Context(), path, []string{"n", "v"}, func(row []datum) error {
		if read++; read == 10 {
			return io.EOF
		}
		return nil
	}))
	if read != 10 {
		t.Errorf("%d rows were read", read)
	}
	stop := errors.New("stop")
	if err := eachRow(t.Context(), path, []string{"v"}, func([]datum) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
	if err := eachRow(t.Context(), path, []string{"w"}, func([]datum) error { return nil }); err == nil {
		t.Error("there is no such column")
	}
	whole, err := os.ReadFile(path)
	fine(t, err)
	for _, broken := range [][]byte{whole[:len(whole)/2], append(bytes.Repeat([]byte{0xff}, 300), whole[300:]...)} {
		fine(t, os.WriteFile(path, broken, 0o600))
		if err := eachRow(context.Background(), path, []string{"n", "v"}, func([]datum) error { return nil }); err == nil {
			t.Error("a broken file was read")
		}
	}
}
