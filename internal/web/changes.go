package web

import (
	"net/http"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/web/ui"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

const listSize = 50

// changesModel is a list of changes.
type changesModel struct {
	lines []changeLine
	older bool // it does not begin with the newest
	tabs  []ui.Link
	pager ui.Pager
}

type changeLine struct {
	id, title, dataset, maker, made string
	state                           ui.Word
	rows                            string
}

func (s *site) changes(w http.ResponseWriter, r *http.Request, p access.Principal) {
	q := r.URL.Query()
	f := workflow.Filter{Limit: listSize, Before: change.ID(q.Get("before"))}
	if q.Get("mine") != "" {
		f.Maker = p.Email
	}
	h := s.head(r, &p, "Changes")
	all, err := s.uc.Changes(r.Context(), p, f)
	if err != nil {
		s.failed(w, r, h, err)
		return
	}
	m := changesModel{lines: changeLines(all), older: q.Get("before") != ""}
	m.tabs = []ui.Link{{Text: "All you may see", To: "/changes", Here: f.Maker == ""}, {Text: "Yours", To: "/changes?mine=1", Here: f.Maker != ""}}
	if len(all) == listSize {
		m.pager = ui.Pager{Of: "changes", Next: ui.With("/changes", q, "", "") + "&before=" + all[len(all)-1].ID}
	}
	s.render(w, r, http.StatusOK, changesView(h, m))
}

func changeLines(all []wire.Change) (out []changeLine) {
	for _, c := range all {
		l := changeLine{id: c.ID, title: ui.Plain(c.Title), dataset: c.Dataset, maker: c.Maker, made: when(c.CreatedAt), state: stateOf(c.State)}
		if l.title == "" {
			l.title = "Change " + c.ID
		}
		if c.Plan != nil {
			l.rows = group(c.Plan.Counts.Insert + c.Plan.Counts.Update + c.Plan.Counts.Delete)
		}
		out = append(out, l)
	}
	return out
}
