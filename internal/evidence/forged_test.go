package evidence_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"sutor/internal/evidence"
)

// forger holds a pack's lines as texts, and makes a pack of them again with the
// log's own key: hashes, links, proofs and signature are right, whatever the texts
// say. What only the forms and rules can refuse is so put to both verifiers.
type forger struct {
	t       testing.TB
	members []evidence.RawMember
	leaves  []string
	salts   []string // base64, by leaf; "" without envelope
	bodies  []string
}

func newForger(t testing.TB, pack []byte) *forger {
	f := &forger{t: t, members: unpack(t, pack)}
	letters := bytes.Split(bytes.TrimSpace(f.member("envelopes.jsonl").Data), []byte("\n"))
	for line := range bytes.Lines(f.member("leaves.jsonl").Data) {
		var l struct{ Leaf json.RawMessage }
		var letter struct {
			Salt string
			Body json.RawMessage
		}
		err := json.Unmarshal(line, &l)
		if err == nil && bytes.Contains(l.Leaf, []byte(`"envelope":`)) {
			err = json.Unmarshal(letters[0], &letter)
			letters = letters[1:]
		}
		if err != nil {
			t.Fatal(err)
		}
		f.leaves, f.salts, f.bodies = append(f.leaves, string(l.Leaf)), append(f.salts, letter.Salt), append(f.bodies, string(letter.Body))
	}
	return f
}

func (f *forger) member(name string) *evidence.RawMember {
	for i := range f.members {
		if f.members[i].Name == name {
			return &f.members[i]
		}
	}
	f.t.Fatalf("no member %s", name)
	return nil
}

// setField gives a leaf's text with the 64 hex digits behind a name replaced.
func setField(leaf, name, hex string) string {
	before, after, found := strings.Cut(leaf, name)
	if !found || len(after) < 64 {
		return leaf
	}
	return before + name + hex + after[64:]
}

// pack makes the pack in which one text, if any, is bent: a leaf's or a body's.
func (f *forger) pack(at int, bendLeaf, bendBody func(string) string) []byte {
	f.t.Helper()
	var hashes []tlog.Hash
	tree := tlog.HashReaderFunc(func(indexes []int64) (out []tlog.Hash, err error) {
		for _, i := range indexes {
			out = append(out, hashes[i])
		}
		return out, nil
	})
	prev, texts := "", make([]string, len(f.leaves))
	var letters strings.Builder
	for i, leaf := range f.leaves {
		leaf = setField(leaf, `"prev":"`, prev)
		if f.salts[i] != "" {
			body := f.bodies[i]
			if i == at {
				body = bendBody(body)
			}
			salt, err := base64.StdEncoding.DecodeString(f.salts[i])
			f.must(err)
			digest := fmt.Sprintf("%x", sha256.Sum256([]byte("sutor envelope v1\n"+string(salt)+body)))
			leaf = setField(leaf, `"envelope":"sha256:`, digest)
			fmt.Fprintf(&letters, "{\"digest\":\"sha256:%s\",\"salt\":\"%s\",\"body\":%s}\n", digest, f.salts[i], body)
		}
		if i == at {
			leaf = bendLeaf(leaf)
		}
		stored, err := tlog.StoredHashes(int64(i), []byte(leaf), tree)
		f.must(err)
		hashes, texts[i] = append(hashes, stored...), leaf
		if strings.Contains(leaf, `"change":"`) {
			prev = fmt.Sprintf("%x", stored[0][:])
		}
	}
	f.member("envelopes.jsonl").Data = []byte(letters.String())
	f.sign(texts, tree)
	return repack(f.t, f.members, true)
}

// sign writes the leaves with their proofs, and the checkpoint over them.
func (f *forger) sign(texts []string, tree tlog.HashReader) {
	f.t.Helper()
	var lines strings.Builder
	for i, leaf := range texts {
		proof, err := tlog.ProveRecord(int64(len(texts)), int64(i), tree)
		f.must(err)
		text, err := json.Marshal(proof)
		f.must(err)
		fmt.Fprintf(&lines, "{\"index\":%d,\"proof\":%s,\"leaf\":%s}\n", i, text, leaf)
	}
	root, err := tlog.TreeHash(int64(len(texts)), tree)
	f.must(err)
	key, err := evidence.ParseKey(testSecret)
	f.must(err)
	f.member("leaves.jsonl").Data = []byte(lines.String())
	f.member("checkpoint").Data, err = key.Sign(evidence.Checkpoint{Origin: key.Name(), Size: int64(len(texts)), Root: root})
	f.must(err)
}

