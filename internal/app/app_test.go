package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sutor/internal/api/routetest"
	"sutor/internal/app"
	"sutor/internal/cli"
	"sutor/internal/errs"
	"sutor/internal/wire"
)

// TestCloseLeavesNothing is not parallel: it counts goroutines.
func TestCloseLeavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	h := build(t)
	started := time.Now()
	a, err := app.Open(t.Context(), h.config())
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(started); took > 5*time.Second { // it takes a fifth of a second on an idle machine
		t.Errorf("ready after %s", took)
	}
	if err := a.Close(t.Context()); err != nil {
		t.Error(err)
	}
	goleak.VerifyNone(t, before)
	left, err := os.ReadDir(filepath.Join(h.dir, "data", "scratch"))
	if err != nil || len(left) > 0 {
		t.Errorf("left in scratch: %v %v", left, err)
	}
}

// TestEveryRouteAsEverybody walks the API with the real rules behind it.
func TestEveryRouteAsEverybody(t *testing.T) {
	t.Parallel()
	h := build(t).open()
	tokens := map[routetest.Who]string{routetest.Maker: h.token("maria"), routetest.Colleague: h.token("max"),
		routetest.Stranger: h.token("lea"), routetest.Owner: h.token("olaf"), routetest.OtherOwner: h.token("petra"),
		routetest.Manager: h.token("mona"), routetest.Steward: h.token("ivan"), routetest.Auditor: h.token("aud")}
	c := h.plan(tokens[routetest.Maker], "customers", "", "id,terms\n1,NET45\n")
	if c.State != "planned" {
		t.Fatalf("%+v", c)
	}
	res, body := h.do(call{method: http.MethodPost, path: "/api/v1/recipes", token: tokens[routetest.Maker],
		header: map[string]string{"Content-Type": "application/json"}, body: `{"name":"shared","share":true,"from":"` + c.ID + `"}`})
	var r wire.Recipe
	if err := json.Unmarshal([]byte(body), &r); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	var asked wire.Access
	res, body = h.do(call{method: http.MethodPost, path: "/api/v1/access", token: tokens[routetest.OtherOwner],
		body: `{"dataset":"customers","days":1,"reason":"walk"}`, header: map[string]string{"Content-Type": "application/json"}})
	if err := json.Unmarshal([]byte(body), &asked); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("asking for access: %d %s", res.StatusCode, body)
	}
	s := routetest.Server{Request: asked.ID, URL: h.url, Tokens: tokens, Dataset: "customers", Change: c.ID, Digest: c.Plan.Digest, Recipe: r.ID, Compact: c.Compact}
	t.Run("complete", s.Complete)
	t.Run("strangers", s.Strangers)
	t.Run("roles", s.Roles)
	if res, body := h.do(call{method: http.MethodPost, path: "/api/v1/evidence/fsck", token: tokens[routetest.Auditor]}); res.StatusCode != http.StatusOK {
		t.Errorf("the evidence after the walk: %s", body)
	}
}

// TestOpenAgain: what was done is there after a restart.
func TestOpenAgain(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.openWith(h.config())
	maria, olaf, aud := h.token("maria"), h.token("olaf"), h.token("aud")
	cookie := h.signIn("olaf")
	applied := h.apply(maria, olaf, h.plan(maria, "customers", "", "id,terms\n1,NET45\n"))
	waits := h.plan(maria, "customers", "", "id,terms\n2,NET45\n")
	compact, _ := h.do(call{path: "/api/v1/compact", token: aud})
	if applied.State != "applied" || waits.State != "planned" || compact.StatusCode != http.StatusOK {
		t.Fatalf("%+v %+v", applied, waits)
	}
	h.close()

	h.open()
	if now := h.change(call{path: "/api/v1/changes/" + applied.ID, token: maria}); now.State != "applied" || now.Plan.Digest != applied.Plan.Digest || !now.Undo.Possible {
		t.Errorf("applied before, now %+v", now)
	}
	if now := h.apply(maria, olaf, waits); now.State != "applied" || now.Result.Applied != 1 {
		t.Errorf("planned before, now %+v", now)
	}
	if res, body := h.do(call{path: "/changes/" + applied.ID, header: map[string]string{"Cookie": cookie}}); res.StatusCode != http.StatusOK {
		t.Errorf("the session: %d %s", res.StatusCode, body)
	}
	if res, body := h.do(call{method: http.MethodPost, path: "/api/v1/evidence/fsck", token: aud}); res.StatusCode != http.StatusOK {
		t.Errorf("the evidence: %s", body)
	}
}

