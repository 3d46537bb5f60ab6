package evidence

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"sutor/internal/errs"
	"sutor/internal/record"
)

// Verify checks a pack offline. key is the log's verifier key (NAME+HASH+KEY),
// known beforehand; with "" the key that the pack claims is taken, and the
// report says so. A pack that fails gives an errs.Invalid that names the member
// and what is wrong with it; the report then holds what was read before.
//
// It reads the file once, from front to back, and derives every byte of the zip
// from what the members say; large members are streamed, the others bounded.
func Verify(r io.ReaderAt, size int64, key string) (Report, error) {
	v := &verification{r: r, size: size}
	err := v.run(key)
	v.report.Verified = err == nil
	return v.report, err
}

// verification is one run over one pack.
type verification struct {
	r       io.ReaderAt
	size    int64
	offset  int64 // of the next local header
	entries []entry
	index   index
	next    int // the next of index.Members

	head   Checkpoint
	leaves []placed
	bodies map[int64]Body // by index of the leaf; absent where erased
	report Report
}

func wrong(member, format string, args ...any) error {
	return errs.New(errs.Invalid, "This pack does not prove anything: %s: %s.", member, fmt.Sprintf(format, args...)).
		WithMend("Do not rely on it; ask for the evidence again, directly from the log's owner.")
}

