package browser

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"sutor/internal/client"
	"sutor/internal/wire"
)

// change waits until a window shows a change whose plan stands, and gives its path.
func (w *Window) change() (string, error) {
	if err := w.Do(chromedp.WaitVisible(".counts")); err != nil {
		return "", err
	}
	return chromedp.Run(w.ctx, chromedp.Evaluate[string]("location.pathname"))
}

// TestMakerDropsAFile: from a dropped file to a submitted change in four clicks.
func TestMakerDropsAFile(t *testing.T) {
	t.Parallel()
	w := open(t, "maria@example.test")
	file := filepath.Join(t.TempDir(), "terms.csv")
	must(t, os.WriteFile(file, []byte("id,payment_terms\n10003,NET45\n10004,NET45\n"), 0o600))
	must(t, w.Go("/datasets/customers"))
	clicks := 0
	click := func(selector string) {
		t.Helper()
		clicks++
		must(t, w.Do(chromedp.Click(selector, chromedp.NodeVisible)))
	}
	click(".title a.primary")
	must(t, w.Do(chromedp.WaitReady("[data-drop] input"), chromedp.SetUploadFiles("[data-drop] input", []string{file})))
	click(".propose button.primary")
	if _, err := w.change(); err != nil {
		t.Fatal(err)
	}
	click("form[action$='/submit'] button")
	must(t, w.Do(chromedp.WaitVisible(".badge.ask")))
	text, err := w.Text("main")
	must(t, err)
	if !strings.Contains(text, "waits for a decision") || clicks > 5 {
		t.Errorf("%d clicks: %s", clicks, text)
	}
}

// TestWrongPerson: an owner who opens a maker's form is told who may, and a stranger
// sees nothing of the change.
func TestWrongPerson(t *testing.T) {
	t.Parallel()
	w := open(t, "olaf@example.test")
	must(t, w.Go("/datasets/customers/propose"))
	text, err := w.Text("main")
	must(t, err)
	if !strings.Contains(text, "Only makers of the department sales") {
		t.Error(text)
	}
	w = open(t, "petra@example.test")
	must(t, w.Go("/changes/"+world.ids["clean"]))
	if text, err = w.Text("main"); err != nil || !strings.Contains(text, "There is no change") {
		t.Errorf("%s, %v", text, err)
	}
}

// TestExpiredSession: what was typed is there again after the sign-in.
func TestExpiredSession(t *testing.T) {
	t.Parallel()
	w := open(t, "maria@example.test")
	must(t, w.Go("/datasets/customers/propose"))
	must(t, w.Do(chromedp.WaitVisible("#f-reason"), chromedp.SendKeys("#f-reason", "agreed with sales")))
	if _, err := chromedp.Run(w.ctx, chromedp.Evaluate[any](`fetch("/sign-out", {method: "POST"}).then(() => null)`, chromedp.EvalAwaitPromise)); err != nil {
		t.Fatal(err)
	}
	must(t, w.Do(chromedp.Reload()))
	must(t, w.SignIn("maria@example.test", Password))
	must(t, w.Do(chromedp.WaitVisible("#f-reason")))
	typed, err := chromedp.Run(w.ctx, chromedp.Value("#f-reason"))
	if err != nil || typed != "agreed with sales" {
		t.Errorf("%q, %v", typed, err)
	}
}

// outgoing waits for a mail to somebody with a link to a change, and gives the link's
// path. One mail may tell of several changes.
func (w *Window) outgoing(to, id string) (path string, err error) {
	found := fmt.Sprintf(`(() => { for (const m of document.querySelectorAll(".mail")) {
		const link = m.querySelector("a[href='/changes/%s']");
		if (m.textContent.includes(%q) && link) return link.getAttribute("href") } return "" })()`, id, to)
	for until := time.Now().Add(patience / 2); path == "" && time.Now().Before(until) && err == nil; {
		if err = w.Go("/outbox"); err == nil {
			path, err = chromedp.Run(w.ctx, chromedp.Evaluate[string](found))
		}
	}
	if path == "" && err == nil {
		err = fmt.Errorf("no mail to %s leads to change %s", to, id)
	}
	return path, err
}

// submitted proposes a small change as maria and asks for the decision.
func submitted(t *testing.T, title, cells string) wire.Change {
	t.Helper()
	ctx := t.Context()
	ch, err := world.company.Propose(ctx, "customers", "cells.csv", strings.NewReader(cells), title)
	must(t, err)
	maria, err := world.company.As("maria")
	must(t, err)
	defer maria.Close()
	ch, err = maria.Submit(ctx, ch.ID, "", "")
	must(t, err)
	return ch
}

// fits wants a page that is not wider than its window.
func (w *Window) fits(t *testing.T) {
	t.Helper()
	over, err := chromedp.Run(w.ctx, chromedp.Evaluate[float64]("document.documentElement.scrollWidth - innerWidth"))
	if err != nil || over > 0 {
		t.Errorf("the page is %g pixels too wide, %v", over, err)
	}
}

