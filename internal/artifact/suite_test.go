package artifact

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"sutor/internal/artifact/s3test"
	"sutor/internal/errs"
	"sutor/internal/record"
)

// store is what the use cases and the server ask of artefacts, wherever they are kept.
type store interface {
	Put(context.Context, io.Reader) (record.Digest, int64, error)
	Has(context.Context, record.Digest) (bool, error)
	Open(context.Context, record.Digest) (io.ReadCloser, error)
	Local(context.Context, record.Digest) (string, func(), error)
	Remove(context.Context, record.Digest, time.Duration) (bool, error)
	Verify(context.Context, record.Digest) error
	Check(context.Context) error
	Size(context.Context) (int64, error)
	Close() error
}

// kept is a fresh place of artefacts, with what the suite must reach behind it.
type kept struct {
	store
	another func() store                 // of the same place, as another server has it
	file    func(d record.Digest) string // where its content is
	below   string                       // the folder with all content
}

func TestFolder(t *testing.T) {
	t.Parallel()
	suite(t, func(t *testing.T) kept {
		f := folder(t)
		return kept{f, func() store {
			other, err := Open(f.dir, 0)
			must(t, err)
			return other
		}, f.path, f.dir}
	})
}

func TestBucket(t *testing.T) {
	t.Setenv("AWS_REGION", "")
	for _, v := range s3test.Environment() {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	server := s3test.Start(t)
	suite(t, func(t *testing.T) kept {
		b := bucketOf(t, server)
		return kept{open(t, b, 0, 0), func() store { return open(t, b, 0, 0) },
			func(d record.Digest) string { return filepath.Join(b.Dir, "sutor", filepath.FromSlash(key(d))) }, filepath.Join(b.Dir, "sutor")}
	})
	bucketSuite(t, server)
}

// suite is what every place of artefacts must do.
func suite(t *testing.T, fresh func(*testing.T) kept) {
	for _, c := range []struct {
		name string
		test func(*testing.T, kept)
	}{
		{"what goes in comes out", comesOut},
		{"the same content is kept once", keptOnce},
		{"large content", large},
		{"another server sees what is stored and removed", shared},
		{"unknown and hostile digests", unknown},
		{"altered content is told", altered},
		{"truncated content is told", truncated},
		{"lost content is told", lost},
		{"stored again, damaged content is whole", mended},
		{"a source that breaks off leaves nothing", brokenSource},
		{"a cancelled context leaves nothing", cancelled},
		{"what is young is not removed", young},
		{"removed while it is stored", removedMeanwhile},
		{"read by many at once", readByMany},
		{"a check leaves nothing", checked},
		{"its size is that of what is there", sizes},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, fresh(t)) })
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(errs.Detail(err))
	}
}

// store stores a text.
func (k kept) text(t *testing.T, content string) record.Digest {
	t.Helper()
	d, n, err := k.Put(t.Context(), strings.NewReader(content))
	must(t, err)
	if n != int64(len(content)) || d != record.DigestOf([]byte(content)) {
		t.Fatalf("Put gave %s of %d bytes", d, n)
	}
	return d
}

// reads wants a store to give a content, as a stream and as a file.
func reads(t *testing.T, s store, d record.Digest, want []byte) {
	t.Helper()
	r, err := s.Open(t.Context(), d)
	must(t, err)
	got, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("read %d bytes of %d, %v", len(got), len(want), err)
	}
	path, release, err := s.Local(t.Context(), d)
	must(t, err)
	defer release()
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("the local file has %d bytes of %d, %v", len(got), len(want), err)
	}
}

// has wants two servers of a place to tell whether an artefact is there, and the one
// that never read it to have no copy of it afterwards.
func (k kept) has(t *testing.T, d record.Digest, want bool) {
	t.Helper()
	other := k.another()
	for _, s := range []store{k, other} {
		if got, err := s.Has(t.Context(), d); got != want || err != nil {
			t.Errorf("Has(%q): %t, %v; want %t", d, got, err, want)
		}
	}
	if b, bucket := other.(*Bucket); bucket && len(copies(t, b)) != 0 {
		t.Errorf("it was fetched: %q", copies(t, b))
	}
}

// left lists the files of the place.
func (k kept) left(t *testing.T) (names []string) {
	t.Helper()
	must(t, filepath.WalkDir(k.below, func(path string, e os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err == nil && !e.IsDir() {
			names = append(names, strings.TrimPrefix(path, k.below+"/"))
		}
		return err
	}))
	return names
}

func comesOut(t *testing.T, k kept) {
	rapid.Check(t, func(rt *rapid.T) {
		content := rapid.SliceOfN(rapid.Byte(), 0, 2000).Draw(rt, "content")
		// A reader of single bytes: chunking must not matter.
		d, _, err := k.Put(t.Context(), iotest.OneByteReader(bytes.NewReader(content)))
		must(t, err)
		reads(t, k, d, content)
		must(t, k.Verify(t.Context(), d))
	})
}

