package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2/memstore"
	"golang.org/x/net/html"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/finding"
	"sutor/internal/record"
	"sutor/internal/web"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// recorder stands behind the pages where only their form is tested; it knows no
// rights. What it does not override is not used by pages.
type recorder struct {
	workflow.UseCases
	change wire.Change
	err    error // of every act
	gone   bool  // the Compact knows nobody any more
	did    []string
	waited time.Duration
}

func (r *recorder) Person(_ context.Context, email access.Email, means access.Means) (access.Principal, error) {
	if r.gone {
		return access.Principal{}, errs.New(errs.Unsigned, "The Compact in force does not know %s.", email)
	}
	return access.Principal{Email: email, Name: "Olaf", Roles: []access.Role{access.Owner}, Means: means}, nil
}

func (r *recorder) Change(_ context.Context, _ access.Principal, id change.ID, wait time.Duration) (wire.Change, error) {
	r.waited = wait
	if string(id) != r.change.ID {
		return wire.Change{}, errs.New(errs.NotFound, "There is no change %s that you may see.", id)
	}
	return r.change, nil
}

func (r *recorder) Changes(context.Context, access.Principal, workflow.Filter) ([]wire.Change, error) {
	if r.change.ID == "" {
		return nil, nil
	}
	return []wire.Change{r.change}, nil
}

func (r *recorder) Waiting(context.Context, access.Principal) (wire.Waiting, error) {
	return wire.Waiting{Unread: 3, Decide: 1}, nil
}

func (r *recorder) Browse(_ context.Context, _ access.Principal, _ change.ID, want workflow.RowsWanted) (wire.Rows, error) {
	offset := want.Offset
	row := int64(17)
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	return wire.Rows{Total: 250, Offset: offset, Rows: []wire.Row{
		{Op: "update", Row: &row, Key: map[string]json.RawMessage{"id": raw("4711")}, Changed: []string{"terms"},
			Before: map[string]json.RawMessage{"terms": raw(`"NET30"`), "limit": raw(`"10.00"`)}, After: map[string]json.RawMessage{"terms": raw(`"<b>NET45</b>"`), "limit": raw(`"10.00"`)}},
		{Op: "insert", Key: map[string]json.RawMessage{"id": raw("4712")}, After: map[string]json.RawMessage{"terms": raw("null")}},
	}}, nil
}

func (r *recorder) Datasets(context.Context, access.Principal) ([]wire.Dataset, error) {
	return []wire.Dataset{{Name: "customers"}}, nil
}

func (r *recorder) act(words ...string) (wire.Change, error) {
	r.did = append(r.did, strings.Join(words, " "))
	return r.change, r.err
}

func (r *recorder) Submit(_ context.Context, _ access.Principal, id change.ID, _ record.Digest, comment string) (wire.Change, error) {
	return r.act("submit", string(id), comment)
}

func (r *recorder) Approve(_ context.Context, p access.Principal, id change.ID, d record.Digest, comment string) (wire.Change, error) {
	return r.act("approve", string(id), string(d), comment, string(p.Means))
}

func (r *recorder) Apply(_ context.Context, _ access.Principal, id change.ID, _ record.Digest, _ string) (wire.Change, error) {
	return r.act("apply", string(id))
}

func (r *recorder) Comment(_ context.Context, _ access.Principal, id change.ID, text string) (wire.Comment, error) {
	_, err := r.act("comment", string(id), text)
	return wire.Comment{}, err
}

func (r *recorder) Mend(_ context.Context, _ access.Principal, id change.ID, in workflow.Mends) (wire.Change, error) {
	for _, m := range in.Cells {
		text := "nothing"
		if m.Text != nil {
			text = *m.Text
		}
		r.did = append(r.did, fmt.Sprintf("mend %s %d %s %s", id, m.Line, m.Column, text))
	}
	return r.change, r.err
}

