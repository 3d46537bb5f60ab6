package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/finding"
	"sutor/internal/record"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// slow holds a look at a change back until it is let go.
type slow struct {
	*recorder
	begun, letGo chan struct{}
}

func (s slow) Change(ctx context.Context, p access.Principal, id change.ID, wait time.Duration) (wire.Change, error) {
	if wait > 0 {
		s.begun <- struct{}{}
		<-s.letGo
	}
	return s.recorder.Change(ctx, p, id, wait)
}

// TestSignOutIsForGood is an attack: who has stolen a cookie keeps a request
// open while its owner signs out; at its end the session must not be stored again.
func TestSignOutIsForGood(t *testing.T) {
	t.Parallel()
	uc := slow{&recorder{change: submitted()}, make(chan struct{}), make(chan struct{})}
	b := open(t, uc).signIn()
	u, _ := url.Parse(b.base)
	stolen := b.http.Jar.Cookies(u)[0]
	done := make(chan struct{})
	go func() {
		defer close(done)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.base+"/changes/1001?wait", nil)
		if err != nil {
			t.Error(err)
			return
		}
		r.AddCookie(stolen)
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Error(err)
			return
		}
		_ = res.Body.Close()
	}()
	<-uc.begun
	b.post("/sign-out", nil)
	uc.letGo <- struct{}{}
	<-done
	b.http.Jar.SetCookies(u, []*http.Cookie{stolen})
	if res, _ := b.get("/changes"); res.StatusCode != http.StatusSeeOther {
		t.Errorf("the session lives on after its sign-out: %d", res.StatusCode)
	}
}

// TestFormNotRead is an attack: a form too large to be read must not count as an
// empty one.
func TestFormNotRead(t *testing.T) {
	t.Parallel()
	uc := &recorder{change: submitted()}
	b := open(t, uc).signIn()
	for name, comment := range map[string]string{"too large for a form": strings.Repeat("x", 1<<20), "too long for a comment": strings.Repeat("x", 4001)} {
		res, page := b.post("/changes/1001/submit", url.Values{"comment": {comment}})
		if res.StatusCode != http.StatusBadRequest || len(uc.did) != 0 {
			t.Errorf("%s: %d %v %s", name, res.StatusCode, uc.did, words(page))
		}
	}
}

// liar is a change whose every text tries to be read as something else.
func liar() wire.Change {
	c := submitted()
	evil := "a\u202eb</h1><script>alert(1)</script>\nApproved."
	c.Title, c.Reason, c.Why, c.Input = evil, evil, evil, &wire.Input{Name: evil}
	c.Findings = []finding.Finding{{Guardrail: "value", Severity: finding.Warn, Message: evil, Mend: evil, Samples: []string{evil}}}
	c.Decisions = []wire.Decision{{By: "o@x", Role: "owner", Decision: "approve", Comment: evil}}
	c.Result = &wire.Result{Message: evil}
	c.Plan.Columns = []string{"id", evil}
	return c
}

type liarsRows struct{ *recorder }

func (r liarsRows) Browse(context.Context, access.Principal, change.ID, workflow.RowsWanted) (wire.Rows, error) {
	raw := func(s string) json.RawMessage {
		b, _ := json.Marshal(s)
		return b
	}
	name := liar().Plan.Columns[1]
	row := func(before, after string) wire.Row {
		return wire.Row{Op: "update", Key: map[string]json.RawMessage{"id": raw("1")}, Changed: []string{name},
			Before: map[string]json.RawMessage{name: raw(before)}, After: map[string]json.RawMessage{name: raw(after)}}
	}
	return wire.Rows{Total: 4, Rows: []wire.Row{row("NET30", "NET\u202e03"), row("x", "x "), row("a b", "a  b"), row("1\u00a0000", "1\u200b000")}}, nil
}

// foreign tells whether a page has a script or style that is not a file of ours, or
// an attribute that is code.
func foreign(page *html.Node) bool {
	for n := range page.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if n.Data == "style" || n.Data == "iframe" || n.Data == "script" && (n.FirstChild != nil || !strings.HasPrefix(attr(n, "src"), "/assets/")) {
			return true
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || strings.HasPrefix(a.Key, "hx-on") || a.Key == "style" ||
				slices.Contains([]string{"href", "src", "action", "formaction", "hx-get", "hx-post"}, a.Key) && !strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "#") && !strings.HasPrefix(a.Val, "?") {
				return true
			}
		}
	}
	return false
}

// TestNothingHidesItself is an attack on the approver: two values that are not
// the same must not look the same, and no text may run out of its place.
func TestNothingHidesItself(t *testing.T) {
	t.Parallel()
	b := open(t, liarsRows{&recorder{change: liar()}}).signIn()
	for _, path := range []string{"/changes/1001", "/changes/1001/findings", "/changes/1001/impact", "/changes/1001/discussion", "/changes/1001/history", "/inbox", "/changes"} {
		_, page := b.get(path)
		text := words(page)
		if foreign(page) || len(all(page, "h1")) != 1 || strings.ContainsAny(text, "\u202e\u200b\u00a0") {
			t.Errorf("%s: %s", path, text)
		}
	}
	_, page := b.get("/changes/1001")
	var cells []string
	for _, td := range all(all(page, "tbody")[0], "td") {
		if len(all(td, "ins")) > 0 {
			cells = append(cells, words(td))
		}
	}
	want := "NET30 → NET U+202E 03|x → x ␣|a b → a ␣ ␣ b|1 U+00A0 000 → 1 U+200B 000"
	if got := strings.Join(cells, "|"); got != want {
		t.Errorf("cells\n%s\n%s", got, want)
	}
}