// TestOwnerOnAPhone: the mail's link leads through the sign-in to the change; the owner
// sees who asks and why, and approves and applies with one thumb; then takes it back.
func TestOwnerOnAPhone(t *testing.T) {
	t.Parallel()
	ch := submitted(t, "Terms by phone", "id,payment_terms\n10021,NET90\n10022,NET90\n")
	reader := open(t, "aud@example.test")
	path, err := reader.outgoing("olaf@example.test", ch.ID)
	must(t, err)
	w := open(t, "")
	must(t, w.Size(360, 740, "light"))
	clicks := 0 // in the mail, to sign in, and to decide
	click := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		clicks++
		must(t, w.Do(steps...))
	}
	click(chromedp.Navigate(w.base + path))
	click(chromedp.WaitVisible("#f-email"), chromedp.SetValue("#f-email", "olaf@example.test"), chromedp.SetValue("#f-password", Password),
		chromedp.Click("form[action='/sign-in'] button", chromedp.NodeVisible), chromedp.WaitReady(".frame"))
	at, err := chromedp.Run(w.ctx, chromedp.Evaluate[string]("location.pathname"))
	if err != nil || at != path {
		t.Fatalf("the mail leads to %s, the sign-in to %s, %v", path, at, err)
	}
	w.fits(t)
	must(t, w.Do(chromedp.WaitVisible("form[action$='/approve-apply'] button")))
	seen, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool](`(() => { const r = document.querySelector("form[action$='/approve-apply'] button").getBoundingClientRect(); return r.top >= 0 && r.bottom <= innerHeight && r.height >= 40 })()`))
	if err != nil || !seen {
		t.Errorf("the button is not under the thumb: %v", err)
	}
	click(chromedp.Click("form[action$='/approve-apply'] button", chromedp.NodeVisible))
	must(t, w.comes(`document.querySelector("form[action$='/undo']")`))
	text, err := w.Text("main")
	must(t, err)
	if !strings.Contains(text, "2 rows written") || clicks > 3 {
		t.Fatalf("%d clicks: %s", clicks, text)
	}
	w.fits(t)
	must(t, w.Do(chromedp.Click("details:has(form[action$='/undo']) > summary", chromedp.NodeVisible), chromedp.Click("form[action$='/undo'] button", chromedp.NodeVisible),
		chromedp.WaitVisible("form[action$='/submit'] button")))
	if text, err = w.Text("main"); err != nil || !strings.Contains(text, "2 customers get back what they had") {
		t.Fatalf("%s, %v", text, err)
	}
	must(t, w.Do(chromedp.Click("form[action$='/submit'] button"), chromedp.WaitVisible("form[action$='/apply'] button"), chromedp.Click("form[action$='/apply'] button")))
	must(t, w.says("2 rows written"))
}

// comes waits until something holds on the page.
func (w *Window) comes(about string) error {
	_, err := w.gives("(" + about + ") ? 'yes' : ''")
	return err
}

// gives waits until an expression gives a text. What is asked while the browser goes to
// another page fails, and is asked again.
func (w *Window) gives(expression string) (string, error) {
	for late := time.Now().Add(patience / 2); ; {
		text, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](expression))
		if text != "" && err == nil {
			return text, nil
		}
		if time.Now().After(late) || w.ctx.Err() != nil {
			return "", errors.Join(fmt.Errorf("it does not come about: %s", expression), err)
		}
	}
}

// says waits until the page has some words.
func (w *Window) says(words string) error {
	return w.comes(fmt.Sprintf("document.querySelector('main')?.textContent.includes(%q)", words))
}

// TestTwoAtOnce: two owners have the same change before them, and decide in the same
// moment; whoever is second is told that it was decided, and nothing is done twice.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	ch := submitted(t, "Terms for two", "id,payment_terms\n10031,NET90\n")
	windows := []*Window{open(t, "olaf@example.test"), open(t, "olga@example.test")}
	for _, w := range windows {
		must(t, w.Go("/changes/"+ch.ID))
		must(t, w.Do(chromedp.WaitVisible("form[action$='/approve-apply'] button")))
	}
	const written = "1 row written"
	ends := make(chan string, len(windows))
	for _, w := range windows {
		go func() {
			_, err := w.gives(`setTimeout(() => document.querySelector("form[action$='/approve-apply']").requestSubmit()) && "asked"`)
			told, err2 := w.gives(`document.querySelector("[role=alert]")?.textContent || (document.querySelector("main").textContent.includes("` + written + `") ? "` + written + `" : "")`)
			if err = errors.Join(err, err2); err != nil {
				told = err.Error()
			}
			ends <- told
		}()
	}
	first, second := <-ends, <-ends
	if second == written {
		first, second = second, first
	}
	if first != written || !strings.Contains(second, "Change "+ch.ID+" is") {
		t.Errorf("the one is told: %s\nthe other: %s", first, second)
	}
	olaf, err := world.company.As("olaf")
	must(t, err)
	defer olaf.Close()
	ch, err = olaf.Change(t.Context(), ch.ID, 0)
	if err != nil || ch.State != "applied" || ch.Result.Applied != 1 || len(ch.Decisions) != 1 {
		t.Errorf("%s, %+v, %+v, %v", ch.State, ch.Result, ch.Decisions, err)
	}
}

