package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"sutor/internal/errs"
	"sutor/internal/wire"
)

const problemType = "application/problem+json"

// exact is an error for which HTTP has a more exact status than its kind's.
type exact struct {
	status int
	err    *errs.Error
}

func (e *exact) Error() string { return e.err.Error() }
func (e *exact) Unwrap() error { return e.err }

// failure is a problem on its way out; huma asks it for status and headers.
type failure struct {
	wire.Problem
	header http.Header
}

func (f *failure) Error() string             { return f.Detail }
func (f *failure) GetStatus() int            { return f.Status }
func (f *failure) GetHeaders() http.Header   { return f.header }
func (f *failure) ContentType(string) string { return problemType }

// failure gives an error its outer form and logs what must not be shown.
func (s *server) failure(ctx context.Context, route string, err error) *failure {
	if errs.As(err) == nil && ctx.Err() != nil { // nobody may be there to read it
		err = errs.New(errs.Unavailable, "The server is stopping, or the caller has hung up.").WithMend("Try again.").Because(err)
	}
	e := errs.Public(err)
	s.logCause(ctx, route, e.Kind, err)
	f := &failure{Problem: wire.ProblemOf(e), header: http.Header{}}
	var x *exact
	if errors.As(err, &x) {
		f.Status = x.status
	}
	var r *reported
	if errors.As(err, &r) {
		f.Report = r.report
	}
	switch e.Kind {
	case errs.Unsigned:
		f.header.Set("WWW-Authenticate", `Bearer realm="sutor"`)
	case errs.Unavailable:
		f.header.Set("Retry-After", "5")
	}
	return f
}

// logCause logs the whole chain of errors that the person cannot mend. A client
// that hung up is no fault.
func (s *server) logCause(ctx context.Context, route string, k errs.Kind, err error) {
	switch {
	case ctx.Err() != nil:
		s.o.Log.DebugContext(ctx, "the client hung up", slog.String("route", route))
	case k == errs.Internal:
		s.o.Log.ErrorContext(ctx, "a request failed", slog.String("route", route), slog.String("cause", errs.Detail(err)))
	case k == errs.Unavailable:
		s.o.Log.WarnContext(ctx, "something is not available", slog.String("route", route), slog.String("cause", errs.Detail(err)))
	}
}

// refuse answers outside of huma.
func (s *server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	f := s.failure(r.Context(), r.Method+" "+r.Pattern, err)
	for name, values := range f.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(f.Status)
	_ = json.NewEncoder(w).Encode(f.Problem) // a client that has gone needs no answer
}

// ownForm turns what huma refuses itself into a problem; see [exchange] for its
// status.
func ownForm(ctx huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := wire.ProblemOf(errs.New(errs.Usage, "The call is not understood: %s.", faults(m)).
		WithMend("Its parameters are described in %s/openapi.json.", Prefix))
	if m.Status == http.StatusRequestEntityTooLarge || m.Status == http.StatusRequestTimeout {
		p.Status = m.Status
	}
	if x, ok := ctx.(*exchange); ok {
		x.status = p.Status
	}
	return p, nil
}

// faults lists what huma found, without echoing values.
func faults(m *huma.ErrorModel) string {
	var all []string
	for _, e := range m.Errors {
		if e == nil {
			continue
		}
		text := e.Message
		if e.Location != "" {
			text = e.Location + ": " + text
		}
		all = append(all, text)
	}
	if len(all) == 0 {
		return strings.TrimSuffix(m.Detail, ".")
	}
	slices.Sort(all) // huma finds them in an order of its own each time
	return strings.Join(all, "; ")
}

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }
