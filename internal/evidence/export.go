package evidence

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"sutor/internal/errs"
	"sutor/internal/record"
)

// PackInput is all of a pack but the artefacts: what Gather has read from the log.
type PackInput struct {
	change     ChangeID
	verifier   string
	origin     string
	checkpoint []byte
	leaves     []placed
	proofs     []tlog.RecordProof
	letters    []letterLine
}

// Gather reads what proves one change. It runs inside the transaction that
// appended the change's EvidenceExported leaf and made the checkpoint right after
// it: a pack ends with its own export, so that nobody can show a shortened one
// under a newer checkpoint.
func Gather(r Reader, change ChangeID, checkpoint []byte, verifier string) (*PackInput, error) {
	head, err := OpenCheckpoint(checkpoint, verifier)
	if err != nil {
		return nil, fmt.Errorf("evidence: the checkpoint: %w", err)
	}
	g := gatherer{r: r, size: head.Size, seen: map[int64]bool{}}
	if err := g.chain(SubjectOf(change), 0); err != nil {
		return nil, err
	}
	if n := len(g.leaves); n == 0 || g.leaves[n-1].Kind != EvidenceExported || g.leaves[n-1].index != head.Size-1 {
		return nil, fmt.Errorf("evidence: the checkpoint of change %s does not follow right after its export leaf", change)
	}
	if err := g.around(change); err != nil {
		return nil, err
	}
	slices.SortFunc(g.leaves, func(a, b placed) int { return cmp.Compare(a.index, b.index) })
	in := &PackInput{change: change, verifier: verifier, origin: head.Origin, checkpoint: checkpoint, leaves: g.leaves}
	for _, l := range g.leaves {
		proof, err := tlog.ProveRecord(head.Size, l.index, r)
		if err != nil {
			return nil, err
		}
		in.proofs = append(in.proofs, proof)
	}
	in.letters, err = g.letters()
	return in, err
}

// gatherer collects leaves, each once.
type gatherer struct {
	r      Reader
	size   int64
	leaves []placed
	seen   map[int64]bool
}

// chain adds the leaves with the subject, at most max of them (0: all).
func (g *gatherer) chain(subject string, max int) error {
	indexes, err := g.r.Chain(subject)
	if err != nil {
		return err
	}
	if max > 0 {
		indexes = indexes[:min(max, len(indexes))]
	}
	for _, i := range indexes {
		if g.seen[i] || i >= g.size {
			continue
		}
		texts, err := g.r.Leaves(i, 1)
		if err != nil {
			return err
		}
		if len(texts) != 1 {
			return fmt.Errorf("evidence: leaf %d is not there", i)
		}
		l, err := ParseLeaf(texts[0])
		if err != nil {
			return fmt.Errorf("evidence: leaf %d: %w", i, err)
		}
		g.seen[i] = true
		g.leaves = append(g.leaves, placed{Leaf: l, index: i, text: texts[0]})
	}
	return nil
}

// around adds what stands outside the change: how its Compacts came into force, who
// named the deputies who decided, and what was erased.
func (g *gatherer) around(change ChangeID) error {
	c := contentOf(change, g.leaves)
	for _, d := range c.compacts {
		if err := g.chain(subjectCompact+string(d), 1); err != nil {
			return err
		}
	}
	for id := range c.deputies {
		if err := g.chain(subjectDeputy+id, 1); err != nil {
			return err
		}
	}
	for found := -1; found < len(g.leaves); { // an erasure's own envelope may be erased too
		found = len(g.leaves)
		for d := range erasable(change, g.leaves) {
			if err := g.chain(subjectErased+string(d), 1); err != nil {
				return err
			}
		}
	}
	return nil
}

