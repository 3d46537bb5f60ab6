package fault

import (
	"strings"
	"testing"

	"sutor/internal/wire"
)

// A server dies when it has sent COMMIT, and the network keeps the message: the
// transaction is neither committed nor rolled back, and its end will come from
// nobody. The next server waits for it a while, then ends it, and writes only if
// it was rolled back.
func zombies(t *testing.T, all *tally) {
	for _, store := range []string{onSQLite, onPostgres} {
		for _, end := range []string{"commits", "goes away", "stays"} {
			if !long && (store == onPostgres) != (end == "commits" || end == "stays") {
				continue
			}
			t.Run("zombie "+end+" with metadata on "+store, func(t *testing.T) {
				t.Parallel()
				var way *line
				h := build(t, plot{store: store, system: onPostgres, rows: 40}, func(h *house) { way = through(h) })
				l, s := h.newLife(), stepNamed("apply")
				l.until("apply")
				hit := way.arm(stall, theCommit)
				must(t, s.do(l, t.Context()))
				<-hit
				h.server.kill()
				all.add("zombies")
				h.start()
				h.waitsFor(l.id, "what became of the apply")
				if dump := h.dump(); dump != l.before {
					t.Errorf("before the zombie's commit the table is\n%s", short(dump))
				}
				if end == "goes away" {
					way.drop()
				}
				if end != "stays" {
					way.resume()
				}
				c := h.settled(l.id)
				way.resume()
				if c.State != "applied" {
					t.Errorf("change %s is %s (%s)", c.ID, c.State, c.Why)
				}
				l.proves(s, c)
				l.went(stepNamed("undo"))
			})
		}
	}
}

// waitsFor waits until the work on a change says a word.
func (h *house) waitsFor(id, words string) {
	h.t.Helper()
	h.comes("the time before it says: "+words, func() bool {
		c, err := h.as("aud").Change(h.t.Context(), id, 0)
		must(h.t, err)
		return says(c, words)
	})
}

func says(c wire.Change, words string) bool {
	return c.Progress != nil && strings.Contains(c.Progress.Step, words)
}
