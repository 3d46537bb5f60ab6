package api_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sutor/internal/access"
	"sutor/internal/api"
	"sutor/internal/api/routetest"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/intake"
	"sutor/internal/record"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

func TestRoutes(t *testing.T) {
	t.Parallel()
	uc := &recorder{}
	s := routetest.Server{URL: newServer(t, uc, api.Options{}).URL, Dataset: "customers", Change: "1001", Recipe: "r1", Request: "a1", Digest: digest, Compact: digest}
	t.Run("complete", s.Complete)
	t.Run("strangers", s.Strangers)
	if ask, _ := uc.last(); ask != "" {
		t.Errorf("somebody who is not signed in reached the use case %q", ask)
	}
}

// TestParsing tells what each call makes of its parameters.
func TestParsing(t *testing.T) {
	t.Parallel()
	net30 := "NET30"
	me := access.Principal{Email: "maria@example.test", Means: "token:T1"}
	for _, c := range []struct {
		call request
		ask  string
		args []any // after the principal
	}{
		{request{path: "/changes?dataset=customers&state=planned,applied&mine=true&limit=5&before=1009"}, "changes",
			[]any{workflow.Filter{Datasets: []string{"customers"}, States: []change.State{"planned", "applied"}, Maker: me.Email, Limit: 5, Before: "1009"}}},
		{request{path: "/changes"}, "changes", []any{workflow.Filter{Limit: 100}}},
		{request{path: "/changes/1001?wait=30s"}, "change", []any{change.ID("1001"), 30 * time.Second}},
		{request{path: "/changes/1001?wait=2h"}, "change", []any{change.ID("1001"), time.Minute}},
		{request{path: "/changes/1001/rows?op=update&finding=big&changed=a&column=b&has=c&is=d&empty=true&limit=7&offset=14"}, "rows",
			[]any{change.ID("1001"), workflow.RowsWanted{Op: "update", Finding: "big", Changed: "a", Column: "b", Has: "c", Is: "d", Empty: true, Limit: 7, Offset: 14}}},
		{request{path: "/changes/1001/rows"}, "rows", []any{change.ID("1001"), workflow.RowsWanted{Limit: 100}}},
		{request{method: "POST", path: "/changes/1001/try"}, "try", []any{change.ID("1001")}},
		{request{method: "POST", path: "/changes/1001/submit"}, "submit", []any{change.ID("1001"), record.Digest(""), ""}},
		{request{method: "POST", path: "/changes/1001/submit", body: `{"comment":"please"}`}, "submit", []any{change.ID("1001"), record.Digest(""), "please"}},
		{request{method: "POST", path: "/changes/1001/apply", header: map[string]string{"If-Match": `"` + string(digest) + `"`}}, "apply", []any{change.ID("1001"), record.Digest(digest), ""}},
		{request{method: "POST", path: "/changes/1001/undo", body: `{"reason":"wrong file"}`}, "undo", []any{change.ID("1001"), "wrong file"}},
		{request{method: "POST", path: "/changes/1001/replan"}, "replan", []any{change.ID("1001"), "", false, change.Options{}}},
		{request{method: "POST", path: "/changes/1001/replan?name=b.csv", body: "id\n"}, "replan", []any{change.ID("1001"), "b.csv", true, change.Options{}}},
		{request{method: "POST", path: "/changes/1001/replan?sheet=May&delimiter=%3B&quote=auto&header_lines=0&normalize=nfc&map=a%3Db&format=due%3Ddmy&format=price%3D1.234,50+%E2%82%AC&format=x%3Dauto&mode=update"}, "replan",
			[]any{change.ID("1001"), "", false, change.Options{Mode: change.Update, Map: map[string]string{"a": "b"}, Formats: map[string]string{"due": "dmy", "price": "1.234,50 €"}, Normalize: "nfc",
				File: intake.Choice{Sheet: "May", Delimiter: ";", HeaderLines: new(int)}}}},
		{request{method: "POST", path: "/datasets/customers/freeze", body: `{"say":"Wait."}`, header: map[string]string{"Content-Type": "application/json"}}, "freeze", []any{"customers", "Wait."}},
		{request{method: "POST", path: "/datasets/customers/unfreeze"}, "unfreeze", []any{"customers", ""}},
		{request{path: "/recipes?dataset=customers"}, "recipes", []any{"customers"}},
		{request{path: "/recipes/per%20month?version=2"}, "recipe", []any{"", "per month", 2}},
		{request{method: "POST", path: "/recipes", body: `{"name":"monthly","from":"1001","share":true}`}, "recipe.save", []any{"monthly", change.ID("1001"), true}},
		{request{method: "POST", path: "/recipes/r1/remove?dataset=customers"}, "recipe.remove", []any{"customers", "r1"}},
		{request{method: "POST", path: "/changes/1001/mends?name=bad.xlsx", body: "id\n"}, "mend", []any{change.ID("1001"), []intake.Mend(nil), "bad.xlsx", true}},
		{request{method: "POST", path: "/changes/1001/mends", body: `{"cells":[{"row":7,"column":"terms","value":"NET30"},{"row":8,"column":"terms","value":null}]}`,
			header: map[string]string{"Content-Type": "application/json"}}, "mend",
			[]any{change.ID("1001"), []intake.Mend{{Line: 7, Column: "terms", Text: &net30}, {Line: 8, Column: "terms"}}, "rows.csv", false}},
		{request{path: "/changes/1001/bad-rows?format=xlsx&warned=true"}, "bad-rows", []any{change.ID("1001"), "xlsx", true}},
		{request{method: "POST", path: "/changes/1001/approve", header: map[string]string{"If-Match": `"` + digest + `"`}}, "approve",
			[]any{change.ID("1001"), record.Digest(digest), ""}},
		{request{method: "POST", path: "/changes/1001/reject", body: `{"comment":"no"}`, header: map[string]string{"If-Match": digest}}, "reject",
			[]any{change.ID("1001"), record.Digest(digest), "no"}},
	} {
		t.Run(c.call.method+c.call.path, func(t *testing.T) {
			t.Parallel()
			uc := &recorder{}
			c.call.path, c.call.token = api.Prefix+c.call.path, "token-maria"
			if strings.HasPrefix(c.call.body, "{") {
				c.call.header = mapWith(c.call.header, "Content-Type", "application/json")
			}
			res, body := c.call.send(t, newServer(t, uc, api.Options{}))
			if res.StatusCode > 299 {
				t.Fatalf("status %d: %s", res.StatusCode, body)
			}
			ask, args := uc.last()
			if diff := cmp.Diff(append([]any{c.ask, me}, c.args...), append([]any{ask}, args...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func mapWith(m map[string]string, name, value string) map[string]string {
	out := map[string]string{name: value}
	for k, v := range m {
		out[k] = v
	}
	return out
}

func TestProposeStreams(t *testing.T) {
	t.Parallel()
	read := make(chan string)
	uc := &recorder{change: wire.Change{ID: "1001", Plan: &wire.Plan{Digest: digest}}}
	uc.read = func(r io.Reader) error {
		first := make([]byte, 3)
		if _, err := io.ReadFull(r, first); err != nil {
			return err
		}
		read <- string(first)
		rest, err := io.ReadAll(r)
		read <- string(rest)
		return err
	}
	s := newServer(t, uc, api.Options{})
	from, to := io.Pipe()
	go func() {
		_, _ = io.WriteString(to, "id\n")
		if got := <-read; got != "id\n" { // arrives before the file is complete
			t.Errorf("first bytes %q", got)
		}
		_, _ = io.WriteString(to, "1\n")
		_ = to.Close()
		if got := <-read; got != "1\n" {
			t.Errorf("rest %q", got)
		}
	}()
	path := "/changes?dataset=customers&name=C%3A%5Ctmp%5Cterms.csv&mode=update&empty=clear&leave_out_invalid=true" +
		"&map=Kunde%3D1%3Did&map=Old%20note%3D&title=T&reason=R"
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+api.Prefix+path, from)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "bearer token-maria")
	res, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusAccepted || res.Header.Get("ETag") != `"`+digest+`"` {
		t.Errorf("status %d, ETag %s", res.StatusCode, res.Header.Get("ETag"))
	}
	_, args := uc.last()
	got := args[1].(workflow.Proposal)
	got.File = nil
	want := workflow.Proposal{Dataset: "customers", Name: "terms.csv", Title: "T", Reason: "R", Options: change.Options{
		Mode: change.Update, ClearEmpty: true, LeaveOut: true, Map: map[string]string{"Kunde=1": "id", "Old note": ""}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestRefusals tells each refusal that the API itself makes, and that each kind
// of a use case's refusal has its status.
func TestRefusals(t *testing.T) {
	t.Parallel()
	post := func(path string) request { return request{method: "POST", path: path, token: "token-maria"} }
	get := func(path string) request { return request{path: path, token: "token-maria"} }
	match := map[string]string{"If-Match": digest}
	for _, c := range []struct {
		name   string
		call   request
		err    error
		status int
		kind   errs.Kind
		says   string
	}{
		{"no sign-in", request{path: "/me"}, nil, 401, errs.Unsigned, "not signed in"},
		{"basic auth", request{path: "/me", header: map[string]string{"Authorization": "Basic eA=="}}, nil, 401, errs.Unsigned, "bearer"},
		{"left the company", request{path: "/me", token: "token-gone"}, nil, 401, errs.Unsigned, "does not know"},
		{"no route", get("/nowhere"), nil, 404, errs.NotFound, "/api/v1/nowhere"},
		{"wrong method", request{method: "DELETE", path: "/changes/1001", token: "token-maria"}, nil, 405, errs.Usage, "DELETE"},
		{"unknown parameter", get("/changes?sate=planned"), nil, 400, errs.Usage, "query.sate"},
		{"unknown state", get("/changes?state=frozen"), nil, 400, errs.Usage, "frozen"},
		{"no number", get("/changes?limit=many"), nil, 400, errs.Usage, "query.limit"},
		{"limit", get("/changes/1/rows?limit=10001"), nil, 400, errs.Usage, "query.limit"},
		{"wait", get("/changes/1?wait=soon"), nil, 400, errs.Usage, "soon"},
		{"format", get("/datasets/customers/export?format=pdf"), nil, 400, errs.Usage, "query.format"},
		{"no dataset", post("/changes"), nil, 400, errs.Usage, "query.dataset"},
		{"a rule of nothing", request{method: "POST", path: "/datasets/c/rule", token: "token-maria", body: `{"where":"true","set":[]}`, header: map[string]string{"Content-Type": "application/json"}}, nil, 400, errs.Usage, "body.set"},
		{"header lines", post("/changes?dataset=c&header_lines=x"), nil, 400, errs.Usage, "query.header_lines"},
		{"map", post("/changes?dataset=c&map=x"), nil, 400, errs.Usage, "map must be"},
		{"format", post("/changes?dataset=c&format=dmy"), nil, 400, errs.Usage, "format must be"},
		{"no format", post("/changes?dataset=c&format=due%3D"), nil, 400, errs.Usage, "format must be"},
		{"format twice", post("/changes?dataset=c&format=a%3Ddmy&format=a%3Dmdy"), nil, 400, errs.Usage, "twice"},
		{"map twice", post("/changes?dataset=c&map=x%3Da&map=x%3Db"), nil, 400, errs.Usage, "twice"},
		{"cells that are no texts", request{method: "POST", path: "/changes/1/mends", token: "token-maria", body: `{"cells":[{"row":7,"column":"x","value":1}]}`, header: map[string]string{"Content-Type": "application/json"}}, nil, 400, errs.Usage, "cells are not understood"},
		{"two documents", request{method: "POST", path: "/changes/1/mends", token: "token-maria", body: `{"cells":[]}{}`, header: map[string]string{"Content-Type": "application/json"}}, nil, 400, errs.Usage, "cells are not understood"},
		{"bad JSON", request{method: "POST", path: "/changes/1/submit", token: "token-maria", body: "{", header: map[string]string{"Content-Type": "application/json"}}, nil, 400, errs.Usage, "not understood"},
		{"approve blindly", post("/changes/1/approve"), errs.New(errs.Usage, "No."), 428, errs.Usage, "If-Match"},
		{"reject blindly", post("/changes/1/reject"), errs.New(errs.Usage, "No."), 428, errs.Usage, "If-Match"},
		{"approve blindly without the right", post("/changes/1/approve"), errs.New(errs.Forbidden, "No."), 403, errs.Forbidden, "No."},
		{"any plan", request{method: "POST", path: "/changes/1/approve", token: "token-maria", header: map[string]string{"If-Match": "*"}}, errs.New(errs.Usage, "No."), 400, errs.Usage, "one plan"},
		{"stale", request{method: "POST", path: "/changes/1/approve", token: "token-maria", header: match}, errs.New(errs.Changed, "Another plan."), 412, errs.Changed, "Another plan."},
		{"forbidden", post("/changes/1/apply"), errs.New(errs.Forbidden, "No."), 403, errs.Forbidden, "No."},
		{"blocked", post("/changes/1/apply"), errs.New(errs.Blocked, "No."), 409, errs.Blocked, "No."},
		{"not found", get("/changes/1"), errs.New(errs.NotFound, "No."), 404, errs.NotFound, "No."},
		{"invalid", post("/changes/1/undo"), errs.New(errs.Invalid, "No."), 422, errs.Invalid, "No."},
		{"unavailable", get("/datasets/x"), errs.New(errs.Unavailable, "No."), 503, errs.Unavailable, "No."},
		{"download", get("/datasets/x/export"), errs.New(errs.Forbidden, "No."), 403, errs.Forbidden, "No."},
		{"internal", get("/compact"), errors.New("pq: password is hunter2"), 500, errs.Internal, "Something went wrong"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.call.path = api.Prefix + c.call.path
			res, body := c.call.send(t, newServer(t, &recorder{err: c.err}, api.Options{}))
			if res.StatusCode != c.status {
				t.Fatalf("status %d, want %d: %s", res.StatusCode, c.status, body)
			}
			if ct := res.Header.Get("Content-Type"); ct != "application/problem+json" {
				t.Errorf("Content-Type %s", ct)
			}
			var p wire.Problem
			if err := json.Unmarshal([]byte(body), &p); err != nil {
				t.Fatal(err)
			}
			if p.Status != c.status || p.Exit != c.kind.ExitCode() || p.Type != "urn:sutor:problem:"+c.kind.String() || p.Title == "" {
				t.Errorf("problem %+v", p)
			}
			if !strings.Contains(p.Detail, c.says) || strings.Contains(body, "hunter2") {
				t.Errorf("says %q", body)
			}
			for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"} {
				if res.Header.Get(name) == "" {
					t.Errorf("no header %s", name)
				}
			}
			if c.status == 401 && res.Header.Get("WWW-Authenticate") == "" || c.status == 503 && res.Header.Get("Retry-After") == "" {
				t.Errorf("headers %v", res.Header)
			}
		})
	}
}

func TestInternalCauseIsLoggedOnly(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := newServer(t, &recorder{err: fmt.Errorf("store: %w", errors.New("SQL logic error"))}, api.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	_, body := request{path: api.Prefix + "/compact", token: "token-maria"}.send(t, s)
	if strings.Contains(body, "SQL") || !strings.Contains(log.String(), "SQL logic error") || !strings.Contains(log.String(), "GET /compact") {
		t.Errorf("answer %s\nlog %s", body, log.String())
	}
}

func TestPanicIsAProblem(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	uc := &recorder{write: func(io.Writer) error { panic("boom") }}
	s := newServer(t, uc, api.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	res, body := request{path: api.Prefix + "/datasets/c/export", token: "token-maria"}.send(t, s)
	if res.StatusCode != 500 || strings.Contains(body, "boom") || !strings.Contains(log.String(), "boom") {
		t.Errorf("status %d, %s, log %s", res.StatusCode, body, log.String())
	}
}

func TestDownload(t *testing.T) {
	t.Parallel()
	uc := &recorder{write: func(w io.Writer) error {
		_, err := io.WriteString(w, "id\n1\n")
		return err
	}}
	s := newServer(t, uc, api.Options{})
	res, body := request{path: api.Prefix + "/datasets/customers/export", token: "token-maria"}.send(t, s)
	if body != "id\n1\n" || res.Header.Get("Content-Type") != "text/csv; charset=utf-8" ||
		res.Header.Get("Content-Disposition") != "attachment; filename=customers.csv" {
		t.Errorf("%q %v", body, res.Header)
	}
	res, _ = request{path: api.Prefix + "/changes/1001/evidence", token: "token-maria"}.send(t, s)
	if res.Header.Get("Content-Type") != "application/zip" {
		t.Errorf("%v", res.Header)
	}
}

// TestTornDownload: a file that fails halfway must not look whole.
func TestTornDownload(t *testing.T) {
	t.Parallel()
	uc := &recorder{write: func(w io.Writer) error {
		_, _ = io.WriteString(w, "id\n1\n")
		return errs.New(errs.Unavailable, "The system went down.")
	}}
	s := newServer(t, uc, api.Options{})
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+api.Prefix+"/datasets/customers/export", nil)
	r.Header.Set("Authorization", "Bearer token-maria")
	res, err := s.Client().Do(r)
	if err != nil {
		return // cut before the headers were sent: torn as well
	}
	defer func() { _ = res.Body.Close() }()
	if b, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("the torso %q was taken for the whole", b)
	}
}

func TestFsckReportOfAFault(t *testing.T) {
	t.Parallel()
	uc := &recorder{write: func(w io.Writer) error {
		_, _ = io.WriteString(w, "leaf 7 is not what was stored\n")
		return errs.New(errs.Invalid, "The log has a fault.")
	}}
	res, body := request{method: "POST", path: api.Prefix + "/evidence/fsck", token: "token-aud"}.send(t, newServer(t, uc, api.Options{}))
	var p wire.Problem
	if err := json.Unmarshal([]byte(body), &p); err != nil || res.StatusCode != 422 || p.Report != "leaf 7 is not what was stored\n" {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}

func TestUploadLimits(t *testing.T) {
	t.Parallel()
	readAll := func(r io.Reader) error { _, err := io.Copy(io.Discard, r); return err }
	for _, c := range []struct {
		name   string
		body   io.Reader
		status int
		says   string
	}{
		{"stated size", strings.NewReader(strings.Repeat("x", 3000)), 413, "larger than 2 KiB"},
		{"unstated size", io.MultiReader(strings.NewReader(strings.Repeat("x", 3000))), 413, "larger than 2 KiB"},
		{"just fits", strings.NewReader(strings.Repeat("x", 2048)), 202, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, &recorder{read: readAll}, api.Options{MaxUpload: 2048})
			r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+api.Prefix+"/changes?dataset=c", c.body)
			r.Header.Set("Authorization", "Bearer token-maria")
			res, err := s.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = res.Body.Close() }()
			b, _ := io.ReadAll(res.Body)
			if res.StatusCode != c.status || !strings.Contains(string(b), c.says) {
				t.Errorf("status %d: %s", res.StatusCode, b)
			}
		})
	}
}

// TestBrokenUploads: a client that hangs up or stalls in the middle ends the use
// case with an error, so that half a file never becomes a change.
func TestBrokenUploads(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		stall time.Duration
		close bool
		says  string
	}{
		{"hang-up", time.Minute, true, "ended before the whole file"},
		{"stall", 50 * time.Millisecond, false, "stalled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ended := make(chan error, 1)
			uc := &recorder{read: func(r io.Reader) error {
				_, err := io.Copy(io.Discard, r)
				ended <- err
				return err
			}}
			s := newServer(t, uc, api.Options{Stall: c.stall})
			conn, err := net.Dial("tcp", s.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			_, err = io.WriteString(conn, "POST /api/v1/changes?dataset=c HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token-maria\r\nContent-Length: 1000\r\n\r\nid\n1")
			if err != nil {
				t.Fatal(err)
			}
			if c.close {
				_ = conn.Close()
			}
			if err := <-ended; err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("the use case read to the end, or got another error: %v", err)
			}
		})
	}
}

