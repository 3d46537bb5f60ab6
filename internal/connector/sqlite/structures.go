package sqlite

import (
	"slices"
	"sync"

	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// catalogue tells whether the catalogue is the one that was read: by the count that
// SQLite keeps of its changes, and, for a file that was written over in place by
// another, by how much is in it.
type catalogue struct {
	version, entries int64
	length           float64
}

// structures are the tables of one catalogue, as they were described.
type structures struct {
	mu  sync.Mutex
	at  catalogue
	all map[record.Table]structure
}

type structure struct {
	table *table
	out   driver.Table
}

// find gives a table where the catalogue has not changed since it was kept; its lists
// are the asker's own.
func (s *structures) find(now catalogue, name record.Table) (*table, driver.Table, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, known := s.all[name]
	return one.table, cloned(one.out), known && now == s.at
}

func cloned(t driver.Table) driver.Table {
	t.Columns, t.PrimaryKey, t.Uniques = slices.Clone(t.Columns), slices.Clone(t.PrimaryKey), slices.Clone(t.Uniques)
	t.ForeignKeys, t.ReferencedBy, t.Given = slices.Clone(t.ForeignKeys), slices.Clone(t.ReferencedBy), slices.Clone(t.Given)
	return t
}

func (s *structures) keep(now catalogue, name record.Table, t *table, out driver.Table) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now != s.at {
		s.at, s.all = now, nil
	}
	if s.all == nil {
		s.all = map[record.Table]structure{}
	}
	s.all[name] = structure{t, out}
}

func (s *structures) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at, s.all = catalogue{}, nil
}
