package evidence

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"sutor/internal/record"
)

// FsckReport is what a check of the whole log found.
type FsckReport struct {
	Leaves      int64    `json:"leaves"`
	Changes     int64    `json:"changes"`
	Envelopes   int64    `json:"envelopes"`   // there, and right
	Erased      int64    `json:"erased"`      // gone, with a leaf that says so
	Checkpoints int64    `json:"checkpoints"` // saved ones and anchors, right
	Root        string   `json:"root"`        // of the log as recomputed, base64
	Wrong       int64    `json:"wrong"`       // problems found
	Problems    []string `json:"problems"`    // the first maxProblems of them, as sentences
}

const (
	maxProblems = 20
	fsckChunk   = 1024 // leaves read at once
)

// OK tells whether the log is whole.
func (r FsckReport) OK() bool { return r.Wrong == 0 }

// Problem adds one that somebody else found: what the log says of the rest of the
// metadata, package workflow compares.
func (r *FsckReport) Problem(format string, args ...any) { r.problem(format, args...) }

func (r *FsckReport) problem(format string, args ...any) {
	r.Wrong++
	if len(r.Problems) < maxProblems {
		r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
	}
}

// Fsck recomputes the whole log from its leaves: every leaf canonical, every
// stored hash right and none beyond them, every chain without a gap and found by
// its subject, every envelope right or erased on record, every saved checkpoint
// signed by one of the keys and true, and there for every pack exported. Roots are
// recomputed at each checkpoint's size, which is stronger than a consistency
// proof. anchors are signed checkpoints kept elsewhere: they also show when leaves
// at the end were taken away. The error is of the storage only.
//
// Memory: one chunk of leaves, and about 300 bytes for each change of the log.
func Fsck(r Reader, keys []string, anchors ...[]byte) (FsckReport, error) {
	f := &fsck{r: r, keys: keys, ends: map[ChangeID]end{}, chains: map[string]chain{}, missing: map[record.Digest]int64{}}
	size, err := r.Size()
	if err != nil {
		return f.report, err
	}
	f.anchors = f.openAnchors(anchors)
	if err := f.checkpoints(); err != nil {
		return f.report, err
	}
	for f.report.Leaves < size {
		if err := f.chunk(size); err != nil {
			return f.report, err
		}
	}
	if err := f.index(size); err != nil {
		return f.report, err
	}
	f.finish()
	return f.report, nil
}

type fsck struct {
	r       Reader
	keys    []string
	anchors []Checkpoint // ascending by size, not yet reached
	front   frontier
	ends    map[ChangeID]end
	missing map[record.Digest]int64 // envelopes not there, by leaf, until their erasure is met
	chains  map[string]chain        // of leaves by subject
	at      int64                   // size of the last saved checkpoint met
	from    int64                   // size from which saved checkpoints are read next
	saved   []Saved                 // read, not yet reached
	report  FsckReport
}

// end is a change's last leaf so far.
type end struct {
	seq  int64
	hash tlog.Hash
}

// chain is which leaves have a subject, by their number and the sum of their
// indexes.
type chain struct{ leaves, sum int64 }

func (f *fsck) openAnchors(notes [][]byte) []Checkpoint {
	var out []Checkpoint
	for i, n := range notes {
		if c, ok := f.open(n); ok {
			out = append(out, c)
		} else {
			f.report.problem("Anchor %d is not a checkpoint signed by a key of this log.", i+1)
		}
	}
	slices.SortFunc(out, func(a, b Checkpoint) int { return cmp.Compare(a.Size, b.Size) })
	return out
}

func (f *fsck) open(signed []byte) (Checkpoint, bool) {
	for _, key := range f.keys {
		if c, err := OpenCheckpoint(signed, key); err == nil {
			return c, true
		}
	}
	return Checkpoint{}, false
}

// chunk checks the next leaves.
func (f *fsck) chunk(size int64) error {
	from := f.report.Leaves
	texts, err := f.r.Leaves(from, int(min(fsckChunk, size-from)))
	if err != nil {
		return err
	}
	if len(texts) == 0 {
		f.report.problem("The log says it has %d leaves, but leaf %d is not there.", size, from)
		f.report.Leaves = size
		return nil
	}
	stored, err := f.storedHashes(from, from+int64(len(texts)))
	var gone NoHash
	if errors.As(err, &gone) {
		f.report.problem("The log lacks the stored hash %d; no hashes of the leaves %d to %d could be compared.", int64(gone), from, from+int64(len(texts))-1)
	} else if err != nil {
		return err
	}
	compared := err == nil
	for i, text := range texts {
		index := from + int64(i)
		hashes := f.front.add(HashLeaf(text))
		if compared && (len(stored) < len(hashes) || !slices.Equal(stored[:len(hashes)], hashes)) {
			f.report.problem("The stored hashes of leaf %d are not those of its text: leaf or hashes were changed.", index)
		}
		stored = stored[min(len(hashes), len(stored)):]
		if err := f.leaf(index, text); err != nil {
			return err
		}
		f.report.Leaves++
		if err := f.checkpoints(); err != nil {
			return err
		}
		if l, err := ParseLeaf(text); err == nil && l.Kind == EvidenceExported && f.at != f.report.Leaves {
			f.report.problem("Leaf %d exported evidence, but the checkpoint that was made for it is missing.", index)
		}
	}
	return nil
}

