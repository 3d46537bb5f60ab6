package workflow_test

import (
	"strings"
	"testing"
	"time"

	"sutor/internal/change"
	"sutor/internal/mail"
	"sutor/internal/mail/mailtest"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// posts gives the company a mail server.
func (w *world) posts() *mailtest.Server {
	w.t.Helper()
	s := mailtest.Start(w.t)
	post, err := mail.New(mail.Config{Server: s.Address, From: "sutor@example.test", TLS: mail.NoTLS})
	fine(w.t, err)
	w.deps.Post, w.deps.URL = post, "https://sutor.example.test"
	w.w = workflow.New(w.deps)
	w.inForce(w.t, w.text)
	return s
}

// mailed gives who got a letter since the last look, and what it says.
func mailed(s *mailtest.Server, seen *int) map[string]string {
	got, bodies := s.Got()
	out := map[string]string{}
	for i := *seen; i < len(got); i++ {
		out[got[i].Header.Get("To")] += got[i].Header.Get("Subject") + "\n" + strings.ReplaceAll(bodies[i], "=\r\n", "")
	}
	*seen = len(got)
	return out
}

// What is urgent is mailed at once, with a link to the right page; the rest waits
// for the morning, in one mail; what was read meanwhile is not mailed.
func TestMails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	s, seen := w.posts(), 0
	c := w.propose("maria", edit, upsert)
	fine(t, w.w.MailDue(ctx))
	if got := mailed(s, &seen); len(got) != 0 {
		t.Errorf("a plan that stands is mailed at once: %v", got)
	}
	c = in(t, w.does("maria", submit, c), change.Submitted)
	fine(t, w.w.MailDue(ctx))
	got := mailed(s, &seen)
	if len(got) != 4 || !strings.Contains(got["<olaf@example.test>"], "asks you to decide on change 1001") || !strings.Contains(got["<olaf@example.test>"], "https://sutor.example.test/changes/1001") {
		t.Errorf("mailed %v", got)
	}
	fine(t, w.w.MailDue(ctx))
	if got := mailed(s, &seen); len(got) != 0 {
		t.Errorf("mailed twice: %v", got)
	}
	w.does("olaf", approve, c)
	fine(t, w.w.MailDue(ctx))
	if got := mailed(s, &seen); len(got) != 0 {
		t.Errorf("what can wait is mailed at once: %v", got)
	}
	w.clock.pass(24 * time.Hour)
	fine(t, w.w.MailDue(ctx))
	if got := mailed(s, &seen); len(got) != 1 || !strings.Contains(got["<maria@example.test>"], "it can be applied") || strings.Contains(got["<maria@example.test>"], "plan of change") {
		t.Errorf("in the morning %v", got)
	}
}

// A server that is down loses nothing: it is tried again, by any server, and health
// says so meanwhile.
func TestMailIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	s, seen := w.posts(), 0
	s.Refuse("451 later")
	in(t, w.does("maria", submit, w.propose("maria", edit, upsert)), change.Submitted)
	fine(t, w.w.MailDue(ctx))
	health := w.w.Health(ctx)
	if h := health[len(health)-1]; h.Name != "mail" || h.OK {
		t.Errorf("health %+v", h)
	}
	s.Refuse("")
	fine(t, w.w.MailDue(ctx))
	if got := mailed(s, &seen); len(got) != 0 {
		t.Errorf("tried again at once: %v", got)
	}
	w.clock.pass(2 * time.Minute)
	fine(t, w.restart("two").w.MailDue(ctx))
	if got := mailed(s, &seen); len(got) != 4 {
		t.Errorf("mailed to %d", len(got))
	}
	if h := w.w.Health(ctx); !h[len(h)-1].OK {
		t.Errorf("health %+v", h)
	}
}

// Several servers at once send each mail once.
func TestManyServersMailOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	s, seen := w.posts(), 0
	in(t, w.does("maria", submit, w.propose("maria", edit, upsert)), change.Submitted)
	others := []*world{w, w.restart("two"), w.restart("three")}
	done := make(chan error, len(others))
	for _, o := range others {
		go func() { done <- o.w.MailDue(ctx) }()
	}
	for range others {
		fine(t, <-done)
	}
	if got, _ := s.Got(); len(got) != 4 {
		t.Errorf("%d mails, want 4: %v", len(got), mailed(s, &seen))
	}
}

// Threat: a mail tells somebody who has left the department what its changes are
// called.
func TestMailsFollowTheRightsOfToday(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	s, seen := w.posts(), 0
	in(t, w.does("maria", submit, w.propose("maria", edit, upsert)), change.Submitted)
	w.inForce(t, strings.NewReplacer("olga@example.test:  {roles: [owner], departments: [sales]}", "olga@example.test:  {roles: [maker], departments: [finance]}",
		"olaf@example.test, olga@example.test, ", "olaf@example.test, ").Replace(w.text))
	fine(t, w.w.MailDue(ctx))
	if got := mailed(s, &seen); got["<olga@example.test>"] != "" {
		t.Errorf("olga is told %v", got)
	}
}

// Who decides in somebody's place, of another department, is mailed what waits for them.
func TestDeputiesAreMailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	s, seen := w.posts(), 0
	_, err := w.w.NameDeputy(ctx, w.as("olaf"), wire.Naming{Deputy: "fred@example.test", Until: w.clock.Now().Add(day).Format(time.RFC3339)})
	fine(t, err)
	in(t, w.does("maria", submit, w.propose("maria", edit, upsert)), change.Submitted)
	fine(t, w.w.MailDue(ctx))
	if got := mailed(s, &seen)["<fred@example.test>"]; !strings.Contains(got, "asks you to decide on change 1001") {
		t.Errorf("mailed %q", got)
	}
}
