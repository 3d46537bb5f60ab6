package app_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sutor/internal/finding"
)

// form is a form sent by a page, with a cookie and pairs of name and value.
func form(path, cookie string, pairs ...string) call {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return call{method: http.MethodPost, path: path, body: v.Encode(),
		header: map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}}
}

func withCookie(path, cookie string) call {
	return call{path: path, header: map[string]string{"Cookie": cookie}}
}

// secret is a value that stands in cells of customers.
const secret = "Zq9-the-value"

// file has the secret in a cell that is fine, in one that is not, and in one of
// a key that is no number.
const file = "id,name,terms,credit\n1," + secret + ",NET45,5\n2,Bob," + secret + ",6\n" + secret + ",x,NET30,7\n3,Cyd,NET30," + secret + "\n"

// TestStewardSeesNoValues: by no path does a value reach somebody who may see
// changes without values. The maker sees them, so the test looks for the right
// thing.
func TestStewardSeesNoValues(t *testing.T) {
	t.Parallel()
	h := build(t)
	var log safeBuffer // which stewards read
	c := h.config()
	c.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.openWith(c)
	t.Cleanup(h.close)
	maria, ivan := h.token("maria"), h.token("ivan")
	page := h.signIn("ivan")
	first := h.plan(maria, "customers", "", file)
	applied := h.apply(maria, h.token("olaf"), h.plan(maria, "customers", "", "id,name\n1,"+secret+"\n"))
	undo := h.change(call{method: http.MethodPost, path: "/api/v1/changes/" + applied.ID + "/undo", token: h.token("olaf")})
	h.change(call{path: "/api/v1/changes/" + undo.ID + "?wait=30s", token: maria})
	refused := h.plan(maria, "customers", "", secret+"\n1\n") // no header line: the first row is taken for one
	if first.State != "planned" || applied.State != "applied" || refused.State != "failed" {
		t.Fatalf("%+v\n%+v\n%+v", first, applied, refused)
	}
	var paths []string
	for _, id := range []string{first.ID, applied.ID, undo.ID, refused.ID} {
		for _, of := range []string{"", "/rows", "/findings", "/evidence"} {
			paths = append(paths, "/api/v1/changes/"+id+of)
		}
		paths = append(paths, "/changes/"+id, "/changes/"+id+"?op=update", "/changes/"+id+"?op=invalid")
	}
	paths = append(paths, "/api/v1/changes", "/api/v1/datasets", "/api/v1/datasets/customers", "/api/v1/health", "/api/v1/me", "/changes",
		"/api/v1/datasets/customers/export?format=csv", "/api/v1/datasets/customers/export?format=xlsx", "/api/v1/evidence/checkpoint")
	for _, path := range paths {
		for by, c := range map[string]call{"token": {path: path, token: ivan}, "session": withCookie(path, page)} {
			if _, body := h.do(c); strings.Contains(body, secret) {
				t.Errorf("%s by %s shows a value to the steward: %s", path, by, around(body, secret))
			}
		}
	}
	if text := log.String(); strings.Contains(text, secret) {
		t.Errorf("the log shows a value: %s", around(text, secret))
	}
	if _, body := h.do(call{method: http.MethodPost, path: "/api/v1/evidence/fsck", token: ivan}); strings.Contains(body, secret) {
		t.Errorf("fsck shows a value: %s", body)
	}
	for _, path := range []string{"/api/v1/changes/" + first.ID, "/api/v1/changes/" + first.ID + "/rows"} {
		if _, body := h.do(call{path: path, token: maria}); !strings.Contains(body, secret) {
			t.Errorf("%s does not show the value to its maker: %s", path, body)
		}
	}
}

// around cuts a text to what stands near a word.
func around(text, word string) string {
	i := strings.Index(text, word)
	return text[max(0, i-120):min(len(text), i+len(word)+60)]
}