// storedHashes reads the hashes stored with leaves from..to-1: they follow each
// other without a gap.
func (f *fsck) storedHashes(from, to int64) ([]tlog.Hash, error) {
	first, end := tlog.StoredHashCount(from), tlog.StoredHashCount(to)
	indexes := make([]int64, 0, end-first)
	for i := first; i < end; i++ {
		indexes = append(indexes, i)
	}
	return f.r.ReadHashes(indexes)
}

func (f *fsck) leaf(index int64, text []byte) error {
	l, err := ParseLeaf(text)
	if err != nil {
		f.report.problem("Leaf %d: %v.", index, err)
		return nil
	}
	if subject := l.Subject(); subject != "" {
		c := f.chains[subject]
		f.chains[subject] = chain{c.leaves + 1, c.sum + index}
	}
	if l.Change != "" {
		f.link(index, l, text)
	}
	if l.Kind == Erased {
		if err := f.erasure(index, l); err != nil {
			return err
		}
	}
	if l.Envelope == "" {
		return nil
	}
	e, err := f.r.Envelope(l.Envelope)
	if err != nil {
		return err
	}
	switch {
	case e == nil:
		f.missing[l.Envelope] = index
	case e.Digest() != l.Envelope:
		f.report.problem("The envelope of leaf %d was changed: it is not what the leaf names.", index)
	default:
		f.report.Envelopes++
	}
	return nil
}

// link checks the leaf's place in its change.
func (f *fsck) link(index int64, l Leaf, text []byte) {
	before := f.ends[l.Change]
	if l.Seq != before.seq+1 || before.seq > 0 && l.Prev != hexHash(before.hash) {
		f.report.problem("Leaf %d does not follow number %d of change %s.", index, before.seq, l.Change)
	}
	if before.seq == 0 {
		f.report.Changes++
	}
	f.ends[l.Change] = end{seq: l.Seq, hash: HashLeaf(text)}
}

func (f *fsck) erasure(index int64, l Leaf) error {
	for _, d := range l.Digests {
		e, err := f.r.Envelope(d)
		if err != nil {
			return err
		}
		if e != nil {
			f.report.problem("Leaf %d says that the envelope %s was erased, but it is still there.", index, d)
		}
		if _, was := f.missing[d]; was {
			delete(f.missing, d)
			f.report.Erased++
		}
	}
	return nil
}

// checkpoints checks the saved ones and the anchors of the size reached.
func (f *fsck) checkpoints() error {
	size := f.report.Leaves
	for len(f.anchors) > 0 && f.anchors[0].Size == size {
		f.compare("anchor", f.anchors[0])
		f.anchors = f.anchors[1:]
	}
	for {
		if len(f.saved) == 0 && f.from >= 0 {
			if err := f.readSaved(); err != nil {
				return err
			}
		}
		if len(f.saved) == 0 || f.saved[0].Size > size {
			return nil
		}
		s := f.saved[0]
		f.saved, f.at = f.saved[1:], s.Size
		if c, ok := f.open(s.Note); ok && c.Size == s.Size {
			f.compare("checkpoint", c)
		} else {
			f.report.problem("The saved checkpoint of size %d is not one signed by a key of this log.", s.Size)
		}
	}
}

// readSaved reads the next saved checkpoints; from is -1 after the last.
func (f *fsck) readSaved() error {
	const max = 256
	saved, err := f.r.Checkpoints(f.from, max)
	if err != nil {
		return err
	}
	f.saved, f.from = saved, -1
	if len(saved) == max {
		f.from = saved[max-1].Size + 1
	}
	return nil
}

func (f *fsck) compare(what string, c Checkpoint) {
	if c.Root != f.front.root() {
		f.report.problem("The %s of size %d has another root than the log: leaves before it were changed.", what, c.Size)
		return
	}
	f.report.Checkpoints++
}

