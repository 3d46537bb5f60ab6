package duck

import (
	"bufio"
	"context"
	"io"
	"os"
	"sync/atomic"

	"sutor/internal/errs"
)

// DuckDB bounds what it spills by itself. The files of a session's own are bounded here:
// they stand on the same disk, and may be far larger than the file of rows, as where live
// rows have long texts that a guardrail reads.

// disk is what a session takes of the disk, with all of its parts.
type disk struct {
	engine   *Engine
	promised int64        // bytes that its plans may take (room.go); the room's lock is held
	taken    atomic.Int64 // bytes that files of its own have
}

// How often it is looked at how much of the disk is left while files are written, and what
// of it no plan takes: the metadata stand there, too.
const (
	lookedEach = 16 << 20
	leftAlone  = 256 << 20
)

// take counts bytes that are about to be written, and refuses those that are too many.
func (d *disk) take(n int64) error {
	taken := d.taken.Add(n)
	if most := d.engine.o.Spill; taken > most {
		return errs.New(errs.Unavailable, "The plan needs more disk than one run may use on this server, which is %s for its own files.", errs.Size(most)).
			WithMend("Nothing was changed. Propose fewer rows, keep columns with long texts out of the file and of guardrails, or ask the steward to raise the limit (serve --max-spill).")
	}
	if taken/lookedEach == (taken-n)/lookedEach {
		return nil
	}
	if left, known := d.engine.free(d.engine.o.Dir); known && left < leftAlone {
		return errs.New(errs.Unavailable, "The plan was given up, since the disk of the server has only %s left.", errs.About(left)).
			WithMend("Nothing was changed. Propose fewer rows, or tell the steward, and try again once there is room.")
	}
	return nil
}

// file is a file of a session's own.
type file struct {
	to   *os.File
	disk *disk
	err  error // that writing it ended with
}

// create makes a file, in place of any other.
func (s *Session) create(path string) (*file, error) {
	s.remove(path)
	to, err := os.Create(path)
	if err != nil {
		return nil, diskError(err)
	}
	return &file{to: to, disk: s.disk}, nil
}

func (f *file) Write(b []byte) (n int, err error) {
	if f.err != nil {
		return 0, f.err
	}
	if f.err = f.disk.take(int64(len(b))); f.err == nil {
		if n, err = f.to.Write(b); err != nil {
			f.err = diskError(err)
		}
	}
	f.disk.taken.Add(int64(n - len(b))) // what is not written
	return n, f.err
}

// close closes the file, which stays. It gives the error that whoever wrote it came to, or
// the file's own: what passed a system may have come back in other words.
func (f *file) close(err error) error {
	closed := f.to.Close()
	switch {
	case f.err != nil:
		return f.err
	case err != nil:
		return err
	case closed != nil:
		return diskError(closed)
	}
	return nil
}

// writeTo writes a file that may be large.
func (s *Session) writeTo(path string, write func(io.Writer) error) error {
	out, err := s.create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(out, 256<<10)
	if err = write(w); err == nil {
		err = w.Flush()
	}
	return out.close(err)
}

// written counts a file that DuckDB wrote.
func (s *Session) written(path string) error {
	made, err := os.Stat(path)
	if err != nil {
		return diskError(err)
	}
	return s.disk.take(made.Size())
}

// remove removes a file of the session's own, if it is there.
func (s *Session) remove(path string) {
	if old, err := os.Stat(path); err == nil && os.Remove(path) == nil {
		s.disk.taken.Add(-old.Size())
	}
}

// copyTo is a statement's COPY to a file.
func (s *Session) copyTo(ctx context.Context, query, path, form string) (rows int64, err error) {
	s.remove(path)
	if rows, err = s.run(ctx, `COPY (`+query+`) TO `+text(path)+` (`+form+`)`); err != nil {
		return 0, err
	}
	return rows, s.written(path)
}
