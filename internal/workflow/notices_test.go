package workflow_test

import (
	"fmt"
	"strings"
	"testing"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/notice"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// inbox gives what somebody was told and has not read, oldest first: kind and
// change of each.
func (w *world) inbox(name string) string {
	w.t.Helper()
	in, err := w.w.Notices(ctx, w.as(name), workflow.NoticesWanted{Unread: true})
	fine(w.t, err)
	var all []string
	for i := len(in.Notices) - 1; i >= 0; i-- {
		n := in.Notices[i]
		told(w.t, n.Says)
		what := n.Kind
		if n.Change != "" {
			what += " " + n.Change
		}
		if n.Waits {
			what += "!"
		}
		all = append(all, what)
	}
	return strings.Join(all, ", ")
}

// hears wants what people were told and have not read.
func (w *world) hears(want map[string]string) {
	w.t.Helper()
	for name, expect := range want {
		if got := w.inbox(name); got != expect {
			w.t.Errorf("%s heard %q, want %q", name, got, expect)
		}
	}
}

// From file to undone, everybody hears what concerns them, and nobody else does.
func TestWhoHearsWhat(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := in(t, w.propose("maria", edit, upsert), change.Planned)
	w.hears(map[string]string{"maria": "planned 1001", "olaf": ""})

	c = in(t, w.does("maria", submit, c), change.Submitted)
	w.hears(map[string]string{"maria": "", "olaf": "asked 1001!", "olga": "asked 1001!", "marlo": "asked 1001!",
		"mona": "", "eva": "", "fred": "", "owen": "", "ivan": "", "aud": ""})

	c = in(t, w.does("olaf", approve, c), change.Approved)
	w.hears(map[string]string{"maria": "approved 1001", "olaf": "", "olga": "asked 1001"})
	waiting, err := w.w.Waiting(ctx, w.as("olga"))
	fine(t, err)
	if waiting != (wire.Waiting{}) {
		t.Errorf("what another decided still counts as waiting: %+v", waiting)
	}

	in(t, w.does("maria", apply, c), change.Applied)
	w.hears(map[string]string{"maria": "", "olaf": "applied 1001"})

	r := in(t, w.does("olaf", undo, c), change.Planned)
	r = in(t, w.does("olaf", submit, r), change.Approved)
	in(t, w.does("olaf", apply, r), change.Applied)
	w.hears(map[string]string{"maria": "undone 1001", "olga": "asked 1001, applied 1001, applied 1002"})
}

// A plan that cannot be submitted as it stands is not told as one that can.
func TestWhatAPlanIsGoodFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	for file, want := range map[string]string{
		edit:                  "look at it, then submit it",
		"id,terms\n1,NET31\n": "its findings keep it from being submitted",
		"id,terms\n1,NET30\n": "would change nothing",
	} {
		c := in(t, w.propose("maria", file, upsert), change.Planned)
		all, err := w.w.Notices(ctx, w.as("maria"), workflow.NoticesWanted{Unread: true, Limit: 1})
		fine(t, err)
		if len(all.Notices) != 1 || all.Notices[0].Change != c.ID || !strings.Contains(all.Notices[0].Says, want) {
			t.Errorf("told of %q: %+v", file, all.Notices)
		}
	}
}

func TestSentBackIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := in(t, w.does("maria", submit, w.propose("maria", edit, upsert)), change.Submitted)
	in(t, w.does("olaf", reject, c), change.Rejected)
	all, err := w.w.Notices(ctx, w.as("maria"), workflow.NoticesWanted{Unread: true})
	fine(t, err)
	if len(all.Notices) != 1 || all.Notices[0].Kind != "sent_back" || all.Notices[0].Quote == "" || !strings.Contains(all.Notices[0].Says, "sent change 1001 back") {
		t.Errorf("maria heard %+v", all.Notices)
	}
}

// A conflict is told to the maker and to whoever applied, and cannot wait.
func TestConflictIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.approvedIn(edit)
	w.sql(`UPDATE customer SET note = 'elsewhere' WHERE id = 1`)
	in(t, w.does("olga", apply, c), change.Planned)
	w.hears(map[string]string{"maria": "approved 1001, conflict 1001", "olga": "conflict 1001", "olaf": ""})
}

func TestWithdrawnIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := in(t, w.does("maria", submit, w.propose("maria", edit, upsert)), change.Submitted)
	in(t, w.does("maria", withdraw, c), change.Withdrawn)
	w.hears(map[string]string{"olaf": "asked 1001, withdrawn 1001", "maria": ""})
}

// Threat: somebody leaves the department and still reads, in an old notice, what
// its changes are called.
func TestNoticesFollowTheRightsOfToday(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	in(t, w.does("maria", submit, w.propose("maria", edit, upsert)), change.Submitted)
	w.hears(map[string]string{"olga": "asked 1001!"})
	w.inForce(t, strings.NewReplacer("olga@example.test:  {roles: [owner], departments: [sales]}", "olga@example.test:  {roles: [maker], departments: [finance]}",
		"olaf@example.test, olga@example.test, ", "olaf@example.test, ").Replace(w.text))
	w.hears(map[string]string{"olga": ""})
	waiting, err := w.w.Waiting(ctx, w.as("olga"))
	fine(t, err)
	if waiting != (wire.Waiting{}) {
		t.Errorf("what may not be seen is counted: %+v", waiting)
	}
}

// Threat: somebody marks what others were told as read, so that they miss it.
func TestNobodyReadsForAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	in(t, w.does("maria", submit, w.propose("maria", edit, upsert)), change.Submitted)
	ids := []notice.ID{}
	for id := notice.ID(1); id < 20; id++ {
		ids = append(ids, id)
	}
	_, err := w.w.ReadNotices(ctx, w.as("fred"), ids, 0)
	fine(t, err)
	_, err = w.w.ReadNotices(ctx, w.as("fred"), nil, 1000)
	fine(t, err)
	w.hears(map[string]string{"olaf": "asked 1001!", "olga": "asked 1001!"})
	left, err := w.w.ReadNotices(ctx, w.as("olaf"), nil, 1000)
	fine(t, err)
	if left != (wire.Waiting{}) {
		t.Errorf("olaf has left %+v", left)
	}
	w.hears(map[string]string{"olaf": "", "olga": "asked 1001!"})
}

// What is refused is told to nobody.
func TestARefusalTellsNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := in(t, w.does("maria", submit, w.propose("maria", edit, upsert)), change.Submitted)
	w.mayNot("maria", approve, c, errs.Forbidden, "You made change")
	w.mayNot("fred", approve, c, errs.NotFound, "There is no change")
	w.hears(map[string]string{"maria": "", "fred": ""})
}

// Pages are full even where notices in between may not be seen any more.
func TestPagesOfNotices(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	for range 3 {
		w.propose("marlo", edit, upsert)
		_, err := w.w.Propose(ctx, w.as("fred"), workflow.Proposal{Dataset: "products", Name: "f.csv", File: strings.NewReader("sku,price\nA1,11\n"), Options: upsert})
		fine(t, err)
		w.work(t)
	}
	var got []string
	want := workflow.NoticesWanted{Limit: 2}
	for {
		page, err := w.w.Notices(ctx, w.as("marlo"), want)
		fine(t, err)
		for _, n := range page.Notices {
			got = append(got, n.Change)
			want.Before = notice.ID(n.ID)
		}
		if len(page.Notices) < 2 {
			break
		}
	}
	if fmt.Sprint(got) != "[1005 1003 1001]" {
		t.Errorf("got %v", got)
	}
}
