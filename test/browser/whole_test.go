package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"sutor/internal/client"
)

// hands do what a person does with a pointer, or with the keyboard alone: Tab, Enter,
// and letters.
type hands struct {
	*Window
	t    *testing.T
	keys bool
}

// press activates a button or a link.
func (h hands) press(selector string) {
	h.t.Helper()
	if !h.keys {
		must(h.t, h.Do(chromedp.Click(selector, chromedp.NodeVisible)))
		return
	}
	h.reach(selector)
	must(h.t, h.Do(chromedp.KeyEvent(kb.Enter)))
}

// write types over what a field has.
func (h hands) write(selector, text string) {
	h.t.Helper()
	if h.keys {
		h.reach(selector) // who comes by Tab has all of it selected
	} else {
		must(h.t, h.Do(chromedp.Click(selector, chromedp.NodeVisible)))
		_, err := chromedp.Run(h.ctx, chromedp.Evaluate[any]("document.activeElement.select()"))
		must(h.t, err)
	}
	must(h.t, h.Do(chromedp.KeyEvent(text)))
}

// mostTabs is how often somebody presses Tab before they give up.
const mostTabs = 120

// reach presses Tab until an element has the focus, and wants to see that it has.
func (h hands) reach(selector string) {
	h.t.Helper()
	must(h.t, h.Do(chromedp.WaitVisible(selector)))
	for range mostTabs {
		at, err := chromedp.Run(h.ctx, chromedp.Evaluate[string](fmt.Sprintf(`(() => { const at = document.activeElement;
			if (!at?.matches(%q)) return "";
			const s = getComputedStyle(at);
			return s.outlineStyle !== "none" || s.boxShadow !== "none" || s.borderStyle !== "none" ? "seen" : "unseen" })()`, selector)))
		must(h.t, err)
		switch at {
		case "seen":
			return
		case "unseen":
			h.t.Fatalf("nobody sees that %s has the focus", selector)
		}
		must(h.t, h.Do(chromedp.KeyEvent(kb.Tab)))
	}
	h.t.Fatalf("%d times Tab do not lead to %s", mostTabs, selector)
}

// enter signs somebody in on the page that is open.
func (h hands) enter(email string) {
	h.t.Helper()
	h.write("#f-email", email)
	h.write("#f-password", Password)
	must(h.t, h.Do(chromedp.KeyEvent(kb.Enter), chromedp.WaitReady(".frame"), chromedp.Poll[chromedp.Void](`document.readyState == "complete"`))) // keys are listened to then
}

// mendsTwo types over two cells with the values that were meant, and submits.
func (h hands) mendsTwo(wrong ...string) (path string) {
	h.t.Helper()
	h.press("a[href$='/findings']")
	cell := func(value string) string { return fmt.Sprintf("table.mend input[name^='cell.'][value=%q]", value) }
	for _, value := range wrong {
		h.write(cell(value), "NET45")
	}
	h.press("form[action*='/mended'] button.primary:not(details *)")
	for _, value := range wrong {
		must(h.t, h.Do(chromedp.WaitNotPresent(cell(value))))
	}
	path, err := h.change()
	must(h.t, err)
	h.press("form[action$='/submit'] button")
	must(h.t, h.says("waits for a decision"))
	return strings.TrimSuffix(path, "/findings")
}

// decides signs an owner in on a phone, who approves and applies, sees what was
// written, and takes it back.
func decides(t *testing.T, keys bool, path, written string) {
	t.Helper()
	h := hands{open(t, ""), t, keys}
	must(t, h.Size(360, 740, "light"))
	must(t, h.Do(chromedp.Navigate(h.base+path)))
	h.enter("olaf@example.test")
	h.press("form[action$='/approve-apply'] button")
	must(t, h.says(written))
	h.press("details:has(form[action$='/undo']) > summary")
	h.press("form[action$='/undo'] button")
	must(t, h.says("get back what they had"))
	h.press("form[action$='/submit'] button")
	h.press("form[action$='/apply'] button")
	must(t, h.says(written))
	must(t, h.Do(chromedp.Navigate(h.base+path)))
	must(t, h.says("It was undone by"))
}

// TestFromFileToUndone: a maker drops the example with the mistakes, leaves the wrong
// rows out, mends two of them and submits; the owner decides on a phone.
func TestFromFileToUndone(t *testing.T) {
	t.Parallel()
	h := hands{open(t, ""), t, false}
	must(t, h.Do(chromedp.Navigate(h.base+"/datasets/customers/propose")))
	h.enter("maria@example.test")
	must(t, h.Do(chromedp.WaitReady("[data-drop] input"), chromedp.SetUploadFiles("[data-drop] input", []string{filepath.Join(world.company.Dir, "examples", "mistakes.csv")})))
	h.press("input[name=leave]")
	h.write("#f-title", "Two mended, the others left out")
	h.press(".propose button.primary")
	path, err := h.change()
	must(t, err)
	maria, err := world.company.As("maria")
	must(t, err)
	defer maria.Close()
	ch, err := maria.Change(t.Context(), strings.TrimPrefix(path, "/changes/"), 0)
	must(t, err)
	path = h.mendsTwo("NET31", "30 days")
	decides(t, false, path, fmt.Sprintf("%d rows written", ch.Plan.Counts.Update+ch.Plan.Counts.Insert+2))
}

