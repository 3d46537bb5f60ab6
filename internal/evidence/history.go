package evidence

import (
	"encoding/hex"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Recorded is one leaf of a change with its envelope.
type Recorded struct {
	Index  int64 // in the log, from 0
	Hash   tlog.Hash
	Leaf   Leaf
	Body   Body // empty where there was no envelope, or where it was erased
	Erased bool
}

// Time is the leaf's time.
func (l Leaf) Time() time.Time {
	at, err := time.Parse(timeForm, l.At)
	if err != nil {
		return time.Time{} // Encode lets no such leaf pass
	}
	return at
}

// History reads the leaves of a change in their order, with what its envelopes
// hold.
func History(r Reader, change ChangeID) ([]Recorded, error) {
	indexes, err := r.Chain(SubjectOf(change))
	if err != nil {
		return nil, err
	}
	out := make([]Recorded, 0, len(indexes))
	for _, i := range indexes {
		one, err := recorded(r, i)
		if err != nil {
			return nil, fmt.Errorf("evidence: leaf %d: %w", i, err)
		}
		out = append(out, one)
	}
	return out, nil
}

func recorded(r Reader, i int64) (one Recorded, err error) {
	texts, err := r.Leaves(i, 1)
	if err != nil {
		return one, err
	}
	if len(texts) != 1 {
		return one, fmt.Errorf("it is not there")
	}
	one.Index, one.Hash = i, HashLeaf(texts[0])
	if one.Leaf, err = ParseLeaf(texts[0]); err != nil || one.Leaf.Envelope == "" {
		return one, err
	}
	envelope, err := r.Envelope(one.Leaf.Envelope)
	if err != nil {
		return one, err
	}
	if one.Erased = envelope == nil; one.Erased {
		return one, nil
	}
	if envelope.Digest() != one.Leaf.Envelope {
		return one, fmt.Errorf("its envelope is not the one that it names")
	}
	one.Body, err = envelope.Open()
	return one, err
}

// Proved is the history of a change under a signed head of the log.
type Proved struct {
	Entries    []Recorded
	Proofs     [][]string // of each entry: the hashes that lead from its own to the root, in hex
	Size       int64      // of the log
	Checkpoint []byte     // the signed head; it is not saved
}

// Prove reads the history of a change and proves each leaf to be in the log as it
// is now. A leaf that is not what the tree says is an error.
func Prove(r Reader, change ChangeID, key *Key) (out Proved, err error) {
	if out.Entries, err = History(r, change); err != nil {
		return out, err
	}
	if out.Size, err = r.Size(); err != nil {
		return out, err
	}
	root, err := tlog.TreeHash(out.Size, r)
	if err != nil {
		return out, err
	}
	for _, e := range out.Entries {
		proof, err := tlog.ProveRecord(out.Size, e.Index, r)
		if err != nil {
			return out, err
		}
		if err := tlog.CheckRecord(proof, out.Size, root, e.Index, e.Hash); err != nil {
			return out, fmt.Errorf("evidence: leaf %d is not what the log's tree says: %w", e.Index, err)
		}
		path := make([]string, len(proof))
		for i, h := range proof {
			path[i] = hex.EncodeToString(h[:])
		}
		out.Proofs = append(out.Proofs, path)
	}
	out.Checkpoint, err = key.Sign(Checkpoint{Origin: key.Name(), Size: out.Size, Root: root})
	return out, err
}
