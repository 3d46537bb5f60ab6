package duck

import (
	"context"
	"fmt"
	"os"
	"sync"

	"sutor/internal/errs"
)

// Disk that a plan may take for each byte of what it is made of, at most and for a while:
// keys on their way up, live rows on their way down, what the run spills, the plan's rows
// and its Parquet file. Of a staging file eleven columns of a million rows took 4, three
// million of them, of which more is spilled, 7; a live table that has more in it than the
// file may take more, and is then ended by the bound of the spill, or by a full disk. An
// undo reads Parquet files, which are smaller than its texts, and writes little where
// nothing changed since.
const diskPerByte = 10

// saidFrom is from how many bytes on people are told how much disk a plan takes.
const saidFrom = 1 << 30

// room is what running plans were promised of the engine's disk, together.
type room struct {
	mu       sync.Mutex
	promised int64 // bytes
}

// promise sets bytes aside for a plan. What others were promised is not free; some of it
// they may have taken already, which then counts twice: rather is a plan refused than a
// disk full.
func (d *disk) promise(needs int64) error {
	room := &d.engine.room
	room.mu.Lock()
	defer room.mu.Unlock()
	free, known := d.engine.free(d.engine.o.Dir)
	left, beside := max(free-room.promised, 0), ""
	if room.promised > 0 {
		beside = " beside what other plans take that are being made"
	}
	if known && needs > left {
		return errs.New(errs.Unavailable, "The plan takes about %s of disk for a while, and the server has %s left%s.", errs.About(needs), errs.About(left), beside).
			WithMend("Nothing was changed. Propose fewer rows, or tell the steward, and try again once there is room.")
	}
	d.promised += needs
	room.promised += needs
	return nil
}

// release gives back what was promised.
func (d *disk) release() {
	room := &d.engine.room
	room.mu.Lock()
	defer room.mu.Unlock()
	room.promised -= d.promised
	d.promised = 0
}

// enough is the part of the making of a plan that asks for the disk that it takes, by the
// files that it is made of, before they are read; what there is no room for is refused.
func (r *run) enough(files ...string) func(context.Context) error {
	return func(context.Context) error {
		var needs int64
		for _, path := range files {
			file, err := os.Stat(path)
			if err != nil {
				return diskError(err)
			}
			needs += file.Size() * diskPerByte
		}
		if err := r.disk.promise(needs); err != nil {
			return err
		}
		r.needs += needs
		return nil
	}
}

// say tells a step of the run, and each time how much disk it takes, where that is much:
// of what was told before, the next step leaves nothing to be seen.
func (r *run) say(step string, at int64) {
	if r.needs >= saidFrom {
		step += fmt.Sprintf(" (takes about %s of disk)", errs.About(r.needs))
	}
	r.tell(step, at, allSteps)
}