// TestOtherDepartments: a change that may not be seen is answered exactly as one
// that is not there.
func TestOtherDepartments(t *testing.T) {
	t.Parallel()
	h := build(t).open()
	maria, lea := h.token("maria"), h.token("lea")
	page := h.signIn("lea")
	c := h.plan(maria, "customers", "", "id,terms\n1,NET45\n")
	absent := "9" + c.ID[1:]
	for _, of := range []string{"", "?wait=1s", "/rows", "/findings", "/evidence"} {
		there, body := h.do(call{path: "/api/v1/changes/" + c.ID + of, token: lea})
		gone, none := h.do(call{path: "/api/v1/changes/" + absent + of, token: lea})
		if there.StatusCode != http.StatusNotFound || gone.StatusCode != http.StatusNotFound || strings.ReplaceAll(body, c.ID, "ID") != strings.ReplaceAll(none, absent, "ID") {
			t.Errorf("%s: %d %s\n%d %s", of, there.StatusCode, body, gone.StatusCode, none)
		}
	}
	for _, act := range []string{"submit", "withdraw", "approve", "reject", "apply", "undo", "replan"} {
		for _, id := range []string{c.ID, absent} {
			if res, body := h.do(call{method: http.MethodPost, path: "/api/v1/changes/" + id + "/" + act, token: lea, match: c.Plan.Digest, header: map[string]string{"Content-Type": "application/json"}}); res.StatusCode != http.StatusNotFound {
				t.Errorf("%s of %s: %d %s", act, id, res.StatusCode, body)
			}
			if res, _ := h.do(form("/changes/"+id+"/"+act, page, "digest", c.Plan.Digest, "comment", "x")); res.StatusCode != http.StatusNotFound {
				t.Errorf("%s of %s on the page: %d", act, id, res.StatusCode)
			}
		}
	}
	for _, path := range []string{"/api/v1/datasets/customers", "/api/v1/datasets/customers/export", "/api/v1/datasets/none", "/api/v1/datasets/none/export"} {
		if res, body := h.do(call{path: path, token: lea}); res.StatusCode != http.StatusNotFound || strings.Contains(strings.ReplaceAll(body, "\\\"customers\\\"", ""), "customer") {
			t.Errorf("%s: %d %s", path, res.StatusCode, body)
		}
	}
	if _, body := h.do(call{path: "/api/v1/changes", token: lea}); strings.TrimSpace(body) != "[]" {
		t.Errorf("the list: %s", body)
	}
	for _, id := range []string{c.ID, absent} {
		if res, body := h.do(call{path: "/api/v1/changes?before=" + id, token: lea}); res.StatusCode != http.StatusNotFound {
			t.Errorf("the list before %s: %d %s", id, res.StatusCode, body)
		}
	}
}

// TestOtherSites: no page of another site can act, or make evidence, with a
// person's cookie.
func TestOtherSites(t *testing.T) {
	t.Parallel()
	h := build(t).open()
	maria := h.token("maria")
	page := h.signIn("maria")
	c := h.plan(maria, "customers", "", "id,terms\n1,NET45\n")
	for name, header := range map[string]map[string]string{
		"cross-site": {"Sec-Fetch-Site": "cross-site"},
		"same-site":  {"Sec-Fetch-Site": "same-site"},
		"origin":     {"Origin": "https://evil.test"},
		"sandbox":    {"Origin": "null"},
	} {
		header["Cookie"] = page
		for _, path := range []string{"/changes/" + c.ID + "/withdraw", "/sign-out", "/sign-in", "/api/v1/changes/" + c.ID + "/withdraw"} {
			for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "application/json"} {
				header["Content-Type"] = kind
				if res, body := h.do(call{method: http.MethodPost, path: path, header: header, body: "{}"}); res.StatusCode != http.StatusForbidden {
					t.Errorf("%s: POST %s as %s: %d %s", name, path, kind, res.StatusCode, body)
				}
			}
		}
		if name == "origin" || name == "sandbox" { // browsers send it with POST only
			continue
		}
		for _, path := range []string{"/api/v1/datasets/customers/export", "/api/v1/changes/" + c.ID + "/evidence"} {
			if res, _ := h.do(call{path: path, header: header}); res.StatusCode != http.StatusForbidden {
				t.Errorf("%s: GET %s: %d", name, path, res.StatusCode)
			}
		}
	}
	if now := h.change(call{path: "/api/v1/changes/" + c.ID, token: maria}); now.State != "planned" {
		t.Errorf("it is %s", now.State)
	}
	if res, _ := h.do(withCookie("/api/v1/datasets/customers/export", page)); res.StatusCode != http.StatusOK {
		t.Errorf("one's own export: %d", res.StatusCode)
	}
}

