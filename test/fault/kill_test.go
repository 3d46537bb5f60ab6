package fault

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"
)

// blow is a commit of a step at which the server is killed.
type blow struct {
	step string
	n    int
	when string // before or after
}

// Every step of a change's life is killed before and after each of its metadata
// commits. A life takes one blow for each of its steps.
func commits(t *testing.T, all *tally) {
	for part, p := range combinations(40) {
		t.Run(fmt.Sprintf("commits %s %s", p.store, p.system), func(t *testing.T) {
			t.Parallel()
			h := build(t, p)
			blows := h.blows()
			most := len(blows["apply"])
			for turn := range most {
				if long || turn%len(combinations(0)) == part {
					h.struckLife(turn, blows, all)
				}
			}
		})
	}
}

// blows counts the commits of each step of a life without a fault.
func (h *house) blows() map[string][]blow {
	h.t.Helper()
	l, all := h.newLife(), map[string][]blow{}
	for _, s := range steps {
		h.orderFault("kill before 0")
		l.went(s)
		n, there := h.server.order("count")
		if !there || n == 0 {
			h.t.Fatalf("%s: %d commits", s.name, n)
		}
		for i := range n {
			all[s.name] = append(all[s.name], blow{s.name, i + 1, "before"}, blow{s.name, i + 1, "after"})
		}
	}
	return all
}

func (h *house) orderFault(format string, args ...any) {
	h.t.Helper()
	if _, there := h.server.order(format, args...); !there {
		h.t.Fatalf("the server ended:\n%s", h.server.words())
	}
}

// struckLife is a life in which each step takes its blow number turn, if it has so
// many.
func (h *house) struckLife(turn int, blows map[string][]blow, all *tally) {
	l := h.newLife()
	for _, s := range steps {
		if turn >= len(blows[s.name]) {
			l.went(s)
			continue
		}
		b := blows[s.name][turn]
		h.orderFault("kill %s %d", b.when, b.n)
		_ = s.do(l, h.t.Context()) // the server dies in the middle, so there may be no answer
		l.afterBlow(s, b, all)
	}
}

// afterBlow waits for the blow, starts the server again and brings the step to
// its end.
func (l *life) afterBlow(s step, b blow, all *tally) {
	h := l.h
	h.t.Helper()
	if l.survives(s, b.n) {
		h.t.Errorf("%s: there was no commit %d", s.name, b.n)
		h.orderFault("kill before 0")
	} else {
		all.add("kills at a commit")
		h.t.Logf("killed %s commit %d of %s", b.when, b.n, s.name)
		h.start()
	}
	l.goesOn(s)
}

// survives waits until a step is done, or the server has ended in it at the
// commit n. The signal may still be on its way when the step is done.
func (l *life) survives(s step, n int) bool {
	h := l.h
	h.t.Helper()
	err := l.find()
	if id := l.about(s.undo); err == nil && id != "" {
		_, err = h.ended(id)
	}
	if made, there := h.server.order("count"); err == nil && there && made < n {
		return true
	}
	h.server.awaitEnd()
	return false
}

// atOnce is less than the time in which a lease lapses: the next server of the same
// folder does not wait for that, and then takes as long as the step does.
const atOnce = 9 * time.Second

// goesOn checks what a crash left of a step, and does it again if it was not
// done.
func (l *life) goesOn(s step) {
	h := l.h
	h.t.Helper()
	from := time.Now()
	c, there := l.settled(s)
	took := time.Since(from)
	if h.t.Logf("%s: settled %s after the start", s.name, took); took > atOnce+h.took[s.name] {
		h.t.Errorf("%s: the next server of the same folder took %s", s.name, took)
	}
	if there && c.State == s.state {
		l.proves(s, c)
		return
	}
	if there {
		if c.State == "failed" || s.writes && c.State != "approved" {
			h.t.Fatalf("%s: after a crash change %s is %s (%s)", s.name, c.ID, c.State, c.Why)
		}
		l.proves(s, c)
	}
	l.went(s)
}

// moments kills the server at random moments of the steps that work: in the time
// that the step took without a fault, and a little after. One house has its files in a
// bucket.
func moments(t *testing.T, all *tally) {
	lives, rows := 3, 500 // of four blows each
	if long {
		lives, rows = 50, 2000
	}
	for _, p := range combinations(rows) {
		t.Run(fmt.Sprintf("moments %s %s", p.store, p.system), func(t *testing.T) {
			t.Parallel()
			if p.store == onPostgres && p.system == onSQLite {
				p.artifacts = bucket(t)
			}
			h := build(t, p)
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			random := rand.New(rand.NewPCG(seed, 0))
			h.newLife().until("")
			for range lives {
				l := h.newLife()
				for _, s := range steps {
					if s.name == "submit" || s.name == "approve" || s.name == "submit the undo" {
						l.went(s)
						continue
					}
					l.killedAfter(s, time.Duration(random.Int64N(int64(h.took[s.name]*11/10))), all)
				}
			}
		})
	}
}

func (l *life) killedAfter(s step, moment time.Duration, all *tally) {
	h := l.h
	h.t.Helper()
	server := h.server
	blow := time.AfterFunc(moment, func() { server.signal(syscall.SIGKILL) })
	defer blow.Stop()
	_ = s.do(l, h.t.Context()) // the server dies in the middle, so there may be no answer
	server.awaitEnd()
	all.add("kills at a moment")
	h.t.Logf("killed %s after %s", s.name, moment)
	h.start()
	l.goesOn(s)
}
