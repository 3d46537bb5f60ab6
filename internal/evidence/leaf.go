package evidence

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"sutor/internal/access"
	"sutor/internal/record"
)

// ChangeID identifies a change in leaves: letters, digits, dot, dash and
// underscore, at most 64.
type ChangeID string

// LeafVersion is the version of leaves that this program writes. A leaf never
// changes form; a later version would stand beside this one.
const LeafVersion = 1

// Leaf is one record of the log. It holds ids, digests, counts, states and times,
// never names, addresses, comments or values. Its one text is canonical JSON with
// the fields in this order (docs/evidence-format.md); absent fields are left out.
type Leaf struct {
	V      int      `json:"v"`
	Kind   Kind     `json:"kind"`
	Change ChangeID `json:"change,omitempty"`
	Seq    int64    `json:"seq,omitempty"`  // 1, 2, 3 … within the change
	Prev   string   `json:"prev,omitempty"` // hash of the change's leaf before, from seq 2 on: 64 hex digits
	At     string   `json:"at"`             // RFC 3339 in UTC with three decimals: 2006-01-02T15:04:05.000Z
	From   State    `json:"from,omitempty"`
	To     State    `json:"to,omitempty"`
	// Means says how the person proved who they are: session, token:ID; passkey is reserved.
	Means access.Means `json:"means,omitempty"`
	// IDs holds identifiers and code words: reverses, reversed_by, token, role,
	// action, why …
	IDs map[string]string `json:"ids,omitempty"`
	// Digests names content: plan (the manifest), file, rows, findings, input,
	// compact, stored; for an erasure, what was erased. In a change over several
	// datasets plan is the manifest that binds theirs, and what belongs to one of
	// them has its number behind: plan.1, rows.2.
	Digests map[string]record.Digest `json:"digests,omitempty"`
	Counts  map[string]int64         `json:"counts,omitempty"` // none negative
	// Envelope is the digest of the salted envelope with the personal side.
	Envelope record.Digest `json:"envelope,omitempty"`
}

const timeForm = "2006-01-02T15:04:05.000Z"

