// Package web holds the pages for people: sign in, the list of changes, one
// change. They are plain HTML from templ, one stylesheet, forms that POST and
// are answered by a redirect; no script, so the Content-Security-Policy allows
// none. Like package api they have no other door than workflow.UseCases.
//
// A handler parses, asks a use case, makes a typed view model (model.go, pure
// functions) and renders it. There is one file for each screen; the templates
// are *.templ, and their generated code is kept beside them:
//
//	go tool templ generate -path internal/web
//
// # Sessions
//
// A session holds nothing but the person's address; rights are looked up anew
// for each request, from the Compact in force. The cookie is HttpOnly and
// SameSite=Lax, and Secure where people come over https. Its token is renewed at
// sign-in (no fixation), expires when idle and in any case after [Lifetime].
// One that has ended stays ended, also when a request of it was still under way.
// Requests by pages of other sites are refused (http.CrossOriginProtection).
//
// # Deciding
//
// The form that approves carries the digest of the plan that the page shows, so
// the person decides on what they saw: when the plan was made anew meanwhile,
// the decision is refused and the page shows the new one.
//
// Two values that are not the same never look the same (shown.go): spaces that a
// browser would fold, and characters without a shape or that reorder text, are
// written out as marks.
//
// # Waiting
//
// While a change is planned or applied, its page asks itself again with ?wait,
// and the server answers when that is done: a long poll without script.
package web