// TestApprovingOnThePage: a form without the plan's digest, with another, or by
// the maker decides nothing.
func TestApprovingOnThePage(t *testing.T) {
	t.Parallel()
	h := build(t).open()
	maria := h.token("maria")
	c := h.plan(maria, "customers", "", "id,terms\n1,NET45\n")
	h.change(call{method: http.MethodPost, path: "/api/v1/changes/" + c.ID + "/submit", token: maria})
	olafs, marias := h.signIn("olaf"), h.signIn("maria")
	path := "/changes/" + c.ID + "/approve"
	for name, try := range map[string]struct {
		call
		status int
	}{
		"no digest":                  {form(path, olafs), 400},
		"digest in the query":        {form(path+"?digest="+c.Plan.Digest, olafs), 400},
		"another digest":             {form(path, olafs, "digest", "sha256:"+strings.Repeat("0", 64)), 412},
		"digest in capitals":         {form(path, olafs, "digest", strings.ToUpper(c.Plan.Digest)), 412},
		"the maker":                  {form(path, marias, "digest", c.Plan.Digest), 403},
		"nobody":                     {form(path, "", "digest", c.Plan.Digest), 303},
		"by GET":                     {withCookie(path+"?digest="+c.Plan.Digest, olafs), 404},
		"method told in the form":    {form("/changes/"+c.ID+"?_method=approve", olafs, "digest", c.Plan.Digest), 404},
		"the API without If-Match":   {call{method: "POST", path: "/api/v1" + path, header: map[string]string{"Cookie": olafs}}, 428},
		"the API with any digest":    {call{method: "POST", path: "/api/v1" + path, header: map[string]string{"Cookie": olafs, "If-Match": "*"}}, 400},
		"the API with a list of two": {call{method: "POST", path: "/api/v1" + path, header: map[string]string{"Cookie": olafs, "If-Match": `"x", "` + c.Plan.Digest + `"`}}, 400},
	} {
		if res, body := h.do(try.call); res.StatusCode != try.status {
			t.Errorf("%s: %d %s", name, res.StatusCode, body)
		}
	}
	if now := h.change(call{path: "/api/v1/changes/" + c.ID, token: maria}); now.State != "submitted" || len(now.Decisions) != 0 {
		t.Errorf("%+v", now)
	}
	if res, _ := h.do(form(path, olafs, "digest", c.Plan.Digest)); res.StatusCode != http.StatusSeeOther {
		t.Errorf("the owner: %d", res.StatusCode)
	}
}

