package duck

import (
	"bufio"
	"context"
	"fmt"
)

// records are what goes on in a file of its own, in the canonical CSV dialect.
type records struct {
	path string
	file *file
	out  *bufio.Writer
	n    int64
}

func (s *Session) newRecords(name string) (*records, error) {
	path := s.Path(name)
	file, err := s.create(path)
	if err != nil {
		return nil, err
	}
	return &records{path: path, file: file, out: bufio.NewWriterSize(file, 256<<10)}, nil
}

// Write writes one record.
func (r *records) Write(record []byte) (int, error) {
	r.n++
	return r.out.Write(record)
}

// end writes what is not in the file yet. Nil has none.
func (r *records) end() error {
	if r == nil {
		return nil
	}
	if err := r.out.Flush(); err != nil {
		return diskError(err)
	}
	return nil
}

// len is how many there are. Nil has none.
func (r *records) len() int64 {
	if r == nil {
		return 0
	}
	return r.n
}

// close closes the file, which stays. Nil has none.
func (r *records) close() {
	if r != nil {
		r.file.close(nil)
	}
}

// loadRecords runs a statement that makes a table of them all, and removes their file.
func (s *Session) loadRecords(ctx context.Context, r *records, create, table string) error {
	defer s.remove(r.path)
	if err := s.load(ctx, create); err != nil {
		return err
	}
	n, err := s.count(ctx, `SELECT count(*) FROM `+table)
	if err == nil && n != r.n {
		err = fmt.Errorf("plan/duck: %d records of %s were written, %d were read", r.n, table, n)
	}
	return err
}
