package fault

import (
	"fmt"
	"testing"

	"sutor/internal/client"
	"sutor/internal/wire"
)

// The line to PostgreSQL breaks in every way at every message of an apply. The
// server goes on: it finds out what became of the transaction.
func lines(t *testing.T, all *tally) {
	for i, how := range []breakage{cut, reset, unsaid, stall} {
		t.Run(fmt.Sprintf("line %s", how), func(t *testing.T) {
			t.Parallel()
			var way *line
			h := build(t, plot{store: onSQLite, system: onPostgres, rows: 40}, func(h *house) { way = through(h) })
			h.brokenAt(way, how, theCommit, all)
			messages := h.messages(way)
			step := 1
			if !long {
				step = max(1, messages/4)
			}
			for n := 1 + i*step/4; n <= messages; n += step {
				h.brokenAt(way, how, number(n), all)
			}
		})
	}
}

// messages counts the messages of an apply, and of looking at it.
func (h *house) messages(way *line) int {
	h.t.Helper()
	l := h.newLife()
	l.until("apply")
	way.arm(cut, func(int, bool) bool { return false })
	l.went(stepNamed("apply"))
	return way.disarm()
}

// brokenAt is an apply over a line that breaks at a message.
func (h *house) brokenAt(way *line, how breakage, picks picker, all *tally) {
	h.t.Helper()
	l := h.applyOver(way, how, picks, func() {
		all.add("lines broken: " + faultKind(how))
		if how == stall { // meanwhile the server goes on
			if _, err := h.as("aud").Changes(h.t.Context(), client.Filter{}); err != nil {
				h.t.Error(err)
			}
		}
	})
	l.brokenOff(stepNamed("apply"), h.settled(l.id))
}

// applyOver begins an apply over a line that breaks at a message, does something
// at that moment, and waits until the server has dealt with it.
func (h *house) applyOver(way *line, how breakage, picks picker, then func()) *life {
	h.t.Helper()
	l, s := h.newLife(), stepNamed("apply")
	l.until("apply")
	hit, ended := way.arm(how, picks), make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.do(l, h.t.Context()) // refused where the system could not be asked beforehand
		_, _ = h.ended(l.id)       // asked again by the caller
	}()
	select {
	case <-hit:
		then()
		way.resume()
	case <-ended:
	}
	<-ended
	way.disarm()
	return l
}

// brokenOff checks an apply that failed from outside, and applies the change
// after all.
func (l *life) brokenOff(s step, c wire.Change) {
	h := l.h
	h.t.Helper()
	l.proves(s, c)
	switch c.State {
	case "applied":
		return
	case "failed":
		if c.Problem == nil || c.Problem.Exit != 8 {
			h.t.Errorf("change %s failed with %+v", c.ID, c.Problem)
		}
		l.replanned(s, c)
	case "approved":
	default:
		h.t.Fatalf("change %s is %s (%s)", c.ID, c.State, c.Why)
	}
	l.went(s)
}

// replanned brings a change whose apply failed to where it can be applied again.
func (l *life) replanned(s step, c wire.Change) {
	h := l.h
	h.t.Helper()
	who, then := "maria", []string{"submit", "approve"}
	if s.undo {
		who, then = "olaf", []string{"submit the undo"}
	}
	_, err := h.as(who).Replan(h.t.Context(), c.ID, "", client.Choices{}, nil)
	must(h.t, err)
	if c = h.settled(c.ID); c.State != "planned" {
		h.t.Fatalf("change %s is %s (%s)", c.ID, c.State, c.Why)
	}
	for _, name := range then {
		l.went(stepNamed(name))
	}
}