// TestAMendSurvivesAReload: a cell that is typed over is there again, and so is a
// comment; once it is mended it is gone.
func TestAMendSurvivesAReload(t *testing.T) {
	t.Parallel()
	ch, err := world.company.Propose(t.Context(), "customers", "cells.csv", strings.NewReader("id,payment_terms\n10041,NET31\n10042,NET31\n"), "Terms to mend")
	must(t, err)
	w := open(t, "maria@example.test")
	must(t, w.Go("/changes/"+ch.ID+"/findings"))
	cell := func(row int) string {
		return fmt.Sprintf("table.mend tbody tr:nth-child(%d) input[name^='cell.']", row)
	}
	for row := 1; row <= 2; row++ {
		must(t, w.Do(chromedp.WaitVisible(cell(row)), chromedp.Focus(cell(row))))
		_, err := chromedp.Run(w.ctx, chromedp.Evaluate[any]("document.activeElement.select()"))
		must(t, err)
		must(t, w.Do(chromedp.KeyEvent("NET45")))
	}
	must(t, w.Do(chromedp.Reload(), chromedp.WaitVisible(cell(1))))
	for row := 1; row <= 2; row++ {
		if typed, err := chromedp.Run(w.ctx, chromedp.Value(cell(row))); err != nil || typed != "NET45" {
			t.Errorf("row %d: %q, %v", row, typed, err)
		}
	}
	must(t, w.Do(chromedp.Click("form[action$='/mended'] button.primary:not(details *)", chromedp.NodeVisible), chromedp.WaitVisible("form[action$='/submit'] button")))
	if text, err := w.Text("main"); err != nil || !strings.Contains(text, "1 of customers gets new payment terms") { // the other has them already
		t.Errorf("%s, %v", text, err)
	}
}

// openBy gives a window whose pages come by a line that can be cut.
func openBy(t *testing.T, person string) (*Window, *Line) {
	t.Helper()
	line, err := world.company.Lay()
	must(t, err)
	t.Cleanup(line.Close)
	w := world.chromium.Open(line.Base)
	t.Cleanup(w.End)
	must(t, w.Size(1024, 800, "light"))
	must(t, w.Enter(person, Password))
	return w, line
}

// TestUploadIsCut: the line is lost in the middle of a file. The page says so, keeps
// the file and what was typed, and sends it again; nothing of the first try is there.
func TestUploadIsCut(t *testing.T) {
	t.Parallel()
	w, line := openBy(t, "maria@example.test")
	file := filepath.Join(t.TempDir(), "cut.csv")
	must(t, os.WriteFile(file, []byte("id,payment_terms\n10051,NET45\n"+strings.Repeat("\n", 2<<20)), 0o600))
	must(t, w.Go("/datasets/customers/propose"))
	must(t, w.Do(chromedp.SetValue("#f-title", "Sent twice"), chromedp.SetUploadFiles("[data-drop] input", []string{file})))
	line.CutAfter(1 << 20)
	must(t, w.Do(chromedp.Click(".propose button.primary")))
	must(t, w.says("The connection was lost"))
	line.Mend()
	must(t, w.Do(chromedp.Click(".propose button.primary")))
	if _, err := w.change(); err != nil {
		t.Fatal(err)
	}
	if text, err := w.Text("h1"); err != nil || !strings.Contains(text, "Sent twice") {
		t.Errorf("%s, %v", text, err)
	}
	must(t, w.Go("/changes?mine=1"))
	if list, err := w.Text("#list"); err != nil || strings.Count(list, "Sent twice") != 1 {
		t.Errorf("%s, %v", list, err)
	}
}

// TestProgressIsCut: the line is lost while a change is planned. The page says so, and
// when the line is back it shows the plan, by itself.
func TestProgressIsCut(t *testing.T) {
	t.Parallel()
	w, line := openBy(t, "maria@example.test")
	maria, err := world.company.As("maria")
	must(t, err)
	defer maria.Close()
	follows := false
	for attempt := 0; attempt < 5 && !follows; attempt++ {
		var last wire.Change
		for range 3 { // they wait for each other
			file, err := world.company.Example("risky.csv")
			must(t, err)
			last, err = maria.Propose(t.Context(), client.Proposal{Dataset: "customers", Title: "Planned meanwhile"}, client.File{Name: "risky.csv", Size: -1, From: file})
			_ = file.Close()
			must(t, err)
		}
		must(t, w.Go("/changes/"+last.ID))
		follows, err = chromedp.Run(w.ctx, chromedp.Evaluate[bool](`(() => { const at = document.querySelector("[data-follow]"); return Boolean(at) })()`))
		must(t, err)
	}
	if !follows {
		t.Fatal("the page of a change that is planned does not follow it")
	}
	line.Cut()
	must(t, w.Do(chromedp.WaitVisible(".toast.warn")))
	line.Mend()
	if _, err := w.change(); err != nil {
		t.Fatal(err)
	}
	if still, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool](`Boolean(document.querySelector(".toast.warn"))`)); err != nil || still {
		t.Errorf("it says still that the connection is lost, %v", err)
	}
}