func (r *recorder) Mendable(context.Context, access.Principal, change.ID, int) (wire.Mendable, error) {
	bad, fine := "13,75\"", "Ann<b>"
	return wire.Mendable{Columns: []string{"Name", "Limit"}, Rows: []wire.MendableRow{{Row: 7, Why: "No number.",
		Cells: []wire.MendableCell{{Text: &fine}, {Text: &bad, Bad: true}}}}}, r.err
}

func (r *recorder) Spreads(context.Context, access.Principal, change.ID) ([]wire.Spread, error) {
	return nil, r.err
}

func (r *recorder) Since(context.Context, access.Principal, change.ID) (wire.Since, error) {
	return wire.Since{}, r.err
}

func (r *recorder) Conflicts(context.Context, access.Principal, change.ID) ([]wire.ConflictRow, error) {
	return nil, r.err
}

func (r *recorder) Discussion(context.Context, access.Principal, change.ID) ([]wire.Comment, error) {
	return []wire.Comment{{Number: 4, By: "maria@example.test", Name: "Maria", Text: "Look at <row 7>\u202e."}, {Number: 5, Erased: true}}, nil
}

func (r *recorder) History(context.Context, access.Principal, change.ID) (wire.History, error) {
	return wire.History{Size: 1204, Checkpoint: "log\n1204\n", Key: "log+key", Entries: []wire.HistoryEntry{
		{Leaf: 1200, Number: 1, Says: "Maria proposed the change.", Hash: strings.Repeat("ab", 32), Proof: []string{"x", "y"}}}}, nil
}

func (r *recorder) Notices(context.Context, access.Principal, workflow.NoticesWanted) (wire.Inbox, error) {
	return wire.Inbox{Waiting: wire.Waiting{Unread: 2, Decide: 1}, Notices: []wire.Notice{
		{ID: 9, Kind: "asked", Says: "Maria asks you to decide on change 1001.", Change: "1001", Title: "New <terms>", Waits: true, Urgent: true},
		{ID: 8, Kind: "mention", Says: "Maria mentioned you in change 1001.", Change: "1001", Quote: "Look <here>"}}}, nil
}

func (r *recorder) Undo(context.Context, access.Principal, change.ID, string) (wire.Change, error) {
	c := r.change
	c.ID = "1002"
	return c, r.err
}

// passwords lets in who says "open sesame".
type passwords struct{}

func (passwords) SignIn(_ context.Context, _ access.Email, password, _ string) (access.Means, error) {
	if password != "open sesame" {
		return "", errs.New(errs.Unsigned, "The e-mail or the password is wrong.")
	}
	return "session", nil
}

// browser is a person with cookies who does not follow redirects.
type browser struct {
	t       *testing.T
	base    string
	http    *http.Client
	handler http.Handler // what answers at base
}

func open(t *testing.T, uc workflow.UseCases) browser {
	t.Helper()
	h := web.Handler(uc, web.NewSessions(memstore.NewWithCleanupInterval(0), false), passwords{}, web.Options{Company: "Example Trading"})
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return browser{t, s.URL, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, h}
}

func (b browser) do(r *http.Request) (*http.Response, *html.Node) {
	b.t.Helper()
	res, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	page, err := html.Parse(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	csp := res.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(csp, "default-src 'none'; style-src 'self'") {
		b.t.Errorf("%s %s: Content-Security-Policy %q", r.Method, r.URL.Path, csp)
	}
	return res, page
}

func (b browser) get(path string) (*http.Response, *html.Node) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.base+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(r)
}

func (b browser) post(path string, form url.Values, header ...string) (*http.Response, *html.Node) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return b.do(r)
}

func (b browser) signIn() browser {
	b.t.Helper()
	res, _ := b.post("/sign-in", url.Values{"email": {" Olaf@Example.test "}, "password": {"open sesame"}})
	if res.StatusCode != http.StatusSeeOther {
		b.t.Fatalf("sign-in: %d", res.StatusCode)
	}
	return b
}