func (v *verification) run(key string) error {
	for _, step := range []func() error{
		v.readIndex,
		func() error { return v.chooseKey(key) },
		v.readReadme, v.readCheckpoint, v.readLeaves, v.checkChain, v.checkOutside, v.readLetters,
		v.readContent, v.readEnd, v.judge,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// readIndex reads pack.json, whose size only its own local header tells.
func (v *verification) readIndex() error {
	fixed := make([]byte, zipLocalSize)
	if v.size < zipLocalSize {
		return wrong(packName, "the file is too short to be a pack")
	}
	if n, err := v.r.ReadAt(fixed, 0); n < len(fixed) {
		return unreadable(err)
	}
	m := member{Name: packName, Size: int64(binary.LittleEndian.Uint32(fixed[22:]))}
	if !bytes.HasPrefix(fixed, []byte("PK\x03\x04")) {
		return wrong(packName, "the file is not a zip as Sutor writes it, with this member first")
	}
	if m.Size > maxSmall {
		return wrong(packName, "it is larger than %d bytes", maxSmall)
	}
	text, err := v.read(m, "", m.Size)
	if err != nil {
		return err
	}
	if err := decodeStrict(text, &v.index); err != nil {
		return wrong(packName, "%v", err)
	}
	switch again, err := v.index.encode(); {
	case err != nil || !bytes.Equal(again, text):
		return wrong(packName, "%v", errNotCanonical)
	case v.index.Pack != PackVersion:
		return wrong(packName, "its version %d is not known to this program", v.index.Pack)
	case len(v.index.Members) > maxMembers:
		return wrong(packName, "it lists more than %d members", maxMembers)
	case !changeForm.MatchString(string(v.index.Change)):
		return wrong(packName, "its change is not in the form of an id")
	}
	v.report.Change = v.index.Change
	return nil
}

func (v *verification) chooseKey(key string) error {
	claimed := v.index.Key
	if !isVerifier(claimed) {
		return wrong(packName, "the key it claims is not a verifier key")
	}
	if key == "" {
		v.report.Key = claimed
		return nil
	}
	if _, err := note.NewVerifier(key); err != nil {
		return errs.New(errs.Usage, "The key given is not a verifier key.").
			WithMend("It is one line of the form NAME+HASH+KEY, as the log's owner publishes it.")
	}
	if key != claimed {
		return wrong(packName, "it comes from the log %s, not from the log of the key given, %s", Short(claimed), Short(key))
	}
	v.report.Key, v.report.KeyKnown = key, true
	return nil
}

func (v *verification) readReadme() error {
	text, err := v.take(readmeName, maxSmall)
	if err == nil && !bytes.Equal(text, readme) {
		return wrong(readmeName, "it is not the text of packs of version %d", PackVersion)
	}
	return err
}

func (v *verification) readCheckpoint() error {
	text, err := v.take(headName, 64<<10)
	if err != nil {
		return err
	}
	if v.head, err = OpenCheckpoint(text, v.index.Key); err != nil {
		return wrong(headName, "%v", err)
	}
	if v.head.Origin != v.index.Origin {
		return wrong(packName, "its origin is not the checkpoint's")
	}
	v.report.Origin, v.report.Size, v.report.Root = v.head.Origin, v.head.Size, v.head.Root.String()
	return nil
}

// readLeaves checks that every leaf is canonical and in the checkpoint's tree.
func (v *verification) readLeaves() error {
	text, err := v.take(leavesName, maxLines)
	if err != nil {
		return err
	}
	all, err := lines(text)
	if err != nil {
		return wrong(leavesName, "%v", err)
	}
	before := int64(-1)
	for i, text := range all {
		var line leafLine
		if err := decodeCanonical(text, &line); err != nil {
			return wrong(leavesName, "line %d: %v", i+1, err)
		}
		leaf, err := ParseLeaf(line.Leaf)
		if err != nil {
			return wrong(leavesName, "line %d: the leaf: %v", i+1, err)
		}
		if line.Index <= before {
			return wrong(leavesName, "line %d: its leaf does not come after the one before", i+1)
		}
		before = line.Index
		if err := tlog.CheckRecord(line.Proof, v.head.Size, v.head.Root, line.Index, HashLeaf(line.Leaf)); err != nil {
			return wrong(leavesName, "line %d: the log of the checkpoint does not contain this leaf at %d", i+1, line.Index)
		}
		v.leaves = append(v.leaves, placed{Leaf: leaf, index: line.Index, text: line.Leaf})
	}
	return nil
}

// checkChain checks that the change's leaves are all there, from its proposal to
// this very export.
func (v *verification) checkChain() error {
	seq, prev := int64(0), ""
	var last placed
	for _, l := range v.leaves {
		if l.Change == "" {
			continue
		}
		switch {
		case l.Change != v.index.Change:
			return wrong(leavesName, "leaf %d belongs to another change", l.index)
		case l.Seq != seq+1:
			return wrong(leavesName, "leaf %d is number %d of the change, after number %d: leaves were left out or doubled", l.index, l.Seq, seq)
		case l.Prev != prev:
			return wrong(leavesName, "leaf %d does not follow the change's leaf before it", l.index)
		}
		seq, prev, last = l.Seq, hexHash(HashLeaf(l.text)), l
	}
	if seq == 0 {
		return wrong(leavesName, "it holds no leaf of the change %s", v.index.Change)
	}
	if last.Kind != EvidenceExported || last.index != v.head.Size-1 {
		return wrong(leavesName, "the change's last leaf is not the export that the checkpoint was made for: later leaves may have been left out")
	}
	v.report.Exported = last.At
	return nil
}

// checkOutside checks the leaves that belong to no change: for each Compact how
// it came into force before it was used, for each deputy who decided how they were
// named before that, and erasures; nothing else.
func (v *verification) checkOutside() error {
	first := map[record.Digest]int64{}
	for _, l := range slices.Backward(v.leaves) {
		if d := l.Digests["compact"]; l.Change != "" && d != "" {
			first[d] = l.index
		}
	}
	content := contentOf(v.index.Change, v.leaves)
	erasable := erasable(v.index.Change, v.leaves)
	seen := map[string]bool{}
	for _, l := range v.leaves {
		if l.Change != "" {
			continue
		}
		subject := l.Subject()
		if seen[subject] {
			return wrong(leavesName, "leaf %d says again what an earlier one says", l.index)
		}
		seen[subject] = true
		switch d := anyDigest(l.Leaf); {
		case l.Kind == CompactInForce && first[d] > l.index:
		case l.Kind == DeputyNamed && content.deputies[l.IDs["deputy"]] > l.index:
		case l.Kind == Erased && erasable[d]:
		default:
			return wrong(leavesName, "leaf %d (%s) does not belong to this change", l.index, l.Kind)
		}
	}
	for id := range content.deputies {
		if !seen[subjectDeputy+id] {
			return wrong(leavesName, "no leaf shows how the deputy %s was named before they decided", id)
		}
	}
	for _, d := range content.compacts {
		if !seen[subjectCompact+string(d)] {
			return wrong(leavesName, "no leaf shows how the Compact %s came into force before it was used", d)
		}
	}
	return nil
}

// anyDigest gives the one digest that a leaf outside a change is about.
func anyDigest(l Leaf) record.Digest {
	if l.Kind == CompactInForce {
		return l.Digests["compact"]
	}
	for _, d := range l.Digests {
		return d
	}
	return ""
}

// readLetters checks the envelopes, one for each leaf that has one.
func (v *verification) readLetters() error {
	text, err := v.take(lettersName, maxLines)
	if err != nil {
		return err
	}
	all, err := lines(text)
	if err != nil {
		return wrong(lettersName, "%v", err)
	}
	erased := erasedIn(v.leaves)
	v.bodies = map[int64]Body{}
	for _, l := range v.leaves {
		if l.Envelope == "" {
			continue
		}
		if len(all) == 0 {
			return wrong(lettersName, "the envelope of leaf %d is missing", l.index)
		}
		if err := v.readLetter(l, all[0], erased[l.Envelope]); err != nil {
			return wrong(lettersName, "the envelope of leaf %d: %v", l.index, err)
		}
		all = all[1:]
	}
	if len(all) > 0 {
		return wrong(lettersName, "it holds more envelopes than the leaves name")
	}
	return nil
}

func (v *verification) readLetter(l placed, text []byte, erased bool) error {
	var line letterLine
	if err := decodeCanonical(text, &line); err != nil {
		return err
	}
	if line.Digest != l.Envelope {
		return fmt.Errorf("it is another one")
	}
	if line.Erased || erased {
		if line.Salt != nil || line.Body != nil {
			return fmt.Errorf("it is said to be erased, but something of it is there")
		}
		if !erased || !line.Erased {
			return fmt.Errorf("it is missing, and no leaf records its erasure")
		}
		v.report.note("What leaf %d said of persons and reasons was erased.", l.index)
		return nil
	}
	e := Envelope{Salt: line.Salt, Body: line.Body}
	if e.Digest() != l.Envelope {
		return fmt.Errorf("its content is not what the leaf names")
	}
	body, err := e.Open()
	if err != nil {
		return err
	}
	if body.Who == "" && rules[l.Kind].person {
		return fmt.Errorf("it does not say who")
	}
	if len(body.Route) > 0 && !maps.Equal(body.needs(), needsOf(l.Counts)) {
		return fmt.Errorf("its route asks for other people than the leaf")
	}
	v.bodies[l.index] = body
	return nil
}

// readContent checks Compacts and plans against the leaves.
func (v *verification) readContent() error {
	c := contentOf(v.index.Change, v.leaves)
	for _, d := range c.compacts {
		if err := v.artefact(c, compactMember(d)); err != nil {
			return err
		}
	}
	for i, p := range c.plans {
		if err := v.readPlan(c, planFolder(i+1), p); err != nil {
			return err
		}
	}
	return nil
}

func (v *verification) readPlan(c content, folder string, p planned) error {
	a := manifestMember(folder, p.digest)
	text, err := v.takeDigest(a.Name, p.digest, maxSmall)
	if err != nil {
		return err
	}
	if len(p.members) > 0 {
		if err := parseJoint(text, p.members); err != nil {
			return wrong(a.Name, "%v", err)
		}
		for i, one := range p.members {
			if err := v.readPlan(c, memberFolder(folder, i+1), one); err != nil {
				return err
			}
		}
		return nil
	}
	m, err := parseManifest(text)
	if err != nil {
		return wrong(a.Name, "%v", err)
	}
	if p.stood != nil && (p.stood["file"] != m.File || p.stood["rows"] != m.Rows || p.stood["findings"] != m.Findings) {
		return wrong(a.Name, "its digests are not those of the leaf that says that it stood")
	}
	for _, l := range v.leaves {
		if l.Kind != PlanStood && l.Kind != ChangeSplit || l.Digests["plan"] != p.digest {
			continue
		}
		if l.Digests["file"] != m.File || l.Digests["rows"] != m.Rows || l.Digests["findings"] != m.Findings {
			return wrong(a.Name, "its digests are not those of leaf %d", l.index)
		}
	}
	for _, a := range planMembers(folder, p, m) {
		if err := v.artefact(c, a); err != nil {
			return err
		}
	}
	return nil
}

// artefact streams a member past its digest, unless a leaf says it was erased.
func (v *verification) artefact(c content, a Artefact) error {
	if c.erasedFrom(a) {
		v.report.note("%s was erased; only its digest %s is left.", a.Name, a.Digest)
		return nil
	}
	_, err := v.takeDigest(a.Name, a.Digest, -1)
	return err
}
