package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/wire"
)

// eventsType is server-sent events (HTML Living Standard, 9.2).
const eventsType = "text/event-stream"

// heartbeat is how often a silent stream says that it lives; proxies cut what is
// silent for a minute.
const heartbeat = 15 * time.Second

type eventsInput struct {
	ChangeID
	LastEventID string `header:"Last-Event-ID" doc:"Sent by browsers that come back; each event is the whole change, so nothing was missed"`
}

// events streams a change: an event named change whenever it looks different, the
// first at once, each with the whole document.
func (s *server) events(ctx context.Context, p access.Principal, in *eventsInput) (*huma.StreamResponse, error) {
	id := change.ID(in.ID)
	if _, err := s.uc.Change(ctx, p, id, 0); err != nil { // refused as long as there is a status to refuse with
		return nil, err
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		r, w := humago.Unwrap(ctx)
		e := newEvents(w, s.o.Stall)
		defer e.end()
		n := 0
		err := s.uc.Follow(r.Context(), p, id, func(c wire.Change) error {
			if _, err := s.who(r); err != nil { // the token or session may have ended since
				return err
			}
			n++
			return e.send("change", n, c)
		})
		if errs.As(err) != nil { // the person may not see it any more, or is not signed in any more
			_ = e.send("gone", n+1, wire.ProblemOf(errs.Public(err))) // a client that has gone needs no answer
		}
	}}, nil
}

// events writes a stream; a beat keeps it alive.
type events struct {
	mu    sync.Mutex
	w     http.ResponseWriter
	conn  *http.ResponseController
	stall time.Duration
	done  chan struct{}
	over  sync.WaitGroup
}

func newEvents(w http.ResponseWriter, stall time.Duration) *events {
	w.Header().Set("Content-Type", eventsType)
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	e := &events{w: w, conn: http.NewResponseController(w), stall: stall, done: make(chan struct{})}
	e.over.Go(e.beat)
	return e
}

func (e *events) beat() {
	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-e.done:
			return
		case <-ticker.C:
			if e.write(": still here\n\n") != nil {
				return
			}
		}
	}
}

func (e *events) send(name string, id int, document any) error {
	text, err := json.Marshal(document)
	if err != nil {
		return err
	}
	return e.write(fmt.Sprintf("event: %s\nid: %d\nretry: 1000\ndata: %s\n\n", name, id, text))
}

func (e *events) write(text string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	_ = e.conn.SetWriteDeadline(time.Now().Add(e.stall)) // a connection without deadlines has no stalled clients
	_, err := io.WriteString(e.w, text)
	return errors.Join(err, e.conn.Flush())
}

func (e *events) end() {
	close(e.done)
	e.over.Wait()
	_ = e.conn.SetWriteDeadline(time.Time{})
}
