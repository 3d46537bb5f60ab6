package evidence

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"sutor/internal/record"
)

// Record is everything that appending one leaf stores, in one transaction.
type Record struct {
	Index     int64  // the leaf's place in the log, from 0
	Subject   string // what Tail and Chain find it by; may be ""
	Leaf      []byte // its exact text
	HashIndex int64  // where Hashes begin in tlog's order of stored hashes
	Hashes    []tlog.Hash
	// Digest and Envelope: the personal side; Envelope is nil where there is none.
	Digest   record.Digest
	Envelope *Envelope
}

// NoHash is the error of ReadHashes where one is not stored: its index.
type NoHash int64

// Error implements error.
func (n NoHash) Error() string { return fmt.Sprintf("the log has no stored hash %d", int64(n)) }

// Tree is the log's storage as appending sees it, inside one transaction and
// bound to its context. What a transaction appends, it reads back; what is
// rolled back was never there.
type Tree interface {
	// ReadHashes gives the stored hashes at these indexes, in this order; NoHash if
	// one is not there.
	tlog.HashReader
	// Size is the number of leaves.
	Size() (int64, error)
	// Tail gives the text of the last leaf with the subject; nil if there is none.
	Tail(subject string) ([]byte, error)
	// Append stores a record. It fails unless r.Index is Size: of two transactions
	// that append at once, one must wait or fail.
	Append(r Record) error
	// SaveCheckpoint keeps a signed checkpoint; a later one of the same size
	// replaces it.
	SaveCheckpoint(size int64, note []byte) error
}

// Reader is the log's storage as proving and checking see it, in one snapshot.
type Reader interface {
	tlog.HashReader
	Size() (int64, error)
	// Leaves gives the texts of at most max leaves from an index on, fewer at the end.
	Leaves(from int64, max int) ([][]byte, error)
	// Chain gives the indexes of all leaves with the subject, ascending.
	Chain(subject string) ([]int64, error)
	// Envelope gives the envelope with the digest; nil if there is none (any more).
	Envelope(d record.Digest) (*Envelope, error)
	// Checkpoints gives at most max saved checkpoints of a size from size on,
	// ascending by size.
	Checkpoints(size int64, max int) ([]Saved, error)
}

// Saved is a checkpoint as kept.
type Saved struct {
	Size int64
	Note []byte
}

// Eraser deletes envelopes.
type Eraser interface {
	// Erase deletes salt and body for good, and tells whether they were there.
	Erase(d record.Digest) (bool, error)
}

// Store is all of it; store packages implement it, package logtest checks it.
type Store interface {
	Tree
	Reader
	Eraser
}