// letters reads the envelopes. One that is gone must have been erased on record.
func (g *gatherer) letters() ([]letterLine, error) {
	erased := erasedIn(g.leaves)
	var out []letterLine
	for _, l := range g.leaves {
		if l.Envelope == "" {
			continue
		}
		e, err := g.r.Envelope(l.Envelope)
		if err != nil {
			return nil, err
		}
		switch {
		case erased[l.Envelope]:
			out = append(out, letterLine{Digest: l.Envelope, Erased: true})
		case e == nil:
			return nil, errs.New(errs.Internal, "The envelope of leaf %d is missing, and no leaf records its erasure.", l.index).
				WithMend("Run: sutor evidence fsck")
		default:
			out = append(out, letterLine{Digest: l.Envelope, Salt: e.Salt, Body: e.Body})
		}
	}
	return out, nil
}

// Opener opens a stored artefact. It is called several times for each: to measure
// and check it before the first byte is written, then to write it.
type Opener func(Artefact) (io.ReadCloser, error)

// Export writes the pack. Every artefact is checked against its digest before
// the first byte is written, so a damaged one gives an error and no half pack.
func Export(w io.Writer, in *PackInput, open Opener) error {
	e := exporter{open: open}
	if err := e.plan(in); err != nil {
		return err
	}
	x := index{Pack: PackVersion, Change: in.change, Origin: in.origin, Key: in.verifier}
	for _, s := range e.sources {
		x.Members = append(x.Members, member{Name: s.name, Size: s.size, SHA256: s.digest.Hex()})
	}
	text, err := x.encode()
	if err != nil {
		return err
	}
	if len(text) > maxSmall || len(e.sources) > maxMembers {
		return tooLarge("members")
	}
	first, err := measure(packName, "", bytesOpener(text))
	if err != nil {
		return err
	}
	return write(w, append([]source{first}, e.sources...))
}

// source is one member on its way into the zip.
type source struct {
	entry
	digest record.Digest
	open   func() (io.ReadCloser, error)
}

type exporter struct {
	open    Opener
	sources []source
}

// plan lists and measures all members, in the zip's order.
func (e *exporter) plan(in *PackInput) error {
	leaves, letters, err := in.lines()
	if err != nil {
		return err
	}
	small := []struct {
		name string
		text []byte
	}{{readmeName, readme}, {headName, in.checkpoint}, {leavesName, leaves}, {lettersName, letters}}
	for _, m := range small {
		if err := e.add(m.name, "", bytesOpener(m.text)); err != nil {
			return err
		}
	}
	c := contentOf(in.change, in.leaves)
	for _, d := range c.compacts {
		if err := e.artefact(c, compactMember(d)); err != nil {
			return err
		}
	}
	for i, p := range c.plans {
		if err := e.addPlan(c, planFolder(i+1), p); err != nil {
			return err
		}
	}
	return nil
}

func (e *exporter) addPlan(c content, folder string, p planned) error {
	a := manifestMember(folder, p.digest)
	if err := e.artefact(c, a); err != nil {
		return err
	}
	text, err := e.read(a)
	if err != nil {
		return err
	}
	if len(p.members) > 0 {
		if err := parseJoint(text, p.members); err != nil {
			return errs.New(errs.Internal, "The manifest of plan %s is not valid.", p.digest).Because(err)
		}
		for i, one := range p.members {
			if err := e.addPlan(c, memberFolder(folder, i+1), one); err != nil {
				return err
			}
		}
		return nil
	}
	m, err := parseManifest(text)
	if err != nil {
		return errs.New(errs.Internal, "The manifest of plan %s is not valid.", p.digest).Because(err)
	}
	for _, a := range planMembers(folder, p, m) {
		if err := e.artefact(c, a); err != nil {
			return err
		}
	}
	return nil
}

// artefact adds a stored member, unless a leaf says that it was erased. A
// manifest is never left out: it holds no values.
func (e *exporter) artefact(c content, a Artefact) error {
	if c.erasedFrom(a) && a.Digest != a.Plan {
		return nil
	}
	return e.add(a.Name, a.Digest, func() (io.ReadCloser, error) { return e.open(a) })
}

