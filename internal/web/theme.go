package web

import (
	"net/http"
	"time"

	"sutor/internal/web/ui"
)

const themeCookie = "sutor_theme"

// theme gives the colours that the person chose.
func theme(r *http.Request) ui.Theme {
	c, err := r.Cookie(themeCookie)
	if err == nil && (c.Value == string(ui.Light) || c.Value == string(ui.Dark)) {
		return ui.Theme(c.Value)
	}
	return ""
}

// chooseTheme keeps the choice in a cookie of this browser: another screen may
// stand in another light.
func (s *site) chooseTheme(w http.ResponseWriter, r *http.Request) {
	if err := readForm(w, r); err != nil {
		s.failed(w, r, s.head(r, nil, ""), err)
		return
	}
	c := &http.Cookie{Name: themeCookie, Value: r.PostForm.Get("theme"), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: s.sessions.scs.Cookie.Secure, MaxAge: int((365 * 24 * time.Hour).Seconds())}
	if c.Value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
	http.Redirect(w, r, localPath(r.PostForm.Get("next")), http.StatusSeeOther)
}