// all gives the elements of a page with this name.
func all(n *html.Node, name string) []*html.Node {
	var out []*html.Node
	for c := range n.Descendants() {
		if c.Type == html.ElementNode && c.Data == name {
			out = append(out, c)
		}
	}
	return out
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// words gives an element's text with single spaces.
func words(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// labelled tells whether a label is for the element with this id.
func labelled(page *html.Node, id string) bool {
	return slices.ContainsFunc(all(page, "label"), func(l *html.Node) bool { return id != "" && attr(l, "for") == id && words(l) != "" })
}

func submitted() wire.Change {
	return wire.Change{ID: "1001", Title: "New <terms>", Dataset: "customers", Mode: "upsert", State: "submitted", Maker: "maria@example.test",
		Plan:     &wire.Plan{Digest: digest, Counts: wire.Counts{Insert: 1, Update: 12345}, Columns: []string{"id", "terms", "limit"}},
		Findings: []finding.Finding{{Guardrail: "big-raise", Severity: finding.Approve, Rows: 3, Message: "Needs a manager.", Ranges: []string{"2-4"}}},
		Route:    []wire.Step{{Role: "owner", Needs: 1, Why: "The owner decides."}}, May: []string{"approve", "reject"}}
}

func TestStrangersAreSentToSignIn(t *testing.T) {
	t.Parallel()
	b := open(t, &recorder{change: submitted()})
	for path, to := range map[string]string{"/": "/sign-in", "/changes": "/sign-in?next=%2Fchanges", "/changes/1001?op=update": "/sign-in?next=%2Fchanges%2F1001%3Fop%3Dupdate"} {
		if res, _ := b.get(path); res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != to {
			t.Errorf("%s: %d to %s", path, res.StatusCode, res.Header.Get("Location"))
		}
	}
	if res, _ := b.post("/changes/1001/approve", url.Values{"digest": {digest}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("approve without sign-in: %d", res.StatusCode)
	}
}

func TestSignInPage(t *testing.T) {
	t.Parallel()
	b := open(t, &recorder{})
	head, err := http.NewRequestWithContext(t.Context(), http.MethodHead, b.base+"/sign-in", nil)
	if err != nil {
		t.Fatal(err)
	}
	if res, _ := b.do(head); res.StatusCode != http.StatusOK {
		t.Errorf("HEAD: %d", res.StatusCode)
	}
	_, page := b.get("/sign-in?next=%2Fchanges%2F1001")
	for _, input := range all(page, "input") {
		if attr(input, "type") != "hidden" && !labelled(page, attr(input, "id")) {
			t.Errorf("the input %s has no label", attr(input, "name"))
		}
	}
	for next, to := range map[string]string{"/changes/1001": "/changes/1001", "//evil.test": "/", "/\\evil.test": "/", "https://evil.test": "/", "": "/"} {
		res, _ := b.post("/sign-in", url.Values{"email": {"o@x"}, "password": {"open sesame"}, "next": {next}})
		if res.Header.Get("Location") != to {
			t.Errorf("next %q leads to %q", next, res.Header.Get("Location"))
		}
	}
	res, page := open(t, &recorder{}).post("/sign-in", url.Values{"email": {"o@x"}, "password": {"guess"}})
	if res.StatusCode != http.StatusUnauthorized || !strings.Contains(words(page), "password is wrong") || len(res.Cookies()) != 0 {
		t.Errorf("%d %s %v", res.StatusCode, words(page), res.Cookies())
	}
}

func TestSession(t *testing.T) {
	t.Parallel()
	uc := &recorder{}
	b := open(t, uc)
	fixed := &http.Cookie{Name: "sutor_session", Value: "chosen-by-an-attacker"}
	u, _ := url.Parse(b.base)
	b.http.Jar.SetCookies(u, []*http.Cookie{fixed})
	res, _ := b.post("/sign-in", url.Values{"email": {"Olaf@Example.test"}, "password": {"open sesame"}})
	if len(res.Cookies()) != 1 {
		t.Fatalf("cookies %v", res.Cookies())
	}
	c := res.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Value == fixed.Value || c.Value == "" {
		t.Errorf("cookie %+v", c)
	}
	if res, page := b.get("/changes"); res.StatusCode != 200 || !strings.Contains(words(page), "Olaf olaf@example.test owner") {
		t.Errorf("%d %s", res.StatusCode, words(page))
	}
	uc.gone = true
	if res, _ := b.get("/changes"); res.Header.Get("Location") != "/sign-in?next=%2Fchanges" {
		t.Errorf("somebody whom the Compact no longer knows: %d", res.StatusCode)
	}
	uc.gone = false
	b.signIn()
	b.post("/sign-out", nil)
	if res, _ := b.get("/changes"); res.StatusCode != http.StatusSeeOther {
		t.Errorf("after sign-out: %d", res.StatusCode)
	}
}

func TestSecureCookie(t *testing.T) {
	t.Parallel()
	h := web.Handler(&recorder{}, web.NewSessions(memstore.NewWithCleanupInterval(0), true), passwords{}, web.Options{})
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/sign-in", strings.NewReader("email=o@x&password=open+sesame"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if c := w.Result().Cookies(); len(c) != 1 || !c[0].Secure {
		t.Errorf("%v", c)
	}
}

func TestWho(t *testing.T) {
	t.Parallel()
	sessions := web.NewSessions(memstore.NewWithCleanupInterval(0), false)
	h := web.Handler(&recorder{}, sessions, passwords{}, web.Options{})
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/sign-in", strings.NewReader("email=Olaf@X.test&password=open+sesame"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	other := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/me", nil)
	if who, ok := sessions.Who(other); ok {
		t.Errorf("nobody is %q", who)
	}
	other.AddCookie(w.Result().Cookies()[0])
	if who, ok := sessions.Who(other); !ok || who != "olaf@x.test" {
		t.Errorf("%q %v", who, ok)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	uc := &recorder{change: submitted()}
	_, page := open(t, uc).signIn().get("/changes")
	rows := all(all(page, "tbody")[0], "tr")
	if got := words(rows[0]); len(rows) != 1 || !strings.HasPrefix(got, "New <terms> #1001 · customers · maria@example.test ? waits for a decision 12,346 1 Jan") {
		t.Errorf("%s", got)
	}
	uc.change = wire.Change{}
	if _, page := open(t, uc).signIn().get("/changes"); !strings.Contains(words(page), "Choose a dataset") {
		t.Errorf("an empty list does not teach the next step: %s", words(page))
	}
}

// A change over several datasets shows each with its own counts, which lead to its rows.
func TestFamilyPage(t *testing.T) {
	t.Parallel()
	c := submitted()
	member := func(name string, n int64) wire.Member {
		return wire.Member{Dataset: name, Mode: "upsert", Plan: &wire.Plan{Digest: digest, Columns: []string{"id"}, Counts: wire.Counts{Insert: n}}}
	}
	c.Dataset, c.Members, c.Hidden = "customers, orders and 1 other", []wire.Member{member("customers", 0), member("orders", 7)}, 1
	_, page := open(t, &recorder{change: c}).signIn().get("/changes/1001")
	var links []string
	for _, a := range all(page, "a") {
		links = append(links, attr(a, "href"))
	}
	for _, want := range []string{"/datasets/orders", "/changes/1001?dataset=orders&op=insert#rows", "/changes/1001?dataset=orders&offset=2#rows"} {
		if !slices.Contains(links, want) {
			t.Errorf("no link to %s among %q", want, links)
		}
	}
	for _, want := range []string{"orders: 7 are new.", "Rows of orders", "also over 1 more, which you may not see"} {
		if !strings.Contains(words(page), want) {
			t.Errorf("%q is not on the page: %s", want, words(page))
		}
	}
}

func TestChangePage(t *testing.T) {
	t.Parallel()
	_, page := open(t, &recorder{change: submitted()}).signIn().get("/changes/1001?offset=100&op=update")
	if h := all(page, "h1"); len(h) != 1 || words(h[0]) != "New <terms> #1001" {
		t.Errorf("h1 %s", words(h[0]))
	}
	table := all(page, "table")[0]
	var lines []string
	for _, tr := range all(table, "tr") {
		lines = append(lines, words(tr))
	}
	want := "What Row id terms limit|~ changed 17 4711 NET30 → <b>NET45</b> 10.00|+ new – 4712 NULL"
	if got := strings.Join(lines, "|"); got != want {
		t.Errorf("rows\n%s\n%s", got, want)
	}
	var links []string
	for _, a := range all(page, "a") {
		links = append(links, attr(a, "href"))
	}
	for _, want := range []string{"/changes/1001?op=insert#rows", "/changes/1001?offset=102&op=update#rows", "/changes/1001?op=update#rows"} {
		if !strings.Contains(strings.Join(links, " "), want) {
			t.Errorf("no link %s in %v", want, links)
		}
	}
	if text := words(page); !strings.Contains(text, "12,345 customers get changed values; 1 is new.") || !strings.Contains(text, "1 × owner: The owner decides.") {
		t.Errorf("%s", text)
	}
	_, page = open(t, &recorder{change: submitted()}).signIn().get("/changes/1001/findings")
	if text := words(page); !strings.Contains(text, "? needs approval big-raise 3 rows Needs a manager.") {
		t.Errorf("%s", text)
	}
}

func TestButtonsAreWhatThePersonMayDo(t *testing.T) {
	t.Parallel()
	uc := &recorder{change: submitted()}
	b := open(t, uc).signIn()
	_, page := b.get("/changes/1001")
	actions := map[string]*html.Node{}
	for _, form := range all(all(page, "main")[0], "form") {
		if attr(form, "method") == "post" {
			actions[attr(form, "action")] = form
		}
	}
	if len(actions) != 3 || actions["/changes/1001/reject"] == nil {
		t.Fatalf("forms %v", actions)
	}
	values := url.Values{"comment": {"fine"}}
	for _, input := range all(actions["/changes/1001/approve"], "input") {
		if attr(input, "type") == "hidden" {
			values.Set(attr(input, "name"), attr(input, "value"))
		}
	}
	res, _ := b.post("/changes/1001/approve", values)
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/changes/1001" || uc.did[0] != "approve 1001 "+digest+" fine session" {
		t.Errorf("%d %v", res.StatusCode, uc.did)
	}
}

func TestRefusedStepShowsTheChangeAndWhy(t *testing.T) {
	t.Parallel()
	uc := &recorder{change: submitted(), err: errs.New(errs.Changed, "The plan was made anew.").WithMend("Look at it again.")}
	res, page := open(t, uc).signIn().post("/changes/1001/approve", url.Values{"digest": {digest}})
	if res.StatusCode != http.StatusPreconditionFailed || !strings.Contains(words(page), "The plan was made anew. Look at it again.") || len(all(page, "table")) != 1 {
		t.Errorf("%d %s", res.StatusCode, words(page))
	}
}

func TestUndoLeadsToTheReversal(t *testing.T) {
	t.Parallel()
	res, _ := open(t, &recorder{change: submitted()}).signIn().post("/changes/1001/undo", nil)
	if res.Header.Get("Location") != "/changes/1002" {
		t.Errorf("%d %s", res.StatusCode, res.Header.Get("Location"))
	}
}

func TestWaitingPageAsksAgain(t *testing.T) {
	t.Parallel()
	uc := &recorder{change: submitted()}
	uc.change.State, uc.change.Progress = "applying", &wire.Progress{Step: "writing rows", Done: 10, Of: 100}
	b := open(t, uc).signIn()
	_, page := b.get("/changes/1001")
	refresh := ""
	for _, asleep := range all(page, "noscript") {
		refresh += words(asleep) // what stands there is text to a parser that knows scripts
	}
	if !strings.Contains(refresh, `http-equiv="refresh" content="1;url=/changes/1001?wait"`) || uc.waited != 0 {
		t.Errorf("refresh %q, waited %s", refresh, uc.waited)
	}
	b.get("/changes/1001?wait")
	if uc.waited == 0 {
		t.Error("the page did not wait")
	}
}

func TestMissingPagesAndChanges(t *testing.T) {
	t.Parallel()
	b := open(t, &recorder{change: submitted()}).signIn()
	for _, path := range []string{"/changes/999", "/nowhere"} {
		if res, page := b.get(path); res.StatusCode != http.StatusNotFound || !strings.Contains(words(page), "There is no") {
			t.Errorf("%s: %d %s", path, res.StatusCode, words(page))
		}
	}
	if res, _ := b.post("/changes/1001/explode", nil); res.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown step: %d", res.StatusCode)
	}
}

