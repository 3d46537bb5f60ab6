package api_test

import (
	"strings"
	"testing"

	"sutor/internal/api"
	"sutor/internal/wire"
)

// Threat: a stream that was opened with a good token tells of the change for as long as
// it stays open, also after the token was taken back.
func TestEventsEndWithTheIdentity(t *testing.T) {
	t.Parallel()
	s := newServer(t, &recorder{change: wire.Change{ID: "7", Title: "told once"}}, api.Options{})
	res, text := request{path: "/api/v1/changes/7/events", token: "token-maria"}.send(t, s)
	if res.StatusCode != 200 || strings.Count(text, "told once") != 1 || !strings.Contains(text, "event: gone") {
		t.Errorf("%d: %s", res.StatusCode, text)
	}
}
