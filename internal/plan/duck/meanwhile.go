package duck

import (
	"context"
	"errors"

	"sutor/internal/errs"
)

// meanwhile is something under way while the session does something else.
type meanwhile struct {
	err  error
	done chan struct{} // closed when it is over, and err is set
}

// begin begins to do something.
func begin(do func() error) *meanwhile {
	m := &meanwhile{done: make(chan struct{})}
	go func() {
		defer close(m.done)
		defer errs.Caught(&m.err)
		m.err = do()
	}()
	return m
}

// over tells whether it is.
func (m *meanwhile) over() bool {
	select {
	case <-m.done:
		return true
	default:
		return false
	}
}

// end waits until it is over; whoever is in a hurry ends its context. Nil is over.
func (m *meanwhile) end() error {
	if m == nil {
		return nil
	}
	<-m.done
	return m.err
}

// await is end for somebody whose context does not end it.
func (m *meanwhile) await(ctx context.Context) error {
	select {
	case <-m.done:
		return m.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// meanwhile begins something that reads what the session has now: it gets the run on
// another connection. It must end before the session is closed.
func (r *run) meanwhile(ctx context.Context, do func(context.Context, *run) error) (*meanwhile, error) {
	return r.elsewhere(ctx, func(ctx context.Context, other *run) error {
		return other.atOnce(ctx, func() error { return do(ctx, other) })
	})
}

// elsewhere is the same for what reads no table that the session writes meanwhile.
func (r *run) elsewhere(ctx context.Context, do func(context.Context, *run) error) (*meanwhile, error) {
	aside, err := r.apart(ctx)
	if err != nil {
		return nil, err
	}
	other := *r
	other.Session = aside
	return begin(func() error { return aside.done(do(ctx, &other)) }), nil
}

// atOnce does something in one transaction, which sees the tables as they are when it
// begins. Without one, DuckDB plans a statement in a first transaction and runs it in
// another: it leaves a condition out that all rows fulfil by its statistics, and then takes
// rows for hit that came in between and do not fulfil it (DuckDB's issues 21207, 23704).
func (s *Session) atOnce(ctx context.Context, do func() error) error {
	if err := s.exec(ctx, `BEGIN`); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err // the connection is closed, and the transaction with it
	}
	return s.exec(ctx, `COMMIT`)
}

// aside begins something that has queries of its own, while the plan is made of few enough
// rows for both. wait waits for it; where it did not begin, or there was not the memory for
// it, it is done then. It ends with the session, if not before.
func (r *run) aside(ctx context.Context, do func(context.Context, *run) error) (wait func() error) {
	if r.frozen == nil || r.reversal && !r.areFew(r.applied) {
		return func() error { return do(ctx, r) }
	}
	beside, cancel := context.WithCancel(ctx)
	m, err := r.meanwhile(beside, do)
	*r.endings = append(*r.endings, func() { cancel(); m.end() })
	return func() error {
		if err == nil {
			err = m.end()
		}
		if errors.Is(err, errMemory) {
			r.frozen.end() // what it needs of it is free then
			err = do(ctx, r)
		}
		return err
	}
}
