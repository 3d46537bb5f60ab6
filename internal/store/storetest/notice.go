package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sutor/internal/access"
	"sutor/internal/notice"
	"sutor/internal/workflow"
)

// tellAll stores notices, each for the person of its place.
func tellAll(t *testing.T, s Store, to ...access.Email) (all []*notice.Notice) {
	t.Helper()
	for range to {
		all = append(all, nil)
	}
	do(t, s, func(tx workflow.Tx) error {
		for i, person := range to {
			all[i] = &notice.Notice{To: person, Kind: notice.Mention, By: olaf, Change: "1001", Dataset: "it's \"odd\"", Comment: 2, Say: "Grüße \"x\"", At: noon}
			if err := tx.AddNotice(all[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return all
}

// noticesOf gives the places in all of those that a filter picks.
func noticesOf(t *testing.T, s Store, all []*notice.Notice, f workflow.NoticeFilter) []int {
	t.Helper()
	places := []int{}
	view(t, s, func(tx workflow.Tx) error {
		got, err := tx.Notices(f)
		for _, n := range got {
			for i, a := range all {
				if a.ID == n.ID {
					places = append(places, i)
				}
			}
		}
		return err
	})
	return places
}

func noticeRoundTrip(t *testing.T, s Store) {
	want := tellAll(t, s, maria)[0]
	view(t, s, func(tx workflow.Tx) error {
		got, err := tx.Notices(workflow.NoticeFilter{To: maria})
		if diff := cmp.Diff([]*notice.Notice{want}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		return err
	})
	read := noon.Add(time.Hour)
	do(t, s, func(tx workflow.Tx) error { return tx.ReadNotices(maria, []notice.ID{want.ID}, 0, read) })
	do(t, s, func(tx workflow.Tx) error { // once read, it stays read since then
		return tx.ReadNotices(maria, []notice.ID{want.ID}, 0, read.Add(time.Hour))
	})
	view(t, s, func(tx workflow.Tx) error {
		got, err := tx.Notices(workflow.NoticeFilter{To: maria})
		if len(got) != 1 || got[0].Read == nil || !got[0].Read.Equal(read) {
			t.Errorf("after reading: %+v", got)
		}
		return err
	})
}

func listNotices(t *testing.T, s Store) {
	all := tellAll(t, s, maria, olaf, maria, maria)
	for name, c := range map[string]struct {
		f    workflow.NoticeFilter
		want []int
	}{
		"all":          {workflow.NoticeFilter{}, []int{3, 2, 1, 0}},
		"of one":       {workflow.NoticeFilter{To: maria}, []int{3, 2, 0}},
		"of nobody":    {workflow.NoticeFilter{To: "' OR true --"}, []int{}},
		"first page":   {workflow.NoticeFilter{To: maria, Limit: 2}, []int{3, 2}},
		"next page":    {workflow.NoticeFilter{To: maria, Limit: 2, Before: all[2].ID}, []int{0}},
		"of a change":  {workflow.NoticeFilter{Change: "1001", To: olaf}, []int{1}},
		"of no change": {workflow.NoticeFilter{Change: "1002"}, []int{}},
		"unread":       {workflow.NoticeFilter{To: olaf, Unread: true}, []int{1}},
		"unmailed":     {workflow.NoticeFilter{Unmailed: true, Limit: 1}, []int{3}},
	} {
		if diff := cmp.Diff(c.want, noticesOf(t, s, all, c.f)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Nobody marks what another was told, and all up to one leaves what came later.
func readNotices(t *testing.T, s Store) {
	all := tellAll(t, s, maria, olaf, maria, maria)
	unread := workflow.NoticeFilter{Unread: true}
	for _, c := range []struct {
		person access.Email
		ids    []notice.ID
		last   notice.ID
		left   []int
	}{
		{maria, []notice.ID{all[1].ID}, 0, []int{3, 2, 1, 0}},
		{maria, []notice.ID{}, all[3].ID, []int{3, 2, 1, 0}},
		{maria, []notice.ID{all[2].ID, all[1].ID}, 0, []int{3, 1, 0}},
		{maria, nil, all[2].ID, []int{3, 1}},
		{olaf, nil, all[3].ID, []int{3}},
	} {
		do(t, s, func(tx workflow.Tx) error { return tx.ReadNotices(c.person, c.ids, c.last, noon) })
		if diff := cmp.Diff(c.left, noticesOf(t, s, all, unread)); diff != "" {
			t.Errorf("%s read %v up to %d (-want +got):\n%s", c.person, c.ids, c.last, diff)
		}
	}
}

// A mail goes with the last notice that it carries, if it is done.
func removeNotices(t *testing.T, s Store) {
	all := tellAll(t, s, maria, maria, olaf, olaf)
	done := noon
	sent, waits := &notice.Mail{To: maria, Notices: []notice.ID{all[0].ID, all[1].ID}, Due: noon}, &notice.Mail{To: olaf, Notices: []notice.ID{all[2].ID}, Due: noon}
	do(t, s, func(tx workflow.Tx) error {
		if err := tx.AddMail(sent); err != nil {
			return err
		}
		sent.Done = &done
		if err := tx.SaveMail(sent); err != nil {
			return err
		}
		return tx.AddMail(waits)
	})
	remove := func(places ...int) {
		do(t, s, func(tx workflow.Tx) error {
			list, err := tx.Notices(workflow.NoticeFilter{Oldest: true})
			var gone []*notice.Notice
			for _, n := range list {
				for _, i := range places {
					if n.ID == all[i].ID {
						gone = append(gone, n)
					}
				}
			}
			if err != nil || len(gone) != len(places) {
				t.Fatalf("%d of %d, %v", len(gone), len(places), err)
			}
			return tx.RemoveNotices(gone)
		})
	}
	left := func(want []int, mails int) {
		t.Helper()
		if diff := cmp.Diff(want, noticesOf(t, s, all, workflow.NoticeFilter{Oldest: true})); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		view(t, s, func(tx workflow.Tx) error {
			list, err := tx.Mails(false, 10)
			if len(list) != mails {
				t.Errorf("%d mails, want %d", len(list), mails)
			}
			return err
		})
	}
	remove()
	left([]int{0, 1, 2, 3}, 2)
	remove(0)
	left([]int{1, 2, 3}, 2)
	remove(1, 2)
	left([]int{3}, 1)
	if got := noticesOf(t, s, all, workflow.NoticeFilter{Oldest: true, After: all[2].ID}); len(got) != 1 || got[0] != 3 {
		t.Errorf("after the third: %v", got)
	}
}

func mailRoundTrip(t *testing.T, s Store) {
	all := tellAll(t, s, maria, maria, olaf)
	m := &notice.Mail{To: maria, Notices: []notice.ID{all[0].ID, all[1].ID}, Attempts: 2, Trouble: "It's \"down\".", Due: noon}
	do(t, s, func(tx workflow.Tx) error { return tx.AddMail(m) })
	if got := noticesOf(t, s, all, workflow.NoticeFilter{Unmailed: true}); len(got) != 1 || got[0] != 2 {
		t.Errorf("not mailed: %v", got)
	}
	due := func(at time.Time) (n int) {
		do(t, s, func(tx workflow.Tx) error {
			list, err := tx.DueMails(at, 10)
			if n = len(list); n == 1 {
				if diff := cmp.Diff(m, list[0]); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
			return err
		})
		return n
	}
	if due(noon.Add(-time.Second)) != 0 || due(noon) != 1 {
		t.Error("a mail is due at its time")
	}
	done := noon.Add(time.Hour)
	m.Done, m.Trouble, m.Subject = &done, "", "Told"
	do(t, s, func(tx workflow.Tx) error { return tx.SaveMail(m) })
	if due(noon.Add(24*time.Hour)) != 0 {
		t.Error("a mail that is done is due")
	}
	view(t, s, func(tx workflow.Tx) error {
		list, err := tx.Mails(false, 10)
		if diff := cmp.Diff([]*notice.Mail{m}, list); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if left, err := tx.Mails(true, 10); len(left) != 0 || err != nil {
			t.Errorf("undone: %v, %v", left, err)
		}
		return err
	})
}
