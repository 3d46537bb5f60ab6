package duck

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"

	"sutor/internal/plan"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// How much a plan that is made row by row may read. It is about where the two ways take
// equally long: a statement costs the engine a millisecond or two however few rows it
// has, and a plan has fifty; the other way has Go values for every cell.
const (
	smallFile = 64 << 10 // bytes of the staging file
	smallLive = 4 << 20  // bytes of live rows in one answer
)

// errLarge is that a plan reads more than that.
var errLarge = errors.New("plan/duck: too large to be made row by row")

// byRow makes the plan of a small file row by row (plan.Reference), so that it neither
// waits for a slot nor opens an instance. It is errLarge where the file or what the
// system answers is not small, and where the plan may read a whole table.
func (s *Session) byRow(ctx context.Context, spec plan.Spec, staging string, live plan.Live, tell Progress) (*plan.Outcome, error) {
	if s.later == nil || spec.Rule != nil || spec.Within != nil {
		return nil, errLarge
	}
	in, err := os.Open(staging)
	if err != nil {
		return nil, diskError(err)
	}
	defer in.Close()
	if info, err := in.Stat(); err != nil || info.Size() > s.engine.o.ByRow {
		return nil, errors.Join(errLarge, err)
	}
	tell("comparing", 0, allSteps)
	within := &bounded{Live: live, place: s.engine.small}
	out, rows, err := plan.Reference(ctx, spec, in, within)
	if within.large.Load() {
		return nil, errLarge
	}
	if err != nil {
		return nil, err
	}
	out.Parquet, out.Hits = s.Path("plan.parquet"), s.Path("hits.csv")
	if err := writeFile(out.Hits, rows.Hits); err != nil {
		return nil, err
	}
	m := out.Manifest
	digest := record.NewDigester()
	if err := writeFile(out.Parquet, func(w io.Writer) error {
		return writeFrozen(io.MultiWriter(w, digest), rows, len(m.Key), len(m.Columns)-len(m.Key))
	}); err != nil {
		return nil, err
	}
	out.Manifest.File, s.rows = digest.Digest(), rows
	return out, nil
}

// bounded fetches no more live rows than a plan row by row may hold. That there are more
// it notes itself: an error that passes a system may come back in other words. While a
// system takes long to answer, the place is lent: other systems are not slow.
type bounded struct {
	plan.Live
	place *slots
	large atomic.Bool
}

// patience is how long a place is kept while a system is asked: most answer sooner.
const patience = 20 * time.Millisecond

func (b *bounded) Fetch(ctx context.Context, l driver.Lookup, in io.Reader, out io.Writer) (sent, found int64, err error) {
	b.place.lend(patience, func() { sent, found, err = b.Live.Fetch(ctx, l, in, &most{out, smallLive, &b.large}) })
	return sent, found, err
}

func (b *bounded) Count(ctx context.Context, table record.Table) (rows int64, err error) {
	b.place.lend(patience, func() { rows, err = b.Live.Count(ctx, table) })
	return rows, err
}

// most is a writer that takes so many bytes, and notes that there were more.
type most struct {
	io.Writer
	left int
	more *atomic.Bool
}

func (m *most) Write(p []byte) (int, error) {
	if m.left -= len(p); m.left < 0 {
		m.more.Store(true)
		return 0, errLarge
	}
	return m.Writer.Write(p)
}

func writeFile(path string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		return diskError(err)
	}
	return nil
}
