package web

import (
	"net/http"
	"strings"

	"sutor/internal/access"
	"sutor/internal/errs"
	"sutor/internal/wire"
)

// signInForm is what the sign-in page shows.
type signInForm struct {
	email   string
	next    string
	trouble *wire.Problem
}

func (s *site) signInPage(w http.ResponseWriter, r *http.Request) {
	h := s.head(r, nil, "Sign in")
	s.render(w, r, http.StatusOK, signInView(h, signInForm{next: localPath(r.URL.Query().Get("next"))}))
}

func (s *site) signIn(w http.ResponseWriter, r *http.Request) {
	err := readForm(w, r)
	form := signInForm{email: r.PostForm.Get("email"), next: localPath(r.PostForm.Get("next"))}
	if err == nil {
		err = s.prove(r, access.Fold(form.email), r.PostForm.Get("password"))
	}
	if err != nil {
		trouble := s.trouble(r, err)
		form.trouble = &trouble
		h := s.head(r, nil, "Sign in")
		s.render(w, r, trouble.Status, signInView(h, form))
		return
	}
	http.Redirect(w, r, form.next, http.StatusSeeOther)
}

// prove signs a person in who has the password and stands in the Compact.
func (s *site) prove(r *http.Request, email access.Email, password string) error {
	if email == "" || password == "" {
		return errs.New(errs.Unsigned, "Type your e-mail address and your password.")
	}
	means, err := s.login.SignIn(r.Context(), email, password, s.o.Address(r))
	if err != nil {
		return err
	}
	if _, err := s.uc.Person(r.Context(), email, means); err != nil {
		return err
	}
	return s.sessions.begin(r, email)
}

func (s *site) signOut(w http.ResponseWriter, r *http.Request) {
	if err := s.sessions.end(r); err != nil {
		s.failed(w, r, s.head(r, nil, ""), err)
		return
	}
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
}

// localPath lets a redirect lead to a page of ours only: browsers take // and /\
// for the start of another host.
func localPath(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}
