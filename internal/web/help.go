package web

import (
	"net/http"

	"sutor/internal/access"
)

type helpModel struct{ keys []shortcut }

// shortcut is what a key does; "g h" is one key after the other.
type shortcut struct {
	keys []string
	does string
}

func (s *site) help(w http.ResponseWriter, r *http.Request, p access.Principal) {
	h := s.head(r, &p, "Help and shortcuts")
	m := helpModel{keys: []shortcut{
		{[]string{"Ctrl", "K"}, "Find a change, a dataset or a page"},
		{[]string{"/"}, "The same"},
		{[]string{"?"}, "This page"},
		{[]string{"j"}, "Next line of a table"},
		{[]string{"k"}, "Line before"},
		{[]string{"Enter"}, "Open the line"},
		{[]string{"Esc"}, "Close what is open"},
	}}
	for _, l := range h.Nav {
		m.keys = append(m.keys, shortcut{[]string{l.Keys[:1], l.Keys[2:]}, "Go to " + l.Text})
	}
	s.render(w, r, http.StatusOK, helpView(h, m))
}
