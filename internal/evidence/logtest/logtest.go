// Package logtest is the conformance suite of evidence.Store: a store passes it
// with a test of a few lines, and is then fit to hold the log.
package logtest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"sutor/internal/evidence"
	"sutor/internal/record"
)

// Update runs fn in one transaction of a store: committed if it returns nil,
// rolled back if not.
type Update func(fn func(evidence.Store) error) error

// Opener makes an empty store for one test.
type Opener func(t *testing.T) Update

// Run runs the suite.
func Run(t *testing.T, open Opener) {
	tests := []struct {
		name string
		test func(*testing.T, Update)
	}{
		{"an empty log has no leaves and no tails", testEmpty},
		{"leaves come back by index, in chunks and at the end", testLeaves},
		{"stored hashes prove every leaf under the root", testProofs},
		{"a subject finds its leaves only, and its last", testSubjects},
		{"a transaction reads what it has appended itself", testOwnReads},
		{"what is rolled back was never there", testRollback},
		{"a leaf at a wrong index is refused", testWrongIndex},
		{"envelopes come back byte for byte until erased", testEnvelopes},
		{"an erased envelope is gone and the log is whole", testErase},
		{"checkpoints come back by size; the last of a size stays", testCheckpoints},
		{"a long log passes fsck", testFsck},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.test(t, open(t))
		})
	}
}

// do runs fn in a transaction that must succeed.
func do(t *testing.T, update Update, fn func(evidence.Store) error) {
	t.Helper()
	if err := update(fn); err != nil {
		t.Fatal(err)
	}
}

// change gives the entry of a new change's first leaf.
func change(id string, n int) evidence.Entry {
	return evidence.Entry{
		Kind: evidence.ChangeProposed, Change: evidence.ChangeID(id), To: "planning",
		At:   time.Date(2026, 3, 1, 9, 0, n, 0, time.UTC),
		Body: evidence.Body{Who: "maria@example.test", Title: fmt.Sprintf("Change %d — \"terms\"\n<b>", n)},
	}
}

// refusal gives the entry of a leaf without envelope in a change.
func refusal(id string) evidence.Entry {
	return evidence.Entry{Kind: evidence.Refused, Change: evidence.ChangeID(id), At: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)}
}

func appendAll(t *testing.T, update Update, entries ...evidence.Entry) []evidence.Appended {
	t.Helper()
	var out []evidence.Appended
	for _, e := range entries {
		do(t, update, func(s evidence.Store) error {
			a, err := evidence.Log{}.Append(s, e)
			out = append(out, a)
			return err
		})
	}
	return out
}

func testEmpty(t *testing.T, update Update) {
	do(t, update, func(s evidence.Store) error {
		size, err := s.Size()
		if err != nil || size != 0 {
			t.Errorf("Size = %d, %v", size, err)
		}
		tail, err := s.Tail("change:x")
		if err != nil || tail != nil {
			t.Errorf("Tail = %q, %v; want nil", tail, err)
		}
		leaves, err := s.Leaves(0, 10)
		if err != nil || len(leaves) != 0 {
			t.Errorf("Leaves = %d, %v", len(leaves), err)
		}
		e, err := s.Envelope(record.DigestOf(nil))
		if err != nil || e != nil {
			t.Errorf("Envelope = %v, %v; want nil", e, err)
		}
		return nil
	})
}

func testLeaves(t *testing.T, update Update) {
	var want [][]byte
	for i := range 7 {
		a := appendAll(t, update, change(fmt.Sprintf("c%d", i), i))
		text, err := a[0].Leaf.Encode()
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, text)
	}
	do(t, update, func(s evidence.Store) error {
		for from := range int64(8) {
			for _, max := range []int{1, 3, 100} {
				got, err := s.Leaves(from, max)
				if err != nil {
					return err
				}
				if n := min(int64(max), 7-from); int64(len(got)) != n {
					t.Fatalf("Leaves(%d, %d) gave %d, want %d", from, max, len(got), n)
				}
				for i := range got {
					if !bytes.Equal(got[i], want[from+int64(i)]) {
						t.Errorf("leaf %d is %s, want %s", from+int64(i), got[i], want[from+int64(i)])
					}
				}
			}
		}
		return nil
	})
}