// TestOtherSites is an attack: a page of another site posts a form with the
// person's cookie.
func TestOtherSites(t *testing.T) {
	t.Parallel()
	uc := &recorder{change: submitted()}
	res, _ := open(t, uc).signIn().post("/changes/1001/submit", nil, "Sec-Fetch-Site", "cross-site")
	if res.StatusCode != http.StatusForbidden || len(uc.did) != 0 {
		t.Errorf("%d %v", res.StatusCode, uc.did)
	}
}

// TestAssets: a page's files are there for ever under names that hold their
// content's digest, and packed for who takes that.
func TestAssets(t *testing.T) {
	t.Parallel()
	b := open(t, &recorder{}).signIn()
	_, page := b.get("/changes")
	var urls []string
	for _, n := range append(all(page, "link"), all(page, "script")...) {
		urls = append(urls, attr(n, "href")+attr(n, "src"))
	}
	wired := 0
	for _, u := range urls {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.base+u, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", "gzip") // so that the client leaves it packed
		res, err := b.http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		content, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		wired += len(content)
		if res.StatusCode != 200 || res.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(res.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", u, res.StatusCode, res.Header)
		}
	}
	if len(urls) != 4 || wired > 100<<10 {
		t.Errorf("%d files of %d bytes: %v", len(urls), wired, urls)
	}
	if res, _ := b.get("/assets/style.css"); res.StatusCode != http.StatusNotFound {
		t.Errorf("a name without a digest: %d", res.StatusCode)
	}
}

