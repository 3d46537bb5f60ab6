package script

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sutor/internal/client"
	"sutor/internal/wire"
)

// A steward ends a server that applies one change, plans another and has more
// that wait for their turn. What can come to its end in time does; everything else
// stays where it is, whole, and the next server goes on with it.
func TestStopFinishesOrParks(t *testing.T) {
	t.Parallel()
	for name, finish := range map[string]bool{"finishes": true, "parks": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStop(t)
			if finish {
				s.finishes()
			} else {
				s.parks()
			}
			s.goesOn()
		})
	}
}

// stop is a server that is busy: an apply to part1 and the plans of part0 wait
// for locks, or for those before them.
type stop struct {
	*cluster
	server   *process
	applying string
	planning []string
	unlock   func()
}

func newStop(t *testing.T) *stop {
	t.Helper()
	c := newCluster(t, 1, "--slots", "2")
	s := &stop{cluster: c, server: c.servers[0], applying: c.propose(1)}
	maria, olaf := c.as(maker(1)), c.as("olaf")
	now, err := maria.Change(t.Context(), s.applying, patience)
	c.must(err)
	_, err = maria.Submit(t.Context(), now.ID, "", "")
	c.must(err)
	_, err = olaf.Approve(t.Context(), now.ID, now.Plan.Digest, "")
	c.must(err)
	row, table := c.locked("part1", 2), c.lockedTable("part0")
	s.unlock = func() { row(); table() }
	_, err = maria.Apply(t.Context(), now.ID, "", "")
	c.must(err)
	s.until("the apply waits for a lock", func() bool { return s.waitingForLocks() == "1" }) // with its slot, before plans take both
	for n := 0; n < 9; n += 3 {                                                              // one more than a server works on at once
		s.planning = append(s.planning, c.proposeLarge(n))
	}
	s.busy()
	return s
}

// lockedTable keeps everybody from reading a table.
func (c *cluster) lockedTable(table string) (unlock func()) {
	c.t.Helper()
	h, err := hold(c.erp, `BEGIN; LOCK TABLE `+table+` IN ACCESS EXCLUSIVE MODE`)
	c.must(err)
	done := false
	unlock = func() {
		if !done {
			done = true
			c.must(h.close())
		}
	}
	c.t.Cleanup(unlock)
	return unlock
}

// until asks again and again, for as long as anything may take.
func (c *cluster) until(what string, is func() bool) {
	c.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(patience); !is(); {
		select {
		case <-tick.C:
		case <-late:
			c.t.Fatalf("never: %s", what)
		}
	}
}

// busy waits until the apply and a plan have a slot each and wait for locks, and
// the other plans wait for a slot.
func (s *stop) busy() {
	s.t.Helper()
	maria := s.as("maria")
	s.until("an apply and a plan wait for locks, two plans for a slot", func() bool {
		waiting := 0
		for _, id := range s.planning {
			now, err := maria.Change(s.t.Context(), id, 0)
			s.must(err)
			if now.Progress != nil && strings.Contains(now.Progress.Step, "waiting for a plan slot") {
				waiting++
			}
		}
		return waiting == 2 && s.waitingForLocks() >= "2" // a plan looks rows up and counts them
	})
}

// waitingForLocks counts the connections to the system that wait for a lock.
func (s *stop) waitingForLocks() string {
	return s.query(s.erp, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
}

// ends waits for the end of the server, which is no failure.
func (s *stop) ends() {
	s.t.Helper()
	s.server.end(syscall.SIGTERM)
	if !s.server.cmd.ProcessState.Success() {
		s.t.Fatalf("the server ended with %v", s.server.cmd.ProcessState)
	}
	left, err := os.ReadDir(s.path("data0/scratch"))
	s.must(err)
	tmp, err := filepath.Glob(s.path("artifacts/tmp/*"))
	s.must(err)
	if len(left)+len(tmp) != 0 {
		s.t.Errorf("left behind: %v %v", left, tmp)
	}
}

// state is a change's in the metadata, while no server runs.
func (s *stop) state(id string) string {
	return s.query(s.database, `SELECT state FROM changes WHERE id = '`+id+`'`)
}

// finishes gives the locks back once the server takes no requests any more.
func (s *stop) finishes() {
	s.must(s.server.cmd.Process.Signal(syscall.SIGTERM))
	s.until("the server listens no more", func() bool {
		conn, err := new(net.Dialer).DialContext(context.Background(), "tcp", s.balancer.hosts[0])
		if err == nil {
			_ = conn.Close() // nothing was said over it
		}
		return err != nil
	})
	s.unlock()
	s.ends()
	if got := s.state(s.applying); got != "applied" {
		s.t.Errorf("the apply under way is %s", got)
	}
	planned := 0
	for _, id := range s.planning {
		switch got := s.state(id); got {
		case "planned":
			planned++
		case "planning":
		default:
			s.t.Errorf("a plan is %s", got)
		}
	}
	if planned == 0 {
		s.t.Error("no plan under way came to its end")
	}
}

// parks gives the locks back when the server is gone.
func (s *stop) parks() {
	s.ends()
	if got := s.state(s.applying); got != "applying" {
		s.t.Errorf("the apply under way is %s", got)
	}
	for _, id := range s.planning {
		if got := s.state(id); got != "planning" {
			s.t.Errorf("a plan is %s", got)
		}
	}
	s.unlock()
	if got := s.query(s.erp, `SELECT count(*) FROM written`); got != "0" {
		s.t.Errorf("%s rows were written", got)
	}
}

// goesOn starts the next server, which ends what was left; nothing is done twice.
func (s *stop) goesOn() {
	s.launch(0)
	maria := s.as("maria")
	var all []wire.Change
	for _, id := range append(s.planning, s.applying) {
		now, err := maria.Change(s.t.Context(), id, patience)
		s.must(err)
		all = append(all, now)
	}
	for _, now := range all[:len(s.planning)] {
		if now.State != "planned" || now.Plan.Counts.Update != 1 || now.Plan.Counts.Insert != 1 {
			s.t.Errorf("%s is %s: %s", now.ID, now.State, now.Why)
		}
	}
	s.applied(1, all[len(s.planning)])
	if got := s.query(s.erp, `SELECT count(*), count(DISTINCT id) FROM written`); got != "2,2" {
		s.t.Errorf("writes, and rows written: %s", got)
	}
	if report, err := s.as("ivan").Fsck(s.t.Context()); err != nil {
		s.t.Errorf("%v\n%+v", err, report)
	}
	if list, err := s.as("aud").Changes(s.t.Context(), client.Filter{}); err != nil || len(list) != len(all) {
		s.t.Errorf("%d changes, %v", len(list), err)
	}
}
