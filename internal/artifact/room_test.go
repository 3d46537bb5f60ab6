package artifact

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"sutor/internal/errs"
	"sutor/internal/record"
)

// bounded opens a folder of at most so many bytes.
func bounded(t *testing.T, dir string, max int64) *Folder {
	t.Helper()
	f, err := Open(dir, max)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// noPlace wants content to be refused for want of room, and nothing left of it.
func noPlace(t *testing.T, f *Folder, r io.Reader) {
	t.Helper()
	before := len(files(t, f))
	_, _, err := f.Put(t.Context(), r)
	if errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "there is no room for this one") {
		t.Errorf("beyond the limit: %v", err)
	}
	if public := errs.Public(err); !strings.Contains(public.Mend, "--max-artifacts") || strings.Contains(public.Error(), f.dir) {
		t.Errorf("said: %v", public)
	}
	if after := len(files(t, f)); after != before {
		t.Errorf("%d files before, %d after", before, after)
	}
}

// unread fails the test when it is read.
type unread struct {
	t    *testing.T
	size int
}

func (u unread) Len() int { return u.size }
func (u unread) Read([]byte) (int, error) {
	u.t.Error("read, though its length told that there is no room")
	return 0, io.EOF
}

func TestRoom(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := bounded(t, dir, 1000)
	put(t, f, strings.Repeat("a", 600))
	put(t, f, strings.Repeat("b", 400)) // exactly full
	put(t, f, "")
	noPlace(t, f, strings.NewReader("c"))
	noPlace(t, f, unread{t, 1})
	noPlace(t, f, io.MultiReader(strings.NewReader("c"))) // its length is known at its end only

	// What the folder held before it was opened counts, and what a file holds.
	f = bounded(t, dir, 1500)
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, bytes.Repeat([]byte("d"), 501), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	noPlace(t, f, file)
	if at, err := file.Seek(1, io.SeekCurrent); at != 1 || err != nil { // nothing was read of it
		t.Fatal(at, err)
	}
	if _, n, err := f.Put(t.Context(), file); n != 500 || err != nil {
		t.Errorf("the rest of the file: %d, %v", n, err)
	}
	put(t, bounded(t, dir, 0), strings.Repeat("e", 5000)) // no limit
}

// What is refused, breaks off or is there already takes no room for good.
func TestRoomIsGivenBack(t *testing.T) {
	t.Parallel()
	f := bounded(t, t.TempDir(), 1000)
	for range 3 {
		put(t, f, strings.Repeat("a", 500))
		noPlace(t, f, strings.NewReader(strings.Repeat("b", 501)))
		if _, _, err := f.Put(t.Context(), io.MultiReader(strings.NewReader(strings.Repeat("c", 400)), iotest.ErrReader(io.ErrUnexpectedEOF))); err == nil {
			t.Error("half a file was kept")
		}
	}
	d := put(t, f, strings.Repeat("d", 500))
	if err := os.Remove(f.path(d)); err != nil { // purged behind its back
		t.Fatal(err)
	}
	put(t, f, strings.Repeat("e", 500))
	if got := files(t, f); len(got) != 2 {
		t.Errorf("on disk: %q", got)
	}
}

// What another process adds is seen once the count is old, what it is writing too.
func TestRoomIsShared(t *testing.T) {
	t.Parallel()
	f := bounded(t, t.TempDir(), 1000)
	other := bounded(t, f.dir, 0)
	put(t, other, strings.Repeat("a", 600))
	if err := os.WriteFile(filepath.Join(f.tmp(), "put-other"), bytes.Repeat([]byte("b"), 300), 0o600); err != nil {
		t.Fatal(err)
	}
	put(t, f, strings.Repeat("c", 90)) // by the count of before
	f.room.counted = time.Now().Add(-counts - time.Second)
	noPlace(t, f, strings.NewReader(strings.Repeat("d", 20)))
	put(t, f, strings.Repeat("e", 10))
}

// However many write at once, the folder never holds more than its limit.
func TestRoomAtOnce(t *testing.T) {
	t.Parallel()
	const limit, size = 10 * chunk, 3*chunk + 1
	f := bounded(t, t.TempDir(), limit)
	var all sync.WaitGroup
	var mu sync.Mutex
	kept := 0
	for n := range 8 {
		all.Go(func() {
			content := bytes.Repeat([]byte{byte('a' + n)}, size)
			_, _, err := f.Put(t.Context(), io.MultiReader(bytes.NewReader(content)))
			if err != nil && errs.KindOf(err) != errs.Unavailable {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				kept++
			}
		})
	}
	all.Wait()
	if kept > limit/size || len(f.room.writing) != 0 || f.room.kept != int64(kept)*size {
		t.Errorf("%d were kept; counted %d bytes, and still writing %v", kept, f.room.kept, f.room.writing)
	}
	if err := f.Verify(t.Context(), record.DigestOf(nil)); errs.KindOf(err) != errs.NotFound {
		t.Error(err)
	}
}
