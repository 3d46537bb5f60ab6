package evidence

import (
	"bytes"
	_ "embed" // the README of packs
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"sutor/internal/record"
)

// PackVersion is the version of packs that this program writes.
const PackVersion = 1

// readme is README.txt of every pack of version 1: a constant, so that nobody
// can send an auditor a pack with other instructions.
//
//go:embed readme-v1.txt
var readme []byte

// Limits of the members that are read into memory. The others are streamed.
const (
	maxSmall    = 16 << 20 // pack.json, a manifest
	maxLines    = 32 << 20 // leaves.jsonl, envelopes.jsonl
	maxMembers  = 4096
	packName    = "pack.json"
	readmeName  = "README.txt"
	headName    = "checkpoint"
	leavesName  = "leaves.jsonl"
	lettersName = "envelopes.jsonl"
)

// index is pack.json: what the pack claims to be, and its members in the order
// of the zip, itself left out. Its text is JSON as by encoding/json with an
// indent of two spaces, and LF.
type index struct {
	Pack    int      `json:"sutor_pack"`
	Change  ChangeID `json:"change"`
	Origin  string   `json:"origin"`
	Key     string   `json:"key"`
	Members []member `json:"members"`
}

type member struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // 64 hex digits
}

func (x index) encode() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(x)
	return b.Bytes(), err
}

// leafLine is one line of leaves.jsonl. The leaf's text stands in it as it is.
type leafLine struct {
	Index int64            `json:"index"`
	Proof tlog.RecordProof `json:"proof"`
	Leaf  json.RawMessage  `json:"leaf"`
}

// letterLine is one line of envelopes.jsonl, one for each leaf with an envelope,
// in the leaves' order. The body's text stands in it as it is.
type letterLine struct {
	Digest record.Digest   `json:"digest"`
	Erased bool            `json:"erased,omitempty"`
	Salt   []byte          `json:"salt,omitempty"`
	Body   json.RawMessage `json:"body,omitempty"`
}

// placed is a leaf at its place in the log.
type placed struct {
	Leaf
	index int64
	text  []byte
}

// content is what a pack must hold, which follows from its leaves alone.
type content struct {
	plans    []planned
	compacts []record.Digest
	erased   map[record.Digest]bool // what leaves say was erased
	deputies map[string]int64       // the deputies who decided, by the index of their first decision
}

// planned is a plan that was submitted.
type planned struct {
	digest  record.Digest
	stored  record.Digest            // of the rows as stored; "" where no leaf names them
	stood   map[string]record.Digest // what the leaf said of it when it stood: file, rows, findings
	members []planned                // the plans that it binds, in a change over several datasets
}

// numbered names what belongs to a member in a leaf.
func numbered(name string, member int) string { return fmt.Sprintf("%s.%d", name, member) }

// membersOf gives the plans that a leaf says are bound together; none for a plan over
// one dataset.
func membersOf(l Leaf) (all []planned) {
	for n := 1; l.Kind == PlansStood && l.Digests[numbered("plan", n)] != ""; n++ {
		m := planned{digest: l.Digests[numbered("plan", n)], stood: map[string]record.Digest{}}
		for _, name := range []string{"file", "rows", "findings"} {
			m.stood[name] = l.Digests[numbered(name, n)]
		}
		all = append(all, m)
	}
	return all
}

// contentOf derives a pack's content. Export and Verify share it: what one
// writes is what the other asks for.
func contentOf(change ChangeID, leaves []placed) content {
	c := content{erased: erasedIn(leaves), deputies: map[string]int64{}}
	compacts := map[record.Digest]bool{}
	plans := map[record.Digest]int{} // place in c.plans
	stood := map[record.Digest]Leaf{}
	for _, l := range leaves {
		if l.Change != change || l.Kind == Erased || l.Kind == Refused {
			continue
		}
		if d := l.Digests["compact"]; d != "" {
			compacts[d] = true
		}
		if id := l.IDs["deputy"]; id != "" && (l.Kind == DecisionApproved || l.Kind == DecisionRejected) {
			if _, known := c.deputies[id]; !known {
				c.deputies[id] = l.index
			}
		}
		plan := l.Digests["plan"]
		at, known := plans[plan]
		if l.Kind == PlanStood || l.Kind == PlansStood || l.Kind == ChangeSplit {
			stood[plan] = l.Leaf
		}
		if (l.Kind == ChangeSubmitted || l.Kind == ChangeSplit) && !known {
			plans[plan] = len(c.plans)
			c.plans = append(c.plans, planned{digest: plan, stood: stood[plan].Digests, members: membersOf(stood[plan])})
		}
		if l.Kind == ApplyResult && known {
			c.plans[at].keep(l.Digests)
		}
	}
	c.compacts = slices.Sorted(maps.Keys(compacts))
	return c
}

// keep notes what was stored, where a leaf names it.
func (p *planned) keep(digests map[string]record.Digest) {
	if d := digests["stored"]; d != "" {
		p.stored = d
	}
	for i := range p.members {
		if d := digests[numbered("stored", i+1)]; d != "" {
			p.members[i].stored = d
		}
	}
}

// erasedIn gives what the leaves say was erased, and did not stand again later: a change that
// was given up and planned once more may have the rows that it had.
func erasedIn(leaves []placed) map[record.Digest]bool {
	erased := map[record.Digest]bool{}
	for _, l := range leaves {
		switch l.Kind {
		case Erased:
			for _, d := range l.Digests {
				erased[d] = true
			}
		case PlanStood, PlansStood, ChangeSplit:
			for _, d := range l.Digests {
				delete(erased, d)
			}
		}
	}
	return erased
}