// TestStopping: a page that waits when the server stops says so.
func TestStopping(t *testing.T) {
	t.Parallel()
	uc := &recorder{change: submitted()}
	b := open(t, uc).signIn()
	u, _ := url.Parse(b.base)
	stopped, stop := context.WithCancel(t.Context())
	stop()
	r := httptest.NewRequestWithContext(stopped, http.MethodPost, "/changes/1001/submit", nil)
	r.AddCookie(b.http.Jar.Cookies(u)[0])
	uc.err = context.Canceled
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "The server is stopping") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestSamplesAreShown: a finding names texts of the file, so that one knows
// which; who may not see values is sent none.
func TestSamplesAreShown(t *testing.T) {
	t.Parallel()
	c := submitted()
	c.Findings[0].Samples, c.Findings[0].Rows = []string{"13,75", "", "x y"}, 1
	c.Risk = wire.Risk{Score: 25, Factors: []wire.Factor{{Name: "share", Points: 25, Why: "It writes much."}}}
	measure := 1200345.5
	c.Impact = []wire.Impact{{Label: "open orders", Rows: 1412, Measure: &measure}}
	c.Plan.LeftOut = true
	c.Result = &wire.Result{Conflicts: 2, ConflictRows: []int64{4, 5, 9}}
	_, page := open(t, &recorder{change: c}).signIn().get("/changes/1001/findings")
	text := words(page)
	_, page = open(t, &recorder{change: c}).signIn().get("/changes/1001/impact")
	text += words(page)
	for _, want := range []string{"big-raise 1 row Needs a manager. For example 13,75 , x y", "1,412 open orders, 1,200,345.50", "Risk 25 of 100 Share of the table +25 It writes much.",
		"! Invalid rows are left out of this plan", "Rows of the file that others have changed meanwhile: 4-5, 9"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
}

// deadlined is an answer on a connection of which the deadline is known.
type deadlined struct {
	*httptest.ResponseRecorder
	until time.Time
}

func (d *deadlined) SetReadDeadline(t time.Time) error {
	d.until = t
	return nil
}

// stepped calls back in the middle of each step that a form asks for.
type stepped struct {
	*recorder
	in func()
}

func (s stepped) Submit(ctx context.Context, p access.Principal, id change.ID, digest record.Digest, comment string) (wire.Change, error) {
	s.in()
	return s.recorder.Submit(ctx, p, id, digest, comment)
}

func (s stepped) Mend(ctx context.Context, p access.Principal, id change.ID, in workflow.Mends) (wire.Change, error) {
	if in.File != nil {
		if text, err := io.ReadAll(in.File); err != nil || string(text) != "x" {
			return wire.Change{}, fmt.Errorf("%q, %w", text, err)
		}
	}
	s.in()
	return s.recorder.change, nil
}

func (s stepped) Propose(context.Context, access.Principal, workflow.Proposal) (wire.Change, error) {
	s.in()
	return s.recorder.change, nil
}

func (s stepped) Datasets(context.Context, access.Principal) ([]wire.Dataset, error) {
	return []wire.Dataset{{Name: "customers", May: []string{"propose"}}}, nil
}

// A step may take longer than its form may take to arrive: once that is here, no
// deadline of the connection ends the request.
func TestStepsOutliveTheirForms(t *testing.T) {
	t.Parallel()
	file := "--b\r\nContent-Disposition: form-data; name=file; filename=a.csv\r\n\r\nx\r\n--b--\r\nrest"
	for _, form := range []struct{ path, kind, body string }{
		{"/changes/1001/submit", "application/x-www-form-urlencoded", "comment=x"},
		{"/changes/1001/mended", "application/x-www-form-urlencoded", "column.0=id&cell.2.0=1&was.2.0=2"},
		{"/changes/1001/mended", "multipart/form-data; boundary=b", file},
		{"/datasets/customers/propose", "multipart/form-data; boundary=b", file},
	} {
		w := &deadlined{httptest.NewRecorder(), time.Time{}}
		reached := false
		uc := stepped{&recorder{change: submitted()}, func() {
			if reached = true; !w.until.IsZero() {
				t.Errorf("%s (%s) goes on under the deadline of its form", form.path, form.kind)
			}
		}}
		b := open(t, uc).signIn()
		r := httptest.NewRequest(http.MethodPost, form.path, io.MultiReader(strings.NewReader(form.body))) // of no length that is known
		r.Header.Set("Content-Type", form.kind)
		at, err := url.Parse(b.base)
		if err != nil {
			t.Fatal(err)
		}
		r.AddCookie(b.http.Jar.Cookies(at)[0])
		w.until = time.Now().Add(time.Minute)
		b.handler.ServeHTTP(w, r)
		if !reached || w.Code != http.StatusSeeOther {
			t.Errorf("%s (%s): %d %s", form.path, form.kind, w.Code, w.Body)
		}
	}
}
