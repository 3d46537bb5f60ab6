// Command screenshots draws every page of the demo company at three widths, light
// and dark, into a folder.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"sutor/test/browser"
)

var widths = []int64{360, 1024, 1600}

func main() {
	out := flag.String("out", ".build/screenshots", "folder")
	only := flag.String("only", "", "regular expression of names to draw, as in home-maker-360-light; all where empty")
	flag.Parse()
	if err := run(*out, *only); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(out, only string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	wanted, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "screenshots")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	company, err := browser.Found(ctx, filepath.Join(dir, "demo"))
	if err != nil {
		return err
	}
	defer company.Close()
	ids, err := company.Busy(ctx)
	if err != nil {
		return err
	}
	chromium, err := browser.Launch(ctx, filepath.Join(dir, "profile"))
	if err != nil {
		return err
	}
	defer chromium.End()
	for _, p := range browser.Pages {
		if err := draw(chromium, company.Base, p, ids, out, wanted); err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	return nil
}

// draw makes the pictures of one page.
func draw(c *browser.Chromium, base string, p browser.Page, ids map[string]string, out string, wanted *regexp.Regexp) error {
	w := c.Open(base)
	defer w.End()
	signedIn := p.Person == ""
	for _, width := range widths {
		for _, colours := range []string{"light", "dark"} {
			name := fmt.Sprintf("%s-%d-%s", p.Name, width, colours)
			if !wanted.MatchString(name) {
				continue
			}
			if err := w.Size(width, 900, colours); err != nil {
				return err
			}
			if !signedIn {
				if err := w.Enter(p.Person, browser.Password); err != nil {
					return err
				}
				signedIn = true
			}
			if err := w.Go(p.At(ids)); err != nil {
				return err
			}
			png, err := w.Look()
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(out, name+".png"), png, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