func (f *forger) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// fragments are put into texts where the two readers of JSON could differ: other
// spellings of the same, forms that one library takes, words that rules ask about.
var fragments = []string{"", " ", "\t", ",", "0", "-0", "1", "1.0", "1e0", "-1", "9007199254740992", "9223372036854775808", "null", "true", `""`, "{}", "[]",
	`\u0041`, `\u00E9`, `\u2028`, "\u2028", "\u0085", `\ud800`, `\/`, `\b`, "\\u0008", "\x7f", "\xff", "\xc3", "\ufeff", "\ufffd", "é", `"x":1,`, `"seq":0,`, `"from":"",`, `"ids":{},`,
	`"v":1,`, `"V":1,`, `"who":"maria@example.test",`, "MARIA", "planned", "approved", "submitted", "applying", "owner", "manager", "session", "erased", "refused",
	"decision.rejected", "2026-02-29T09:00:00.000Z", "needs.owner", "@", "__proto__", "constructor"}

// bent draws one edit of a text: a kind of leaf, or a fragment put in, or in the place of some bytes
// or of a whole word.
func bent(r *rapid.T, text string) string {
	from := rapid.IntRange(0, len(text)-1).Draw(r, "from")
	length := rapid.IntRange(0, 2).Draw(r, "length")
	if rapid.Bool().Draw(r, "word") {
		from += strings.IndexAny(text[from:]+`"`, `":,{}`)
		from = min(from+1, len(text))
		length = strings.IndexAny(text[from:]+`"`, `":,{}`)
	}
	fragment := rapid.SampledFrom(fragments).Draw(r, "fragment")
	if rapid.IntRange(0, 9).Draw(r, "kind") == 0 {
		fragment = string(rapid.SampledFrom(evidence.Kinds()).Draw(r, "kind"))
	}
	return text[:from] + fragment + text[min(len(text), from+length):]
}

// Law: two readers of docs/evidence-format.md agree on every log, also one whose
// owner signs what no server writes. (verify compares them.)
func TestVerifiersAgreeOnForgedLogs(t *testing.T) {
	t.Parallel()
	_, pack := appliedPack(t)
	same := func(text string) string { return text }
	if _, err := verify(t, newForger(t, pack).pack(-1, same, same), testVerifier); err != nil {
		t.Fatalf("the forger's pack, nothing bent: %v", err)
	}
	proved := 0
	rapid.Check(t, func(r *rapid.T) {
		f := newForger(t, pack)
		at := rapid.IntRange(0, len(f.leaves)-1).Draw(r, "leaf")
		bend := func(text string) string { return bent(r, text) }
		bendLeaf, bendBody := bend, same
		if f.salts[at] != "" && rapid.Bool().Draw(r, "body") {
			bendLeaf, bendBody = same, bend
		}
		if _, err := verify(t, f.pack(at, bendLeaf, bendBody), ""); err == nil {
			proved++ // another comment proves as well: the log's owner may write what they like
		}
	})
	t.Logf("%d of the bent packs prove something", proved)
}

// The key that a pack claims has one spelling, too: else somebody could change a
// pack that still verifies without a key.
func TestKeySpelledOtherwise(t *testing.T) {
	t.Parallel()
	_, pack := appliedPack(t)
	for _, key := range []string{
		strings.Replace(testVerifier, "7180a716", "7180A716", 1),
		testVerifier[:40] + `\n` + testVerifier[40:],
		testVerifier + "=",
		" " + testVerifier,
	} {
		members := unpack(t, pack)
		members[0].Data = bytes.Replace(members[0].Data, []byte(testVerifier), []byte(key), 1)
		if _, err := verify(t, repack(t, members, false), ""); err == nil {
			t.Errorf("a pack that claims the key %q verifies", key)
		}
	}
}

// A kind that is added here must be added there, and in the document.
func TestVerifiersKnowTheSameKinds(t *testing.T) {
	t.Parallel()
	for path, form := range map[string]string{"../../test/verify-js/leaf.mjs": "%q: {", "../../docs/evidence-format.md": "`%s`"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range evidence.Kinds() {
			if !strings.Contains(string(text), fmt.Sprintf(form, kind)) {
				t.Errorf("%s does not know leaves of the kind %s", path, kind)
			}
		}
	}
}
