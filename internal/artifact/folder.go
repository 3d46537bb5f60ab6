package artifact

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"sutor/internal/errs"
	"sutor/internal/record"
)

const (
	chunk    = 256 << 10      // bytes copied at once
	leftover = 24 * time.Hour // no Put takes that long: older temporary files are a crash's
)

// Folder keeps artefacts below one local folder. It is safe for use by many
// goroutines and processes at once.
type Folder struct {
	dir    string
	create func(dir string) (tempFile, error) // tests put faults here
	room   *room
	made   sync.Map // folder of artefacts → true: its own name survives a power cut

	sized sized
}

// sized is what a place held when it was last counted.
type sized struct {
	mu    sync.Mutex
	bytes int64
	at    time.Time
}

// within gives the last count, or a new one where that is too old.
func (s *sized) within(age time.Duration, count func() (int64, error)) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.at.IsZero() && time.Since(s.at) < age {
		return s.bytes, nil
	}
	n, err := count()
	if err == nil {
		s.bytes, s.at = n, time.Now()
	}
	return n, err
}

// Size gives how many bytes the folder holds, as counted within the last minutes.
func (f *Folder) Size(context.Context) (int64, error) {
	n, err := f.sized.within(counts, func() (int64, error) { return filesBelow(f.dir, nil) })
	if err != nil {
		err = diskError(err)
	}
	return n, err
}

// tempFile is what Put needs of an *os.File.
type tempFile interface {
	io.Writer
	Name() string
	Sync() error
	Close() error
}

// Open opens the folder dir, making it if it is absent. It may hold max bytes, of
// artefacts and of what is being written; 0 is no limit.
func Open(dir string, max int64) (*Folder, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("artifact.Open: %w", err)
	}
	f := &Folder{dir: dir, create: createTemp}
	for _, d := range []string{f.tmp(), filepath.Join(dir, "sha256")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, unusable(dir, err)
		}
	}
	if err := errors.Join(f.putBack(), syncDir(dir), f.Sweep(time.Now().Add(-leftover))); err != nil {
		return nil, unusable(dir, err)
	}
	if f.room, err = newRoom(func(writing map[string]int64) (int64, error) { return filesBelow(dir, writing) }, max); err != nil {
		return nil, unusable(dir, err)
	}
	return f, nil
}

func createTemp(dir string) (tempFile, error) { return os.CreateTemp(dir, "put-*") }

// Put stores what r gives and returns its digest and size in bytes. An error of
// r is returned as it is (wrapped), a full or failing disk as errs.Unavailable, and
// so is content that the folder has no room for: before anything is read where r
// tells its length (an *os.File, or a Len() int that is not -1), else as soon as it
// shows. In all cases nothing is left behind.
func (f *Folder) Put(ctx context.Context, r io.Reader) (_ record.Digest, _ int64, err error) {
	defer errs.Wrap(&err, "artifact.Put")
	size := length(r)
	if 0 <= size && size <= small && f.room.has(size) {
		content, whole, err := beginning(r, size+1)
		if err != nil {
			return "", 0, err
		}
		if d := record.DigestOf(content); whole && f.again(d, content) {
			return d, int64(len(content)), nil
		}
		r = io.MultiReader(bytes.NewReader(content), r)
	}
	file, err := f.create(f.tmp())
	if err != nil {
		return "", 0, diskError(err)
	}
	tmp := file.Name()
	defer f.room.give(tmp)
	// After the rename this name is gone, and removing it does nothing.
	defer os.Remove(tmp)
	digester := record.NewDigester()
	err = f.room.take(tmp, max(size, 0))
	if err == nil {
		err = fill(ctx, spacious{file, tmp, f.room, digester}, digester, r)
	}
	if err != nil {
		_ = file.Close() // it is thrown away: what close could say changes nothing
		return "", 0, err
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return "", 0, diskError(err)
	}
	if err := f.settle(tmp, digester.Digest(), digester.Bytes()); err != nil {
		return "", 0, diskError(err)
	}
	return digester.Digest(), digester.Bytes(), nil
}

