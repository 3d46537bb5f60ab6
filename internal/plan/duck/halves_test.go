package duck

import (
	"bytes"
	"testing"

	"sutor/internal/record"
)

// TestCanonicalHalves: canonical rows that are made side by side are those that are made
// one after the other.
func TestCanonicalHalves(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	path := s.Path("plan.parquet")
	query := `SELECT CASE WHEN i % 3 = 0 THEN 'insert' ELSE 'update' END AS op, i AS line, '1' AS mask, NULL::VARCHAR AS why, lpad((i * 7919 % 60000)::VARCHAR, 6, '0') AS k0, 'was ' || i AS b0, 'is "' || i AS w0 FROM range(60000) t(i) ORDER BY op, k0`
	fine(t, s.writeParquet(t.Context(), query, "op, line, mask, why, k0, b0, w0 AS a0", path))
	key, judged := record.Schema{{Name: "id"}}, record.Schema{{Name: "name"}}
	var want, got bytes.Buffer
	fine(t, s.CanonicalRows(t.Context(), path, key, judged, &want))
	fine(t, s.canonicalHalves(t.Context(), path, key, judged, groupRows, &got))
	if !bytes.Equal(want.Bytes(), got.Bytes()) {
		t.Errorf("%d bytes one after the other, %d in halves", want.Len(), got.Len())
	}
}
