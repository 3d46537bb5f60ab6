package web

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"
	"unicode/utf8"

	"github.com/a-h/templ"

	"sutor/internal/access"
	"sutor/internal/errs"
	"sutor/internal/web/ui"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// Login proves who somebody is; a wrong password is errs.Unsigned. It defends
// itself against guessing.
type Login interface {
	SignIn(ctx context.Context, email access.Email, password, address string) (access.Means, error)
}

// Options are the pages' settings; the zero value is fit for use.
type Options struct {
	Company string       // stands in the head of each page
	Outbox  bool         // the server keeps its mails to be read, so there is a page for them
	Log     *slog.Logger // nil for none
	// MaxUpload is the largest file in bytes; 0 for 1 GiB. Stall ends an upload when
	// nothing of it comes for so long; 0 for half a minute.
	MaxUpload int64
	Stall     time.Duration
	// Address tells where a request comes from, for Login; nil for RemoteAddr.
	Address func(*http.Request) string
}

type site struct {
	uc       workflow.UseCases
	sessions *Sessions
	login    Login
	o        Options
}

// Handler gives the pages.
func Handler(uc workflow.UseCases, sessions *Sessions, login Login, o Options) http.Handler {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Address == nil {
		o.Address = func(r *http.Request) string { return r.RemoteAddr }
	}
	o.MaxUpload, o.Stall = cmp.Or(o.MaxUpload, 1<<30), cmp.Or(o.Stall, 30*time.Second)
	s := &site{uc: uc, sessions: sessions, login: login, o: o}
	pages := http.NewServeMux()
	s.routes(pages)
	sessions.scs.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) { s.failed(w, r, s.head(r, nil, ""), err) }

	origin := http.NewCrossOriginProtection()
	origin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.failed(w, r, s.head(r, nil, ""), errs.New(errs.Forbidden, "This request was sent by a page of another site, so it is refused.").
			WithMend("Open Sutor in a window of its own and do it there."))
	}))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /assets/{name}", ui.ServeAsset)
	mux.Handle("/", compressed(origin.Handler(sessions.scs.LoadAndSave(pages))))
	return secure(mux)
}

// router is where pages are put: a ServeMux, or a list.
type router interface {
	HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request))
}

// Patterns lists the patterns of all pages, so that a walk over them misses none.
func Patterns() []string {
	var all patterns
	(&site{}).routes(&all)
	return all
}

type patterns []string

func (p *patterns) HandleFunc(pattern string, _ func(http.ResponseWriter, *http.Request)) {
	*p = append(*p, pattern)
}

// routes are all pages.
func (s *site) routes(mux router) {
	mux.HandleFunc("GET /sign-in", s.signInPage)
	mux.HandleFunc("POST /sign-in", s.signIn)
	mux.HandleFunc("POST /sign-out", s.signOut)
	mux.HandleFunc("POST /theme", s.chooseTheme)
	mux.HandleFunc("GET /{$}", s.person(s.home))
	mux.HandleFunc("GET /search", s.person(s.search))
	mux.HandleFunc("GET /help", s.person(s.help))
	mux.HandleFunc("GET /datasets", s.person(s.datasets))
	mux.HandleFunc("GET /datasets/{name}", s.person(s.dataset))
	mux.HandleFunc("GET /datasets/{name}/rules", s.person(s.datasetRules))
	mux.HandleFunc("GET /datasets/{name}/history", s.person(s.datasetHistory))
	mux.HandleFunc("GET /datasets/{name}/propose", s.person(s.proposePage))
	mux.HandleFunc("POST /datasets/{name}/propose", s.person(s.propose))
	mux.HandleFunc("GET /datasets/{name}/rule", s.person(s.rulePage))
	mux.HandleFunc("POST /datasets/{name}/rule", s.person(s.rule))
	mux.HandleFunc("POST /datasets/{name}/recipes/remove", s.person(s.removeRecipe))
	mux.HandleFunc("GET /compact", s.person(s.compact))
	mux.HandleFunc("GET /compact/versions", s.person(s.compactVersions))
	mux.HandleFunc("GET /compact/rehearse", s.person(s.rehearsePage))
	mux.HandleFunc("POST /compact/rehearse", s.person(s.rehearse))
	mux.HandleFunc("GET /system", s.person(s.system))
	mux.HandleFunc("GET /evidence", s.person(s.evidence))
	mux.HandleFunc("POST /evidence/check", s.person(s.checkEvidence))
	mux.HandleFunc("POST /evidence/verify", s.person(s.verifyPack))
	mux.HandleFunc("GET /changes", s.person(s.changes))
	mux.HandleFunc("GET /changes/{id}/part", s.person(s.partPage))
	mux.HandleFunc("POST /changes/{id}/part", s.person(s.part))
	mux.HandleFunc("GET /changes/{id}/reading", s.person(s.reading))
	mux.HandleFunc("POST /changes/{id}/reading", s.person(s.reread))
	mux.HandleFunc("POST /changes/{id}/recipe", s.person(s.saveRecipe))
	mux.HandleFunc("GET /changes/{id}", s.person(s.change))
	mux.HandleFunc("GET /changes/{id}/{tab}", s.person(s.change))
	mux.HandleFunc("POST /changes/{id}/mended", s.person(s.mended))
	mux.HandleFunc("GET /inbox", s.person(s.inbox))
	mux.HandleFunc("POST /inbox/read", s.person(s.readInbox))
	mux.HandleFunc("GET /outbox", s.person(s.outbox))
	mux.HandleFunc("POST /changes/{id}/{act}", s.person(s.act))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.failed(w, r, s.head(r, nil, ""), errs.New(errs.NotFound, "There is no page %s.", r.URL.Path).WithMend("Begin at the start."))
	})
}