// TestTwice: the same step at once from many hands happens once.
func TestTwice(t *testing.T) {
	t.Parallel()
	h := build(t).open()
	maria, olaf := h.token("maria"), h.token("olaf")
	c := h.plan(maria, "customers", "", "id,terms\n1,NET45\n")
	atOnce := func(act, token string) (statuses []int) {
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				res, _ := h.do(call{method: http.MethodPost, path: "/api/v1/changes/" + c.ID + "/" + act, token: token, match: c.Plan.Digest})
				mu.Lock()
				defer mu.Unlock()
				statuses = append(statuses, res.StatusCode)
			})
		}
		all.Wait()
		slices.Sort(statuses)
		return statuses
	}
	for _, step := range []struct{ act, token string }{{"submit", maria}, {"approve", olaf}} {
		if got := atOnce(step.act, step.token); got[0] != 200 || got[1] != 409 {
			t.Errorf("%s: %v", step.act, got)
		}
	}
	atOnce("apply", olaf) // while it runs, the same run; after it, 409
	done := h.change(call{path: "/api/v1/changes/" + c.ID + "?wait=30s", token: maria})
	if done.State != "applied" || done.Result.Applied != 1 || len(done.Decisions) != 1 {
		t.Errorf("%+v", done)
	}
	if got := atOnce("undo", olaf); got[0] != 202 || got[1] != 409 {
		t.Errorf("undo: %v", got)
	}
}

// TestNobodyKnowsWhoIsHere: signing in tells nothing about whether a person is
// known, and leads to pages of this site only.
func TestNobodyKnowsWhoIsHere(t *testing.T) {
	t.Parallel()
	h := build(t).open()
	h.signIn("maria")
	answer := func(email string) string {
		res, body := h.do(form("/sign-in", "", "email", email, "password", "a guess of mine"))
		return fmt.Sprint(res.StatusCode, strings.ReplaceAll(body, email, "WHO"))
	}
	known := answer("maria@example.test") // has an account
	for _, other := range []string{"max@example.test", "nobody@example.test"} {
		if got := answer(other); got != known {
			t.Errorf("%s is answered otherwise: %s\n%s", other, got, known)
		}
	}
	for _, next := range []string{"//evil.test", "/\\evil.test", "https://evil.test", "\thttps://evil.test", "/\t/evil.test", "javascript:alert(1)", "/%2f/evil.test", "/.//evil.test", "/..//evil.test", "%2F%2Fevil.test", "http:evil.test", "\x00//evil.test"} {
		res, _ := h.do(form("/sign-in", "", "email", "maria@example.test", "password", password, "next", next))
		to, err := url.Parse(h.url + "/sign-in")
		if err == nil {
			to, err = to.Parse(res.Header.Get("Location"))
		}
		if err != nil || "http://"+to.Host != h.url || strings.HasPrefix(to.EscapedPath(), "//") {
			t.Errorf("next %q leads to %q: %v", next, res.Header.Get("Location"), err)
		}
	}
}

// TestRemovedPerson: who is taken out of the Compact has no rights from then on,
// by token or session.
func TestRemovedPerson(t *testing.T) {
	t.Parallel()
	h := build(t).open()
	maria, olaf := h.token("maria"), h.token("olaf")
	page := h.signIn("maria")
	c := h.plan(maria, "customers", "", "id,terms\n1,NET45\n")
	h.change(call{method: http.MethodPost, path: "/api/v1/changes/" + c.ID + "/submit", token: maria})
	h.change(call{method: http.MethodPost, path: "/api/v1/changes/" + c.ID + "/approve", token: olaf, match: c.Plan.Digest})
	var rest []string
	for _, line := range strings.Split(people, "\n") {
		if !strings.Contains(line, "maria@") {
			rest = append(rest, line)
		}
	}
	h.write("compact.yaml", systems+strings.Join(rest, "\n")+datasets)
	if err := h.app.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if res, body := h.do(call{method: http.MethodPost, path: "/api/v1/changes/" + c.ID + "/apply", token: maria}); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("apply by token: %d %s", res.StatusCode, body)
	}
	if res, _ := h.do(form("/changes/"+c.ID+"/apply", page)); res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/sign-in" {
		t.Errorf("apply by session: %d", res.StatusCode)
	}
	if res, body := h.do(form("/sign-in", "", "email", "maria@example.test", "password", password)); res.StatusCode != http.StatusUnauthorized || len(res.Cookies()) > 0 {
		t.Errorf("sign-in: %d %s", res.StatusCode, body)
	}
}

