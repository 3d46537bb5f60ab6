// Package ui is the look of the pages: what stands around each (Layout), and the
// parts that screens are made of. Screens live in package web; they fill the models
// of this package and name no colour, no distance and no script of their own.
//
// # Assets
//
// Stylesheets (assets/css, in the order of their names, cascade layers named in the
// first) become one file, and so do the scripts (assets/js). Each is served under a
// name that holds a digest of its content, so browsers may keep it for ever, and
// compressed. htmx is vendored with its licence (assets/vendor). There is no build
// step: what is embedded is what was written.
//
// # Colours
//
// A colour is a token with a light and a dark value (light-dark()). The browser's
// wish counts, until the person chooses (a cookie, read by the server, so that no
// page flashes). Colour never stands alone: a Word has a sign and a word as well.
//
// # Scripts
//
// A page works without any. With scripts, tables page in place (htmx), Ctrl-K finds,
// keys lead (keys.js), typed text survives a reload (drafts.js), dropped files show
// how far they are (upload.js). Nothing is inline and nothing is evaluated, so the
// Content-Security-Policy allows our own files only. Attributes of htmx stand in
// templates, never in data: templ escapes whatever a person or a file says.
//
// # What cannot be seen
//
// Two values that are not the same never look the same (shown.go): spaces that a
// browser would fold, and characters without a shape or that reorder text, are
// written out as marks.
package ui
