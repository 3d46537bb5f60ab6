package browser

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
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

// TestKeyboardAlone: a maker who uses no pointer pastes cells, and comes to the plan.
func TestKeyboardAlone(t *testing.T) {
	t.Parallel()
	w := open(t, "maria@example.test")
	must(t, w.Go("/help"))
	must(t, w.Do(chromedp.KeyEvent("k", chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.WaitVisible("#palette[open] input"),
		chromedp.KeyEvent("cust"), chromedp.KeyEvent(kb.Enter), // before anything is found
		chromedp.WaitVisible(".title a.primary"), chromedp.Focus(".title a.primary"), chromedp.KeyEvent(kb.Enter),
		chromedp.WaitVisible(".paste summary"), chromedp.Focus(".paste summary"), chromedp.KeyEvent(kb.Enter),
		chromedp.WaitVisible("#cells"), chromedp.Focus("#cells"), chromedp.KeyEvent("id,payment_terms\r10005,NET60\r"),
		chromedp.Focus(".propose button.primary"), chromedp.KeyEvent(kb.Enter)))
	path, err := w.change()
	must(t, err)
	if !strings.HasPrefix(path, "/changes/") {
		t.Errorf("came to %s", path)
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
