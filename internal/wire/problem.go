package wire

import (
	"net/http"

	"sutor/internal/errs"
)

// ProblemOf gives an error its outer form. Here is the one table of what kind of
// error is which HTTP status; exit codes are the kinds' own numbers.
func ProblemOf(e *errs.Error) Problem {
	status, title := face(e.Kind)
	return Problem{
		Type: "urn:sutor:problem:" + e.Kind.String(), Title: title, Status: status,
		Detail: e.Message, Mend: e.Mend, Exit: e.Kind.ExitCode(),
	}
}

func face(k errs.Kind) (status int, title string) {
	switch k {
	case errs.Usage:
		return http.StatusBadRequest, "The call makes no sense"
	case errs.Unsigned:
		return http.StatusUnauthorized, "Not signed in"
	case errs.Forbidden:
		return http.StatusForbidden, "Not allowed"
	case errs.NotFound:
		return http.StatusNotFound, "Not found"
	case errs.Blocked:
		return http.StatusConflict, "Something stands in the way"
	case errs.Changed:
		return http.StatusPreconditionFailed, "The data or the plan has changed"
	case errs.Invalid:
		return http.StatusUnprocessableEntity, "Not valid"
	case errs.Unavailable:
		return http.StatusServiceUnavailable, "Not available now"
	}
	return http.StatusInternalServerError, "A fault inside Sutor"
}
