package workflow_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/errs"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

const days = 24 * time.Hour

// Who must decide is reminded after three days, again after three more, and each
// time once, however many servers look; the maker hears before the change expires.
func TestReminders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := in(t, w.does("maria", submit, w.propose("maria", edit, upsert)), change.Submitted)
	other := w.restart("second")
	look := func() {
		t.Helper()
		var both sync.WaitGroup
		for _, server := range []*world{w, other} {
			both.Go(func() { fine(t, workflow.Remind(server.w, ctx)) })
		}
		both.Wait()
	}
	read := func() {
		for _, name := range []string{"olaf", "maria"} {
			_, err := w.w.ReadNotices(ctx, w.as(name), nil, 1000)
			fine(t, err)
		}
	}
	read()
	w.clock.pass(3*days - time.Minute)
	look()
	w.hears(map[string]string{"olaf": "", "maria": ""})
	w.clock.pass(time.Minute)
	look()
	look()
	w.hears(map[string]string{"olaf": "reminder 1001!", "maria": ""})
	read()
	w.clock.pass(2 * days)
	look()
	w.hears(map[string]string{"olaf": ""})
	w.clock.pass(1 * days)
	look()
	w.hears(map[string]string{"olaf": "reminder 1001!", "maria": ""})
	read()
	w.clock.pass(5 * days)
	look()
	look()
	w.hears(map[string]string{"olaf": "reminder 1001!", "maria": "expiring 1001"})
	in(t, w.does("olaf", approve, c), change.Approved)
	read()
	w.clock.pass(2 * days)
	look()
	w.hears(map[string]string{"olaf": "", "maria": ""})
}

// The Compact says after how long.
func TestRemindAsTheCompactSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, strings.Replace(company, "departments: [sales, finance]", "departments: [sales, finance]\nremind: 1d", 1))
	in(t, w.does("maria", submit, w.propose("maria", edit, upsert)), change.Submitted)
	_, err := w.w.ReadNotices(ctx, w.as("olaf"), nil, 1000)
	fine(t, err)
	w.clock.pass(days)
	fine(t, workflow.Remind(w.w, ctx))
	w.hears(map[string]string{"olaf": "reminder 1001!"})
}

// A deputy is asked and reminded too, and decides while their time is.
func TestDeputyIsAskedInTheirTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	now := w.clock.Now()
	_, err := w.w.NameDeputy(ctx, w.as("olaf"), wire.Naming{Deputy: "fred@example.test", From: now.Add(days).Format(time.RFC3339), Until: now.Add(3 * days).Format(time.RFC3339)})
	fine(t, err)
	w.hears(map[string]string{"fred": "told"})
	c := in(t, w.does("maria", submit, w.propose("maria", edit, upsert)), change.Submitted)
	w.mayNot("fred", approve, c, errs.NotFound, "There is no change")
	w.clock.pass(days)
	c = in(t, w.does("maria", submit, w.propose("maria", edit, upsert)), change.Submitted)
	w.hears(map[string]string{"fred": "told, asked 1002!"})
	in(t, w.does("fred", approve, c), change.Approved)
	w.clock.pass(2 * days)
	c = in(t, w.does("maria", submit, w.propose("maria", edit, upsert)), change.Submitted)
	w.mayNot("fred", approve, c, errs.NotFound, "There is no change")
}

// The same record always gives the same level, whatever was before; it is never below
// the one that the Compact gives, and never falls because a clean change more was
// applied.
func TestLevelLaws(t *testing.T) {
	t.Parallel()
	text := strings.Replace(company, "departments: [sales, finance]", `departments: [sales, finance]
levels:
  - {level: practitioner, when: 'clean >= 3 && days_since_bad >= 5', say: Three.}
  - {level: expert, when: 'clean >= 10 && undone * 10 < applied && rejected + conflicts < 3', say: Ten.}`, 1)
	c, problems := compact.Parse("compact.yaml", []byte(text))
	if compact.Failed(problems) {
		t.Fatal(problems)
	}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		n := func(name string, most int64) int64 { return rapid.Int64Range(0, most).Draw(t, name) }
		at := start.Add(time.Duration(n("last bad", 40)) * days)
		r := change.Record{Applied: n("applied", 15), Conflicts: n("conflicts", 3), Undone: n("undone", 2), Rejected: n("rejected", 3), First: &start}
		r.Clean = n("clean", r.Applied)
		if r.Conflicts+r.Undone+r.Rejected > 0 {
			r.LastBad = &at
		}
		now := start.Add(time.Duration(n("now", 60)) * days)
		for _, base := range access.Levels {
			level := workflow.LevelOf(c, base, r, now)
			if again := workflow.LevelOf(c, base, r, now); again != level {
				t.Fatalf("%+v gives %s, then %s", r, level, again)
			}
			if !level.AtLeast(base) {
				t.Fatalf("%s fell below %s", level, base)
			}
			better := r.With(nil, change.Event{What: change.WasApplied, At: now})
			if up := workflow.LevelOf(c, base, better, now); !up.AtLeast(level) {
				t.Fatalf("a clean change more: %s became %s", level, up)
			}
		}
	})
}
