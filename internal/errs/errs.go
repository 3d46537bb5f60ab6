// Package errs is the one vocabulary of failure.
//
// Every error that can reach a person has a [Kind], a public message that says
// what went wrong, where and why, and a Mend: what the person (or who else) can
// do about it. An internal cause may be wrapped below it; it goes to the
// server's log, never to the person, because causes carry SQL text, host names
// and, in the worst case, secrets.
//
// Kinds are few on purpose. They are mapped to HTTP status codes in package wire,
// in one table, and to exit codes by [Kind.ExitCode]; nothing else decides on them. The numbers behind the kinds are the exit codes of the contract
// (docs/cli.md), so that the two never drift apart.
//
// Context is added once a function with [Wrap]; an error is returned or
// handled, never logged and passed on.
package errs

import (
	"errors"
	"fmt"
)

// Kind says what sort of failure it is; its number is the exit code.
type Kind int

const (
	Internal    Kind = 1 // a fault of ours; the person can only report it
	Usage       Kind = 2 // the call itself makes no sense
	Forbidden   Kind = 3 // known person, no right to this action in any state
	NotFound    Kind = 4 // absent, or the person may not see it: the two are not told apart
	Blocked     Kind = 5 // state, decisions or a guardrail stand in the way
	Changed     Kind = 6 // live data or the plan is not what was approved
	Invalid     Kind = 7 // a file or a Compact is not valid
	Unavailable Kind = 8 // a system or the server cannot be reached; try again
	Unsigned    Kind = 9 // not signed in; exit code 3, HTTP 401
)

// ExitCode gives the process exit code of the contract.
func (k Kind) ExitCode() int {
	if k == Unsigned {
		return int(Forbidden)
	}
	return int(k)
}

// String names the kind as used in RFC 9457 problem types.
func (k Kind) String() string {
	switch k {
	case Usage:
		return "usage"
	case Forbidden:
		return "forbidden"
	case NotFound:
		return "not-found"
	case Blocked:
		return "blocked"
	case Changed:
		return "changed"
	case Invalid:
		return "invalid"
	case Unavailable:
		return "unavailable"
	case Unsigned:
		return "unsigned"
	}
	return "internal"
}

// Error is a failure with a public face. Message and Mend are whole sentences
// in plain words, without secrets, SQL or stack traces.
type Error struct {
	Kind    Kind
	Message string // what, where and why
	Mend    string // what to do about it, and who can; may be empty
	cause   error
}

// New makes an error with a formatted public message.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// WithMend says how to mend it, and returns the same error.
func (e *Error) WithMend(format string, args ...any) *Error {
	e.Mend = fmt.Sprintf(format, args...)
	return e
}

// Because records the internal cause, and returns the same error.
func (e *Error) Because(cause error) *Error {
	e.cause = cause
	return e
}

// Error gives the public message and the mend, and never the cause.
func (e *Error) Error() string {
	if e.Mend == "" {
		return e.Message
	}
	return e.Message + " " + e.Mend
}

// Unwrap gives the internal cause.
func (e *Error) Unwrap() error { return e.cause }

// Wrap adds a line of context to *errp, if it is set, keeping its kind and
// public face. Use it deferred:
//
//	defer errs.Wrap(&err, "plan.Build(%s)", id)
func Wrap(errp *error, format string, args ...any) {
	if *errp != nil {
		*errp = fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), *errp)
	}
}

// As finds the public error in a chain; nil if there is none.
func As(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// KindOf gives the kind of err; Internal for an error without a public face.
func KindOf(err error) Kind {
	if e := As(err); e != nil {
		return e.Kind
	}
	return Internal
}

// Public gives the error's public face; an error without one becomes a plain
// internal error that tells nothing of its cause.
func Public(err error) *Error {
	if e := As(err); e != nil {
		return e
	}
	return New(Internal, "Something went wrong inside Sutor.").
		WithMend("The server's log has the cause; tell the steward the time and what you did.").Because(err)
}

// Detail gives the whole chain, causes included, for the server's log.
func Detail(err error) string {
	var s string
	for e := err; e != nil; e = errors.Unwrap(e) {
		if s != "" {
			s += " ← "
		}
		s += e.Error()
	}
	return s
}
