// Package web holds the pages for people. They are HTML from templ over the parts of
// package ui; forms POST and are answered by a redirect, links are links, so a page
// works without scripts, which only make it quicker to use. Like package api it has
// no other door than workflow.UseCases.
//
// A handler parses, asks a use case, makes a typed view model (pure functions) and
// renders it. A screen has its files, named after it: changes.go and
// changes.templ are the list of changes. All routes are in routes (web.go), what
// stands around each page in head.go. The templates' generated code is kept beside
// them:
//
//	go tool templ generate -path internal/web
//
// # Sessions
//
// A session holds the person's address and at most one sentence for the next page;
// rights are looked up anew for each request, from the Compact in force. The cookie
// is HttpOnly and SameSite=Lax, and Secure where people come over https. Its token is
// renewed at sign-in (no fixation), expires when idle and in any case after
// [Lifetime]. One that has ended stays ended, also when a request of it was still
// under way. Requests by pages of other sites are refused
// (http.CrossOriginProtection).
//
// # Deciding
//
// The form that approves carries the digest of the plan that the page shows, so
// the person decides on what they saw: when the plan was made anew meanwhile,
// the decision is refused and the page shows the new one.
//
// # Waiting
//
// While a change is planned or applied, its page asks for itself again: with a
// script every second, its content put in place; without, by a refresh that the
// server answers when the work is done.
package web