// TestNoSecretGetsOut: the password of a system, tokens, cookies and passwords
// stand in no answer, no log and no stored evidence.
func TestNoSecretGetsOut(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.write("erp.dsn", "postgres://sutor:hunter%2Fwith%40signs@127.0.0.1:1/erp?sslmode=disable&connect_timeout=1")
	h.write("compact.yaml", strings.Replace(systems, "{kind: sqlite, dsn: erp.db}", `{kind: postgres, dsn: "file:erp.dsn"}`, 1)+people+datasets)
	var log safeBuffer
	c := h.config()
	c.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.openWith(c)
	maria, aud := h.token("maria"), h.token("aud")
	page := h.signIn("maria")
	failed := h.plan(maria, "customers", "", "id,terms\n1,NET45\n")
	var seen strings.Builder
	for _, path := range []string{"/api/v1/datasets/customers", "/api/v1/datasets/customers/export", "/api/v1/health", "/healthz", "/api/v1/compact", "/api/v1/changes", "/api/v1/changes/" + failed.ID} {
		_, body := h.do(call{path: path, token: maria})
		seen.WriteString(body)
	}
	_, body := h.do(withCookie("/changes/"+failed.ID, page))
	seen.WriteString(body)
	_, body = h.do(call{path: "/api/v1/changes/" + failed.ID + "/evidence", token: aud})
	seen.WriteString(body)
	h.do(call{path: "/api/v1/me", token: maria[:len(maria)-1]})
	if failed.State != "failed" || !strings.Contains(failed.Why, "cannot be reached") {
		t.Fatalf("%+v", failed)
	}
	h.close()
	_, cookie, _ := strings.Cut(page, "=")
	places := map[string]string{"answers": seen.String(), "the log": log.String()}
	h.eachFile(func(path string, _ fs.FileInfo) {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
		}
		places[path] = string(b)
	})
	for place, text := range places {
		for name, secret := range map[string]string{"the dsn's password": "hunter/with@signs", "the same, escaped": "hunter%2Fwith%40signs", "a token": maria, "a token's secret": strings.Split(maria, "_")[2], "a cookie": cookie, "a password": password} {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds %s: %s", place, name, around(text, secret))
			}
		}
	}
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// eachFile visits the data folder's files and folders, itself among them.
func (h *house) eachFile(visit func(path string, info fs.FileInfo)) {
	h.t.Helper()
	err := filepath.WalkDir(filepath.Join(h.dir, "data"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			visit(path, info)
		}
		return err
	})
	if err != nil {
		h.t.Error(err)
	}
}

