package browser

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// patience bounds whatever is done in one window.
const patience = 2 * time.Minute

// Chromium is one running browser.
type Chromium struct {
	ctx context.Context
	End func()
}

// Launch starts Chromium with a profile of its own in dir. It speaks to nobody but
// the pages it is sent to.
func Launch(ctx context.Context, dir string) (*Chromium, error) {
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		return nil, fmt.Errorf("there is no Chromium: make test installs it")
	}
	alloc, endAlloc := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.UserDataDir(dir), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("hide-scrollbars", true), chromedp.Flag("force-color-profile", "srgb"))...)
	first, endFirst := chromedp.NewContext(alloc)
	c := &Chromium{first, func() { endFirst(); endAlloc() }}
	if err := chromedp.Do(first); err != nil {
		c.End()
		return nil, fmt.Errorf("start Chromium: %w", err)
	}
	return c, nil
}

// Window is a window of its own: its cookies are nobody else's.
type Window struct {
	ctx  context.Context
	base string
	End  func()
}

// Open opens a window for pages of base.
func (c *Chromium) Open(base string) *Window {
	tab, end := chromedp.NewContext(c.ctx, chromedp.WithNewBrowserContext())
	ctx, cancel := context.WithTimeout(tab, patience)
	return &Window{ctx, base, func() { cancel(); end() }}
}

// Do does what it is told, one after the other.
func (w *Window) Do(steps ...chromedp.Action[chromedp.Void]) error {
	return chromedp.Do(w.ctx, steps...)
}

// Size makes the window so many CSS pixels large, in the colours "light" or "dark".
func (w *Window) Size(width, height int64, colours string) error {
	if err := w.Do(chromedp.EmulateViewport(width, height)); err != nil {
		return err
	}
	return w.Colours(colours)
}

// Colours has the window wish for "light" or "dark", also on the page that is open.
func (w *Window) Colours(colours string) error {
	_, err := chromedp.Call(w.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: colours}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
	return err
}

// Go opens a page, to its end.
func (w *Window) Go(path string) error {
	return w.Do(chromedp.Navigate(w.base+path), chromedp.WaitReady("main"))
}

// Enter gives the window the session of somebody who has signed in: it comes to no
// page of its own, so it is quick.
func (w *Window) Enter(email, password string) error {
	direct := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := direct.PostForm(w.base+"/sign-in", url.Values{"email": {email}, "password": {password}})
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		return fmt.Errorf("%s was not let in: %s", email, res.Status)
	}
	for _, c := range res.Cookies() {
		if _, err := chromedp.Call(w.ctx, network.SetCookie, network.SetCookieParams{Name: c.Name, Value: c.Value, URL: w.base, HTTPOnly: &c.HttpOnly}); err != nil {
			return err
		}
	}
	return nil
}

// SignIn types who one is into the sign-in page that is open.
func (w *Window) SignIn(email, password string) error {
	return w.Do(chromedp.WaitVisible("#f-email"), chromedp.SetValue("#f-email", email), chromedp.SetValue("#f-password", password),
		chromedp.Submit("#f-email"), chromedp.WaitReady(".frame"))
}

// Text gives the words of an element.
func (w *Window) Text(selector string) (string, error) {
	return chromedp.Run(w.ctx, chromedp.Text(selector, chromedp.NodeReady))
}

// Shift gives how much of the open page has moved by itself while it was loaded, as the
// browser counts it (Cumulative Layout Shift).
func (w *Window) Shift() (float64, error) {
	return chromedp.Run(w.ctx, chromedp.Evaluate[float64](`new Promise((done) => {
		let moved = 0;
		const watch = new PerformanceObserver((list) => { for (const e of list.getEntries()) moved += e.value; });
		watch.observe({ type: "layout-shift", buffered: true });
		requestAnimationFrame(() => requestAnimationFrame(() => { for (const e of watch.takeRecords()) moved += e.value; done(moved); }));
	})`, chromedp.EvalAwaitPromise))
}

// Look gives what the window shows, as a PNG of the whole page.
func (w *Window) Look() ([]byte, error) { return chromedp.Run(w.ctx, chromedp.FullScreenshot(100)) }
