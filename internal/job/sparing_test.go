package job

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// What says the same again is told once in a while, with how often it came; what
// says something else is told at once.
func TestRepeatsAreLeftOut(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	h := spare(slog.NewTextHandler(&out, nil))
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for i := range 1000 { // one every 100 ms: 100 seconds
		at := noon.Add(time.Duration(i) * 100 * time.Millisecond)
		one := slog.NewRecord(at, slog.LevelError, "cannot fetch", 0)
		one.AddAttrs(slog.Int("attempt", i))
		if err := h.WithAttrs([]slog.Attr{slog.String("queue", "plan")}).Handle(t.Context(), one); err != nil {
			t.Fatal(err)
		}
		if i == 500 {
			for _, level := range []slog.Level{slog.LevelError, slog.LevelWarn} {
				if err := h.WithGroup("other").Handle(t.Context(), slog.NewRecord(at, level, "cannot elect", 0)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	text := out.String()
	for want, times := range map[string]int{"cannot fetch": 4, "left_out=299": 3, "queue=plan": 4, "cannot elect": 2, "attempt=0": 1, "attempt=300": 1} {
		if n := strings.Count(text, want); n != times {
			t.Errorf("%q stands %d times in the log, want %d:\n%s", want, n, times, text)
		}
	}
}

// However many messages there are, few are remembered.
func TestFewMessagesAreRemembered(t *testing.T) {
	t.Parallel()
	h := spare(slog.DiscardHandler)
	for i := range 10 * messages {
		r := slog.NewRecord(time.Unix(0, 0), slog.LevelError, strings.Repeat("x", i), 0)
		if err := h.Handle(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(h.told.last); n > messages {
		t.Errorf("%d messages are remembered", n)
	}
}