// TestKeyboardAlone: the same without a pointer. The maker finds the dataset by the
// palette, and pastes cells: dropping a file has no keys of its own.
func TestKeyboardAlone(t *testing.T) {
	t.Parallel()
	h := hands{open(t, ""), t, true}
	must(t, h.Do(chromedp.Navigate(h.base+"/help")))
	h.enter("maria@example.test")
	must(t, h.Do(chromedp.KeyEvent("k", chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.WaitVisible("#palette[open] input"),
		chromedp.KeyEvent("cust"), chromedp.KeyEvent(kb.Enter))) // before anything is found
	h.press(".title a.primary")
	h.press(".paste summary")
	h.write("#cells", "id,payment_terms\r10061,NET31\r10062,30 days\r10063,NET90\r10064,NET90\r")
	h.press(".propose button.primary")
	_, err := h.change()
	must(t, err)
	decides(t, true, h.mendsTwo("NET31", "30 days"), "rows written")
}

// TestApproveAPart: an owner sees what would become of the rows before approving some,
// and the others are the maker's again.
func TestApproveAPart(t *testing.T) {
	t.Parallel()
	ch := submitted(t, "Terms in part", "id,payment_terms\n10071,NET90\n10072,NET60\n10073,NET90\n")
	h := hands{open(t, "olaf@example.test"), t, false}
	must(t, h.Go("/changes/"+ch.ID))
	h.press("a[href$='/part']")
	must(t, h.Do(chromedp.SetValue("select[name=t]", "payment_terms"), chromedp.SetValue("select[name=is]", "==")))
	h.write("input[name=v]", "NET60")
	h.press("button[value=look]")
	must(t, h.says("It would split in two"))
	h.press("button[value=approve]")
	must(t, h.says("It was split"))
	olaf, err := world.company.As("olaf")
	must(t, err)
	defer olaf.Close()
	ch, err = olaf.Change(t.Context(), ch.ID, 0)
	if err != nil || ch.State != "approved" || ch.Plan.Counts.Update >= 3 || len(ch.SplitInto) != 1 {
		t.Errorf("%s, %+v, %v, %v", ch.State, ch.Plan, ch.SplitInto, err)
	}
}

// TestTryInTheSystem: a maker asks what the system says before anybody decides.
func TestTryInTheSystem(t *testing.T) {
	t.Parallel()
	ch, err := world.company.Propose(t.Context(), "customers", "cells.csv", strings.NewReader("id,payment_terms\n10081,NET90\n10082,NET60\n"), "Terms to try")
	must(t, err)
	h := hands{open(t, "maria@example.test"), t, false}
	must(t, h.Go("/changes/"+ch.ID))
	h.press("details:has(form[action$='/try']) > summary")
	h.press("form[action$='/try'] button")
	must(t, h.says("The system would take it"))
}

// TestTwoDatasetsAtOnce: two files for two datasets are one plan.
func TestTwoDatasetsAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	customers, products := filepath.Join(dir, "terms.csv"), filepath.Join(world.company.Dir, "examples", "prices.csv")
	must(t, os.WriteFile(customers, []byte("id,payment_terms\n10091,NET90\n10092,NET60\n"), 0o600))
	h := hands{open(t, "maria@example.test"), t, false}
	must(t, h.Go("/datasets/customers/propose"))
	must(t, h.Do(chromedp.SetUploadFiles("[data-drop] input", []string{customers})))
	h.press("details:has(select[name=with0]) > summary")
	must(t, h.Do(chromedp.SetValue("select[name=with0]", "products"), chromedp.SetUploadFiles("input[name=file0]", []string{products})))
	h.press(".propose button.primary")
	must(t, h.Do(chromedp.WaitVisible("section[aria-label='Rows of products']"), chromedp.WaitVisible("section[aria-label='Rows of customers']")))
	h.press("form[action$='/submit'] button")
	must(t, h.says("waits for a decision"))
}

// TestSentBackAndAgain: an owner sends a change back and says why; its maker plans it
// anew with another row, and the owner is told what is different, and from what.
func TestSentBackAndAgain(t *testing.T) {
	t.Parallel()
	ch := submitted(t, "Websites, twice", "id,website\n10101,https://one.example\n10102,https://two.example\n")
	h := hands{open(t, "olaf@example.test"), t, false}
	must(t, h.Go("/changes/"+ch.ID))
	h.press("details:has(form[action$='/reject']) > summary")
	h.write("form[action$='/reject'] textarea", "10102 has left us; 10103 came.")
	h.press("form[action$='/reject'] button")
	must(t, h.says("10102 has left us"))
	maria, err := world.company.As("maria")
	must(t, err)
	defer maria.Close()
	_, err = maria.Replan(t.Context(), ch.ID, "", client.Choices{}, &client.File{Name: "again.csv", Size: -1, From: strings.NewReader("id,website\n10101,https://one.example\n10103,https://three.example\n")})
	must(t, err)
	ch, err = maria.Change(t.Context(), ch.ID, time.Minute)
	must(t, err)
	_, err = maria.Submit(t.Context(), ch.ID, ch.Plan.Digest, "")
	must(t, err)
	must(t, h.Go("/changes/"+ch.ID))
	must(t, h.says("1 row is new in it, 1 row is not in it any more, 1 row is as it was."))
	must(t, h.says("olaf@example.test sent it back on"))
}
