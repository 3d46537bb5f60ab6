package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"sutor/internal/access"
	"sutor/internal/errs"
)

// inner lets exchange embed a huma.Context beside its own method Context.
type inner huma.Context

// exchange is a signed-in request on its way through huma. Huma writes its own
// refusals with a status of its own choice; exchange puts the one of our table
// in its place (huma has only a package-wide variable for that).
type exchange struct {
	inner
	ctx    context.Context
	status int // set by ownForm; 0 for huma's
}

func (x *exchange) Context() context.Context { return x.ctx }
func (x *exchange) Unwrap() huma.Context     { return x.inner }

func (x *exchange) SetStatus(code int) {
	if x.status != 0 {
		code = x.status
	}
	x.inner.SetStatus(code)
}

type principalKey struct{}

// principal gives who asks; routes reach it only behind signIn.
func principal(ctx context.Context) access.Principal {
	p, _ := ctx.Value(principalKey{}).(access.Principal)
	return p
}

// signIn is the middleware before every route.
func (s *server) signIn(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	p, err := s.who(r)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	next(&exchange{inner: ctx, ctx: context.WithValue(ctx.Context(), principalKey{}, p)})
}

// who finds the Principal of a request, asked anew each time, so that rights
// follow the Compact in force. A token that is sent must be good: a request with
// a bad one does not fall back to a session.
func (s *server) who(r *http.Request) (access.Principal, error) {
	ctx := r.Context()
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, secret, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(secret) == "" {
			return access.Principal{}, errs.New(errs.Unsigned, "The Authorization header holds no bearer token.").
				WithMend("Send: Authorization: Bearer TOKEN")
		}
		email, means, err := s.auth.Authenticate(ctx, strings.TrimSpace(secret))
		if err != nil {
			return access.Principal{}, fmt.Errorf("token: %w", err)
		}
		return s.uc.Person(ctx, email, means)
	}
	if s.o.Session != nil {
		if email, ok := s.o.Session(r); ok {
			if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
				// A link or a form of another site carries the cookie on GET too, and
				// exports leave evidence in the person's name.
				return access.Principal{}, otherSite()
			}
			return s.uc.Person(ctx, email, "session")
		}
	}
	return access.Principal{}, errs.New(errs.Unsigned, "You are not signed in.").
		WithMend("Send a token (sutor token issue EMAIL makes one) as: Authorization: Bearer TOKEN")
}

func otherSite() error {
	return errs.New(errs.Forbidden, "This request was sent by a page of another site, so it is refused.").
		WithMend("Use Sutor's own pages, or a token from a program that is not a browser.")
}

// guard puts the security headers on every answer and turns a panic into a
// problem.
func (s *server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		a := &answer{ResponseWriter: w}
		defer func() {
			fault := recover()
			if fault == nil {
				return
			}
			err := fmt.Errorf("panic: %v", fault)
			if fault != http.ErrAbortHandler {
				s.o.Log.ErrorContext(r.Context(), "a handler panicked", slog.Any("fault", fault), slog.String("stack", string(debug.Stack())))
			}
			if a.begun || fault == http.ErrAbortHandler {
				panic(http.ErrAbortHandler) // cut the connection: the answer is not whole
			}
			s.refuse(w, r, err)
		}()
		next.ServeHTTP(a, r)
	})
}

// answer knows whether anything of it has been sent.
type answer struct {
	http.ResponseWriter
	begun bool
}

func (a *answer) WriteHeader(status int) {
	a.begun = true
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	a.begun = true
	return a.ResponseWriter.Write(b)
}

// Unwrap serves http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
