// Package system is the portable handle on a connected system: the concrete type
// that the rest of Sutor works with, around the small interface of package
// driver that connectors implement.
//
// What every system needs is written once, here:
//
//   - A system is connected on first use, and again on the next use if that
//     failed: one that is down when the server starts stops nothing but itself.
//   - Errors say which system it was, by its name in the Compact. The secret of
//     its connection string is taken out of every error, whatever the connector
//     put there.
//   - Every stream of records is counted where it passes, apart from the
//     connector's own counting, and the two are compared: a row lost on the way
//     is an error, never a smaller result.
//   - Calls are bounded in number and time ([Limits]), so that one slow system
//     takes neither all connections nor a worker for ever.
//   - [System.Verify] tells, row by row, what became of an apply whose end
//     nobody saw.
//
// It does not retry: what was not certain is asked for again by people or by
// recovery, who know what was done already.
package system

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// Registry gives the connectors by kind, as a Compact names them. It is a value,
// built from an explicit list (package connector/all).
type Registry map[string]driver.Open

// Kinds lists the kinds in order.
func (r Registry) Kinds() []string { return slices.Sorted(maps.Keys(r)) }

// Limits bound the use of one system; they do not count transactions.
type Limits struct {
	Calls int           // reading calls at a time; more wait
	Time  time.Duration // of one reading call
}

// DefaultLimits leave room for a table of many millions of rows.
func DefaultLimits() Limits { return Limits{Calls: 4, Time: time.Hour} }

// System is a connected system. It is safe for concurrent use.
type System struct {
	name, kind string
	dsn        string
	open       driver.Open
	secrets    []string

	rights driver.Rights // nil where nobody can tell

	limits Limits
	calls  chan struct{} // one place a running call

	caps atomic.Pointer[driver.Capabilities]
	// state is a lock that can be waited for with a context; it guards the rest.
	state  chan struct{}
	drv    driver.Driver
	closed bool
}

// Open makes a handle on the system called name in the Compact. dsn is the
// resolved connection string. Nothing is connected yet; only an unknown kind is
// an error.
func Open(ctx context.Context, name, kind, dsn string, reg Registry) (*System, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	open, ok := reg[kind]
	if !ok {
		return nil, errs.New(errs.Invalid, "The system %s is of the kind %q, for which there is no connector.", name, kind).
			WithMend("Use one of: %s.", strings.Join(reg.Kinds(), ", "))
	}
	s := &System{name: name, kind: kind, dsn: dsn, open: open, secrets: secretsOf(dsn), state: make(chan struct{}, 1)}
	return s.WithLimits(DefaultLimits()), nil
}

// WithLimits sets the limits and gives the same system; call it before use.
func (s *System) WithLimits(l Limits) *System {
	s.limits, s.calls = l, make(chan struct{}, max(l.Calls, 1))
	return s
}

// WithRights sets what tells the rights that the account needs, and gives the same
// system; call it before use.
func (s *System) WithRights(r driver.Rights) *System {
	s.rights = r
	return s
}

// Rights gives the least rights that the system's account needs, one a line.
func (s *System) Rights(needs []driver.Need) []string {
	if s.rights == nil {
		return nil
	}
	lines := s.rights(s.dsn, needs)
	for i := range lines {
		lines[i] = s.clean(lines[i])
	}
	return lines
}

// Demands gives what else the account has to use for a table; see [driver.Demander].
func (s *System) Demands(ctx context.Context, table record.Table, left driver.Left) (uses []string, err error) {
	err = s.call(ctx, func(ctx context.Context, d driver.Driver) error {
		if demander, is := d.(driver.Demander); is {
			uses, err = demander.Demands(ctx, table, left)
			return err
		}
		return nil
	})
	return uses, err
}

// Name is the system's name in the Compact.
func (s *System) Name() string { return s.name }

// Kind is the connector's name.
func (s *System) Kind() string { return s.kind }

// Capabilities says what the system can do, as known since it was first
// connected; before, nothing.
func (s *System) Capabilities() driver.Capabilities {
	if caps := s.caps.Load(); caps != nil {
		return *caps
	}
	return driver.Capabilities{}
}

// connected gives the driver, opening it if need be. One caller opens, the
// others wait for it, each as long as its context lets it.
func (s *System) connected(ctx context.Context) (driver.Driver, error) {
	select {
	case s.state <- struct{}{}:
		defer func() { <-s.state }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.closed {
		return nil, errs.New(errs.Unavailable, "The system %s is no longer connected.", s.name).WithMend("Try again in a moment.")
	}
	if s.drv != nil {
		return s.drv, nil
	}
	drv, err := s.open(ctx, s.dsn)
	if err != nil {
		return nil, s.unreachable(err)
	}
	caps := drv.Capabilities()
	s.caps.Store(&caps)
	s.drv = drv
	return drv, nil
}

// call runs f on the driver within the limits and explains its error.
func (s *System) call(ctx context.Context, f func(context.Context, driver.Driver) error) error {
	select {
	case s.calls <- struct{}{}:
		defer func() { <-s.calls }()
	case <-ctx.Done():
		return ctx.Err()
	}
	limited, cancel := context.WithTimeout(ctx, s.limits.Time)
	defer cancel()
	drv, err := s.connected(limited)
	if err == nil {
		err = s.explain(f(limited, drv))
	}
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return errs.New(errs.Unavailable, "The system %s took longer than the %s that are allowed.", s.name, s.limits.Time).
			WithMend("Try again when it is less busy.").Because(err)
	}
	return err
}

