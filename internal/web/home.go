package web

import (
	"net/http"

	"sutor/internal/access"
)

func (s *site) home(w http.ResponseWriter, r *http.Request, _ access.Principal) {
	http.Redirect(w, r, "/changes", http.StatusSeeOther)
}