func (e *exporter) read(a Artefact) (text []byte, err error) {
	r, err := e.open(a)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	text, err = io.ReadAll(io.LimitReader(r, maxSmall+1))
	if len(text) > maxSmall {
		return nil, tooLarge(a.Name)
	}
	return text, err
}

func (e *exporter) add(name string, want record.Digest, open func() (io.ReadCloser, error)) error {
	s, err := measure(name, want, open)
	if err != nil {
		return err
	}
	if limit, small := memberLimit(name); small && s.size > limit {
		return tooLarge(name)
	}
	e.sources = append(e.sources, s)
	return nil
}

// memberLimit gives the most bytes of a member that a verifier reads into memory.
func memberLimit(name string) (int64, bool) {
	switch name {
	case leavesName, lettersName:
		return maxLines, true
	case readmeName, headName:
		return 64 << 10, true
	}
	return 0, false
}

func tooLarge(what string) error {
	return errs.New(errs.Blocked, "The evidence of this change is too large for one pack: %s.", what).
		WithMend("Ask the steward; the log itself is complete.")
}

// measure reads a source once for its size and sums.
func measure(name string, want record.Digest, open func() (io.ReadCloser, error)) (source, error) {
	s := source{open: open}
	s.name = name
	err := s.read(io.Discard, func(size int64, crc uint32, d record.Digest) error {
		if want != "" && d != want {
			return errs.New(errs.Internal, "What is stored as %s is damaged: its digest is %s instead of %s.", name, d, want).
				WithMend("Bring it back from a backup; the log shows what it must be.")
		}
		s.size, s.crc, s.digest = size, crc, d
		return nil
	})
	return s, err
}

// read copies the source to w and hands its sums to check.
func (s source) read(w io.Writer, check func(int64, uint32, record.Digest) error) (err error) {
	r, err := s.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	sums := newSums()
	if _, err := io.Copy(io.MultiWriter(w, sums), r); err != nil {
		return err
	}
	return check(sums.Bytes(), sums.crc.Sum32(), sums.Digest())
}

// sums computes all that pack and zip say of a member's content.
type sums struct {
	*record.Digester
	crc interface {
		io.Writer
		Sum32() uint32
	}
}

func newSums() sums { return sums{record.NewDigester(), crc32.NewIEEE()} }

// Write never fails.
func (s sums) Write(p []byte) (int, error) {
	_, _ = s.crc.Write(p) // a hash never fails
	return s.Digester.Write(p)
}

// write writes the zip.
func write(w io.Writer, sources []source) error {
	var offset int64
	entries := make([]entry, len(sources))
	for i, s := range sources {
		s.offset = offset
		entries[i] = s.entry
		local := s.local()
		if _, err := w.Write(local); err != nil {
			return err
		}
		err := s.read(w, func(size int64, crc uint32, d record.Digest) error {
			if size != s.size || crc != s.crc || d != s.digest {
				return fmt.Errorf("evidence: %s changed while the pack was written", s.name)
			}
			return nil
		})
		if err != nil {
			return err
		}
		offset += int64(len(local)) + s.size
	}
	_, err := w.Write(directory(entries, offset))
	return err
}

func bytesOpener(b []byte) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
}

// lines writes leaves.jsonl and envelopes.jsonl.
func (in *PackInput) lines() (leaves, letters []byte, err error) {
	for i, l := range in.leaves {
		line, err := canonical(leafLine{Index: l.index, Proof: in.proofs[i], Leaf: l.text})
		if err != nil {
			return nil, nil, err
		}
		leaves = append(append(leaves, line...), '\n')
	}
	for _, l := range in.letters {
		line, err := canonical(l)
		if err != nil {
			return nil, nil, err
		}
		letters = append(append(letters, line...), '\n')
	}
	return leaves, letters, nil
}