func keptOnce(t *testing.T, k kept) {
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, _, err := k.Put(t.Context(), strings.NewReader("same")); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := k.left(t); !slices.Equal(got, []string{"sha256/" + record.DigestOf([]byte("same")).Hex()[:2] + "/" + record.DigestOf([]byte("same")).Hex()[2:]}) {
		t.Errorf("kept: %q", got)
	}
}

// large is content of several parts of an upload, and no whole number of them.
func large(t *testing.T, k kept) {
	content := make([]byte, 2*part+part/2+1)
	random := rand.NewChaCha8([32]byte{})
	_, _ = random.Read(content) // never fails
	d, n, err := k.Put(t.Context(), io.MultiReader(bytes.NewReader(content)))
	must(t, err)
	if n != int64(len(content)) || d != record.DigestOf(content) {
		t.Fatalf("%d bytes as %s", n, d)
	}
	reads(t, k, d, content)
	reads(t, k.another(), d, content)
}

func shared(t *testing.T, k kept) {
	d, other := k.text(t, "of one server"), k.another()
	k.has(t, d, true)
	reads(t, other, d, []byte("of one server"))
	if removed, err := k.Remove(t.Context(), d, -time.Hour); !removed || err != nil {
		t.Fatal(removed, err)
	}
	k.has(t, d, false)
	for _, s := range []store{k, other} {
		if _, _, err := s.Local(t.Context(), d); errs.KindOf(err) != errs.NotFound {
			t.Errorf("after it was removed: %v", err)
		}
		if removed, err := s.Remove(t.Context(), d, -time.Hour); removed || err != nil {
			t.Errorf("removed once more: %t, %v", removed, err)
		}
	}
	if got := k.left(t); len(got) != 0 {
		t.Errorf("left: %q", got)
	}
}

func unknown(t *testing.T, k kept) {
	for _, d := range []record.Digest{record.DigestOf([]byte("never stored")), "", "sha256:", "sha256:../../../../etc/passwd", "x",
		record.Digest("sha256:" + strings.Repeat("A", 64))} {
		k.has(t, d, false)
		if _, err := k.Open(t.Context(), d); errs.KindOf(err) != errs.NotFound {
			t.Errorf("Open(%q): %v", d, err)
		}
		if _, _, err := k.Local(t.Context(), d); errs.KindOf(err) != errs.NotFound {
			t.Errorf("Local(%q): %v", d, err)
		}
		if err := k.Verify(t.Context(), d); errs.KindOf(err) != errs.NotFound {
			t.Errorf("Verify(%q): %v", d, err)
		}
		if removed, err := k.Remove(t.Context(), d, 0); removed || err != nil && errs.KindOf(err) != errs.NotFound {
			t.Errorf("Remove(%q): %t, %v", d, removed, err)
		}
	}
}

// damage puts other content behind a store's back, or none.
func (k kept) damage(t *testing.T, d record.Digest, content string) {
	t.Helper()
	path := k.file(d)
	must(t, os.Chmod(path, 0o600))
	must(t, os.WriteFile(path, []byte(content), 0o600))
}

// told wants damage to be told by who looks for it, and by a server without a copy
// before anything is read of it.
func told(t *testing.T, k kept, d record.Digest) {
	t.Helper()
	if err := k.Verify(t.Context(), d); errs.KindOf(err) != errs.Internal || !strings.Contains(err.Error(), "damaged") || errs.Public(err).Mend == "" {
		t.Errorf("Verify: %v", err)
	}
	other := k.another()
	if _, local := other.(*Folder); local {
		return // does not check content while reading
	}
	if _, _, err := other.Local(t.Context(), d); errs.KindOf(err) != errs.Internal || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("Local: %v", err)
	}
	if _, err := other.Open(t.Context(), d); errs.KindOf(err) != errs.Internal || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("Open: %v", err)
	}
}

func altered(t *testing.T, k kept) {
	d := k.text(t, "approved rows")
	k.damage(t, d, "Approved rows")
	told(t, k, d)
}

func truncated(t *testing.T, k kept) {
	d := k.text(t, "approved rows")
	k.damage(t, d, "approved")
	told(t, k, d)
	k.damage(t, d, "")
	told(t, k, d)
}

func lost(t *testing.T, k kept) {
	d := k.text(t, "approved rows")
	must(t, os.Remove(k.file(d)))
	k.has(t, d, false)
	for _, s := range []store{k, k.another()} {
		if _, err := s.Open(t.Context(), d); errs.KindOf(err) != errs.NotFound {
			t.Errorf("Open: %v", err)
		}
		if err := s.Verify(t.Context(), d); errs.KindOf(err) != errs.NotFound {
			t.Errorf("Verify: %v", err)
		}
	}
}

