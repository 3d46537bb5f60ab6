package sqlite

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"sutor/internal/store"
)

var _ scs.CtxStore = (*store.Sessions)(nil)

// Who reads the file cannot take a session over.
func TestSessionTokenIsNotStored(t *testing.T) {
	t.Parallel()
	db := fresh(t, Options{})
	s := db.Sessions(time.Now)
	if err := s.Commit("secret-token", []byte("x"), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	var hits int
	if err := db.reader.QueryRowContext(t.Context(), `SELECT count(*) FROM sessions WHERE instr(token, 'secret') OR instr(data, 'secret')`).Scan(&hits); err != nil || hits != 0 {
		t.Errorf("the token stands in %d rows, %v", hits, err)
	}
}

func TestSessionManager(t *testing.T) {
	t.Parallel()
	db := fresh(t, Options{})
	m := scs.New()
	m.Store = db.Sessions(time.Now)
	h := m.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/in":
			if err := m.RenewToken(r.Context()); err != nil {
				t.Error(err)
			}
			m.Put(r.Context(), "email", "maria@example.test")
		case "/out":
			if err := m.Destroy(r.Context()); err != nil {
				t.Error(err)
			}
		default:
			w.Header().Set("X-Email", m.GetString(r.Context(), "email"))
		}
	}))
	var cookies []*http.Cookie
	get := func(path string) string {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		for _, c := range cookies {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if set := w.Result().Cookies(); len(set) > 0 && path == "/in" {
			cookies = set
		}
		return w.Header().Get("X-Email")
	}
	get("/in")
	if got := get("/"); got != "maria@example.test" {
		t.Errorf("signed in as %q", got)
	}
	get("/out")
	if got := get("/"); got != "" { // with the old cookie
		t.Errorf("after signing out: %q", got)
	}
}
