package artifact

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"sutor/internal/errs"
)

// counts is how long a count is good for: others may write there
// too. Before somebody is refused it is counted again in any case.
const counts = 10 * time.Minute

// room is what a folder or a bucket may hold, and what it holds by the last count and
// what this process did since. The nil room has no bounds.
type room struct {
	sum func(writing map[string]int64) (int64, error) // bytes of all files but those of writing
	max int64

	mu      sync.Mutex
	kept    int64            // bytes of artefacts, and of what others are writing
	writing map[string]int64 // by temporary file of this process: bytes that are taken for it
	counted time.Time
}

// newRoom counts what is there.
func newRoom(sum func(writing map[string]int64) (int64, error), max int64) (*room, error) {
	if max <= 0 {
		return nil, nil
	}
	r := &room{sum: sum, max: max, writing: map[string]int64{}}
	return r, r.count()
}

// take makes sure that the temporary file tmp may hold so many bytes in all.
func (r *room) take(tmp string, size int64) error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.writing[tmp] >= size && size > 0 {
		return nil
	}
	if !r.fits(tmp, size) || time.Since(r.counted) > counts {
		if err := r.count(); err != nil {
			return diskError(err)
		}
	}
	if !r.fits(tmp, size) {
		return noRoom(r.max)
	}
	r.writing[tmp] = size
	return nil
}

// has tells whether there is room for so many bytes, by the last count.
func (r *room) has(size int64) bool {
	if r == nil {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fits("", size)
}

func (r *room) fits(tmp string, size int64) bool {
	others := r.kept
	for name, n := range r.writing {
		if name != tmp {
			others += n
		}
	}
	return size <= r.max-others
}

// give gives back what was taken for a temporary file that is gone.
func (r *room) give(tmp string) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.writing, tmp)
}

// keep runs settle, which makes a temporary file an artefact and tells by how
// many bytes there are more of them now. No count comes in between.
func (r *room) keep(tmp string, settle func() (int64, error)) error {
	if r == nil {
		_, err := settle()
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	more, err := settle()
	if err == nil {
		r.kept += more
		delete(r.writing, tmp)
	}
	return err
}

// count counts anew; r.mu is held, or r is new.
func (r *room) count() error {
	kept, err := r.sum(r.writing)
	if err == nil {
		r.kept, r.counted = kept, time.Now()
	}
	return err
}

// filesBelow gives the bytes of every file below dir but those of writing.
func filesBelow(dir string, writing map[string]int64) (kept int64, err error) {
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // purged, or renamed by another process, just now
		}
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		if _, ours := writing[path]; ours {
			return nil
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			kept += info.Size()
		}
		return err
	})
	return kept, err
}

// length is how many bytes r has to give, as far as it tells; -1 if it does not.
func length(r io.Reader) int64 {
	switch r := r.(type) {
	case interface{ Len() int }:
		return int64(r.Len())
	case *os.File:
		info, err := r.Stat()
		if err != nil || !info.Mode().IsRegular() {
			return -1
		}
		at, err := r.Seek(0, io.SeekCurrent)
		if err != nil {
			return -1
		}
		return max(info.Size()-at, 0)
	}
	return -1
}

func noRoom(max int64) error {
	return errs.New(errs.Unavailable, "The server keeps as many files and plans as it may, %s: there is no room for this one, and nothing was changed.", errs.Size(max)).
		WithMend("Tell the steward, who can raise the limit (serve --max-artifacts) or make room where they are kept. Then try again.")
}
