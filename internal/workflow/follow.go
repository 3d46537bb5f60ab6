package workflow

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/wire"
)

// glance is the time between two looks at the progress of a run, which is not in
// the metadata, so that no commit tells of it.
const glance = 500 * time.Millisecond

// Follow gives a change to seen whenever it looks different, the first time at
// once. Each is the whole change, so that whoever comes back after a lost
// connection has missed nothing. The rights are asked each time.
func (w *Workflow) Follow(ctx context.Context, p access.Principal, id change.ID, seen func(wire.Change) error) error {
	committed, stop := w.Store.Watch("")
	defer stop()
	var last []byte
	for {
		c, out, err := w.shown(ctx, p, id)
		if err != nil {
			return err
		}
		now, err := w.inLine(ctx, c, out)
		if err != nil {
			return err
		}
		text, err := json.Marshal(now)
		if err != nil {
			return err
		}
		if !bytes.Equal(text, last) {
			if err := seen(now); err != nil {
				return err
			}
			last = text
		}
		if err := next(ctx, committed, c); err != nil {
			return err
		}
	}
}

// next waits until the change may look different.
func next(ctx context.Context, committed <-chan struct{}, c *change.Change) error {
	var soon <-chan time.Time
	if c.State == change.Planning || c.State == change.Applying {
		timer := time.NewTimer(glance)
		defer timer.Stop()
		soon = timer.C
	}
	select {
	case <-committed:
	case <-soon:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}
