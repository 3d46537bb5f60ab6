package system

import (
	"context"
	"io"

	"sutor/internal/system/driver"
)

// Snapshot is a system at one moment; see [driver.Snapshot].
type Snapshot struct {
	sys  *System
	snap driver.Snapshot
}

// Snapshot opens a view of the system at this moment. Close it soon: a system keeps
// older versions of rows for it, or keeps writers waiting.
func (s *System) Snapshot(ctx context.Context) (*Snapshot, error) {
	var snap driver.Snapshot
	err := s.call(ctx, func(ctx context.Context, d driver.Driver) (err error) {
		snap, err = d.Snapshot(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &Snapshot{s, snap}, nil
}

// Fetch reads rows by keys as they were at the snapshot's moment.
func (s *Snapshot) Fetch(ctx context.Context, l driver.Lookup, in io.Reader, out io.Writer) (sent, found int64, err error) {
	err = s.sys.call(ctx, func(ctx context.Context, _ driver.Driver) error {
		sent, found, err = fetch(ctx, s.snap, l, in, out)
		return err
	})
	return sent, found, err
}

// Close lets the moment go.
func (s *Snapshot) Close() error { return s.sys.explain(s.snap.Close()) }
