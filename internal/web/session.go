package web

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"

	"sutor/internal/access"
)

const (
	// Lifetime ends a session, however much it is used.
	Lifetime = 12 * time.Hour
	// Idle ends a session that is not used.
	Idle = 2 * time.Hour

	cookieName = "sutor_session"
	emailKey   = "email"
)

// Sessions are the signed-in browsers.
type Sessions struct{ scs *scs.SessionManager }

// NewSessions keeps sessions in store; https says that people reach the pages
// over https, so cookies never leave over anything else.
func NewSessions(store scs.Store, https bool) *Sessions {
	return &Sessions{&scs.SessionManager{ // not scs.New: it starts a store of its own, with a goroutine that never ends
		Store: &lasting{Store: store}, Codec: scs.GobCodec{}, Lifetime: Lifetime, IdleTimeout: Idle,
		Cookie: scs.SessionCookie{
			Name: cookieName, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: https,
			Persist: false, // a closed browser has forgotten it
		},
	}}
}

// Who tells whose session a request belongs to. It works on any request, also
// on one that has not come through this package (package api asks it).
func (s *Sessions) Who(r *http.Request) (access.Email, bool) {
	cookie, err := r.Cookie(cookieName)
	if err != nil || cookie.Value == "" {
		return "", false
	}
	ctx, err := s.scs.Load(r.Context(), cookie.Value)
	if err != nil {
		return "", false // a store that is down has no sessions
	}
	email := s.scs.GetString(ctx, emailKey)
	return access.Email(email), email != ""
}

// begin signs a person in; the token is a new one.
func (s *Sessions) begin(r *http.Request, email access.Email) error {
	if err := s.scs.RenewToken(r.Context()); err != nil {
		return err
	}
	s.scs.Put(r.Context(), emailKey, string(email))
	_, _, err := s.scs.Commit(context.WithValue(r.Context(), beginning{}, true))
	return err
}

func (s *Sessions) end(r *http.Request) error { return s.scs.Destroy(r.Context()) }

// lasting keeps sessions such that one that has ended stays ended. scs stores a
// session again at the end of each of its requests, for its idle time; a request
// that was still under way when the person signed out would bring it back.
type lasting struct {
	scs.Store
	mu sync.Mutex // from finding to storing
}

// beginning marks the context in which a session is stored for the first time.
type beginning struct{}

// CommitCtx stores a session that begins or is there still; it drops another.
func (l *lasting) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ctx.Value(beginning{}) == nil {
		if _, there, err := l.FindCtx(context.WithoutCancel(ctx), token); err != nil || !there {
			return err
		}
	}
	if store, ok := l.Store.(scs.CtxStore); ok {
		return store.CommitCtx(context.WithoutCancel(ctx), token, data, expiry) // also when the client has gone
	}
	return l.Store.Commit(token, data, expiry)
}

// FindCtx gives a session's data (scs.CtxStore).
func (l *lasting) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	if store, ok := l.Store.(scs.CtxStore); ok {
		return store.FindCtx(ctx, token)
	}
	return l.Store.Find(token)
}

// DeleteCtx ends a session (scs.CtxStore).
func (l *lasting) DeleteCtx(ctx context.Context, token string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if store, ok := l.Store.(scs.CtxStore); ok {
		return store.DeleteCtx(ctx, token)
	}
	return l.Store.Delete(token)
}