// mayDo gives a change that waits, with more that the person may do.
func mayDo(acts ...string) wire.Change {
	c := submitted()
	c.May = append(c.May, acts...)
	return c
}

func TestApproveAndApplyIsOneStep(t *testing.T) {
	t.Parallel()
	approved := submitted()
	approved.State = "approved"
	uc := &recorder{change: approved}
	res, _ := open(t, uc).signIn().post("/changes/1001/approve-apply", url.Values{"digest": {digest}})
	if res.StatusCode != http.StatusSeeOther || strings.Join(uc.did, "|") != "approve 1001 "+digest+"  session|apply 1001" {
		t.Errorf("%d %v", res.StatusCode, uc.did)
	}
	uc = &recorder{change: submitted()} // somebody else must still decide
	if open(t, uc).signIn().post("/changes/1001/approve-apply", url.Values{"digest": {digest}}); len(uc.did) != 1 {
		t.Errorf("it was applied before all had decided: %v", uc.did)
	}
}

func TestMendingInPlace(t *testing.T) {
	t.Parallel()
	uc := &recorder{change: mayDo("mend")}
	b := open(t, uc).signIn()
	_, page := b.get("/changes/1001/findings")
	values := url.Values{}
	for _, input := range all(page, "input") {
		values.Set(attr(input, "name"), attr(input, "value"))
	}
	if values.Get("cell.7.1") != `13,75"` || values.Has("cell.7.0") {
		t.Fatalf("inputs %v", values)
	}
	res, page := b.post("/changes/1001/mended", values)
	if res.StatusCode != http.StatusBadRequest || !strings.Contains(words(page), "No cell was changed") {
		t.Errorf("%d", res.StatusCode)
	}
	values.Set("cell.7.1", "13.75")
	res, _ = b.post("/changes/1001/mended", values)
	if res.StatusCode != http.StatusSeeOther || strings.Join(uc.did, "|") != "mend 1001 7 Limit 13.75" {
		t.Errorf("%d %v", res.StatusCode, uc.did)
	}
	if _, page := open(t, &recorder{change: submitted()}).signIn().get("/changes/1001/findings"); strings.Contains(words(page), "Mend and plan again") {
		t.Error("who may not mend is offered to")
	}
}

