package web

import (
	"net/http"
	"net/url"
	"strconv"

	"sutor/internal/access"
	"sutor/internal/notice"
	"sutor/internal/web/ui"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

const inboxSize = 50

// inboxModel is what the inbox shows.
type inboxModel struct {
	lines  []noticeLine
	all    bool // what is read, too
	last   int64
	unread int64
	next   string
}

type noticeLine struct {
	wire.Notice
	word ui.Word
	when string
	to   string
}

func (s *site) inbox(w http.ResponseWriter, r *http.Request, p access.Principal) {
	h := s.head(r, &p, "Inbox")
	q := r.URL.Query()
	before, _ := strconv.ParseInt(q.Get("before"), 10, 64) // what is no number is the first page
	all := q.Has("all")
	in, err := s.uc.Notices(r.Context(), p, workflow.NoticesWanted{Unread: !all, Limit: inboxSize, Before: notice.ID(max(0, before))})
	if err != nil {
		s.failed(w, r, h, err)
		return
	}
	s.render(w, r, http.StatusOK, inboxView(h, inboxOf(in, all)))
}

func inboxOf(in wire.Inbox, all bool) inboxModel {
	m := inboxModel{all: all, unread: in.Waiting.Unread}
	for _, n := range in.Notices {
		n.Says, n.Title, n.Quote = ui.Plain(n.Says), ui.Plain(n.Title), ui.Plain(n.Quote)
		m.last = max(m.last, n.ID)
		m.lines = append(m.lines, noticeLine{n, noticeWord(n), when(n.At), noticeTo(n)})
	}
	if len(in.Notices) == inboxSize {
		q := url.Values{"before": {strconv.FormatInt(in.Notices[inboxSize-1].ID, 10)}}
		if all {
			q.Set("all", "1")
		}
		m.next = "/inbox?" + q.Encode()
	}
	return m
}

// noticeTo leads to the place that a notice is about.
func noticeTo(n wire.Notice) string {
	if n.Change == "" {
		if n.Dataset != "" {
			return "/datasets/" + url.PathEscape(n.Dataset)
		}
		return "/"
	}
	to := "/changes/" + url.PathEscape(n.Change)
	switch notice.Kind(n.Kind) {
	case notice.Comment, notice.Mention:
		return to + "/discussion"
	case notice.PlanFailed:
		return to + "/findings"
	}
	return to
}

func noticeWord(n wire.Notice) ui.Word {
	switch {
	case n.Waits:
		return ui.Say("?", "decide", "ask")
	case n.Read:
		return ui.Say("✓", "read", "quiet")
	case n.Urgent:
		return ui.Say("!", "look", "warn")
	}
	return ui.Say("●", "new", "info")
}

func (s *site) readInbox(w http.ResponseWriter, r *http.Request, p access.Principal) {
	err := readForm(w, r)
	if err == nil {
		last, _ := strconv.ParseInt(r.PostForm.Get("last"), 10, 64) // what is no number marks nothing
		_, err = s.uc.ReadNotices(r.Context(), p, nil, notice.ID(last))
	}
	if err != nil {
		s.failed(w, r, s.head(r, &p, "Inbox"), err)
		return
	}
	s.told(r, "All of it counts as read.")
	http.Redirect(w, r, "/inbox", http.StatusSeeOther)
}

// count puts what waits for the person into the navigation and the tab's title.
// Where that cannot be found out the page does without: the page itself will tell.
func (s *site) count(r *http.Request, p *access.Principal, h *ui.Head) {
	waiting, err := s.uc.Waiting(r.Context(), *p)
	if err != nil {
		s.o.Log.DebugContext(r.Context(), "what waits was not counted", "error", err)
		return
	}
	h.Waits = int(waiting.Decide)
	for i := range h.Nav {
		if h.Nav[i].To == "/inbox" {
			h.Nav[i].Count = int(waiting.Unread)
		}
	}
}
