package storetest

import (
	"crypto/sha256"
	"testing"
	"time"

	"sutor/internal/store"
)

func sessionRoundTrip(t *testing.T, s Store) {
	sessions := s.Sessions(func() time.Time { return noon })
	for _, data := range []string{"one", "two\x00\xff"} { // the second one takes the first one's place
		if err := sessions.Commit("token", []byte(data), noon.Add(time.Nanosecond)); err != nil {
			t.Fatal(err)
		}
		if got, ok, err := sessions.Find("token"); string(got) != data || !ok || err != nil {
			t.Errorf("found %q, %v, %v, want %q", got, ok, err, data)
		}
	}
	if got, ok, err := sessions.Find("other"); got != nil || ok || err != nil {
		t.Errorf("another token finds %q, %v, %v", got, ok, err)
	}
	if err := sessions.Delete("token"); err != nil {
		t.Error(err)
	}
	if _, ok, err := sessions.Find("token"); ok || err != nil {
		t.Errorf("found after Delete: %v", err)
	}
	if err := sessions.Delete("token"); err != nil {
		t.Errorf("deleting nothing: %v", err)
	}
}

func sessionExpires(t *testing.T, s Store) {
	now := noon
	sessions := s.Sessions(func() time.Time { return now })
	if err := sessions.Commit("old", []byte("x"), noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	now = noon.Add(time.Hour)
	if _, ok, err := sessions.Find("old"); ok || err != nil {
		t.Errorf("an expired session is found: %v, %v", ok, err)
	}
	if err := sessions.Commit("new", []byte("y"), now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]bool{"old": false, "new": true} {
		key := sha256.Sum256([]byte(token))
		if _, kept, err := s.FindSession(t.Context(), key[:], store.TimeText(noon)); kept != want || err != nil {
			t.Errorf("%s kept: %v, %v", token, kept, err)
		}
	}
}

// Who reads the database cannot take a session over.
func sessionTokenIsHashed(t *testing.T, s Store) {
	sessions := s.Sessions(func() time.Time { return noon })
	if err := sessions.Commit("token", []byte("x"), noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := s.FindSession(t.Context(), []byte("token"), store.TimeText(noon)); ok || err != nil {
		t.Errorf("the token itself is the key: %v, %v", ok, err)
	}
}