// small is how large a file may be to be compared, before it is written, with what is
// there: many plans have the same findings, or none.
const small = 16 << 10

// beginning reads at most so many bytes, and tells whether that was all.
func beginning(r io.Reader, most int64) (b []byte, whole bool, err error) {
	b = make([]byte, most)
	n := 0
	for n < len(b) && err == nil {
		var k int
		k, err = r.Read(b[n:])
		n += k
	}
	if err == io.EOF {
		return b[:n], true, nil
	}
	return b[:n], false, err
}

// again tells whether the folder has this very content already, and makes its time new,
// which keeps it from being removed, or is seen by whoever has put it aside by now.
func (f *Folder) again(d record.Digest, content []byte) bool {
	path := f.path(d)
	there, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(there, content) {
		return false
	}
	now := time.Now()
	return os.Chtimes(path, now, now) == nil && syncDir(filepath.Dir(path)) == nil // whoever stored it may not have got so far
}

// spacious writes to a temporary file what there is room for.
type spacious struct {
	io.Writer
	tmp  string
	room *room
	d    *record.Digester // of what was written before
}

func (s spacious) Write(p []byte) (int, error) {
	if err := s.room.take(s.tmp, s.d.Bytes()+int64(len(p))); err != nil {
		return 0, err
	}
	return s.Writer.Write(p)
}

// chunks are reused: most artefacts are much smaller.
var chunks = sync.Pool{New: func() any { return new(make([]byte, chunk)) }}

// fill copies r to w and d, telling an error of the source from one of the disk.
func fill(ctx context.Context, w io.Writer, d *record.Digester, r io.Reader) error {
	space := chunks.Get().(*[]byte)
	defer chunks.Put(space)
	buf := *space
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, readErr := r.Read(buf)
		if _, err := w.Write(buf[:n]); err != nil {
			return diskError(err)
		}
		if _, err := d.Write(buf[:n]); err != nil {
			return err
		}
		if readErr == io.EOF {
			return nil
		}
		if readErr != nil {
			return readErr
		}
	}
}

// settle gives the written file its name for good, in place of content that is there
// already: its time is new then, and it is whole, whatever became of it. The folders
// are synced for the name to stay.
func (f *Folder) settle(tmp string, d record.Digest, size int64) error {
	path := f.path(d)
	bucket := filepath.Dir(path)
	if _, made := f.made.Load(bucket); !made {
		if err := os.Mkdir(bucket, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := syncDir(filepath.Dir(bucket)); err != nil {
			return err
		}
		f.made.Store(bucket, true)
	}
	if err := f.room.keep(tmp, func() (int64, error) { return replace(tmp, path, size) }); err != nil {
		f.made.Delete(bucket) // somebody may have removed it
		return err
	}
	return syncDir(bucket)
}

// replace renames tmp, of the given size, to path, and tells by how many bytes path
// has grown.
func replace(tmp, path string, size int64) (more int64, err error) {
	info, err := os.Stat(path)
	switch {
	case err == nil:
		more = -info.Size()
	case !errors.Is(err, fs.ErrNotExist):
		return 0, err
	}
	if err := os.Chmod(tmp, 0o400); err != nil {
		return 0, err
	}
	return more + size, os.Rename(tmp, path)
}

// Has tells whether an artefact is there.
func (f *Folder) Has(_ context.Context, d record.Digest) (bool, error) {
	if !d.Valid() {
		return false, nil
	}
	_, err := os.Stat(f.path(d))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, diskError(err)
}

// Open reads an artefact; errs.NotFound if it was purged or never stored.
func (f *Folder) Open(_ context.Context, d record.Digest) (io.ReadCloser, error) {
	return f.open(d)
}

func (f *Folder) open(d record.Digest) (*os.File, error) {
	if !d.Valid() {
		return nil, missing(d)
	}
	file, err := os.Open(f.path(d))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missing(d)
	}
	if err != nil {
		return nil, diskError(err)
	}
	return file, nil
}