func mended(t *testing.T, k kept) {
	for _, damage := range []string{"cut", "Approved rows"} {
		d := k.text(t, "approved rows")
		k.damage(t, d, damage)
		k.text(t, "approved rows")
		must(t, k.Verify(t.Context(), d))
		reads(t, k.another(), d, []byte("approved rows"))
	}
}

func brokenSource(t *testing.T, k kept) {
	hangUp := errs.New(errs.Usage, "The upload broke off.")
	_, _, err := k.Put(t.Context(), io.MultiReader(strings.NewReader("half"), iotest.ErrReader(hangUp)))
	if !errors.Is(err, hangUp) || errs.KindOf(err) != errs.Usage {
		t.Errorf("the source's own error was lost: %v", err)
	}
	if got := k.left(t); len(got) != 0 {
		t.Errorf("left: %q", got)
	}
}

func cancelled(t *testing.T, k kept) {
	d := k.text(t, "kept")
	ctx, cancel := context.WithCancel(t.Context())
	// The context ends while the source is read, and has ended before anything else.
	_, _, err := k.Put(ctx, io.MultiReader(strings.NewReader("half"), ends(cancel), strings.NewReader("half")))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Put: %v", err)
	}
	if err := k.Verify(ctx, d); !errors.Is(err, context.Canceled) {
		t.Errorf("Verify: %v", err)
	}
	if got := k.left(t); len(got) != 1 {
		t.Errorf("left: %q", got)
	}
}

// ends is an empty reader that does something when it is read.
type ends func()

func (e ends) Read([]byte) (int, error) {
	e()
	return 0, io.EOF
}

func young(t *testing.T, k kept) {
	d := k.text(t, "young")
	if removed, err := k.Remove(t.Context(), d, time.Hour); removed || err != nil {
		t.Errorf("removed: %t, %v", removed, err)
	}
	past := time.Now().Add(-2 * time.Hour)
	must(t, os.Chtimes(k.file(d), past, past))
	k.text(t, "young") // once more
	if removed, err := k.Remove(t.Context(), d, time.Hour); removed || err != nil {
		t.Errorf("removed, though it was stored once more: %t, %v", removed, err)
	}
	must(t, os.Chtimes(k.file(d), past, past))
	if removed, err := k.Remove(t.Context(), d, time.Hour); !removed || err != nil {
		t.Errorf("old, and removed: %t, %v", removed, err)
	}
}

// However removals and a store meet, what was stored is there.
func removedMeanwhile(t *testing.T, k kept) {
	other := k.another()
	for range 20 {
		d := k.text(t, "both")
		past := time.Now().Add(-2 * time.Hour)
		must(t, os.Chtimes(k.file(d), past, past))
		var all sync.WaitGroup
		for _, s := range []store{k, other} {
			all.Go(func() {
				if _, err := s.Remove(t.Context(), d, time.Hour); err != nil {
					t.Error(err)
				}
			})
		}
		k.text(t, "both")
		all.Wait()
		reads(t, k, d, []byte("both"))
		if t.Failed() {
			return
		}
	}
}

func readByMany(t *testing.T, k kept) {
	var contents [3]string
	for i := range contents {
		contents[i] = strings.Repeat(string(rune('a'+i)), 1<<20)
		k.text(t, contents[i])
	}
	other := k.another()
	var all sync.WaitGroup
	for n := range 24 {
		all.Go(func() {
			want := contents[n%len(contents)]
			path, release, err := other.Local(t.Context(), record.DigestOf([]byte(want)))
			if err != nil {
				t.Error(err)
				return
			}
			defer release()
			if got, err := os.ReadFile(path); err != nil || string(got) != want {
				t.Errorf("read %d bytes, %v", len(got), err)
			}
		})
	}
	all.Wait()
}

func checked(t *testing.T, k kept) {
	must(t, k.Check(t.Context()))
	if got := k.left(t); len(got) != 0 {
		t.Errorf("left: %q", got)
	}
}

// The size is counted once and then known for a while: another server counts by itself.
func sizes(t *testing.T, k kept) {
	k.text(t, "twelve bytes")
	of := func(s store) int64 {
		t.Helper()
		n, err := s.Size(t.Context())
		must(t, err)
		return n
	}
	if n := of(k); n != 12 {
		t.Errorf("%d bytes", n)
	}
	k.text(t, "six more")
	if n := of(k); n != 12 {
		t.Errorf("%d bytes at once", n)
	}
	if n := of(k.another()); n != 20 {
		t.Errorf("%d bytes, to another", n)
	}
}
