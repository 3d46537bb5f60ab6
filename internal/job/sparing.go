package job

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// lull is the time in which a log record stands for all that say the same.
const lull = 30 * time.Second

// messages bounds what is remembered of a log; River has far fewer.
const messages = 1000

// sparing passes one of the records that have the same level and message on, and
// counts the others: the next one after the lull tells how many were left out. A
// queue whose database is gone, or its disk full, says so many times a second, and
// would fill the log's disk next.
type sparing struct {
	slog.Handler
	told *told
}

type told struct {
	mu   sync.Mutex
	last map[saying]*repeats
}

type saying struct {
	level   slog.Level
	message string
}

type repeats struct {
	since time.Time
	left  int
}

func spare(h slog.Handler) sparing { return sparing{h, &told{last: map[saying]*repeats{}}} }

// Handle implements slog.Handler. Time is the record's own.
func (h sparing) Handle(ctx context.Context, r slog.Record) error {
	pass, left := h.told.ask(saying{r.Level, r.Message}, r.Time)
	if !pass {
		return nil
	}
	if left > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int("left_out", left))
	}
	return h.Handler.Handle(ctx, r)
}

func (t *told) ask(s saying, now time.Time) (pass bool, left int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := t.last[s]
	if last != nil && now.Sub(last.since) < lull {
		last.left++
		return false, 0
	}
	if last != nil {
		left = last.left
	} else if len(t.last) >= messages {
		clear(t.last)
	}
	t.last[s] = &repeats{since: now}
	return true, left
}

// WithAttrs implements slog.Handler.
func (h sparing) WithAttrs(attrs []slog.Attr) slog.Handler {
	return sparing{h.Handler.WithAttrs(attrs), h.told}
}

// WithGroup implements slog.Handler.
func (h sparing) WithGroup(name string) slog.Handler {
	return sparing{h.Handler.WithGroup(name), h.told}
}
