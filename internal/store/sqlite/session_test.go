package sqlite

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
)

var _ scs.CtxStore = (*Sessions)(nil)

// clock is a time that a test moves, used by one goroutine.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func sessions(t *testing.T) (*DB, *Sessions, *clock) {
	t.Helper()
	db, c := fresh(t, Options{}), &clock{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	return db, db.Sessions(c.now), c
}

func TestSession(t *testing.T) {
	t.Parallel()
	_, s, c := sessions(t)
	find := func(token string) string {
		t.Helper()
		data, ok, err := s.Find(token)
		if err != nil || !ok && data != nil {
			t.Fatal(string(data), err)
		}
		return string(data)
	}
	for _, data := range []string{"one", "two"} { // the second one takes the first one's place
		if err := s.Commit("token", []byte(data), c.at.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if got := find("token"); got != data {
			t.Errorf("found %q, want %q", got, data)
		}
	}
	if got := find("other"); got != "" {
		t.Errorf("another token finds %q", got)
	}
	if err := s.Delete("token"); err != nil || find("token") != "" {
		t.Errorf("after Delete: %q, %v", find("token"), err)
	}
	if err := s.Delete("token"); err != nil {
		t.Errorf("deleting nothing: %v", err)
	}
}

func TestSessionExpires(t *testing.T) {
	t.Parallel()
	db, s, c := sessions(t)
	if err := s.Commit("old", []byte("x"), c.at.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	c.at = c.at.Add(time.Hour)
	if _, ok, err := s.Find("old"); ok || err != nil {
		t.Errorf("an expired session is found: %v, %v", ok, err)
	}
	if err := s.Commit("new", []byte("y"), c.at.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	var kept int
	if err := db.reader.QueryRowContext(t.Context(), `SELECT count(*) FROM sessions`).Scan(&kept); err != nil || kept != 1 {
		t.Errorf("%d sessions are kept, %v, want only the new one", kept, err)
	}
}

// Who reads the file cannot take a session over.
func TestSessionTokenIsNotStored(t *testing.T) {
	t.Parallel()
	db, s, c := sessions(t)
	if err := s.Commit("secret-token", []byte("x"), c.at.Add(time.Hour)); err != nil {
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