// TestFilesAreTheServersOwn: other users of the machine can read nothing, also
// where the data folder was there before and open to all.
func TestFilesAreTheServersOwn(t *testing.T) {
	t.Parallel()
	h := build(t)
	if err := os.Mkdir(filepath.Join(h.dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	h.open()
	maria, olaf := h.token("maria"), h.token("olaf")
	if c := h.apply(maria, olaf, h.plan(maria, "customers", "", "id,terms\n1,NET45\n")); c.State != "applied" {
		t.Fatalf("%+v", c)
	}
	h.eachFile(func(path string, info fs.FileInfo) {
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is %s", path, info.Mode())
		}
	})
}

// TestNames: names that mean something elsewhere mean nothing here.
func TestNames(t *testing.T) {
	t.Parallel()
	h := build(t).open()
	maria, aud := h.token("maria"), h.token("aud")
	for _, name := range []string{"../../etc/passwd", `..\..\boot.ini`, "a\r\nSet-Cookie: x=1.csv", "\"; filename=\"b.html", "<b>.csv", strings.Repeat("n", 5000), "\x00", "..", "/", ""} {
		c := h.change(call{method: http.MethodPost, path: "/api/v1/changes?dataset=customers&name=" + url.QueryEscape(name), token: maria, body: "id,terms\n1,NET45\n"})
		c = h.change(call{path: "/api/v1/changes/" + c.ID + "?wait=30s", token: maria})
		if c.State != "planned" || strings.ContainsAny(c.Input.Name, "/\\\r\n\x00") || c.Input.Name == "" || c.Input.Name == ".." || len(c.Input.Name) > 255 {
			t.Errorf("%q became %q, %s", name, c.Input.Name, c.State)
		}
		res, _ := h.do(call{path: "/api/v1/changes/" + c.ID + "/evidence", token: aud})
		if got := res.Header.Get("Content-Disposition"); got != "attachment; filename=change-"+c.ID+".zip" {
			t.Errorf("%q is sent as %q", name, got)
		}
	}
	for _, id := range []string{"..%2f..%2fetc", "%00", "1001%0d%0aX:%20y", "'%20or%201=1--", "%22%3E%3Cscript%3E", strings.Repeat("9", 64), "-1", "%2e%2e"} {
		for _, of := range []string{"", "/rows", "/evidence"} {
			res, body := h.do(call{path: "/api/v1/changes/" + id + of, token: aud})
			if res.StatusCode != http.StatusNotFound || res.Header.Get("Content-Type") != "application/problem+json" || res.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("change %s%s: %d %s", id, of, res.StatusCode, body)
			}
		}
	}
	for _, op := range []string{"'", "update' OR '1'='1", "invalid", "x\x00"} {
		c := h.plan(maria, "customers", "", "id,terms\n1,NET45\n")
		if res, body := h.do(call{path: "/api/v1/changes/" + c.ID + "/rows?op=" + url.QueryEscape(op), token: maria}); res.StatusCode >= 500 || strings.Contains(body, `"update"`) {
			t.Errorf("op %q: %d %s", op, res.StatusCode, body)
		}
		if res, body := h.do(call{path: "/api/v1/changes/" + c.ID + "/rows?offset=9223372036854775807", token: maria}); res.StatusCode != http.StatusOK {
			t.Errorf("%d %s", res.StatusCode, body)
		}
	}
}