// Local gives the path of an artefact's content; it stays readable until the
// artefact is purged, so release has nothing to do here.
func (f *Folder) Local(_ context.Context, d record.Digest) (path string, release func(), err error) {
	file, err := f.open(d)
	if err != nil {
		return "", nil, err
	}
	return f.path(d), func() {}, file.Close()
}

// Remove removes an artefact, and tells whether it did: not where there is none, or
// where it was stored within the time idle, once more too. It is put aside first, so that a
// Put at the same time either finds it gone, and writes it anew, or leaves a time
// that is seen here. Where it vanishes on the way, another was first.
func (f *Folder) Remove(_ context.Context, d record.Digest, idle time.Duration) (removed bool, err error) {
	defer errs.Wrap(&err, "artifact.Remove")
	if !d.Valid() {
		return false, missing(d)
	}
	removed, err = f.remove(d, time.Now().Add(-idle))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return removed, diskError(err)
}

// remove removes an artefact that was stored before t.
func (f *Folder) remove(d record.Digest, t time.Time) (bool, error) {
	path, aside := f.path(d), f.aside(d)
	info, err := os.Stat(path)
	if err != nil || !info.ModTime().Before(t) {
		return false, err
	}
	if err := os.Rename(path, aside); err != nil {
		return false, err
	}
	if info, err = os.Stat(aside); err != nil {
		return false, err
	}
	if !info.ModTime().Before(t) {
		return false, os.Rename(aside, path)
	}
	if err := f.room.keep(aside, func() (int64, error) { return -info.Size(), os.Remove(aside) }); err != nil {
		return false, err
	}
	err = syncDir(filepath.Dir(path))
	return err == nil, err
}

const asidePrefix = "aside-"

// aside gives a name for an artefact that is put aside, which no other has who does so
// at the same time: else one would remove what the other is about to put back.
func (f *Folder) aside(d record.Digest) string {
	return filepath.Join(f.tmp(), asidePrefix+d.Hex()+"-"+rand.Text())
}

// putBack gives artefacts their places back that a crash left aside: whoever
// removes them does so again.
func (f *Folder) putBack() error {
	left, err := filepath.Glob(filepath.Join(f.tmp(), asidePrefix+"*"))
	for _, aside := range left {
		hex, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(aside), asidePrefix), "-")
		d := record.Digest("sha256:" + hex)
		if !d.Valid() {
			continue
		}
		if err := os.Rename(aside, f.path(d)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return err
}

// Verify reads an artefact whole and compares its content with its digest.
func (f *Folder) Verify(ctx context.Context, d record.Digest) (err error) {
	defer errs.Wrap(&err, "artifact.Verify")
	file, err := f.open(d)
	if err != nil {
		return err
	}
	defer file.Close()
	got := record.NewDigester()
	if err := fill(ctx, io.Discard, got, file); err != nil {
		if ctx.Err() != nil {
			return err
		}
		return damaged(d, "it cannot be read to its end").Because(err)
	}
	if got.Digest() != d {
		return damaged(d, "what is stored has the digest "+string(got.Digest()))
	}
	return nil
}

// Check tells whether the folder can be written and read.
func (f *Folder) Check(context.Context) error {
	file, err := f.create(f.tmp())
	if err != nil {
		return diskError(err)
	}
	_, err = file.Write([]byte("check\n"))
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		_, err = os.ReadFile(file.Name())
	}
	return diskError(errors.Join(err, os.Remove(file.Name())))
}

// Close has nothing to do.
func (f *Folder) Close() error { return nil }

// path gives the place of a valid digest.
func (f *Folder) path(d record.Digest) string {
	hex := d.Hex()
	return filepath.Join(f.dir, "sha256", hex[:2], hex[2:])
}

func (f *Folder) tmp() string { return filepath.Join(f.dir, "tmp") }

// Sweep removes temporary files last written before t. Who alone works with the
// folder need not wait until what a crash left is old.
func (f *Folder) Sweep(t time.Time) error {
	entries, err := os.ReadDir(f.tmp())
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // another process finished it just now
		}
		if err != nil {
			return err
		}
		if info.ModTime().Before(t) {
			if err := os.Remove(filepath.Join(f.tmp(), e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// syncDir makes the names in a folder survive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
