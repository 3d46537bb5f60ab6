package duck

import (
	"context"
	"fmt"
	"os"

	"sutor/internal/errs"
)

// Disk that a plan may take for each byte of its staging file, at most and for a while:
// keys on their way up, live rows on their way down, what the run spills, the plan's rows
// and its Parquet file. Eleven columns of a million rows took 4, three million of them, of
// which more is spilled, 7; a live table that has more in it than the file may take more,
// and is then ended by the bound of the spill, or by a full disk.
const diskPerByte = 10

// saidFrom is from how many bytes on people are told how much disk a plan takes.
const saidFrom = 1 << 30

// enough says before a plan is made how much disk it takes, and refuses what there is
// no room for.
func (r *run) enough(context.Context) error {
	staging, err := os.Stat(r.staging)
	if err != nil {
		return diskError(err)
	}
	needs := staging.Size() * diskPerByte
	free, known := r.engine.free(r.engine.o.Dir)
	if known && needs > free {
		return errs.New(errs.Unavailable, "The plan of this file takes about %s of disk for a while, and the server has %s left.", errs.About(needs), errs.About(free)).
			WithMend("Nothing was changed. Propose a smaller file, or tell the steward, and try again once there is room.")
	}
	r.needs = needs
	return nil
}

// say tells a step of the run, and each time how much disk it takes, where that is much:
// of what was told before, the next step leaves nothing to be seen.
func (r *run) say(step string, at int64) {
	if r.needs >= saidFrom {
		step += fmt.Sprintf(" (takes about %s of disk)", errs.About(r.needs))
	}
	r.tell(step, at, allSteps)
}
