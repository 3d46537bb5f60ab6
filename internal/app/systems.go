package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"

	"sutor/internal/compact"
	"sutor/internal/connector/all"
	"sutor/internal/errs"
	"sutor/internal/system"
)

// systems are the connected systems of the Compact in force. A system whose
// connection string stays the same stays connected when another version is put
// in force.
type systems struct {
	mu      sync.RWMutex
	open    map[string]opened
	closing sync.WaitGroup // of systems that nobody needs any more
}

type opened struct {
	*system.System
	kind, dsn string
}

func newSystems() *systems { return &systems{open: map[string]opened{}} }

// use opens the systems of a Compact. A connection string that cannot be
// resolved (a variable that is not set) is an error; a system that is down is
// not: it is connected at its first use. Systems that nobody needs any more are closed when
// the calls under way have ended, and nobody waits for that: who puts the Compact in force
// may be such a call, on its way to its commit.
func (s *systems) use(ctx context.Context, c *compact.Compact) error {
	gone, err := s.swap(ctx, c)
	for _, old := range gone {
		s.closing.Go(func() { _ = old.Close() }) // nobody needs it; what it says of itself neither
	}
	return err
}

// swap puts the systems of a Compact in place of the open ones, all or none, and
// gives those that nobody needs any more.
func (s *systems) swap(ctx context.Context, c *compact.Compact) (gone []opened, err error) {
	next := map[string]opened{}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sys := range c.Systems {
		dsn, err := sys.Resolve(filepath.Dir(c.File), os.LookupEnv)
		if err != nil {
			return nil, err
		}
		if old, ok := s.open[sys.Name]; ok && old.kind == string(sys.Kind) && old.dsn == dsn {
			next[sys.Name] = old
			continue
		}
		handle, err := system.Open(ctx, sys.Name, string(sys.Kind), dsn, all.Connectors())
		if err != nil {
			return nil, err
		}
		next[sys.Name] = opened{handle.WithRights(all.Rights(string(sys.Kind))), string(sys.Kind), dsn}
	}
	for name, old := range s.open {
		if next[name].System != old.System {
			gone = append(gone, old)
		}
	}
	s.open = next
	return gone, nil
}

// System finds a system by its name in the Compact.
func (s *systems) System(name string) (*system.System, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	sys, ok := s.open[name]
	if !ok {
		return nil, errs.New(errs.Invalid, "The Compact in force has no system %s.", name).WithMend("The steward adds it to the Compact.")
	}
	return sys.System, nil
}

func (s *systems) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []error
	for _, sys := range s.open {
		all = append(all, sys.Close())
	}
	s.open = map[string]opened{}
	s.closing.Wait()
	return errors.Join(all...)
}
