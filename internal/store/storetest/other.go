package storetest

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sutor/internal/access"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/identity"
	"sutor/internal/record"
	"sutor/internal/workflow"
)

func noCompactAtFirst(t *testing.T, s Store) {
	view(t, s, func(tx workflow.Tx) error {
		if d, err := tx.InForce(); err != nil || d != "" {
			t.Errorf("in force %q, %v", d, err)
		}
		for _, d := range []record.Digest{"", digest("never"), "\x00"} {
			if _, err := tx.CompactText(d); errs.KindOf(err) != errs.NotFound {
				t.Errorf("text of %q: %v", d, err)
			}
		}
		return nil
	})
}

func everyCompactIsKept(t *testing.T, s Store) {
	a, b := []byte("compact: A\r\n# \x00\xff"), []byte("compact: B\n")
	for i, text := range [][]byte{a, b, a} { // A comes back
		do(t, s, func(tx workflow.Tx) error {
			return tx.PutInForce(record.DigestOf(text), text, noon.Add(time.Duration(i)*time.Hour))
		})
		view(t, s, func(tx workflow.Tx) error {
			if d, err := tx.InForce(); err != nil || d != record.DigestOf(text) {
				t.Errorf("after version %d in force is %s, %v", i, d, err)
			}
			return nil
		})
	}
	view(t, s, func(tx workflow.Tx) error {
		versions, err := tx.CompactVersions(2)
		want := []workflow.CompactVersion{{Digest: record.DigestOf(a), Since: noon.Add(2 * time.Hour)}, {Digest: record.DigestOf(b), Since: noon.Add(time.Hour)}}
		if err != nil || len(versions) != 2 || versions[0].Digest != want[0].Digest || !versions[0].Since.Equal(want[0].Since) || versions[1].Digest != want[1].Digest {
			t.Errorf("versions %v, want %v, %v", versions, want, err)
		}
		for _, text := range [][]byte{a, b} {
			if got, err := tx.CompactText(record.DigestOf(text)); err != nil || !bytes.Equal(got, text) {
				t.Errorf("text %q, want %q, %v", got, text, err)
			}
		}
		return nil
	})
}