var (
	changeForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	nameForm   = regexp.MustCompile(`^[a-z][a-z0-9._-]{0,63}$`)
	// No "@" and no space: an address or a name cannot slip into a leaf.
	idForm    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$`)
	meansForm = regexp.MustCompile(`^[a-z]+(:[A-Za-z0-9._-]{1,64})?$`)
	hashForm  = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// Encode gives the leaf's one text; an error if it breaks a rule of its kind.
func (l Leaf) Encode() ([]byte, error) {
	if err := l.check(); err != nil {
		return nil, fmt.Errorf("leaf %s: %w", l.Kind, err)
	}
	return canonical(l)
}

// ParseLeaf reads a leaf and accepts its one canonical text only.
func ParseLeaf(text []byte) (Leaf, error) {
	var l Leaf
	if err := decodeCanonical(text, &l); err != nil {
		return Leaf{}, err
	}
	return l, l.check()
}

// HashLeaf is the leaf's hash in the Merkle tree: SHA-256 of a zero byte and the
// leaf's text.
func HashLeaf(text []byte) tlog.Hash { return tlog.RecordHash(text) }

// Subject is the word that the leaf can be found by in storage: its change; or
// the Compact, the token or the erased content that it is about; else "".
func (l Leaf) Subject() string {
	switch {
	case l.Change != "":
		return SubjectOf(l.Change)
	case l.Kind == CompactInForce:
		return subjectCompact + string(l.Digests["compact"])
	case l.Kind == TokenIssued || l.Kind == TokenRevoked:
		return subjectToken + l.IDs["token"]
	case l.Kind == DeputyNamed || l.Kind == DeputyEnded:
		return subjectDeputy + l.IDs["deputy"]
	case l.Kind == Erased:
		for _, d := range l.Digests {
			return subjectErased + string(d) // check allows exactly one outside a change
		}
	}
	return ""
}

// SubjectOf gives the subject of a change's leaves.
func SubjectOf(id ChangeID) string { return subjectChange + string(id) }

func (l Leaf) check() error {
	r, known := rules[l.Kind]
	switch {
	case l.V != LeafVersion:
		return fmt.Errorf("its version %d is not known to this program", l.V)
	case !known:
		return fmt.Errorf("its kind %q is not known to this program", l.Kind)
	case l.Means != "" && !meansForm.MatchString(string(l.Means)):
		return fmt.Errorf("its means are not in the form of means")
	case l.Means == "" && r.means:
		return fmt.Errorf("it does not say by which means the person proved who they are")
	case l.Envelope != "" && !l.Envelope.Valid():
		return fmt.Errorf("its envelope is not a digest")
	case l.Envelope == "" && r.person:
		return fmt.Errorf("it has no envelope that says who did it")
	}
	if at, err := time.Parse(timeForm, l.At); err != nil || at.Format(timeForm) != l.At {
		return fmt.Errorf("its time is not RFC 3339 in UTC with milliseconds")
	}
	for _, check := range []func(rule) error{l.checkPlace, l.checkMove, l.checkNames} {
		if err := check(r); err != nil {
			return err
		}
	}
	return nil
}

// checkPlace judges change, seq and prev.
func (l Leaf) checkPlace(r rule) error {
	if l.Change == "" {
		switch {
		case r.place == inChange:
			return fmt.Errorf("it names no change")
		case l.Seq != 0 || l.Prev != "":
			return fmt.Errorf("it has a place in a chain but no change")
		case l.Kind == Erased && len(l.Digests) != 1:
			return fmt.Errorf("outside a change one leaf records the erasure of one thing")
		}
		return nil
	}
	switch {
	case r.place == outside:
		return fmt.Errorf("it names a change, which its kind does not do")
	case !changeForm.MatchString(string(l.Change)):
		return fmt.Errorf("its change is not in the form of an id")
	case l.Seq < 1:
		return fmt.Errorf("its number within the change is not 1 or more")
	case (l.Kind == ChangeProposed || l.Kind == UndoProposed) != (l.Seq == 1):
		return fmt.Errorf("a change begins with its proposal and nothing else")
	case l.Seq == 1 && l.Prev != "" || l.Seq > 1 && !hashForm.MatchString(l.Prev):
		return fmt.Errorf("its link to the leaf before is not right for number %d", l.Seq)
	}
	return nil
}

// checkMove judges from and to as far as one leaf tells.
func (l Leaf) checkMove(r rule) error {
	if l.To == "" {
		if l.From != "" || len(r.to) > 0 && !r.mayStay {
			return fmt.Errorf("it does not say which state it leads to")
		}
		return nil
	}
	if !slices.Contains(r.to, l.To) || len(r.from) > 0 && !slices.Contains(r.from, l.From) || !mayMove(l.Kind, l.From, l.To) {
		return fmt.Errorf("it cannot lead from %q to %q", l.From, l.To)
	}
	return nil
}

// checkNames judges ids, digests and counts.
func (l Leaf) checkNames(r rule) error {
	for name, id := range l.IDs {
		if !nameForm.MatchString(name) || !idForm.MatchString(id) {
			return fmt.Errorf("its id %q is not in the form of an id", name)
		}
	}
	for name, d := range l.Digests {
		if !nameForm.MatchString(name) || !d.Valid() {
			return fmt.Errorf("its digest %q is not in the form of a digest", name)
		}
	}
	for name, n := range l.Counts {
		if !nameForm.MatchString(name) || n < 0 || n > 1<<53-1 {
			return fmt.Errorf("its count %q is not a number from 0 to 2^53-1", name)
		}
	}
	for _, name := range r.ids {
		if l.IDs[name] == "" {
			return fmt.Errorf("it lacks the id %q", name)
		}
	}
	for _, name := range r.digests {
		if l.Digests[name] == "" {
			return fmt.Errorf("it lacks the digest %q", name)
		}
	}
	if l.Kind == Erased && len(l.Digests) == 0 {
		return fmt.Errorf("it does not say what was erased")
	}
	return nil
}

// hexHash gives a hash as it stands in Leaf.Prev.
func hexHash(h tlog.Hash) string { return hex.EncodeToString(h[:]) }
