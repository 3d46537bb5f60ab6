package web

import (
	"net/http"
	"slices"
	"strings"

	"sutor/internal/access"
	"sutor/internal/web/ui"
)

// toastKey is where the session keeps what the next page tells.
const toastKey = "toast"

// head gives what stands around a page; p is nil where nobody is signed in.
func (s *site) head(r *http.Request, p *access.Principal, title string) ui.Head {
	h := ui.Head{Title: title, Company: s.o.Company, Theme: theme(r), Here: "/"}
	if r.Method == http.MethodGet {
		h.Here = r.URL.RequestURI()
	}
	if p == nil {
		return h
	}
	var roles []string
	for _, role := range p.Roles {
		roles = append(roles, string(role))
	}
	h.Person = ui.Person{Name: ui.Plain(p.Name), Email: string(p.Email), Roles: strings.Join(roles, ", ")}
	if h.Person.Name == "" {
		h.Person.Name = h.Person.Email
	}
	h.Nav = navigation(*p, r.URL.Path, s.o.Outbox)
	s.count(r, p, &h)
	if said := s.sessions.scs.PopString(r.Context(), toastKey); said != "" {
		h.Toast = &ui.Toast{Word: ui.Word{Sign: "✓", Text: said, Tone: "good"}}
	}
	return h
}

// told keeps a sentence for the next page: what was done.
func (s *site) told(r *http.Request, sentence string) {
	if sentence != "" {
		s.sessions.scs.Put(r.Context(), toastKey, sentence)
	}
}

// navigation is where the person may go.
func navigation(p access.Principal, path string, outbox bool) []ui.Link {
	all := []struct {
		ui.Link
		roles []access.Role // nil for everybody
	}{
		{ui.Link{Text: "Home", To: "/", Icon: "home", Keys: "g h"}, nil},
		{ui.Link{Text: "Inbox", To: "/inbox", Icon: "inbox", Keys: "g i"}, nil},
		{ui.Link{Text: "Changes", To: "/changes", Icon: "changes", Keys: "g c"}, nil},
		{ui.Link{Text: "Datasets", To: "/datasets", Icon: "datasets", Keys: "g d"}, nil},
		{ui.Link{Text: "Compact", To: "/compact", Icon: "compact", Keys: "g r"}, nil},
		{ui.Link{Text: "Evidence", To: "/evidence", Icon: "evidence", Keys: "g e"}, []access.Role{access.Auditor, access.Steward}},
		{ui.Link{Text: "Outbox", To: "/outbox", Icon: "mail", Keys: "g o"}, nil},
		{ui.Link{Text: "System", To: "/system", Icon: "system", Keys: "g s"}, []access.Role{access.Steward}},
	}
	var out []ui.Link
	for _, l := range all {
		if l.roles != nil && !slices.ContainsFunc(l.roles, p.Is) {
			continue
		}
		if l.To == "/outbox" && !outbox {
			continue
		}
		l.Here = path == l.To || l.To != "/" && strings.HasPrefix(path, l.To+"/")
		out = append(out, l.Link)
	}
	return out
}