func TestSessionsAndOtherSites(t *testing.T) {
	t.Parallel()
	s := newServer(t, &recorder{}, api.Options{Session: func(r *http.Request) (access.Email, bool) {
		c, err := r.Cookie("sutor_session")
		return "maria@example.test", err == nil && c.Value == "good"
	}})
	cookie := map[string]string{"Cookie": "sutor_session=good"}
	res, body := request{path: api.Prefix + "/me", header: cookie}.send(t, s)
	if res.StatusCode != 200 || !strings.Contains(body, `"means":"session"`) {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	res, body = request{method: "POST", path: api.Prefix + "/changes/1/submit", header: mapWith(cookie, "Sec-Fetch-Site", "cross-site")}.send(t, s)
	if res.StatusCode != 403 || !strings.Contains(body, "another site") {
		t.Errorf("a page of another site got through: %d %s", res.StatusCode, body)
	}
	res, _ = request{path: api.Prefix + "/me", token: "junk", header: cookie}.send(t, s)
	if res.StatusCode != 401 {
		t.Errorf("a bad token fell back to the session: %d", res.StatusCode)
	}
}

func TestHealthz(t *testing.T) {
	t.Parallel()
	res, body := request{path: "/healthz"}.send(t, newServer(t, &recorder{}, api.Options{}))
	if res.StatusCode != 200 || body != `{"ok":true}`+"\n" {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	res, body = request{path: "/healthz"}.send(t, newServer(t, &recorder{err: errors.New("down")}, api.Options{}))
	if res.StatusCode != 503 || strings.Contains(body, "secret") {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}

func TestEmptyListsAreLists(t *testing.T) {
	t.Parallel()
	s := newServer(t, &recorder{}, api.Options{})
	for path, want := range map[string]string{"/changes": "[]\n", "/datasets": "[]\n", "/changes/1/findings": "[]\n"} {
		if _, body := (request{path: api.Prefix + path, token: "token-maria"}).send(t, s); body != want {
			t.Errorf("%s: %q", path, body)
		}
	}
}
