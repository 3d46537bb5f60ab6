package evidence_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"testing"
	"time"

	"sutor/internal/evidence"
	"sutor/internal/record"
	verifyjs "sutor/test/verify-js"
)

const (
	testSecret   = "PRIVATE+KEY+sutor/example-trading+7180a716+AajWbW8VI8Ko7cOkIpvV6tcFA5rQ8hnJiji00wIzTmmF"
	testVerifier = "sutor/example-trading+7180a716+AdlxHmIgMtxbYVzJBJiLLYQAU8fYuk9PFBu5f/4CbpUB"
	otherSecret  = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz" // of the note package's documentation
)

// world is a log with artefacts, in which stories of a change are told.
type world struct {
	t         testing.TB
	mem       evidence.Mem
	log       evidence.Log
	key       *evidence.Key
	clock     time.Time
	artefacts map[record.Digest][]byte
}

func newWorld(t testing.TB) *world {
	key, err := evidence.ParseKey(testSecret)
	if err != nil {
		t.Fatal(err)
	}
	return &world{t: t, key: key, clock: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC),
		log: evidence.Log{Random: &countingReader{}}, artefacts: map[record.Digest][]byte{}}
}

// countingReader gives the same "random" bytes in every run: the SHA-256 of 1, 2 …
type countingReader struct{ n int }

func (r *countingReader) Read(p []byte) (int, error) {
	r.n++
	sum := sha256.Sum256(fmt.Appendf(nil, "%d", r.n))
	return copy(p, sum[:]), nil
}

func (w *world) keep(text string) record.Digest {
	d := record.DigestOf([]byte(text))
	w.artefacts[d] = []byte(text)
	return d
}

func (w *world) open(a evidence.Artefact) (io.ReadCloser, error) {
	text, there := w.artefacts[a.Digest]
	if !there {
		return nil, fmt.Errorf("no artefact %s", a.Name)
	}
	return io.NopCloser(bytes.NewReader(text)), nil
}

func (w *world) update(fn func(evidence.Store) error) {
	w.t.Helper()
	if err := w.mem.Update(fn); err != nil {
		w.t.Fatal(err)
	}
}

// add appends entries, a second apart.
func (w *world) add(entries ...evidence.Entry) []evidence.Appended {
	w.t.Helper()
	var out []evidence.Appended
	w.update(func(s evidence.Store) error {
		for _, e := range entries {
			w.clock = w.clock.Add(1001 * time.Millisecond)
			e.At = w.clock
			var a evidence.Appended
			var err error
			if e.Kind == evidence.Erased {
				a, err = w.log.Erase(s, e)
			} else {
				a, err = w.log.Append(s, e)
			}
			if err != nil {
				return err
			}
			out = append(out, a)
		}
		return nil
	})
	return out
}

// export makes the pack of a change as package workflow does it.
func (w *world) export(change evidence.ChangeID) []byte {
	w.t.Helper()
	pack, err := w.tryExport(change)
	if err != nil {
		w.t.Fatal(err)
	}
	return pack
}

func (w *world) tryExport(change evidence.ChangeID) ([]byte, error) {
	in, err := w.tryGather(change)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = evidence.Export(&b, in, w.open)
	return b.Bytes(), err
}

func (w *world) gather(change evidence.ChangeID) *evidence.PackInput {
	w.t.Helper()
	in, err := w.tryGather(change)
	if err != nil {
		w.t.Fatal(err)
	}
	return in
}

// tryGather is the one transaction of an export.
func (w *world) tryGather(change evidence.ChangeID) (in *evidence.PackInput, err error) {
	w.clock = w.clock.Add(time.Second)
	err = w.mem.Update(func(s evidence.Store) error {
		_, err := w.log.Append(s, evidence.Entry{Kind: evidence.EvidenceExported, Change: change, At: w.clock, Means: "session",
			Body: evidence.Body{Who: "aud@example.test"}})
		if err != nil {
			return err
		}
		checkpoint, err := w.log.Checkpoint(s, w.key)
		if err != nil {
			return err
		}
		in, err = evidence.Gather(s, change, checkpoint, w.key.Verifier())
		return err
	})
	return in, err
}

// verify verifies a pack with both verifiers: this package, and the one in Node.
func verify(t testing.TB, pack []byte, key string) (evidence.Report, error) {
	t.Helper()
	report, err := evidence.Verify(bytes.NewReader(pack), int64(len(pack)), key)
	verifyjs.Agree(t, pack, key, err)
	return report, err
}