func TestDiscussionAndHistory(t *testing.T) {
	t.Parallel()
	uc := &recorder{change: submitted()}
	b := open(t, uc).signIn()
	_, page := b.get("/changes/1001/discussion")
	if text := words(page); !strings.Contains(text, "Maria 1 Jan 0001") || !strings.Contains(text, "Look at <row 7>") || strings.Contains(text, "\u202e") || !strings.Contains(text, "Erased") {
		t.Errorf("%s", text)
	}
	res, _ := b.post("/changes/1001/comment", url.Values{"comment": {"It is right."}})
	if res.Header.Get("Location") != "/changes/1001/discussion#end" || uc.did[0] != "comment 1001 It is right." {
		t.Errorf("%s %v", res.Header.Get("Location"), uc.did)
	}
	if _, page = b.get("/changes/1001/history"); !strings.Contains(words(page), "Maria proposed the change.") || !strings.Contains(words(page), "proved leaf 1,200") {
		t.Errorf("%s", words(page))
	}
}

// What was typed with a refused step is still there.
func TestARefusedCommentIsNotLost(t *testing.T) {
	t.Parallel()
	uc := &recorder{change: submitted(), err: errs.New(errs.Usage, "@ann may be several people.")}
	_, page := open(t, uc).signIn().post("/changes/1001/comment", url.Values{"comment": {"Dear @ann, look"}})
	for _, field := range all(page, "textarea") {
		if words(field) == "Dear @ann, look" {
			return
		}
	}
	t.Errorf("the comment is gone: %s", words(page))
}

