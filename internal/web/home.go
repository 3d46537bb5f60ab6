package web

import (
	"context"
	"net/http"
	"slices"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/web/ui"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// homeModel is what waits for the person, and what is theirs.
type homeModel struct {
	name     string
	waits    []waitGroup
	newcomer bool // nothing was ever done: the first steps are shown
	maker    bool
	mine     []changeLine
	news     []newsLine
	unread   int
	datasets []datasetLine
}

// waitGroup is what one kind of step waits for.
type waitGroup struct {
	title, what string
	lines       []changeLine
}

type newsLine struct {
	says, quote, when, to string
	unread                bool
}

const (
	homeShown = 8   // lines of a list on the start page
	homeDepth = 100 // changes of a state that are looked through
)

func (s *site) home(w http.ResponseWriter, r *http.Request, p access.Principal) {
	h := s.head(r, &p, "Home")
	m, err := s.homeOf(r.Context(), p)
	if err != nil {
		s.failed(w, r, h, err)
		return
	}
	s.render(w, r, http.StatusOK, homeView(h, m))
}

func (s *site) homeOf(ctx context.Context, p access.Principal) (m homeModel, err error) {
	m.name, m.maker = ui.Plain(p.Name), p.Is(access.Maker)
	if m.waits, err = s.waits(ctx, p); err != nil {
		return m, err
	}
	mine, err := s.uc.Changes(ctx, p, workflow.Filter{Maker: p.Email, Limit: homeShown})
	if err != nil {
		return m, err
	}
	m.mine, m.newcomer = changeLines(mine), m.maker && len(mine) == 0
	inbox, err := s.uc.Notices(ctx, p, workflow.NoticesWanted{Limit: homeShown})
	if err != nil {
		return m, err
	}
	for _, n := range inbox.Notices {
		m.news = append(m.news, newsOf(n))
	}
	m.unread = int(inbox.Waiting.Unread)
	all, err := s.uc.Datasets(ctx, p)
	for _, d := range all {
		m.datasets = append(m.datasets, datasetLineOf(d))
	}
	return m, err
}

// waits gives the changes whose next step is the person's, by the kind of step.
func (s *site) waits(ctx context.Context, p access.Principal) (out []waitGroup, err error) {
	for _, g := range []struct {
		waitGroup
		states []change.State
		maker  access.Email
		act    change.Act
	}{
		{waitGroup{title: "To decide", what: "You may approve these or send them back."}, []change.State{change.Submitted}, "", change.ActApprove},
		{waitGroup{title: "To apply", what: "Everybody who must has approved these."}, []change.State{change.Approved}, "", change.ActApply},
		{waitGroup{title: "To mend or submit", what: "Yours, and not yet on their way."}, []change.State{change.Planned, change.Rejected, change.Failed}, p.Email, change.ActReplan},
	} {
		all, err := s.uc.Changes(ctx, p, workflow.Filter{States: g.states, Maker: g.maker, Limit: homeDepth})
		if err != nil {
			return nil, err
		}
		all = slices.DeleteFunc(all, func(c wire.Change) bool { return !slices.Contains(c.May, string(g.act)) })
		if g.lines = changeLines(all[:min(len(all), homeShown)]); len(g.lines) > 0 {
			out = append(out, g.waitGroup)
		}
	}
	return out, nil
}

func newsOf(n wire.Notice) newsLine {
	l := newsLine{says: ui.Plain(n.Says), quote: ui.Plain(n.Quote), when: when(n.At), unread: !n.Read}
	switch {
	case n.Change != "":
		l.to = "/changes/" + n.Change
	case n.Dataset != "":
		l.to = "/datasets/" + n.Dataset
	}
	return l
}
