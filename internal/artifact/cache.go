package artifact

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"

	"sutor/internal/errs"
	"sutor/internal/record"
)

// unused is how long a copy stays that nobody uses, and expires how often that is looked
// after: what was removed from the bucket by another server is gone from here then.
const (
	unused  = time.Hour
	expires = 10 * time.Minute
)

// cache keeps copies of artefacts in a folder of this process alone, empty at first,
// and what is on its way into the bucket. Together they never take more than max
// bytes: those that nobody uses go, the longest unused first, and where all are in
// use, more is refused. A copy is whole and was held against its digest, or it is
// not there.
type cache struct {
	dir string
	max int64

	mu     sync.Mutex
	copies map[record.Digest]*local
	taken  int64 // bytes of all files
	timer  *time.Timer
	closed bool
}

// local is one copy, or one that is being fetched.
type local struct {
	size  int64
	users int
	used  time.Time     // when the last user went
	ready chan struct{} // closed when it is there, or will not be
	there bool
	gone  bool // forgotten while in use: it goes with its last user
}

// newCache empties the folder, which must be this process's own. 0 is no limit.
func newCache(dir string, max int64) (*cache, error) {
	if max <= 0 {
		max = math.MaxInt64
	}
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return nil, unusable(dir, err)
	}
	return &cache{dir: dir, max: max, copies: map[record.Digest]*local{}}, nil
}

func (c *cache) path(d record.Digest) string { return filepath.Join(c.dir, d.Hex()) }

// spool is a file that grows in the cache.
type spool struct {
	*os.File
	c     *cache
	taken int64 // bytes
	kept  bool
}

// spool makes a file that is thrown away unless it is kept.
func (c *cache) spool() (*spool, error) {
	f, err := os.CreateTemp(c.dir, "part-*")
	if err != nil {
		return nil, diskError(err)
	}
	return &spool{File: f, c: c}, nil
}

// Write writes what there is room for.
func (s *spool) Write(p []byte) (int, error) {
	if err := s.c.take(int64(len(p))); err != nil {
		return 0, err
	}
	s.taken += int64(len(p))
	return s.File.Write(p)
}

// discard gives the file up, if it was not kept.
func (s *spool) discard() {
	_ = s.Close() // closed before, or thrown away
	if s.kept {
		return
	}
	_ = os.Remove(s.Name()) // the next start empties the folder
	s.c.give(s.taken)
}

// take makes room for so many bytes more.
func (c *cache) take(n int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n > c.max-c.taken {
		if !c.evict() {
			return errs.New(errs.Unavailable, "What is worked on needs more disk for copies of files and plans than this server may take, %s; nothing was changed.", errs.Size(c.max)).
				WithMend("Try again when less is worked on. If it happens again, tell the steward, who can raise the limit (serve --max-cache).")
		}
	}
	c.taken += n
	return nil
}

func (c *cache) give(n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taken -= n
}

// evict removes the copy that is unused for longest; false if there is none.
func (c *cache) evict() bool {
	var oldest record.Digest
	for d, l := range c.copies {
		if l.there && l.users == 0 && (oldest == "" || l.used.Before(c.copies[oldest].used)) {
			oldest = d
		}
	}
	if oldest == "" {
		return false
	}
	c.remove(oldest, c.copies[oldest])
	return true
}

// remove removes a copy that nobody uses; c.mu is held.
func (c *cache) remove(d record.Digest, l *local) {
	delete(c.copies, d)
	c.taken -= l.size
	_ = os.Remove(c.path(d)) // the next start empties the folder
}

// get gives the copy of an artefact, with one user more, who releases it. Where there
// is none, fetch writes it, once for all who ask meanwhile, and makes sure of it.
func (c *cache) get(ctx context.Context, d record.Digest, fetch func(io.Writer) error) (*local, error) {
	for {
		c.mu.Lock()
		l := c.copies[d]
		if l == nil {
			l = &local{ready: make(chan struct{})}
			c.copies[d] = l
			c.mu.Unlock()
			return l, c.fetch(d, l, fetch)
		}
		if l.there {
			l.users++
			l.gone = false
			c.mu.Unlock()
			return l, nil
		}
		c.mu.Unlock()
		select {
		case <-l.ready: // if it failed, the next to ask tries
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (c *cache) fetch(d record.Digest, l *local, fetch func(io.Writer) error) (err error) {
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if err != nil {
			delete(c.copies, d)
		}
		close(l.ready)
	}()
	s, err := c.spool()
	if err != nil {
		return err
	}
	defer s.discard()
	if err := fetch(s); err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return diskError(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	l.users = 1
	return c.settle(s, d, l)
}

// adopt makes a file, whose digest the caller knows, the copy that nobody uses yet;
// where there is one, it needs no other.
func (c *cache) adopt(s *spool, d record.Digest) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.copies[d]; l != nil {
		l.gone = false
		return nil
	}
	l := &local{ready: make(chan struct{}), used: time.Now()}
	close(l.ready)
	if err := c.settle(s, d, l); err != nil {
		return err
	}
	c.copies[d] = l
	c.later()
	return nil
}

// settle gives a closed file its name; c.mu is held.
func (c *cache) settle(s *spool, d record.Digest, l *local) error {
	if err := errors.Join(os.Chmod(s.Name(), 0o400), os.Rename(s.Name(), c.path(d))); err != nil {
		return diskError(err)
	}
	l.size, l.there = s.taken, true
	s.kept = true
	return nil
}

// release gives a copy back.
func (c *cache) release(d record.Digest, l *local) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l.users--
	if l.used = time.Now(); l.users > 0 {
		return
	}
	if l.gone {
		c.remove(d, l)
		return
	}
	c.later()
}

// forget removes a copy, where somebody uses it with its last user.
func (c *cache) forget(d record.Digest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch l := c.copies[d]; {
	case l == nil || !l.there: // who fetches it will see for himself
	case l.users > 0:
		l.gone = true
	default:
		c.remove(d, l)
	}
}

// later sees to it that what stays unused goes; c.mu is held.
func (c *cache) later() {
	if c.timer == nil && !c.closed {
		c.timer = time.AfterFunc(expires, func() { c.expire(time.Now().Add(-unused)) })
	}
}

// expire removes copies that nobody has used since t.
func (c *cache) expire(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timer = nil
	left := false
	for d, l := range c.copies {
		switch {
		case !l.there || l.users > 0:
		case l.used.After(t):
			left = true
		default:
			c.remove(d, l)
		}
	}
	if left {
		c.later()
	}
}

// close removes what is left of the copies.
func (c *cache) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.timer != nil {
		c.timer.Stop()
	}
	return os.RemoveAll(c.dir)
}