func TestInbox(t *testing.T) {
	t.Parallel()
	_, page := open(t, &recorder{change: submitted()}).signIn().get("/inbox")
	text := words(page)
	for _, want := range []string{"(1) Inbox · Sutor", "? decide Maria asks you to decide on change 1001. New <terms>", "Look <here>"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	var to []string
	for _, a := range all(all(page, "main")[0], "a") {
		to = append(to, attr(a, "href"))
	}
	if got := strings.Join(to, " "); !strings.Contains(got, "/changes/1001 /changes/1001/discussion") {
		t.Errorf("links %s", got)
	}
}

func TestSentence(t *testing.T) {
	t.Parallel()
	kept := int64(2)
	for want, c := range map[string]wire.Change{
		"1,204 customers get new payment terms; 12 are new; 3 cannot be.": {Dataset: "customers", Plan: &wire.Plan{Columns: []string{"id", "payment_terms"},
			Mapping: []wire.Mapped{{Column: "id"}, {Column: "payment_terms"}, {File: "x"}}, Counts: wire.Counts{Update: 1204, Insert: 12, Invalid: 3}}},
		"1 of customers gets changed values; 1 is deleted.": {Dataset: "customers", Plan: &wire.Plan{Counts: wire.Counts{Update: 1, Delete: 1}}},
		"Nothing would change; 1 cannot be.":                {Dataset: "customers", Plan: &wire.Plan{Counts: wire.Counts{Invalid: 1}}},
		"3 customers get back what they had; 2 stay, because others changed them since.": {Dataset: "customers", Reverses: &want1001,
			Plan: &wire.Plan{Counts: wire.Counts{Update: 3, Kept: &kept}}},
		"": {Dataset: "customers"},
	} {
		if got := web.SentenceOf(c); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

var want1001 = "1001"
