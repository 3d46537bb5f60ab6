// Package browser tells stories in a real browser: headless Chromium against the
// demo company, the program's own composition on a port of 127.0.0.1. Everything
// is in temporary folders and ends with the tests.
//
// Stories are in the *_test.go files. Every page of pages.go is looked at by
// axe-core (folder axe, MPL-2.0, used by tests only), light and dark: it must find
// nothing. cmd/screenshots draws the same pages at three widths for people to look
// at; make screenshots starts it.
package browser