// erasable gives what of a pack may have been erased by a leaf outside the
// change: its Compacts, all envelopes, and what belongs to its plans.
func erasable(change ChangeID, leaves []placed) map[record.Digest]bool {
	all := map[record.Digest]bool{}
	for _, d := range contentOf(change, leaves).compacts {
		all[d] = true
	}
	for _, l := range leaves {
		if l.Envelope != "" {
			all[l.Envelope] = true
		}
		for name, d := range l.Digests {
			name, _, _ = strings.Cut(name, ".") // of a member
			if slices.Contains([]string{"file", "rows", "findings", "stored"}, name) && l.Kind != Erased {
				all[d] = true
			}
		}
	}
	return all
}

// Artefact names one large or stored member of a pack.
type Artefact struct {
	Name   string        // of the member: plans/1/rows.csv
	Digest record.Digest // of its bytes
	Plan   record.Digest // the plan that it belongs to; "" for a Compact
	From   record.Digest // what its bytes are made of, where they are not stored
}

// erasedFrom tells whether an artefact was erased, or what it is made of.
func (c content) erasedFrom(a Artefact) bool { return c.erased[a.Digest] || c.erased[a.From] }

func compactMember(d record.Digest) Artefact {
	return Artefact{Name: "compact/" + d.Hex() + ".yaml", Digest: d}
}

// planFolder is where the plan with a number stands; memberFolder, where in it one of
// those that it binds does.
func planFolder(n int) string { return fmt.Sprintf("plans/%d/", n) }

func memberFolder(folder string, n int) string { return fmt.Sprintf("%s%d/", folder, n) }

func manifestMember(folder string, plan record.Digest) Artefact {
	return Artefact{Name: folder + "manifest.json", Digest: plan, Plan: plan}
}

// planMembers lists the members beside a plan's manifest, in the zip's order.
func planMembers(folder string, p planned, m manifest) []Artefact {
	at := func(name string, d record.Digest) Artefact {
		return Artefact{Name: folder + name, Digest: d, Plan: p.digest}
	}
	rows := at("rows.csv", m.Rows)
	rows.From = m.File
	all := []Artefact{at("findings.json", m.Findings), at("plan.parquet", m.File), rows}
	if p.stored != "" {
		all = append(all, at("stored.csv", p.stored))
	}
	return all
}

// manifest is what this package reads of a plan's manifest (package plan).
type manifest struct {
	Version  int           `json:"version"`
	File     record.Digest `json:"file"`
	Rows     record.Digest `json:"rows"`
	Findings record.Digest `json:"findings"`
}

// joint is what this package reads of a manifest that binds several plans.
type joint struct {
	Version int             `json:"joint"`
	Members json.RawMessage `json:"members"` // of jointMember, in canonical JSON
}

type jointMember struct {
	Dataset string        `json:"dataset"`
	Plan    record.Digest `json:"plan"`
}

// parseJoint reads a joint manifest, which must bind exactly these plans.
func parseJoint(text []byte, members []planned) error {
	var j joint
	err := fieldsOnce(text, func(name string) any {
		return map[string]any{"joint": &j.Version, "members": &j.Members}[name]
	})
	if err != nil {
		return err
	}
	if j.Version != 1 {
		return fmt.Errorf("it is not a joint manifest of version 1")
	}
	var all []jointMember
	if err := decodeCanonical(j.Members, &all); err != nil {
		return fmt.Errorf("its %q cannot be read", "members")
	}
	same := len(all) == len(members)
	for i := 0; same && i < len(members); i++ {
		same = all[i].Plan == members[i].digest
	}
	if !same {
		return fmt.Errorf("the plans that it binds are not those of its leaf")
	}
	return nil
}

// parseManifest reads the three digests. Names must be spelled exactly and
// stand once: encoding/json would take "FILE" and the last of two.
func parseManifest(text []byte) (manifest, error) {
	var m manifest
	if err := fieldsOnce(text, m.field); err != nil {
		return m, err
	}
	if m.Version != 1 || !m.File.Valid() || !m.Rows.Valid() || !m.Findings.Valid() {
		return m, fmt.Errorf("it is not version 1 with the digests file, rows and findings")
	}
	return m, nil
}

// fieldsOnce reads a JSON object whose names stand once each; field gives where to put
// a value, nil for one that is not wanted.
func fieldsOnce(text []byte, field func(name string) any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("it is not a JSON object")
	}
	seen := map[string]bool{}
	for dec.More() {
		t, err := dec.Token()
		name, _ := t.(string)
		if err != nil || seen[strings.ToLower(name)] {
			return fmt.Errorf("it is not JSON with every name once")
		}
		seen[strings.ToLower(name)] = true
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return fmt.Errorf("it is not JSON")
		}
		if to := field(name); to != nil {
			if err := json.Unmarshal(value, to); err != nil {
				return fmt.Errorf("its %q cannot be read", name)
			}
		}
	}
	if _, err := dec.Token(); err != nil {
		return fmt.Errorf("it is not JSON")
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("something follows it")
	}
	return nil
}

func (m *manifest) field(name string) any {
	switch name {
	case "version":
		return &m.Version
	case "file":
		return &m.File
	case "rows":
		return &m.Rows
	case "findings":
		return &m.Findings
	}
	return nil
}