func testProofs(t *testing.T, update Update) {
	var all []evidence.Appended
	for i := range 21 {
		all = append(all, appendAll(t, update, change(fmt.Sprintf("c%d", i), i))...)
	}
	do(t, update, func(s evidence.Store) error {
		root, err := tlog.TreeHash(21, s)
		if err != nil {
			return err
		}
		for _, a := range all {
			proof, err := tlog.ProveRecord(21, a.Index, s)
			if err != nil {
				return err
			}
			if err := tlog.CheckRecord(proof, 21, root, a.Index, a.Hash); err != nil {
				t.Errorf("leaf %d: %v", a.Index, err)
			}
		}
		// Hashes come in the order asked for.
		up, err := s.ReadHashes([]int64{0, 1, 5})
		if err != nil {
			return err
		}
		down, err := s.ReadHashes([]int64{5, 1, 0})
		if err != nil {
			return err
		}
		if up[0] != down[2] || up[1] != down[1] || up[2] != down[0] {
			t.Error("ReadHashes does not keep the order of its indexes")
		}
		return nil
	})
}

func testSubjects(t *testing.T, update Update) {
	all := appendAll(t, update, change("a", 1), change("A", 2), refusal("a"), refusal("A"), refusal("a"))
	do(t, update, func(s evidence.Store) error {
		chain, err := s.Chain(evidence.SubjectOf("a"))
		if err != nil {
			return err
		}
		if fmt.Sprint(chain) != "[0 2 4]" {
			t.Errorf("Chain(a) = %v, want [0 2 4]", chain)
		}
		tail, err := s.Tail(evidence.SubjectOf("A"))
		if err != nil {
			return err
		}
		if evidence.HashLeaf(tail) != all[3].Hash {
			t.Errorf("Tail(A) = %s", tail)
		}
		return nil
	})
	if all[4].Leaf.Seq != 3 || all[3].Leaf.Seq != 2 {
		t.Errorf("seq = %d and %d, want 3 and 2", all[4].Leaf.Seq, all[3].Leaf.Seq)
	}
}

func testOwnReads(t *testing.T, update Update) {
	do(t, update, func(s evidence.Store) error {
		for i, e := range []evidence.Entry{change("a", 1), refusal("a"), refusal("a")} {
			a, err := evidence.Log{}.Append(s, e)
			if err != nil {
				return err
			}
			if a.Index != int64(i) || a.Leaf.Seq != int64(i+1) {
				t.Errorf("leaf %d is at %d with seq %d", i, a.Index, a.Leaf.Seq)
			}
		}
		return nil
	})
}

