package artifact

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"sutor/internal/errs"
	"sutor/internal/record"
)

func folder(t *testing.T) *Folder {
	t.Helper()
	f, err := Open(filepath.Join(t.TempDir(), "artefacts"), 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// files lists every file below the folder, temporary ones included.
func files(t *testing.T, f *Folder) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(f.dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, strings.TrimPrefix(path, f.dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func put(t *testing.T, f *Folder, content string) record.Digest {
	t.Helper()
	d, n, err := f.Put(t.Context(), strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	if n != int64(len(content)) || d != record.DigestOf([]byte(content)) {
		t.Fatalf("Put gave %s of %d bytes", d, n)
	}
	return d
}

func TestStoredUnderItsDigest(t *testing.T) {
	t.Parallel()
	f := folder(t)
	d := put(t, f, "hello")
	want := "sha256/2c/f24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
	if got := files(t, f); len(got) != 1 || got[0] != want {
		t.Fatalf("on disk %q, want only %s", got, want)
	}
	if err := f.Verify(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

// A client that hangs up in the middle of an upload leaves nothing.
func TestBrokenSource(t *testing.T) {
	t.Parallel()
	f := folder(t)
	hangUp := errs.New(errs.Usage, "The upload broke off.")
	_, _, err := f.Put(t.Context(), io.MultiReader(strings.NewReader("half"), iotest.ErrReader(hangUp)))
	if !errors.Is(err, hangUp) || errs.KindOf(err) != errs.Usage {
		t.Errorf("the source's own error was lost: %v", err)
	}
	// The source's disk is not ours.
	if _, _, err := f.Put(t.Context(), iotest.ErrReader(syscall.ENOSPC)); errs.As(err) != nil {
		t.Errorf("the source's full disk was taken for ours: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := f.Put(ctx, strings.NewReader("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled Put: %v", err)
	}
	if got := files(t, f); len(got) != 0 {
		t.Errorf("left on disk: %q", got)
	}
}

// faulty fails at one step, as the operating system would.
type faulty struct {
	*os.File
	write, sync, close error
}

func (f faulty) Write(p []byte) (int, error) {
	if f.write != nil {
		n, _ := f.File.Write(p[:len(p)/2])
		return n, &fs.PathError{Op: "write", Path: f.Name(), Err: f.write}
	}
	return f.File.Write(p)
}

func (f faulty) Sync() error  { return errors.Join(f.sync, f.File.Sync()) }
func (f faulty) Close() error { return errors.Join(f.close, f.File.Close()) }

func TestDiskFaults(t *testing.T) {
	t.Parallel()
	const full, failing = "disk of the server is full", "could not be read or written"
	for name, c := range map[string]struct {
		fault faulty
		says  string
	}{
		"no space at write":   {faulty{write: syscall.ENOSPC}, full},
		"quota at write":      {faulty{write: syscall.EDQUOT}, full},
		"file too large":      {faulty{write: syscall.EFBIG}, full},
		"no space at sync":    {faulty{sync: syscall.ENOSPC}, full},
		"quota at close":      {faulty{close: syscall.EDQUOT}, full},
		"medium error":        {faulty{write: syscall.EIO}, failing},
		"medium error, synch": {faulty{sync: syscall.EIO}, failing},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := folder(t)
			f.create = func(dir string) (tempFile, error) {
				file, err := os.CreateTemp(dir, "put-*")
				c.fault.File = file
				return c.fault, err
			}
			_, _, err := f.Put(t.Context(), strings.NewReader("some content"))
			if errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want it to say %q", err, c.says)
			}
			if strings.Contains(errs.Public(err).Error(), f.dir) {
				t.Errorf("the public message tells a path: %v", err)
			}
			if got := files(t, f); len(got) != 0 {
				t.Errorf("left on disk: %q", got)
			}
		})
	}
}

// Few bytes that are there already are not written again: only their time is new. Others
// are, and so are those that were damaged.
func TestFewBytesAgain(t *testing.T) {
	t.Parallel()
	f := folder(t)
	d := put(t, f, "[]")
	past := time.Now().Add(-time.Hour)
	if err := os.Chtimes(f.path(d), past, past); err != nil {
		t.Fatal(err)
	}
	written := 0
	f.create = func(dir string) (tempFile, error) { written++; return createTemp(dir) }
	put(t, f, "[]")
	info, err := os.Stat(f.path(d))
	if err != nil || written != 0 || time.Since(info.ModTime()) > time.Minute {
		t.Errorf("written %d times, its time is %v, %v", written, info.ModTime(), err)
	}
	if err := errors.Join(os.Chmod(f.path(d), 0o600), os.WriteFile(f.path(d), []byte("]["), 0o600)); err != nil {
		t.Fatal(err)
	}
	put(t, f, "[]")
	put(t, f, "other")
	if err := f.Verify(t.Context(), d); err != nil || written != 2 {
		t.Errorf("written %d times, %v", written, err)
	}
}

func TestOpenSweepsWhatACrashLeft(t *testing.T) {
	t.Parallel()
	f := folder(t)
	old, young := filepath.Join(f.tmp(), "put-old"), filepath.Join(f.tmp(), "put-young")
	for _, name := range []string{old, young} {
		if err := os.WriteFile(name, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Now().Add(-leftover - time.Hour)
	if err := os.Chtimes(old, past, past); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(f.dir, 0); err != nil {
		t.Fatal(err)
	}
	if got := files(t, f); len(got) != 1 || got[0] != "tmp/put-young" {
		t.Errorf("left: %q, want only the young one, which may be another process's", got)
	}
}

// What another has put aside is not taken along, and Open puts back all that is left.
func TestAsideOfAnother(t *testing.T) {
	t.Parallel()
	f := folder(t)
	d := put(t, f, "stored just now")
	aside := f.aside(d)
	if err := os.Rename(f.path(d), aside); err != nil {
		t.Fatal(err)
	}
	put(t, f, "stored just now")
	if removed, err := f.Remove(t.Context(), d, -time.Hour); !removed || err != nil {
		t.Fatal(removed, err)
	}
	if got := files(t, f); len(got) != 1 || got[0] != strings.TrimPrefix(aside, f.dir+"/") {
		t.Fatalf("left: %q, want what another has put aside", got)
	}
	if _, err := Open(f.dir, 0); err != nil {
		t.Fatal(err)
	}
	if err := f.Verify(t.Context(), d); err != nil {
		t.Error(err)
	}
}

// A disk that fails while something is removed is told as one.
func TestRemoveOnAFailingDisk(t *testing.T) {
	t.Parallel()
	f := folder(t)
	d := put(t, f, "old")
	if err := os.RemoveAll(f.tmp()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.tmp(), nil, 0o600); err != nil { // nothing can be put aside
		t.Fatal(err)
	}
	if removed, err := f.Remove(t.Context(), d, -time.Hour); removed || errs.KindOf(err) != errs.Unavailable {
		t.Errorf("removed: %t, %v", removed, err)
	}
}

func TestOpenRefusesAFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(name, 0); errs.KindOf(err) != errs.Unavailable {
		t.Errorf("Open of a file: %v", err)
	}
}