// index checks what leaves are found by, and that no hashes follow the last leaf's.
func (f *fsck) index(size int64) error {
	for _, subject := range slices.Sorted(maps.Keys(f.chains)) {
		indexes, err := f.r.Chain(subject)
		if err != nil {
			return err
		}
		var found chain
		for _, i := range indexes {
			found = chain{found.leaves + 1, found.sum + i}
		}
		if found != f.chains[subject] {
			f.report.problem("The leaves of %s are not found by that: %d are stored under it, %d say it.", subject, found.leaves, f.chains[subject].leaves)
		}
	}
	_, err := f.r.ReadHashes([]int64{tlog.StoredHashCount(size)})
	var none NoHash
	if err == nil {
		f.report.problem("More hashes are stored than the %d leaves make: leaves at the end are missing, or hashes were added.", size)
	} else if !errors.As(err, &none) {
		return err
	}
	return nil
}

// Walk visits every leaf of the log in order, with the body of its envelope (nil
// where there is none, or none that is right). Leaves that cannot be read are
// passed over: Fsck names them.
func Walk(r Reader, visit func(index int64, l Leaf, b *Body) error) error {
	size, err := r.Size()
	if err != nil {
		return err
	}
	for from := int64(0); from < size; {
		texts, err := r.Leaves(from, int(min(fsckChunk, size-from)))
		if err != nil || len(texts) == 0 {
			return err
		}
		for i, text := range texts {
			l, err := ParseLeaf(text)
			if err != nil {
				continue
			}
			body, err := opened(r, l)
			if err != nil {
				return err
			}
			if err := visit(from+int64(i), l, body); err != nil {
				return err
			}
		}
		from += int64(len(texts))
	}
	return nil
}

func opened(r Reader, l Leaf) (*Body, error) {
	if l.Envelope == "" {
		return nil, nil
	}
	e, err := r.Envelope(l.Envelope)
	if err != nil || e == nil || e.Digest() != l.Envelope {
		return nil, err
	}
	body, err := e.Open()
	if err != nil {
		return nil, nil // Fsck names it
	}
	return &body, nil
}

// finish reports what never came.
func (f *fsck) finish() {
	size := f.report.Leaves
	f.report.Root = f.front.root().String()
	for _, a := range f.anchors {
		f.report.problem("The log has %d leaves, but an anchor was signed at %d: leaves at the end are missing.", size, a.Size)
	}
	for _, s := range f.saved {
		f.report.problem("The log has %d leaves, but a checkpoint was saved at %d: leaves at the end are missing.", size, s.Size)
	}
	indexes := make([]int64, 0, len(f.missing))
	for _, i := range f.missing {
		indexes = append(indexes, i)
	}
	slices.Sort(indexes)
	for _, i := range indexes {
		f.report.problem("The envelope of leaf %d is missing, and no leaf records its erasure.", i)
	}
}

// Text gives the report for people.
func (r FsckReport) Text() string {
	var b bytes.Buffer
	verdict := "The log is whole."
	if !r.OK() {
		verdict = fmt.Sprintf("The log is NOT whole: %d problems.", r.Wrong)
	}
	fmt.Fprintf(&b, "%s\n%d leaves, %d changes, %d envelopes, %d erased, %d checkpoints; root %s\n",
		verdict, r.Leaves, r.Changes, r.Envelopes, r.Erased, r.Checkpoints, r.Root)
	if len(r.Problems) > 0 {
		fmt.Fprintf(&b, "- %s\n", strings.Join(r.Problems, "\n- "))
	}
	return clean(b.String())
}

// frontier is a growing Merkle tree reduced to the roots of its complete
// subtrees, largest first: what is needed to go on and to tell the root.
type frontier struct {
	size  int64
	roots []tlog.Hash
}

// add appends a leaf's hash and gives the hashes that are stored with it: its
// own, and the roots of the subtrees it completes, smallest first.
func (t *frontier) add(h tlog.Hash) []tlog.Hash {
	stored := []tlog.Hash{h}
	for range bits.TrailingZeros64(uint64(t.size + 1)) {
		last := len(t.roots) - 1
		h = tlog.NodeHash(t.roots[last], h)
		t.roots = t.roots[:last]
		stored = append(stored, h)
	}
	t.roots = append(t.roots, h)
	t.size++
	return stored
}

// root joins the subtrees from the right, as RFC 6962 defines the tree's hash.
func (t *frontier) root() tlog.Hash {
	if len(t.roots) == 0 {
		empty, err := tlog.TreeHash(0, nil)
		if err != nil {
			return tlog.Hash{}
		}
		return empty
	}
	h := t.roots[len(t.roots)-1]
	for i := len(t.roots) - 2; i >= 0; i-- {
		h = tlog.NodeHash(t.roots[i], h)
	}
	return h
}
