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

// Threat: somebody with the rights of the database makes themself an expert, or a
// deputy. The check of the log sees both.
func TestFsckSeesLevelsAndDeputies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, strings.Replace(company, "departments: [sales, finance]", "departments: [sales, finance]\nlevels: [{level: expert, when: 'clean >= 1', say: One.}]", 1))
	w.applied(t, "maria", "olaf", w.propose("maria", edit, upsert))
	_, err := w.w.NameDeputy(ctx, w.as("olaf"), wire.Naming{Deputy: "fred@example.test", Until: "2099-01-01"})
	refused(t, err, errs.Usage, "a year at most")
	until := w.clock.Now().Add(9 * days).Format(time.DateOnly)
	for range 2 { // the second takes the place of the first
		_, err = w.w.NameDeputy(ctx, w.as("olaf"), wire.Naming{Deputy: "fred@example.test", Until: until, Datasets: []string{"customers"}})
		fine(t, err)
	}
	whole := func(want string) {
		t.Helper()
		var report strings.Builder
		err := w.w.Fsck(ctx, w.as("aud"), &report)
		if want == "" {
			fine(t, err)
		} else if err == nil || !strings.Contains(report.String(), want) {
			t.Errorf("%v, want %q in:\n%s", err, want, report.String())
		}
	}
	whole("")
	var maria *change.Standing
	var fred []access.Deputy
	meta := func(do func(workflow.Tx) error) { t.Helper(); fine(t, w.deps.Store.Do(ctx, do)) }
	meta(func(tx workflow.Tx) (err error) {
		if maria, err = tx.Standing("maria@example.test"); err == nil {
			fred, err = tx.Deputies()
		}
		return err
	})
	if maria.Level != access.Expert || len(fred) != 1 {
		t.Fatalf("%+v, %+v", maria, fred)
	}
	forged := *maria
	forged.Record.Clean++
	meta(func(tx workflow.Tx) error { return tx.SaveStanding(forged) })
	whole("is not what the leaves of their changes add up to")
	forged = *maria
	forged.Level = access.Newcomer
	meta(func(tx workflow.Tx) error { return tx.SaveStanding(forged) })
	whole("their last move led to expert")
	meta(func(tx workflow.Tx) error { return tx.SaveStanding(*maria) })

	wider := fred[0]
	wider.Datasets = nil
	meta(func(tx workflow.Tx) error { return tx.SaveDeputy(wider) })
	whole("not for that time and those datasets")
	meta(func(tx workflow.Tx) error { return tx.EndDeputy(wider.ID) })
	whole("but they are not stored")
	other := fred[0]
	other.ID = "0123456789abcdef"
	meta(func(tx workflow.Tx) error { return tx.SaveDeputy(other) })
	whole("no leaf tells that they were named")
	meta(func(tx workflow.Tx) error {
		if err := tx.EndDeputy(other.ID); err != nil {
			return err
		}
		return tx.SaveDeputy(fred[0])
	})
	whole("")
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
