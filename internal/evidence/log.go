package evidence

import (
	"crypto/rand"
	"fmt"
	"io"
	"maps"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"sutor/internal/access"
	"sutor/internal/record"
)

// Entry is one step to be recorded. Version, seq, prev and the digest of the
// envelope are the log's own work.
type Entry struct {
	Kind     Kind
	Change   ChangeID
	At       time.Time // kept to the millisecond, in UTC
	From, To State
	Means    access.Means
	IDs      map[string]string
	Digests  map[string]record.Digest
	Counts   map[string]int64
	Body     Body // the personal side; the empty Body makes no envelope
}

// Appended says where a step stands.
type Appended struct {
	Index int64
	Hash  tlog.Hash
	Leaf  Leaf
}

// Log appends to the tree. The zero Log is ready to use; it keeps nothing.
type Log struct {
	Random io.Reader // for salts; nil for the operating system's
}

// Append records one step in the transaction behind t. It is the caller's duty
// that the step itself commits in the same transaction.
func (l Log) Append(t Tree, e Entry) (Appended, error) {
	leaf, envelope, err := l.leafOf(t, e)
	if err != nil {
		return Appended{}, err
	}
	text, err := leaf.Encode()
	if err != nil {
		return Appended{}, fmt.Errorf("evidence: %w", err)
	}
	index, err := t.Size()
	if err != nil {
		return Appended{}, err
	}
	hashes, err := tlog.StoredHashes(index, text, t)
	if err != nil {
		return Appended{}, err
	}
	err = t.Append(Record{
		Index: index, Subject: leaf.Subject(), Leaf: text,
		HashIndex: tlog.StoredHashIndex(0, index), Hashes: hashes,
		Digest: leaf.Envelope, Envelope: envelope,
	})
	return Appended{Index: index, Hash: hashes[0], Leaf: leaf}, err
}

// Erase records an erasure (an entry of kind Erased) and deletes the envelopes that
// it names, if it names any: Digests["envelope"], or "envelope.1" and so on. Other
// erased content, such as a plan's rows, is deleted by the caller.
func (l Log) Erase(t interface {
	Tree
	Eraser
}, e Entry) (Appended, error) {
	e.Kind = Erased
	for name, d := range e.Digests {
		if is, _, _ := strings.Cut(name, "."); is != "envelope" {
			continue
		}
		there, err := t.Erase(d)
		if err != nil {
			return Appended{}, err
		}
		if !there {
			return Appended{}, fmt.Errorf("evidence: no envelope %s to erase", d)
		}
	}
	return l.Append(t, e)
}

// leafOf makes the leaf of a step and seals its envelope.
func (l Log) leafOf(t Tree, e Entry) (Leaf, *Envelope, error) {
	leaf := Leaf{
		V: LeafVersion, Kind: e.Kind, Change: e.Change, At: e.At.UTC().Format(timeForm), From: e.From, To: e.To,
		Means: e.Means, IDs: e.IDs, Digests: e.Digests, Counts: countsWithNeeds(e),
	}
	if rules[e.Kind].person && e.Body.Who == "" {
		return leaf, nil, fmt.Errorf("evidence: leaf %s: nobody is named who did it", e.Kind)
	}
	if err := follow(t, &leaf); err != nil {
		return leaf, nil, err
	}
	if e.Body.empty() {
		return leaf, nil, nil
	}
	random := l.Random
	if random == nil {
		random = rand.Reader
	}
	envelope, err := Seal(e.Body, random)
	if err != nil {
		return leaf, nil, err
	}
	leaf.Envelope = envelope.Digest()
	return leaf, envelope, nil
}

// follow sets seq and prev after the change's last leaf.
func follow(t Tree, leaf *Leaf) error {
	if leaf.Change == "" {
		return nil
	}
	last, err := t.Tail(leaf.Subject())
	if err != nil {
		return err
	}
	leaf.Seq = 1
	if last == nil {
		return nil
	}
	before, err := ParseLeaf(last)
	if err != nil {
		return fmt.Errorf("evidence: the last leaf of change %s: %w", leaf.Change, err)
	}
	leaf.Seq, leaf.Prev = before.Seq+1, hexHash(HashLeaf(last))
	return nil
}

// countsWithNeeds repeats the route's numbers in the leaf.
func countsWithNeeds(e Entry) map[string]int64 {
	if len(e.Body.Route) == 0 {
		return e.Counts
	}
	counts := maps.Clone(e.Counts)
	if counts == nil {
		counts = map[string]int64{}
	}
	for role, n := range e.Body.needs() {
		counts[needsPrefix+role] = n
	}
	return counts
}

// Checkpoint signs the tree as it is now, saves the checkpoint beside it and
// gives the signed note.
func (l Log) Checkpoint(t Tree, key *Key) ([]byte, error) {
	size, err := t.Size()
	if err != nil {
		return nil, err
	}
	root, err := tlog.TreeHash(size, t)
	if err != nil {
		return nil, err
	}
	signed, err := key.Sign(Checkpoint{Origin: key.Name(), Size: size, Root: root})
	if err != nil {
		return nil, err
	}
	return signed, t.SaveCheckpoint(size, signed)
}
