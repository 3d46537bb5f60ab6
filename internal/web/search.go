package web

import (
	"net/http"
	"strings"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/web/ui"
	"sutor/internal/workflow"
)

// searchModel is what was found, in groups.
type searchModel struct {
	q      string
	groups []foundGroup
}

type foundGroup struct {
	name string
	all  []foundLink
}

type foundLink struct{ icon, text, to, what string }

const (
	searchDepth = 200 // changes that are looked through, the newest
	searchShown = 8   // of each group
)

// search finds pages, datasets and changes by a part of their names. Its page is
// also what the palette shows.
func (s *site) search(w http.ResponseWriter, r *http.Request, p access.Principal) {
	h := s.head(r, &p, "Find")
	q := strings.TrimSpace(r.URL.Query().Get("q"))
	m := searchModel{q: q}
	var pages []foundLink
	for _, l := range append(h.Nav, ui.Link{Text: "Help and shortcuts", To: "/help", Icon: "help"}) {
		pages = append(pages, foundLink{l.Icon, l.Text, l.To, "page"})
	}
	m.add("Pages", q, pages)
	datasets, err := s.uc.Datasets(r.Context(), p)
	if err != nil {
		s.failed(w, r, h, err)
		return
	}
	var links []foundLink
	for _, d := range datasets {
		label := ui.Plain(d.Label)
		if label == "" {
			label = d.Name
		}
		links = append(links, foundLink{"datasets", label, "/datasets/" + d.Name, d.Department})
	}
	m.add("Datasets", q, links)
	if links, err = s.findChanges(r, p, q); err != nil {
		s.failed(w, r, h, err)
		return
	}
	m.add("Changes", q, links)
	s.render(w, r, http.StatusOK, searchView(h, m))
}

// findChanges gives the changes to look through; one whose number was typed first.
func (s *site) findChanges(r *http.Request, p access.Principal, q string) (out []foundLink, err error) {
	limit := searchShown
	if q != "" {
		limit = searchDepth
		if c, err := s.uc.Change(r.Context(), p, change.ID(q), 0); err == nil {
			out = append(out, foundLink{"changes", q + " " + ui.Plain(c.Title), "/changes/" + c.ID, stateOf(c.State).Text})
		}
	}
	all, err := s.uc.Changes(r.Context(), p, workflow.Filter{Limit: limit})
	for _, c := range all {
		if c.ID != q {
			out = append(out, foundLink{"changes", c.ID + " " + ui.Plain(c.Title), "/changes/" + c.ID, stateOf(c.State).Text})
		}
	}
	return out, err
}

// add keeps what has the words somewhere.
func (m *searchModel) add(name, q string, all []foundLink) {
	g := foundGroup{name: name}
	for _, l := range all {
		if len(g.all) < searchShown && has(l.text+" "+l.what, q) {
			g.all = append(g.all, l)
		}
	}
	if len(g.all) > 0 {
		m.groups = append(m.groups, g)
	}
}

// has tells whether a text has all the words, whatever their case.
func has(text, q string) bool {
	text = strings.ToLower(text)
	for _, word := range strings.Fields(strings.ToLower(q)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}
