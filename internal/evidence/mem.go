package evidence

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"sutor/internal/record"
)

// Mem is a Store in memory: for tests, and to read as the plainest meaning of
// the port. It is used through Update, one transaction at a time.
type Mem struct {
	mu sync.Mutex
	at memState
}

// memState is what one transaction sees; its slices only ever grow, so that a
// shallow copy is a snapshot.
type memState struct {
	leaves      [][]byte
	hashes      []tlog.Hash
	chains      map[string][]int64
	envelopes   map[record.Digest]*Envelope
	checkpoints map[int64][]byte
}

// Update runs one transaction: what fn did stays if it returns nil.
func (m *Mem) Update(fn func(Store) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	tx := &memState{
		leaves:      slices.Clip(m.at.leaves),
		hashes:      slices.Clip(m.at.hashes),
		chains:      cloneMap(m.at.chains),
		envelopes:   cloneMap(m.at.envelopes),
		checkpoints: cloneMap(m.at.checkpoints),
	}
	for subject, chain := range tx.chains {
		tx.chains[subject] = slices.Clip(chain)
	}
	if err := fn(tx); err != nil {
		return err
	}
	m.at = *tx
	return nil
}

func cloneMap[K comparable, V any](m map[K]V) map[K]V {
	if m == nil {
		return map[K]V{}
	}
	return maps.Clone(m)
}

// ReadHashes implements tlog.HashReader.
func (s *memState) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x < 0 || x >= int64(len(s.hashes)) {
			return nil, NoHash(x)
		}
		out[i] = s.hashes[x]
	}
	return out, nil
}

// Size implements Tree and Reader.
func (s *memState) Size() (int64, error) { return int64(len(s.leaves)), nil }

// Tail implements Tree.
func (s *memState) Tail(subject string) ([]byte, error) {
	chain := s.chains[subject]
	if len(chain) == 0 {
		return nil, nil
	}
	return s.leaves[chain[len(chain)-1]], nil
}

// Append implements Tree.
func (s *memState) Append(r Record) error {
	if r.Index != int64(len(s.leaves)) || r.HashIndex != int64(len(s.hashes)) {
		return fmt.Errorf("leaf %d does not follow the last one", r.Index)
	}
	s.leaves = append(s.leaves, r.Leaf)
	s.hashes = append(s.hashes, r.Hashes...)
	if r.Subject != "" {
		s.chains[r.Subject] = append(s.chains[r.Subject], r.Index)
	}
	if r.Envelope != nil {
		s.envelopes[r.Digest] = r.Envelope
	}
	return nil
}

// SaveCheckpoint implements Tree.
func (s *memState) SaveCheckpoint(size int64, note []byte) error {
	s.checkpoints[size] = note
	return nil
}

// Leaves implements Reader.
func (s *memState) Leaves(from int64, max int) ([][]byte, error) {
	size := int64(len(s.leaves))
	if from < 0 || from > size {
		return nil, fmt.Errorf("no leaf %d", from)
	}
	return s.leaves[from:min(size, from+int64(max))], nil
}

// Chain implements Reader.
func (s *memState) Chain(subject string) ([]int64, error) { return s.chains[subject], nil }

// Envelope implements Reader.
func (s *memState) Envelope(d record.Digest) (*Envelope, error) { return s.envelopes[d], nil }

// Checkpoints implements Reader.
func (s *memState) Checkpoints(size int64, max int) ([]Saved, error) {
	var out []Saved
	for _, n := range slices.Sorted(maps.Keys(s.checkpoints)) {
		if n >= size && len(out) < max {
			out = append(out, Saved{Size: n, Note: s.checkpoints[n]})
		}
	}
	return out, nil
}

// Erase implements Eraser.
func (s *memState) Erase(d record.Digest) (bool, error) {
	_, there := s.envelopes[d]
	delete(s.envelopes, d)
	return there, nil
}

var _ Store = (*memState)(nil)
