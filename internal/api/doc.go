// Package api is Sutor's HTTP interface: REST with an OpenAPI 3.1 document,
// under /api/v1. It is thin: a handler parses, calls one use case and shows what
// it gave; it decides nothing and has no other door than workflow.UseCases.
//
// # A request's way
//
//	security headers → panics become problems → cross-origin check
//	  → ServeMux → sign-in (a Principal with the rights of the Compact in force)
//	  → huma (parameters and JSON bodies checked against the OpenAPI document)
//	  → handler → use case → document of package wire
//
// The sign-in is looked at before anything else of a request, so somebody who is
// not signed in learns nothing about what there is, and cannot make the server
// read a file. Only the OpenAPI document and /healthz need no sign-in.
//
// # Errors
//
// Every refusal is a problem (RFC 9457): wire.Problem with type
// urn:sutor:problem:KIND, a sentence that says what and why, another one how to
// mend it, and the exit code that the command line gives. One table
// (wire.ProblemOf) maps kinds to status codes. What huma refuses itself takes the same form.
// Internal causes go to the log, never into an answer.
//
// # Files
//
// A file goes up as the raw body of the request, of any content type, and is
// streamed: its bytes are never held in memory. A body above the limit, one that
// stalls, and a client that hangs up in the middle each end the use case with a
// reading error, so nothing half-read becomes a change. Files that come down are
// streamed too; when one fails halfway, the connection is cut, so that a client
// cannot take the torso for the whole.
//
// # Deciding
//
// A change's answer carries its plan's digest as ETag. Approving and rejecting
// require it back as If-Match: without it 428, with another one 412. So nobody
// decides on a plan that they have not seen.
package api
