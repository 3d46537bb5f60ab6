package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sutor/internal/wire"
)

// log is what a server says, line by line.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// TestLimitsAreTold: everybody who is signed in may know them, and the steward
// finds them in the log.
func TestLimitsAreTold(t *testing.T) {
	t.Parallel()
	h := build(t)
	c, said := h.config(), &log{}
	c.MaxUpload, c.MaxArtifacts, c.MaxPlan, c.Slots, c.Log = 20<<20, 1<<40, time.Minute, 3, slog.New(slog.NewTextHandler(said, nil))
	h.openWith(c)
	t.Cleanup(h.close)
	var me wire.Person
	var health wire.Health
	for path, into := range map[string]any{"me": &me, "health": &health} {
		if res, body := h.do(call{path: "/api/v1/" + path, token: h.token("maria")}); res.StatusCode != http.StatusOK || json.Unmarshal([]byte(body), into) != nil {
			t.Fatalf("%s: %d %s", path, res.StatusCode, body)
		}
	}
	want := wire.Limits{Upload: 20 << 20, Rows: 10_000_000, Staging: 16 << 30, Spill: 50e9, Plan: 60_000, Slots: 3, Artifacts: 1 << 40}
	if me.Limits != want || health.Limits != want {
		t.Errorf("me %+v, health %+v", me.Limits, health.Limits)
	}
	line := `msg=limits upload="20 MiB" rows=10000000 staging="16 GiB" spill="50 GB" plan=1m0s slots=3 `
	if text := said.String(); strings.Count(text, "msg=limits") != 1 || !strings.Contains(text, line) || !strings.Contains(text, `artifacts="1 TiB"`) {
		t.Errorf("said:\n%s", text)
	}
}

// TestNoRoom: where the folder of artefacts may not grow any more, a file is
// refused before it is read, and what is there goes on to work.
func TestNoRoom(t *testing.T) {
	t.Parallel()
	h := build(t)
	c := h.config()
	c.MaxArtifacts = 1 << 20
	h.openWith(c)
	t.Cleanup(h.close)
	maria, olaf := h.token("maria"), h.token("olaf")
	planned := h.plan(maria, "customers", "", "id,terms\n1,NET45\n")
	res, body := h.do(call{method: http.MethodPost, path: "/api/v1/changes?dataset=customers&name=a.csv", token: maria, body: "id,terms\n" + strings.Repeat("1,NET45\n", 1<<17)})
	if res.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "there is no room for this one") || !strings.Contains(body, "--max-artifacts") {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	if left, err := os.ReadDir(filepath.Join(c.Data, "artifacts", "tmp")); len(left) != 0 || err != nil {
		t.Errorf("left behind: %v %v", left, err)
	}
	if now := h.apply(maria, olaf, planned); now.State != "applied" {
		t.Errorf("what was planned: %+v", now)
	}
}

// TestStagingThatIsTooLarge: a file whose cells take too much disk is refused, and
// nothing is left of them.
func TestStagingThatIsTooLarge(t *testing.T) {
	t.Parallel()
	h := build(t)
	c := h.config()
	c.MaxStaging = 1 << 20
	h.openWith(c)
	t.Cleanup(h.close)
	maria := h.token("maria")
	var wide strings.Builder
	wide.WriteString("id")
	for n := range 4000 {
		fmt.Fprintf(&wide, ",c%d", n)
	}
	wide.WriteString("\n" + strings.Repeat("1"+strings.Repeat(",", 4000)+"\n", 1000))
	res, body := h.do(call{method: http.MethodPost, path: "/api/v1/changes?dataset=customers&name=a.csv", token: maria, body: wide.String()})
	if res.StatusCode != http.StatusAccepted {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	var made wire.Change
	if err := json.Unmarshal([]byte(body), &made); err != nil {
		t.Fatal(err)
	}
	now := h.change(call{path: "/api/v1/changes/" + made.ID + "?wait=60s", token: maria})
	if now.State != "failed" || now.Problem == nil || now.Problem.Exit != 7 || !strings.Contains(now.Why, "more than the 1 MiB of disk") {
		t.Errorf("%s: %s, %+v", now.State, now.Why, now.Problem)
	}
	if left, err := os.ReadDir(filepath.Join(c.Data, "scratch")); len(left) != 0 || err != nil {
		t.Errorf("left behind: %v %v", left, err)
	}
}
