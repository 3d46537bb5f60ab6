package evidence_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/evidence/logtest"
	"sutor/internal/record"
)

func TestMemIsAStore(t *testing.T) {
	t.Parallel()
	logtest.Run(t, func(*testing.T) logtest.Update { return new(evidence.Mem).Update })
}

func TestCheckpointForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.tell(w.story("c-1"))
	var signed []byte
	w.update(func(s evidence.Store) (err error) {
		signed, err = w.log.Checkpoint(s, w.key)
		return err
	})
	c, err := evidence.OpenCheckpoint(signed, testVerifier)
	if err != nil {
		t.Fatal(err)
	}
	if c.Origin != "sutor/example-trading" || c.Size != 9 || !strings.HasPrefix(string(signed), "sutor/example-trading\n9\n"+c.Root.String()+"\n\n— sutor/example-trading ") {
		t.Errorf("checkpoint %q", signed)
	}
	key, err := evidence.ParseKey(otherSecret)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := key.Sign(c) // a right signature of another log over this log's origin
	if err != nil {
		t.Fatal(err)
	}
	extended, err := note.NewSigner(testSecret)
	if err != nil {
		t.Fatal(err)
	}
	extra, err := note.Sign(&note.Note{Text: c.Text() + "extension\n"}, extended)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"another key":      foreign,
		"an extension":     extra,
		"two signatures":   append(bytes.Clone(signed), foreign[bytes.Index(foreign, []byte("— ")):]...),
		"a line doubled":   append(bytes.Clone(signed), signed[bytes.Index(signed, []byte("— ")):]...),
		"another size":     bytes.Replace(signed, []byte("\n9\n"), []byte("\n8\n"), 1),
		"a size with zero": bytes.Replace(signed, []byte("\n9\n"), []byte("\n09\n"), 1),
		"nothing":          nil,
		"padding bits":     looseBase64(signed),
	} {
		if _, err := evidence.OpenCheckpoint(bad, testVerifier); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := evidence.OpenCheckpoint(foreign, key.Verifier()); err == nil {
		t.Error("a key signs for another origin")
	}
}

// looseBase64 changes the last base64 digit of the signature in bits that do not
// count: it decodes to the same bytes.
func looseBase64(signed []byte) []byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	bad := bytes.Clone(signed)
	last := bytes.LastIndexByte(bad, '=') - 1 // 68 bytes end in one "="
	bad[last] = alphabet[strings.IndexByte(alphabet, bad[last])^1]
	return bad
}

func TestKeyFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log.key")
	keys := make([]*evidence.Key, 8)
	var wg sync.WaitGroup
	for i := range keys { // several servers start at once: one key
		wg.Go(func() {
			k, err := evidence.OpenKey(path, evidence.LogName("Ünser Example Trading, Ltd."))
			if err != nil {
				t.Error(err)
			}
			keys[i] = k
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	for _, k := range keys {
		if k.Verifier() != keys[0].Verifier() || k.Name() != "sutor/nser-example-trading-ltd" {
			t.Errorf("keys %s and %s", k.Verifier(), keys[0].Verifier())
		}
	}
	if k, err := evidence.OpenKey(path, "sutor/renamed"); err != nil || k.Verifier() != keys[0].Verifier() {
		t.Errorf("the key did not stay: %v", err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("left in the folder: %v, %v", entries, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := evidence.OpenKey(path, "x"); errs.KindOf(err) != errs.Invalid {
		t.Errorf("a key that all can read: %v", err)
	}
	if err := os.WriteFile(path, []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := evidence.OpenKey(path, "x"); errs.KindOf(err) != errs.Invalid || strings.Contains(err.Error(), "junk") {
		t.Errorf("junk for a key: %v", err)
	}
	if _, err := evidence.OpenKey(filepath.Join(path, "no", "folder"), "x"); err == nil {
		t.Error("a key in no folder")
	}
	if name := evidence.LogName("日本"); name != "sutor/log" {
		t.Errorf("LogName = %s", name)
	}
}

// brokenStore shows a store whose content somebody changed behind its back.
type brokenStore struct {
	evidence.Store
	leaf     func(int64, []byte) []byte
	hash     func(int64, tlog.Hash) tlog.Hash
	envelope func(*evidence.Envelope) *evidence.Envelope
	size     func(int64) int64
}

func (b brokenStore) Leaves(from int64, max int) ([][]byte, error) {
	all, err := b.Store.Leaves(from, max)
	out := make([][]byte, len(all))
	for i := range all {
		out[i] = all[i]
		if b.leaf != nil {
			out[i] = b.leaf(from+int64(i), all[i])
		}
	}
	return out, err
}

func (b brokenStore) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	all, err := b.Store.ReadHashes(indexes)
	for i := range all {
		if b.hash != nil {
			all[i] = b.hash(indexes[i], all[i])
		}
	}
	return all, err
}

func (b brokenStore) Envelope(d record.Digest) (*evidence.Envelope, error) {
	e, err := b.Store.Envelope(d)
	if b.envelope != nil && e != nil {
		e = b.envelope(e)
	}
	return e, err
}

func (b brokenStore) Size() (int64, error) {
	n, err := b.Store.Size()
	if b.size != nil {
		n = b.size(n)
	}
	return n, err
}

func TestFsckFindsWhatWasChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.tell(w.story("a"))
	w.export("a")
	w.tell(w.story("b"))
	var anchor []byte
	w.update(func(s evidence.Store) (err error) {
		anchor, err = w.log.Checkpoint(s, w.key)
		return err
	})
	tests := []struct {
		name    string
		broken  brokenStore
		keys    []string
		anchors [][]byte
		want    []string // one sentence must hold each
	}{
		{name: "nothing", anchors: [][]byte{anchor}},
		{name: "a leaf's content", broken: brokenStore{leaf: func(i int64, l []byte) []byte {
			if i == 3 {
				return bytes.Replace(l, []byte("needs.owner\":1"), []byte("needs.owner\":0"), 1)
			}
			return l
		}}, want: []string{"The stored hashes of leaf 3", "Leaf 4 does not follow number 3 of change a", "The checkpoint of size 10 has another root"}},
		{name: "a leaf's spelling", broken: brokenStore{leaf: func(i int64, l []byte) []byte {
			if i == 3 {
				return append(l[:len(l):len(l)], ' ')
			}
			return l
		}}, want: []string{"Leaf 3: it is not written in the one canonical way"}},
		{name: "an inner hash", broken: brokenStore{hash: func(i int64, h tlog.Hash) tlog.Hash {
			if i == 2 {
				h[0] ^= 1
			}
			return h
		}}, want: []string{"The stored hashes of leaf 1"}},
		{name: "an envelope", broken: brokenStore{envelope: func(e *evidence.Envelope) *evidence.Envelope {
			return &evidence.Envelope{Salt: e.Salt, Body: bytes.Replace(e.Body, []byte("olaf@"), []byte("otto@"), 1)}
		}}, want: []string{"The envelope of leaf 6 was changed", "The envelope of leaf 7 was changed"}},
		{name: "an envelope lost", broken: brokenStore{envelope: func(e *evidence.Envelope) *evidence.Envelope {
			if bytes.Contains(e.Body, []byte("mona")) {
				return nil
			}
			return e
		}}, want: []string{"The envelope of leaf 5 is missing, and no leaf records its erasure"}},
		{name: "leaves at the end", broken: brokenStore{size: func(n int64) int64 { return n - 1 }},
			want: []string{"a checkpoint was saved at 19: leaves at the end are missing"}},
		{name: "leaves at the end, anchored", broken: brokenStore{size: func(n int64) int64 { return n - 2 }}, anchors: [][]byte{anchor},
			want: []string{"an anchor was signed at 19: leaves at the end are missing"}},
		{name: "all leaves", broken: brokenStore{size: func(int64) int64 { return 0 }}, want: []string{"leaves at the end are missing"}},
		{name: "a key unknown", keys: []string{}, want: []string{"is not one signed by a key of this log"}},
		{name: "an anchor of nobody", anchors: [][]byte{[]byte("x")}, want: []string{"Anchor 1 is not a checkpoint"}},
		{name: "more promised than there", broken: brokenStore{size: func(n int64) int64 { return n + 1 }}, want: []string{"leaf 19 is not there"}},
	}
	for _, tt := range tests {
		w.update(func(s evidence.Store) error {
			tt.broken.Store = s
			keys := tt.keys
			if keys == nil {
				keys = []string{testVerifier}
			}
			report, err := evidence.Fsck(tt.broken, keys, tt.anchors...)
			if err != nil {
				return err
			}
			if report.OK() != (len(tt.want) == 0) {
				t.Errorf("%s: OK is %v: %s", tt.name, report.OK(), report.Text())
			}
			for _, want := range tt.want {
				if !strings.Contains(report.Text(), want) {
					t.Errorf("%s: %q is not in:\n%s", tt.name, want, report.Text())
				}
			}
			return nil
		})
	}
}

// A salt is never used twice, and the same step twice gives two digests.
func TestSaltHides(t *testing.T) {
	t.Parallel()
	var mem evidence.Mem
	seen := map[record.Digest]bool{}
	for range 50 {
		err := mem.Update(func(s evidence.Store) error {
			a, err := evidence.Log{}.Append(s, evidence.Entry{Kind: evidence.Refused, Body: evidence.Body{Who: "maria@example.test"}})
			seen[a.Leaf.Envelope] = true
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) != 50 {
		t.Errorf("%d digests for 50 envelopes", len(seen))
	}
}
