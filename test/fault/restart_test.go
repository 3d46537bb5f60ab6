package fault

import (
	"os"
	"syscall"
	"testing"

	"sutor/internal/connector/postgres/pgtest"
)

// PostgreSQL is restarted in the middle of an apply, with the connected system in
// it, and in the second house the metadata too.
func restarts(t *testing.T, all *tally) {
	for _, store := range []string{onSQLite, onPostgres} {
		t.Run("restart with metadata on "+store, func(t *testing.T) {
			t.Parallel()
			server, err := pgtest.Start(t.Context())
			must(t, err)
			t.Cleanup(func() { must(t, server.Stop()) })
			p := plot{store: store, system: onPostgres, rows: 40, dsn: server.URL()}
			if store == onPostgres {
				p.database = server.URL()
			}
			var way *line
			h := build(t, p, func(h *house) { way = through(h) })
			messages := h.messages(way)
			first, step := messages/2, messages
			if long {
				first, step = 1, max(1, messages/20)
			}
			for i, n := 0, first; n <= messages; i, n = i+1, n+step {
				how := []os.Signal{syscall.SIGINT, syscall.SIGQUIT}[i%2]
				h.restartedAt(way, server, how, number(n), all)
			}
			for _, how := range []os.Signal{syscall.SIGINT, syscall.SIGQUIT} {
				h.restartedAt(way, server, how, theCommit, all)
			}
		})
	}
}

// restartedAt restarts PostgreSQL while a message of an apply is on its way, and
// once more when the change is applied: what was told to be stored stays so.
func (h *house) restartedAt(way *line, server *pgtest.Server, how os.Signal, picks picker, all *tally) {
	h.t.Helper()
	l := h.applyOver(way, stall, picks, func() {
		must(h.t, server.Restart(h.t.Context(), how))
		all.add("restarts of PostgreSQL in an apply")
	})
	h.awake()
	l.brokenOff(stepNamed("apply"), h.settled(l.id))
	must(h.t, server.Restart(h.t.Context(), syscall.SIGQUIT))
	all.add("restarts of PostgreSQL after an apply")
	h.awake()
	if c := h.settled(l.id); c.State != "applied" || h.dump() != l.after || h.writes() != l.writes {
		h.t.Errorf("after a restart change %s is %s, and the table is\n%s", c.ID, c.State, short(h.dump()))
	}
}

// awake waits until the server has noticed that its databases are there again.
func (h *house) awake() {
	h.t.Helper()
	h.comes("the time in which nothing answers", func() bool {
		health, err := h.as("ivan").Health(h.t.Context())
		return err == nil && health.OK
	})
}