// digests names content.
type digests = map[string]record.Digest

// step is an entry that a story can find by name and bend.
type step struct {
	name string
	evidence.Entry
}

// story tells of a change that is proposed, decided by two and applied. Its plan
// and Compact are kept as artefacts of the world.
func (w *world) story(id evidence.ChangeID) []step {
	compact := w.keep("compact: Example Trading\n")
	file, rows := w.keep("PAR1 "+string(id)+" PAR1"), w.keep("\"update\",\"4711\",\"NET30\",\"NET45\"\n")
	findings := w.keep(`[{"guardrail":"big-raise","severity":"approve"}]`)
	plan := w.keep(fmt.Sprintf(`{"version":1,"change":%q,"file":%q,"rows":%q,"findings":%q}`, id, file, rows, findings))
	stored := w.keep("\"4711\",\"NET45\"\n")
	of := func(d record.Digest) digests { return digests{"plan": d, "compact": compact} }
	entry := func(kind evidence.Kind, from, to evidence.State, d digests, b evidence.Body) evidence.Entry {
		return evidence.Entry{Kind: kind, Change: id, From: from, To: to, Means: "session", Digests: d, Body: b}
	}
	role := func(e evidence.Entry, role string) evidence.Entry {
		e.IDs = map[string]string{"role": role}
		return e
	}
	force := entry(evidence.CompactInForce, "", "", digests{"compact": compact}, evidence.Body{Who: "ivan@example.test", File: "compact.yaml"})
	force.Change = ""
	stood := entry(evidence.PlanStood, "planning", "planned",
		digests{"plan": plan, "compact": compact, "file": file, "rows": rows, "findings": findings}, evidence.Body{})
	stood.Means, stood.Counts = "", map[string]int64{"update": 1, "insert": 0}
	result := entry(evidence.ApplyResult, "applying", "applied", digests{"plan": plan, "stored": stored}, evidence.Body{})
	result.Means, result.Counts = "", map[string]int64{"applied": 1}
	return []step{
		{"compact", force},
		{"propose", entry(evidence.ChangeProposed, "", "planning", digests{"input": record.DigestOf([]byte("terms"))},
			evidence.Body{Who: "maria@example.test", Dataset: "customers", Title: "Zahlungsziele für März", Reason: "agreed <2026>", File: "terms.xlsx"})},
		{"plan", stood},
		{"submit", entry(evidence.ChangeSubmitted, "planned", "submitted", of(plan), evidence.Body{Who: "maria@example.test",
			Route: []evidence.Requirement{{Role: "owner", Needs: 1, Why: "The owner decides."}, {Role: "manager", Needs: 1, Why: "Guardrail big-raise."}}})},
		{"self", evidence.Entry{Kind: evidence.Refused, Change: id, IDs: map[string]string{"action": "approve"}, Digests: digests{"plan": plan},
			Body: evidence.Body{Who: "maria@example.test", Action: "approve", Message: "You made this change."}}},
		{"manager", role(entry(evidence.DecisionApproved, "submitted", "submitted", of(plan),
			evidence.Body{Who: "mona@example.test", Comment: "fine"}), "manager")},
		{"owner", role(entry(evidence.DecisionApproved, "submitted", "approved", of(plan),
			evidence.Body{Who: "olaf@example.test", Comment: "agreed"}), "owner")},
		{"apply", entry(evidence.ApplyIntended, "approved", "applying", of(plan), evidence.Body{Who: "olaf@example.test"})},
		{"result", result},
	}
}

// tell appends a story's steps.
func (w *world) tell(steps []step) []evidence.Appended {
	w.t.Helper()
	var out []evidence.Appended
	for _, s := range steps {
		out = append(out, w.add(s.Entry)...)
	}
	return out
}

// appliedPack is the pack of the story, with other leaves around it.
func appliedPack(t testing.TB) (*world, []byte) {
	w := newWorld(t)
	w.tell(w.story("other"))
	for _, s := range w.story("c-1")[1:] { // the Compact is in force already
		w.add(s.Entry)
		w.add(evidence.Entry{Kind: evidence.TokenIssued, IDs: map[string]string{"token": "t1"}, Body: evidence.Body{For: "maria@example.test"}})
	}
	return w, w.export("c-1")
}
