package duck

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
)

// Pipe is a file of a session that is read while DuckDB writes it: bytes wait for their
// reader, who may leave.
type Pipe struct {
	path        string
	read, write *os.File
	failed      atomic.Pointer[error] // why not all was written
}

// Pipe makes a named pipe in the session's folder, errors.ErrUnsupported where there is
// no such thing. It must be closed.
func (s *Session) Pipe(name string) (*Pipe, error) { return newPipe(s.Path(name)) }

// Read gives what was written; at its end why that was not all.
func (p *Pipe) Read(b []byte) (int, error) {
	n, err := p.read.Read(b)
	if failed := p.failed.Load(); err == io.EOF && failed != nil {
		err = *failed
	}
	return n, err
}

// Written tells the reader that nothing more comes, and why where that was not all.
func (p *Pipe) Written(err error) {
	if err == nil {
		err = p.still()
	}
	if err != nil {
		p.failed.Store(&err)
	}
	p.write.Close()
}

// still makes sure that the pipe has its name, by which DuckDB found it: else what was
// written is in some other file.
func (p *Pipe) still() error {
	ours, err := p.write.Stat()
	if err != nil {
		return diskError(err)
	}
	named, err := os.Lstat(p.path)
	if err == nil && !os.SameFile(ours, named) {
		err = errors.New("another file has its name")
	}
	if err != nil {
		return fmt.Errorf("plan/duck: rows were not written to the pipe: %w", err)
	}
	return nil
}

// Close ends reading: whoever still writes is refused. The file is gone. Nil has nothing
// to close.
func (p *Pipe) Close() error {
	if p == nil {
		return nil
	}
	p.write.Close()
	os.Remove(p.path)
	return p.read.Close()
}
