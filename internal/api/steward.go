package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sutor/internal/access"
	"sutor/internal/compact"
	"sutor/internal/wire"
)

func (s *server) me(ctx context.Context, p access.Principal, _ *nothing) (*doc[wire.Person], error) {
	me, err := s.uc.Me(ctx, p)
	me.Limits = s.o.Limits
	return &doc[wire.Person]{me}, err
}

func (s *server) compact(ctx context.Context, p access.Principal, _ *nothing) (*doc[wire.Compact], error) {
	c, err := s.uc.CompactInForce(ctx, p)
	return &doc[wire.Compact]{c}, err
}

// rehearsalIn is a Compact to be tried.
type rehearsalIn struct {
	Body wire.RehearsalRequest
}

// rehearsing lets a whole Compact into the body: JSON may write each of its bytes
// as six.
func rehearsing(op huma.Operation) huma.Operation {
	op.MaxBodyBytes = 6*compact.MaxBytes + 1<<10
	return op
}

func (s *server) rehearse(ctx context.Context, p access.Principal, in *rehearsalIn) (*doc[wire.Rehearsal], error) {
	r, err := s.uc.Rehearse(ctx, p, []byte(in.Body.Text), in.Body.Last)
	return &doc[wire.Rehearsal]{r}, err
}

func (s *server) checkpoint(ctx context.Context, p access.Principal, _ *nothing) (*doc[wire.Checkpoint], error) {
	c, err := s.uc.Checkpoint(ctx, p)
	return &doc[wire.Checkpoint]{c}, err
}

// reported is a failed check of the evidence, with what it had to say.
type reported struct {
	error
	report string
}

func (r *reported) Unwrap() error { return r.error }

// fsck holds the report back until it is known whether the log is whole, since
// that decides the status; a report is a page of text at most.
func (s *server) fsck(ctx context.Context, p access.Principal, _ *nothing) (*doc[wire.Fsck], error) {
	var report bytes.Buffer
	if err := s.uc.Fsck(ctx, p, &report); err != nil {
		return nil, &reported{err, report.String()}
	}
	return &doc[wire.Fsck]{wire.Fsck{OK: true, Report: report.String()}}, nil
}

func (s *server) state(ctx context.Context) wire.Health {
	h := wire.Health{OK: true, Checks: []wire.Check{}, Limits: s.o.Limits}
	for _, c := range s.uc.Health(ctx) {
		h.OK = h.OK && c.OK
		h.Checks = append(h.Checks, wire.Check(c))
	}
	return h
}

func (s *server) health(ctx context.Context, p access.Principal, _ *nothing) (*doc[wire.Health], error) {
	h := s.state(ctx)
	h.Rights = s.uc.Rights(ctx, p)
	return &doc[wire.Health]{h}, nil
}

// pulse is what strangers were told last: however often they ask, the systems
// are asked by one of them, and once in a while.
type pulse struct {
	mu    sync.Mutex
	known time.Time
	ok    bool
}

const (
	pulseHolds = time.Second
	pulseWaits = 10 * time.Second
)

func (s *server) works(ctx context.Context) bool {
	s.pulse.mu.Lock()
	defer s.pulse.mu.Unlock()
	if time.Since(s.pulse.known) < pulseHolds {
		return s.pulse.ok
	}
	short, cancel := context.WithTimeout(context.WithoutCancel(ctx), pulseWaits) // who hangs up is no sign of bad health
	defer cancel()
	s.pulse.ok, s.pulse.known = s.state(short).OK, time.Now()
	return s.pulse.ok
}

// healthz tells strangers (load balancers) only whether the server works.
func (s *server) healthz(w http.ResponseWriter, r *http.Request) {
	ok := s.works(r.Context())
	w.Header().Set("Content-Type", "application/json")
	if !ok {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(map[string]bool{"ok": ok}) // a client that has gone needs no answer
}
