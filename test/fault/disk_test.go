package fault

import (
	"strings"
	"testing"

	"sutor/internal/client"
	"sutor/internal/errs"
)

// The disk is full at every file that a plan or an apply writes: no file may grow
// beyond a limit, which rises until the step succeeds. The metadata is elsewhere
// in the first house, so that the work's own files meet the limit; in the second
// it meets it too.
func disks(t *testing.T, all *tally) {
	for _, p := range []plot{{store: onPostgres, system: onPostgres, rows: 1000}, {store: onSQLite, system: onSQLite, rows: 1000}} {
		t.Run("full disk with everything on "+p.store, func(t *testing.T) {
			t.Parallel()
			h := build(t, p)
			l := h.newLife()
			for _, s := range steps {
				if s.name == "submit" || s.name == "approve" || s.name == "submit the undo" {
					l.went(s)
					continue
				}
				h.growing(l, s, all)
			}
		})
	}
}

// growing tries a step with ever more room.
func (h *house) growing(l *life, s step, all *tally) {
	h.t.Helper()
	factor := int64(16)
	if long {
		factor = 2
	}
	for room := int64(512); room < 1<<30; room *= factor {
		h.orderFault("limit %d", room)
		said := len(h.server.words())
		err := s.do(l, h.t.Context())
		if err == nil {
			h.within(patience, "work, and nothing about the disk", func() bool { return l.over(s) || full(h.server.words()[said:]) })
		} else if errs.KindOf(err) != errs.Unavailable {
			h.t.Errorf("%s on a full disk: %s", s.name, errs.Detail(err))
		}
		h.orderFault("limit -1")
		enough := err == nil && !full(h.server.words()[said:])
		if !enough {
			all.add("full disks")
		}
		if l.roomAgain(s) {
			return
		}
		if enough {
			h.t.Fatalf("%s failed, and the disk was not full", s.name)
		}
	}
}

// full tells whether a server said that something could not be written.
func full(words string) bool { return strings.Contains(words, "too large") }

// over tells whether nobody works on a step.
func (l *life) over(s step) bool {
	must(l.h.t, l.find())
	c, err := l.h.as("aud").Change(l.h.t.Context(), l.about(s.undo), 0)
	must(l.h.t, err)
	return client.Settled(c)
}

// roomAgain waits until a step has ended, which goes on where only the metadata
// could not be written. It tells whether it succeeded; if not, its change is
// brought to where it can be tried again.
func (l *life) roomAgain(s step) (done bool) {
	h := l.h
	h.t.Helper()
	c, there := l.settled(s)
	if !there {
		return false // it was not even begun
	}
	l.proves(s, c)
	switch {
	case c.State == s.state:
		return true
	case s.writes && c.State == "approved":
		return false
	case c.State != "failed" || c.Problem == nil || c.Problem.Exit != 8:
		h.t.Fatalf("%s on a full disk: change %s is %s (%s)", s.name, c.ID, c.State, c.Why)
	case !s.writes:
		return false // it is proposed once more
	}
	l.replanned(s, c)
	return false
}