// Several servers start with the same Compact at once: one of them records it.
func putInForceOnce(t *testing.T, s Store) {
	content := []byte("compact: A")
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := s.Do(t.Context(), func(tx workflow.Tx) error {
				if now, err := tx.InForce(); err != nil || now != "" {
					return err
				}
				if err := tx.PutInForce(record.DigestOf(content), content, noon); err != nil {
					return err
				}
				_, err := evidence.Log{}.Append(tx.Log(), entry())
				return err
			}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	view(t, s, func(tx workflow.Tx) error {
		n, err := tx.Log().Size()
		if n != 1 {
			t.Errorf("recorded %d times", n)
		}
		return err
	})
}

func foreignDigest(t *testing.T, s Store) {
	err := s.Do(t.Context(), func(tx workflow.Tx) error { return tx.PutInForce(digest("other"), []byte("compact: A"), noon) })
	if err == nil {
		t.Error("a text was put in force under another digest")
	}
	nothing(t, s)
}

func tokenRoundTrip(t *testing.T, s Store) {
	for _, want := range []identity.Token{
		{ID: "T1", Person: maria, Hash: sha256.Sum256([]byte("a")), Created: noon, Expires: noon.Add(time.Hour)},
		{ID: "T2", Person: olaf, Hash: sha256.Sum256([]byte("b")), Created: noon, Expires: noon.Add(time.Hour), Revoked: noon.Add(time.Minute)},
	} {
		do(t, s, func(tx workflow.Tx) error { return tx.AddToken(want) })
		got, err := s.Token(t.Context(), want.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}

func revokedTokens(t *testing.T, s Store) {
	later := noon.Add(time.Hour)
	for id, person := range map[identity.TokenID]access.Email{"T1": maria, "T2": maria, "T3": maria, "T4": olaf} {
		do(t, s, func(tx workflow.Tx) error {
			return tx.AddToken(identity.Token{ID: id, Person: person, Created: noon, Expires: later})
		})
	}
	for _, c := range []struct {
		id     identity.TokenID
		person access.Email
		want   []identity.TokenID
	}{
		{"T2", "", []identity.TokenID{"T2"}}, {"T2", "", nil}, {"", maria, []identity.TokenID{"T1", "T3"}}, {"", "", nil}, {"T9", "\x00", nil}, {"\xff", "nobody@example.test", nil},
	} {
		do(t, s, func(tx workflow.Tx) error {
			got, err := tx.RevokeTokens(c.id, c.person, noon)
			if diff := cmp.Diff(c.want, got); err == nil && diff != "" {
				t.Errorf("revoking %q %q (-want +got):\n%s", c.id, c.person, diff)
			}
			return err
		})
	}
	for id, want := range map[identity.TokenID]time.Time{"T1": noon, "T2": noon, "T4": {}} {
		if got, err := s.Token(t.Context(), id); err != nil || !got.Revoked.Equal(want) {
			t.Errorf("%s: %+v, %v", id, got, err)
		}
	}
}

func unknownToken(t *testing.T, s Store) {
	for _, id := range []identity.TokenID{"", "T9", "' OR 1=1 --", "\x00", "\xff"} {
		if _, err := s.Token(t.Context(), id); errs.KindOf(err) != errs.NotFound {
			t.Errorf("Token(%q): %v", id, err)
		}
	}
}

func sameTokenTwice(t *testing.T, s Store) {
	token := identity.Token{ID: "T1", Person: maria, Created: noon, Expires: noon}
	do(t, s, func(tx workflow.Tx) error { return tx.AddToken(token) })
	token.Person = olaf
	if err := s.Do(t.Context(), func(tx workflow.Tx) error { return tx.AddToken(token) }); err == nil {
		t.Error("a token was stored over another")
	}
	if got, err := s.Token(t.Context(), "T1"); err != nil || got.Person != maria {
		t.Errorf("the first one is lost: %+v, %v", got, err)
	}
}

func accountRoundTrip(t *testing.T, s Store) {
	for i, hash := range []string{"$argon2id$one", "$argon2id$two"} { // the second one takes the first one's place
		want := identity.Account{Email: maria, Hash: hash, Changed: noon.Add(time.Duration(i) * time.Hour)}
		if err := s.SaveAccount(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		got, err := s.Account(t.Context(), maria)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}

func unknownAccount(t *testing.T, s Store) {
	for _, email := range []access.Email{olaf, "", "\x00", "\xff"} {
		if _, err := s.Account(t.Context(), email); errs.KindOf(err) != errs.NotFound {
			t.Errorf("Account(%q): %v", email, err)
		}
	}
}

func logInView(t *testing.T, s Store) {
	do(t, s, func(tx workflow.Tx) error {
		_, err := evidence.Log{}.Append(tx.Log(), entry())
		return err
	})
	view(t, s, func(tx workflow.Tx) error {
		report, err := evidence.Fsck(tx.Log(), nil)
		if err == nil && (!report.OK() || report.Leaves != 1) {
			t.Errorf("fsck: %+v", report)
		}
		return err
	})
}

func sizeGrows(t *testing.T, s Store) {
	size := func() (n int64) {
		view(t, s, func(tx workflow.Tx) (err error) {
			n, err = tx.Size()
			return err
		})
		return n
	}
	before := size()
	content := []byte(strings.Repeat("compact: A # ", 1<<16))
	do(t, s, func(tx workflow.Tx) error { return tx.PutInForce(record.DigestOf(content), content, noon) })
	if after := size(); before <= 0 || after <= before {
		t.Errorf("%d bytes before, %d after", before, after)
	}
}
