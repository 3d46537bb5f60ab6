package duck

import (
	"context"
	"testing"
)

// TestMeanwhileReadsWhatWasThere: what reads beside the session sees the tables as they
// were, also a statement of which a condition could be left out then.
func TestMeanwhileReadsWhatWasThere(t *testing.T) {
	t.Parallel()
	s := opened(t)
	r := &run{Session: s}
	fine(t, s.exec(t.Context(), `CREATE TABLE hits (f INTEGER, line BIGINT); INSERT INTO hits VALUES (0, 1), (1, 2), (1, 3)`))
	planned, written := make(chan struct{}), make(chan struct{})
	var n int64
	m, err := r.meanwhile(t.Context(), func(ctx context.Context, other *run) error {
		query, err := other.conn.PrepareContext(ctx, `SELECT count(*) FROM `+runSchema+`.hits WHERE f IN (0, 1)`)
		close(planned)
		<-written
		if err == nil {
			err = query.QueryRowContext(ctx).Scan(&n)
		}
		return err
	})
	fine(t, err)
	<-planned
	fine(t, s.exec(t.Context(), `INSERT INTO hits VALUES (2, 4), (2, 5)`))
	close(written)
	fine(t, m.end())
	if n != 3 {
		t.Errorf("%d rows have a number that 3 have", n)
	}
}