// TestTooMuch: what is too large is refused before it costs anything, and a quote
// that is never closed costs its row.
func TestTooMuch(t *testing.T) {
	t.Parallel()
	h := build(t)
	c := h.config()
	c.MaxUpload, c.MaxRows = 20<<20, 1000
	h.openWith(c)
	t.Cleanup(h.close)
	maria := h.token("maria")
	for name, try := range map[string]struct {
		file string
		says string
	}{
		"more bytes":   {strings.Repeat("x", 20<<20+1), "larger than 20 MiB"},
		"more rows":    {"id,terms\n" + strings.Repeat("1,NET45\n", 1001), "rows"},
		"more columns": {"id" + strings.Repeat(",c", 7<<20) + "\n", "columns"},
		"one row":      {"id,terms\n1," + strings.Repeat("x", 19<<20) + "\n", "more than 15728640 bytes"},
		"zip":          {"PK\x03\x04" + strings.Repeat("\x00", 1000), ""},
		"gzip":         {"\x1f\x8b\x08" + strings.Repeat("\x00", 1000), ""},
		"quotes":       {"id,terms\n1,\"" + strings.Repeat("\"\"", 1<<20), ""},
	} {
		t.Run(name, func(t *testing.T) {
			res, body := h.do(call{method: http.MethodPost, path: "/api/v1/changes?dataset=customers&name=a.csv", token: maria, body: try.file})
			why := body
			if res.StatusCode == http.StatusAccepted {
				id := strings.Split(strings.SplitN(body, `"id":"`, 2)[1], `"`)[0]
				c := h.change(call{path: "/api/v1/changes/" + id + "?wait=60s", token: maria})
				why = c.Why
				blocked := len(c.Findings) > 0 && c.Findings[0].Severity == finding.Block && c.Plan.Counts.Invalid > 0
				if c.State != "failed" && !blocked {
					t.Errorf("%s: %+v", c.State, c)
				}
			}
			if !strings.Contains(why, try.says) || strings.Contains(why, "inside Sutor") {
				t.Errorf("%s", why)
			}
		})
	}
	if res, _ := h.do(call{path: "/api/v1/me", token: maria, header: map[string]string{"Content-Type": "application/json"}, body: "x"}); res.StatusCode != http.StatusOK {
		t.Errorf("a body that nobody asked for: %d", res.StatusCode)
	}
	for _, path := range []string{"/api/v1/changes/1/submit", "/sign-in"} {
		res, _ := h.do(call{method: http.MethodPost, path: path, token: maria, body: strings.Repeat("a", 3<<20), header: map[string]string{"Content-Type": "application/json"}})
		if res.StatusCode < 400 || res.StatusCode >= 500 {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
}

// TestSlowBody is an attack: bodies that never come hold no connection for long,
// whether or not anybody asked for them.
func TestSlowBody(t *testing.T) {
	t.Parallel()
	h := build(t)
	c := h.config()
	c.Stall = 200 * time.Millisecond
	h.openWith(c)
	t.Cleanup(h.close)
	maria, lea := h.token("maria"), h.token("lea")
	page := h.signIn("maria")
	id := h.plan(maria, "customers", "", "id,terms\n1,NET45\n").ID
	var all sync.WaitGroup
	bearer := func(token string) string { return "Authorization: Bearer " + token + "\r\n" }
	for name, head := range map[string]string{
		"page":                 "GET /sign-in HTTP/1.1\r\n",
		"sign-in":              "POST /sign-in HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n",
		"act on the page":      "POST /changes/" + id + "/submit HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nCookie: " + page + "\r\n",
		"health":               "GET /healthz HTTP/1.1\r\n",
		"nobody":               "POST /api/v1/changes?dataset=customers HTTP/1.1\r\n",
		"upload":               "POST /api/v1/changes?dataset=customers HTTP/1.1\r\n" + bearer(maria),
		"upload not allowed":   "POST /api/v1/changes?dataset=customers HTTP/1.1\r\n" + bearer(lea),
		"act":                  "POST /api/v1/changes/" + id + "/submit HTTP/1.1\r\nContent-Type: application/json\r\n" + bearer(maria),
		"act that takes none":  "POST /api/v1/evidence/fsck HTTP/1.1\r\n" + bearer(maria),
		"look":                 "GET /api/v1/changes/" + id + " HTTP/1.1\r\n" + bearer(maria),
		"a way that is no way": "POST /api/v1/nowhere HTTP/1.1\r\n" + bearer(maria),
		"asset":                "GET /assets/style.css HTTP/1.1\r\n",
	} {
		all.Go(func() { h.holds(name, head) })
	}
	all.Wait()
	if now := h.change(call{path: "/api/v1/changes/" + id, token: maria}); now.State != "planned" {
		t.Errorf("the change is %s", now.State)
	}
}

// holds sends a request whose body never comes, and fails unless the server
// answers and closes the connection.
func (h *house) holds(name, head string) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	if err != nil {
		h.t.Error(err)
		return
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(8 * time.Second))
	if _, err := fmt.Fprintf(conn, "%sHost: sutor.test\r\nContent-Length: 1000\r\n\r\n{", head); err != nil {
		h.t.Error(err)
		return
	}
	r := bufio.NewReader(conn)
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		h.t.Errorf("%s: no answer: %v", name, err)
		return
	}
	_ = res.Body.Close()
	if name == "act on the page" && res.StatusCode != http.StatusBadRequest {
		h.t.Errorf("%s: %d", name, res.StatusCode)
	}
	for err == nil { // until the server closes
		_, err = r.ReadByte()
	}
	if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
		h.t.Errorf("%s: the connection is held open", name)
	}
}