func testRollback(t *testing.T, update Update) {
	first := appendAll(t, update, change("a", 1))
	stop := errors.New("stop")
	err := update(func(s evidence.Store) error {
		if _, err := (evidence.Log{}).Append(s, refusal("a")); err != nil {
			return err
		}
		if _, err := s.Erase(first[0].Leaf.Envelope); err != nil {
			return err
		}
		if err := s.SaveCheckpoint(2, []byte("x")); err != nil {
			return err
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Fatalf("update gave %v", err)
	}
	do(t, update, func(s evidence.Store) error {
		size, err := s.Size()
		if err != nil || size != 1 {
			t.Errorf("Size = %d, %v; want 1", size, err)
		}
		e, err := s.Envelope(first[0].Leaf.Envelope)
		if err != nil || e == nil {
			t.Errorf("the envelope is gone: %v", err)
		}
		saved, err := s.Checkpoints(0, 10)
		if err != nil || len(saved) != 0 {
			t.Errorf("Checkpoints = %v, %v", saved, err)
		}
		chain, err := s.Chain(evidence.SubjectOf("a"))
		if err != nil || len(chain) != 1 {
			t.Errorf("Chain = %v, %v", chain, err)
		}
		return nil
	})
	if again := appendAll(t, update, refusal("a")); again[0].Index != 1 {
		t.Errorf("the next leaf is at %d, want 1", again[0].Index)
	}
}

func testWrongIndex(t *testing.T, update Update) {
	appendAll(t, update, change("a", 1), change("b", 2))
	for _, index := range []int64{0, 1, 3} {
		err := update(func(s evidence.Store) error {
			return s.Append(evidence.Record{Index: index, Leaf: []byte("{}"), HashIndex: tlog.StoredHashIndex(0, index),
				Hashes: []tlog.Hash{evidence.HashLeaf([]byte("{}"))}})
		})
		if err == nil {
			t.Errorf("a leaf at %d was taken where 2 is next", index)
		}
	}
}

func testEnvelopes(t *testing.T, update Update) {
	a := appendAll(t, update, change("a", 1))
	do(t, update, func(s evidence.Store) error {
		e, err := s.Envelope(a[0].Leaf.Envelope)
		if err != nil || e == nil {
			t.Fatalf("Envelope = %v, %v", e, err)
		}
		if e.Digest() != a[0].Leaf.Envelope || len(e.Salt) != evidence.SaltSize {
			t.Error("the envelope is not the one that was sealed")
		}
		return nil
	})
}

func testErase(t *testing.T, update Update) {
	a := appendAll(t, update, change("a", 1), refusal("a"))
	digest := a[0].Leaf.Envelope
	do(t, update, func(s evidence.Store) error {
		_, err := evidence.Log{}.Erase(s, evidence.Entry{Change: "a", At: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC),
			Digests: map[string]record.Digest{"envelope": digest}})
		return err
	})
	do(t, update, func(s evidence.Store) error {
		e, err := s.Envelope(digest)
		if err != nil || e != nil {
			t.Errorf("Envelope = %v, %v; want nil", e, err)
		}
		there, err := s.Erase(digest)
		if err != nil || there {
			t.Errorf("Erase again = %v, %v; want false", there, err)
		}
		report, err := evidence.Fsck(s, nil)
		if err != nil || !report.OK() || report.Erased != 1 {
			t.Errorf("fsck: %+v, %v", report, err)
		}
		return nil
	})
}

func testCheckpoints(t *testing.T, update Update) {
	do(t, update, func(s evidence.Store) error {
		for _, size := range []int64{5, 1, 3} {
			if err := s.SaveCheckpoint(size, fmt.Appendf(nil, "%d", size)); err != nil {
				return err
			}
		}
		return s.SaveCheckpoint(3, []byte("three"))
	})
	do(t, update, func(s evidence.Store) error {
		all, err := s.Checkpoints(0, 10)
		if err != nil {
			return err
		}
		var got []string
		for _, c := range all {
			got = append(got, fmt.Sprintf("%d=%s", c.Size, c.Note))
		}
		if want := []string{"1=1", "3=three", "5=5"}; !slices.Equal(got, want) {
			t.Errorf("Checkpoints = %v, want %v", got, want)
		}
		some, err := s.Checkpoints(2, 1)
		if err != nil {
			return err
		}
		if len(some) != 1 || some[0].Size != 3 {
			t.Errorf("Checkpoints(2, 1) gave %d, want the one of size 3", len(some))
		}
		return nil
	})
}

func testFsck(t *testing.T, update Update) {
	secret, _, err := note.GenerateKey(nil, "sutor/test")
	if err != nil {
		t.Fatal(err)
	}
	key, err := evidence.ParseKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	for block := range 3 { // more than one chunk of fsck in all
		do(t, update, func(s evidence.Store) error {
			for i := range 400 {
				e := refusal(fmt.Sprintf("c%d", i%7))
				if block == 0 && i < 7 {
					e = change(fmt.Sprintf("c%d", i), i)
				}
				if _, err := (evidence.Log{}).Append(s, e); err != nil {
					return err
				}
			}
			_, err := evidence.Log{}.Checkpoint(s, key)
			return err
		})
	}
	do(t, update, func(s evidence.Store) error {
		report, err := evidence.Fsck(s, []string{key.Verifier()})
		if err != nil {
			return err
		}
		if !report.OK() || report.Leaves != 1200 || report.Changes != 7 || report.Envelopes != 7 || report.Checkpoints != 3 {
			t.Errorf("fsck: %+v", report)
		}
		return nil
	})
}
