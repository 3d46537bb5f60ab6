package mem

import (
	"context"
	"maps"

	"sutor/internal/system/driver"
)

// Snapshot opens a session on a database of its own, which shares the tables as they
// are: nobody changes one that was committed.
func (s *session) Snapshot(ctx context.Context) (driver.Snapshot, error) {
	if err := s.Ping(ctx); err != nil {
		return nil, err
	}
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	frozen := New()
	frozen.tables = maps.Clone(s.db.tables)
	return &session{db: frozen}, nil
}