// Ping tells whether the system answers.
func (s *System) Ping(ctx context.Context) error {
	return s.call(ctx, func(ctx context.Context, d driver.Driver) error {
		if err := d.Ping(ctx); err != nil {
			return s.unreachable(err)
		}
		return nil
	})
}

// Describe reads a table's structure.
func (s *System) Describe(ctx context.Context, table record.Table) (t driver.Table, err error) {
	err = s.call(ctx, func(ctx context.Context, d driver.Driver) error {
		t, err = d.Describe(ctx, table)
		return err
	})
	return t, err
}

// Count gives the table's number of rows, as exact as is cheap.
func (s *System) Count(ctx context.Context, table record.Table) (n int64, err error) {
	err = s.call(ctx, func(ctx context.Context, d driver.Driver) error {
		n, err = d.Count(ctx, table)
		return err
	})
	return n, err
}

// Fetch reads live rows by keys; see [driver.Driver].
func (s *System) Fetch(ctx context.Context, l driver.Lookup, in io.Reader, out io.Writer) (sent, found int64, err error) {
	err = s.call(ctx, func(ctx context.Context, d driver.Driver) error {
		sent, found, err = fetch(ctx, d, l, in, out)
		return err
	})
	return sent, found, err
}

// fetch counts what a driver, or a snapshot of one, sends and receives.
func fetch(ctx context.Context, from driver.Fetcher, l driver.Lookup, in io.Reader, out io.Writer) (sent, found int64, err error) {
	up, down := counted{r: in}, counted{w: out}
	if sent, found, err = from.Fetch(ctx, l, &up, &down); err != nil {
		return sent, found, err
	}
	return sent, found, errors.Join(up.drained(), up.agrees("sent", sent), down.agrees("received", found))
}

// Spell asks how the system writes values; see [driver.Speller].
func (s *System) Spell(ctx context.Context, table record.Table, column record.Column, in io.Reader, out io.Writer) (n int64, err error) {
	err = s.call(ctx, func(ctx context.Context, d driver.Driver) error {
		up, down := counted{r: in}, counted{w: out}
		if n, err = d.Spell(ctx, table, column, &up, &down); err != nil {
			return err
		}
		return errors.Join(up.drained(), up.agrees("sent", n), down.agrees("received", n))
	})
	return n, err
}

// Export reads the whole table in key order; see [driver.Driver].
func (s *System) Export(ctx context.Context, table record.Table, key, columns record.Schema, out io.Writer) (n int64, err error) {
	err = s.call(ctx, func(ctx context.Context, d driver.Driver) error {
		down := counted{w: out}
		if n, err = d.Export(ctx, table, key, columns, &down); err != nil {
			return err
		}
		return down.agrees("received", n)
	})
	return n, err
}

// Select reads the rows that a filter lets through; see [driver.Driver].
func (s *System) Select(ctx context.Context, table record.Table, where record.Filter, key, columns record.Schema, out io.Writer) (n int64, err error) {
	err = s.call(ctx, func(ctx context.Context, d driver.Driver) error {
		down := counted{w: out}
		if n, err = d.Select(ctx, table, where, key, columns, &down); err != nil {
			return err
		}
		return down.agrees("received", n)
	})
	return n, err
}

// Page reads a part of the rows of a view; see [driver.Driver].
func (s *System) Page(ctx context.Context, table record.Table, v driver.View, columns record.Schema, out io.Writer) (n int64, err error) {
	err = s.call(ctx, func(ctx context.Context, d driver.Driver) error {
		down := counted{w: out}
		if n, err = d.Page(ctx, table, v, columns, &down); err != nil {
			return err
		}
		return down.agrees("received", n)
	})
	return n, err
}

// TxStatus tells what became of a transaction.
func (s *System) TxStatus(ctx context.Context, id string) (state driver.TxState, err error) {
	err = s.call(ctx, func(ctx context.Context, d driver.Driver) error {
		state, err = d.TxStatus(ctx, id)
		return err
	})
	return state, err
}

// EndTx ends a transaction whose client is gone; see [driver.Driver].
func (s *System) EndTx(ctx context.Context, id string) (ended bool, err error) {
	err = s.call(ctx, func(ctx context.Context, d driver.Driver) error {
		ended, err = d.EndTx(ctx, id)
		return err
	})
	return ended, err
}

// Close ends the connection; the handle cannot be used again.
func (s *System) Close() error {
	s.state <- struct{}{}
	drv := s.drv
	s.drv, s.closed = nil, true
	<-s.state // calls that come now are told so at once
	if drv == nil {
		return nil
	}
	return s.explain(drv.Close())
}