// TestReload: a bad Compact leaves the old one, and its systems, in force.
func TestReload(t *testing.T) {
	t.Parallel()
	h := build(t).open()
	maria := h.token("maria")
	works := func(when string) {
		t.Helper()
		if c := h.plan(maria, "customers", "", "id,terms\n1,NET45\n"); c.State != "planned" {
			t.Errorf("%s: %+v", when, c)
		}
	}
	before := h.app.Workflow().Compact().Digest
	for name, text := range map[string]string{
		"no YAML":         "datasets: [",
		"unknown owner":   systems + people + strings.Replace(datasets, "owner: olaf@example.test", "owner: nobody@example.test", 1),
		"variable absent": strings.Replace(systems, "erp:", "new: {kind: postgres, dsn: \"env:SUTOR_TEST_ABSENT\"}\n  erp:", 1) + people + datasets,
	} {
		h.write("compact.yaml", text)
		err := h.app.Reload(t.Context())
		if errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v", name, err)
		}
		if now := h.app.Workflow().Compact().Digest; now != before {
			t.Errorf("%s is in force", name)
		}
		works(name)
	}
	h.write("compact.yaml", systems+people+strings.Replace(datasets, "NET45, ", "", 1))
	if err := h.app.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c := h.plan(maria, "customers", "", "id,terms\n1,NET45\n"); len(c.Findings) == 0 || c.Findings[0].Guardrail != "one-of" {
		t.Errorf("by the new Compact: %+v", c.Findings)
	}
}

// TestVariableAbsent: what a Compact needs from the environment is named.
func TestVariableAbsent(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.write("compact.yaml", strings.Replace(systems, "{kind: sqlite, dsn: erp.db}", `{kind: postgres, dsn: "env:SUTOR_TEST_ABSENT"}`, 1)+people+datasets)
	_, err := app.Open(t.Context(), h.config())
	if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "SUTOR_TEST_ABSENT, which is not set. Set it") {
		t.Errorf("%v", err)
	}
}

// silent is a system that takes connections and never says a word.
func silent(t *testing.T) (port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open []net.Conn
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			open = append(open, c)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
		for _, c := range open {
			_ = c.Close()
		}
	})
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port
}

// TestStop: when the server is told to end, requests that wait are answered at
// once, and the end is no error.
func TestStop(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.write("compact.yaml", strings.Replace(systems, "{kind: sqlite, dsn: erp.db}", "{kind: postgres, dsn: \"postgres://sutor@127.0.0.1:"+silent(t)+"/erp?sslmode=disable\"}", 1)+people+datasets)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := app.Serve(ctx, cli.ServeConfig{Compact: h.config().Compact, Data: h.config().Data, Listen: "127.0.0.1:0"}, in)
		ended <- errors.Join(err, in.Close())
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err, <-ended)
	}
	_, h.url, _ = strings.Cut(strings.TrimSpace(line), " at ")

	maria := h.token("maria")
	c := h.change(call{method: http.MethodPost, path: "/api/v1/changes?dataset=customers&name=a.csv", token: maria, body: "id,terms\n1,NET45\n"})
	const waiting = 8
	answers := make(chan string, waiting)
	sent := make(chan struct{}, waiting+1)
	for range waiting {
		go func() { answers <- h.poll("changes/"+c.ID+"?wait=60s", maria, sent) }()
	}
	for range waiting {
		<-sent
	}
	if answer := h.poll("me", maria, sent); !strings.HasPrefix(answer, "200") { // accepted later than the others
		t.Error(answer)
	}
	stop()
	begun := time.Now()
	told := 0
	for range waiting {
		switch answer := <-answers; {
		case strings.HasPrefix(answer, "503 ") && strings.Contains(answer, "The server is stopping"):
			told++
		case answer != io.EOF.Error(): // not begun: net/http drops what it reads while it shuts down
			t.Errorf("a waiting request was answered: %s", answer)
		}
	}
	if told == 0 {
		t.Error("no waiting request was told that the server is stopping")
	}
	if took := time.Since(begun); took > 4*time.Second {
		t.Errorf("answered after %s", took)
	}
	if err := <-ended; err != nil {
		t.Errorf("a clean stop: %v", err)
	}
}

// poll asks over a connection of its own, and gives the answer's status and text.
func (h *house) poll(path, token string, sent chan<- struct{}) string {
	ctx := httptrace.WithClientTrace(h.t.Context(), &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { sent <- struct{}{} }})
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+"/api/v1/"+path, nil)
	if err != nil {
		return err.Error()
	}
	r.Header.Set("Authorization", "Bearer "+token)
	fresh := &http.Transport{DisableKeepAlives: true}
	res, err := fresh.RoundTrip(r)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	return res.Status[:4] + string(b) + errText(err)
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
