package fault

import (
	"context"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"sutor/internal/artifact/s3test"
	"sutor/internal/client"
	"sutor/internal/errs"
	"sutor/internal/wire"
)

// Two servers work on one metadata database and race for the same change: both
// are asked to apply it, and in turn one of them is killed in the middle, or
// frozen and taken for dead, and goes on when the other has finished. Beside
// PostgreSQL their files are in a bucket, beside SQLite in a folder.
func races(t *testing.T, all *tally) {
	for _, system := range []string{onSQLite, onPostgres} {
		for _, how := range hows(system) {
			t.Run("race on "+system+", "+how, func(t *testing.T) {
				t.Parallel()
				shared := t.TempDir()
				if system == onPostgres {
					shared = bucket(t)
				}
				h := build(t, plot{store: onPostgres, system: system, rows: 40, artifacts: shared})
				other := h.second()
				rounds := 1
				if long {
					rounds = 5
				}
				for round := range rounds {
					h.race(&other, how, round, all)
				}
				other.halt()
			})
		}
	}
}

// bucket makes a bucket on a server of its own.
func bucket(t *testing.T) string { return s3test.Start(t).Bucket(t, "sutor-files").URL("") }

// hows lists what is done to the other server; without length, what is most
// dangerous to each system.
func hows(system string) []string {
	switch {
	case long:
		return []string{"both live", "kill before", "kill after", "stop before", "stop after"}
	case system == onSQLite:
		return []string{"stop after"}
	}
	return []string{"both live", "stop after"}
}

// second starts another server of the house; the log has one key.
func (h *house) second() *server {
	h.t.Helper()
	key, err := os.ReadFile(h.path("data/log.key"))
	must(h.t, err)
	must(h.t, os.MkdirAll(h.path("data2"), 0o700))
	must(h.t, os.WriteFile(h.path("data2/log.key"), key, 0o600))
	return h.launch("data2")
}

// race is a life whose steps both servers are asked for at once.
func (h *house) race(other **server, how string, round int, all *tally) {
	h.t.Helper()
	l := h.newLife()
	for _, s := range steps {
		if how != "both live" && s.writes && (long || !s.undo) {
			h.lost(other, how, 1+(round+2)%h.commitsOfAnApply(), l, s, all)
			continue
		}
		for _, err := range h.both(*other, s, l) {
			if kind := errs.KindOf(err); err != nil && kind != errs.Blocked {
				h.t.Errorf("%s: %s", s.name, errs.Detail(err))
			}
		}
		all.add("races of two servers")
		l.ended(s, h.settledByEither(l, s, *other))
	}
}

// both asks both servers for a step at the same moment; of a proposal there would
// be two.
func (h *house) both(other *server, s step, l *life) []error {
	if s.name == "plan" {
		return []error{s.do(l, h.t.Context())}
	}
	answered := make(chan error, 1)
	go func() { answered <- s.do(l.asked(other), h.t.Context()) }()
	return []error{s.do(l, h.t.Context()), <-answered}
}

// asked is the same life, seen by another server.
func (l *life) asked(other *server) *life {
	house, life := *l.h, *l
	house.server, life.h = other, &house
	return &life
}

// commitsOfAnApply are the request's, the claim's, where the system's transactions
// have names the one that notes it, the one that notes what is about to be
// committed, and the result's.
func (h *house) commitsOfAnApply() int {
	if h.system == onPostgres {
		return 5
	}
	return 4
}

// lost is an apply in which the other server, which works on it, is struck at one
// of its commits while this one is not there. Then this one is asked
// for the same.
func (h *house) lost(other **server, how string, n int, l *life, s step, all *tally) {
	h.t.Helper()
	if _, there := (*other).order("%s %d", how, n); !there {
		h.t.Fatalf("the server ended:\n%s", (*other).words())
	}
	ctx, cancel := context.WithCancel(h.t.Context())
	defer cancel()
	h.server.signal(syscall.SIGSTOP)
	go func() { _ = s.do(l.asked(*other), ctx) }() // struck before it may answer
	<-(*other).struck
	h.server.signal(syscall.SIGCONT)
	all.add("servers lost in a race: " + faultKind(how))
	if err := s.do(l, ctx); err != nil && errs.KindOf(err) != errs.Blocked && errs.KindOf(err) != errs.Unavailable {
		h.t.Errorf("%s: %s", s.name, errs.Detail(err))
	}
	h.settledByEither(l, s, *other)
	if strings.HasPrefix(how, "stop") {
		(*other).halt() // after which it can do nothing any more
	}
	(*other).awaitEnd()
	*other = h.launch("data2")
	c := h.settled(l.about(s.undo)) // a frozen request may have gone on
	l.brokenOff(s, c)               // frozen before it noted its commit, it held its locks for too long
}

// ended checks a step that was done.
func (l *life) ended(s step, c wire.Change) {
	l.h.t.Helper()
	if c.State != s.state {
		l.h.t.Fatalf("%s of %s: the change is %s (%s)", s.name, l.title(), c.State, c.Why)
	}
	l.proves(s, c)
}

// settledByEither waits until nobody works on the change. What a frozen server
// keeps open, the other ends; in an SQLite file nobody can, so there the frozen one
// goes on once the other waits for it.
func (h *house) settledByEither(l *life, s step, other *server) (c wire.Change) {
	h.t.Helper()
	must(h.t, l.find())
	from, woken := time.Now(), false
	h.within(patience, "work on it", func() bool {
		var err error
		c, err = h.as("aud").Change(h.t.Context(), l.about(s.undo), 0)
		must(h.t, err)
		if h.system == onSQLite && says(c, "what became of the apply") && !woken {
			woken = true
			other.signal(syscall.SIGCONT)
		}
		return client.Settled(c)
	})
	h.t.Logf("%s: %s after %s", s.name, c.State, time.Since(from))
	return c
}
