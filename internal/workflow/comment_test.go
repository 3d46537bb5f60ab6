package workflow_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/record"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

func (w *world) comments(name, text string, c wire.Change) wire.Comment {
	w.t.Helper()
	out, err := w.w.Comment(ctx, w.as(name), change.ID(c.ID), text)
	fine(w.t, err)
	return out
}

// What is said stays whatever becomes of the plan, and whoever took part or is
// named hears of it, once.
func TestADiscussion(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := in(t, w.does("maria", submit, w.propose("maria", edit, upsert)), change.Submitted)
	said := w.comments("olaf", "Is row 2 right, @maria?\nAsk @Eva and fred@example.test, @fred, or @nobody.", c)
	if strings.Join(said.Mentioned, " ") != "maria@example.test eva@example.test" {
		t.Errorf("mentioned %v", said.Mentioned)
	}
	if strings.Join(said.CannotSee, " ") != "fred@example.test" {
		t.Errorf("cannot see: %v", said.CannotSee)
	}
	w.hears(map[string]string{"maria": "mention 1001", "fred": "", "olga": "asked 1001!, comment 1001", "olaf": ""})

	c = w.does("maria", replan, c)
	w.comments("maria", "Mended.", c)
	w.hears(map[string]string{"olaf": "comment 1001", "olga": "asked 1001, comment 1001"})
	all, err := w.w.Discussion(ctx, w.as("aud"), change.ID(c.ID))
	fine(t, err)
	if len(all) != 3 || all[0].With != "maria@example.test submitted the plan." || all[1].Text != "Is row 2 right, @maria?\nAsk @Eva and fred@example.test, @fred, or @nobody." || all[2].Text != "Mended." {
		t.Errorf("the discussion is %+v", all)
	}
	page, err := w.w.Notices(ctx, w.as("olaf"), workflow.NoticesWanted{})
	fine(t, err)
	if page.Notices[0].Quote != "Mended." {
		t.Errorf("the notice quotes %q", page.Notices[0].Quote)
	}
}

func TestCommentsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, strings.Replace(company, "fred@example.test:  {roles", "fred@example.test:  {name: Mona, roles", 1))
	c := w.propose("maria", edit, upsert)
	for text, want := range map[string]string{" \n\x00": "empty", strings.Repeat("é", 4001): "4001 characters", "Dear @mona": "several people"} {
		_, err := w.w.Comment(ctx, w.as("maria"), change.ID(c.ID), text)
		refused(t, err, errs.Usage, want)
	}
	_, err := w.w.Comment(ctx, w.as("fred"), change.ID(c.ID), "hello")
	refused(t, err, errs.NotFound, "There is no change")
	w.comments("maria", strings.Repeat("é", 4000), c)
	all, err := w.w.Discussion(ctx, w.as("maria"), change.ID(c.ID))
	fine(t, err)
	if len(all) != 1 {
		t.Errorf("%d comments", len(all))
	}
}

// An erased comment is gone from the discussion and from the notices, and the log
// stays whole.
func TestAnErasedComment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := in(t, w.does("maria", submit, w.propose("maria", edit, upsert)), change.Submitted)
	w.comments("olaf", "Maria is on sick leave.", c)
	fine(t, w.deps.Store.Do(ctx, func(tx workflow.Tx) error {
		chain, err := evidence.History(tx.Log(), evidence.ChangeID(c.ID))
		if err != nil {
			return err
		}
		last := chain[len(chain)-1]
		_, err = evidence.Log{}.Erase(tx.Log(), evidence.Entry{Change: evidence.ChangeID(c.ID), At: w.clock.Now(),
			Digests: map[string]record.Digest{"envelope": last.Leaf.Envelope}})
		return err
	}))
	all, err := w.w.Discussion(ctx, w.as("maria"), change.ID(c.ID))
	fine(t, err)
	if len(all) != 2 || !all[1].Erased || all[1].Text+all[1].By != "" {
		t.Errorf("the discussion is %+v", all)
	}
	if h := w.history("maria", c); !h.Entries[4].Erased {
		t.Errorf("the history is %+v", h.Entries[4])
	}
}

func (w *world) history(name string, c wire.Change) wire.History {
	w.t.Helper()
	h, err := w.w.History(ctx, w.as(name), change.ID(c.ID))
	fine(w.t, err)
	return h
}

// The history tells the whole life in words, and each entry leads to the signed
// head.
func TestHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := in(t, w.does("maria", apply, w.approvedIn(edit)), change.Applied)
	h := w.history("maria", c)
	var says []string
	for _, e := range h.Entries {
		says = append(says, e.Says)
		if len(e.Proof) == 0 || len(e.Hash) != 64 {
			t.Errorf("entry %d is not proved", e.Number)
		}
	}
	want := `maria@example.test proposed the change with the file file.csv.
The plan stood: 2 new rows, 2 changed rows.
The plan was tried in the system, in a transaction that was rolled back.
maria@example.test submitted the plan.
olaf@example.test approved the plan, as owner.
maria@example.test had the plan applied.
The plan was written: 4 rows.`
	if got := strings.Join(says, "\n"); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	head, err := evidence.OpenCheckpoint([]byte(h.Checkpoint), w.deps.Key.Verifier())
	fine(t, err)
	if head.Size != h.Size {
		t.Errorf("the head is of %d leaves, not of %d", head.Size, h.Size)
	}
}

// An apply that is stopped before its commit writes nothing, and what was decided
// stands.
func TestStopBeforeTheCommit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	before := w.dump("customer")
	c := w.approvedIn(edit)
	w.mayNot("maria", stop, c, errs.Blocked, "cannot be stopped now")
	_, err := apply(w, w.as("maria"), c)
	fine(t, err)
	w.mayNot("eva", stop, c, errs.Forbidden, "is stopped by whoever applied it")
	w.mayNot("mona", stop, c, errs.Forbidden, "is stopped by whoever applied it")
	c = in(t, w.does("olga", stop, c), change.Approved)
	if w.dump("customer") != before {
		t.Error("something was written")
	}
	if c.Stopping != "" {
		t.Errorf("%s still wants it stopped", c.Stopping)
	}
	w.hears(map[string]string{"maria": "stopped 1001"})
	in(t, w.does("maria", apply, c), change.Applied)
	w.mayNot("maria", stop, c, errs.Blocked, "cannot be stopped now")
}

// Follow tells of every change of state, ends with the reader, and tells nothing
// to somebody without rights.
func TestFollow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.propose("maria", edit, upsert)
	refused(t, w.w.Follow(ctx, w.as("fred"), change.ID(c.ID), func(wire.Change) error { return nil }), errs.NotFound, "There is no change")
	following, cancel := context.WithCancel(ctx)
	defer cancel()
	states, over := make(chan string, 10), make(chan error, 1)
	go func() {
		over <- w.w.Follow(following, w.as("olaf"), change.ID(c.ID), func(c wire.Change) error { states <- c.State; return nil })
	}()
	wait := func(want string, or ...string) {
		t.Helper()
		for {
			if got := <-states; got == want {
				return
			} else if !slices.Contains(or, got) {
				t.Fatalf("it is %s, want %s", got, want)
			}
		}
	}
	wait("planned")
	w.does("maria", submit, c)
	wait("submitted", "planned") // with its trial, unless both are seen at once
	w.does("olaf", approve, c)
	wait("approved")
	cancel()
	if err := <-over; !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}