// secure puts the security headers on every answer.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// person lets only signed-in people through; others are sent to sign in and come
// back afterwards.
func (s *site) person(page func(http.ResponseWriter, *http.Request, access.Principal)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		email, ok := s.sessions.Who(r)
		if !ok {
			toSignIn(w, r)
			return
		}
		p, err := s.uc.Person(r.Context(), email, "session")
		if errs.KindOf(err) == errs.Unsigned && err != nil { // left the company meanwhile
			err = s.sessions.end(r)
			if err == nil {
				toSignIn(w, r)
				return
			}
		}
		if err != nil {
			s.failed(w, r, s.head(r, nil, ""), err)
			return
		}
		page(w, r, p)
	}
}

func toSignIn(w http.ResponseWriter, r *http.Request) {
	to := "/sign-in"
	if r.Method == http.MethodGet && r.URL.Path != "/" {
		to += "?" + url.Values{"next": {r.URL.RequestURI()}}.Encode()
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// render sends a page.
func (s *site) render(w http.ResponseWriter, r *http.Request, status int, page templ.Component) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if err := page.Render(context.WithoutCancel(r.Context()), w); err != nil {
		s.o.Log.DebugContext(r.Context(), "a page was not sent to its end", slog.String("cause", err.Error())) // the client has gone
	}
}

const (
	formBytes  = 64 << 10
	maxComment = 4000 // characters, as in the API
)

// arrived takes back the deadline by which a request had to be there: left on the
// connection, it would end those whose use case takes longer.
func arrived(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // a connection without deadlines has none to take back
}

// readForm reads a form whole: what cannot be read must not count as empty.
func readForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, formBytes)
	if err := r.ParseForm(); err != nil {
		return errs.New(errs.Usage, "What was typed did not arrive whole, so nothing was done.").
			WithMend("Write less, or send it again.").Because(err)
	}
	arrived(w)
	if utf8.RuneCountInString(r.PostForm.Get("comment")) > maxComment {
		return errs.New(errs.Usage, "A comment has %s characters at most, so nothing was done.", group(maxComment)).WithMend("Write less.")
	}
	return nil
}

// failed shows a page that says what went wrong and how to mend it.
func (s *site) failed(w http.ResponseWriter, r *http.Request, h ui.Head, err error) {
	trouble := s.trouble(r, err)
	h.Title = trouble.Title
	s.render(w, r, trouble.Status, failedView(h, trouble))
}

// trouble gives an error its public form and logs what must not be shown.
func (s *site) trouble(r *http.Request, err error) wire.Problem {
	if errs.As(err) == nil && r.Context().Err() != nil { // nobody may be there to read it
		err = errs.New(errs.Unavailable, "The server is stopping.").WithMend("Load the page again in a moment.").Because(err)
	}
	e := errs.Public(err)
	if (e.Kind == errs.Internal || e.Kind == errs.Unavailable) && r.Context().Err() == nil {
		s.o.Log.ErrorContext(r.Context(), "a page failed", slog.String("page", r.Method+" "+r.Pattern), slog.String("cause", errs.Detail(err)))
	}
	return wire.ProblemOf(e)
}
