package duck

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"sutor/internal/plan"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// Step writes the rows of one operation of a plan in the form of driver.Write, over the
// given columns (those outside the plan are never written), and counts them. They
// come as they stand in the file, in the order of their numbers.
func Step(ctx context.Context, parquet string, m plan.Manifest, op driver.Op, columns record.Schema, w io.Writer) (int64, error) {
	s := step{Writer: record.NewWriter(w), keys: len(m.Key), judged: len(m.Columns) - len(m.Key), after: op != driver.Delete}
	for _, c := range columns {
		s.columns = append(s.columns, m.JudgedSchema().Index(c.Name))
	}
	err := eachOfOp(ctx, parquet, op, s.reads(), s.write)
	return s.Rows(), errors.Join(err, s.Flush())
}

// StepFile is Step to a file, whatever room there is: it tells what became of an apply.
func StepFile(ctx context.Context, parquet string, m plan.Manifest, op driver.Op, columns record.Schema, path string) (int64, error) {
	out, err := os.Create(path)
	if err != nil {
		return 0, diskError(err)
	}
	defer out.Close()
	n, err := Step(ctx, parquet, m, op, columns, onDisk{out})
	if err != nil {
		return 0, err
	}
	if err := out.Close(); err != nil {
		return 0, diskError(err)
	}
	return n, nil
}

// StepFile is Step to a file of the session's own.
func (s *Session) StepFile(ctx context.Context, parquet string, m plan.Manifest, op driver.Op, columns record.Schema, path string) (n int64, err error) {
	err = s.writeTo(path, func(w io.Writer) error {
		n, err = Step(ctx, parquet, m, op, columns, w)
		return err
	})
	return n, err
}

// step writes rows of a plan.
type step struct {
	*record.Writer
	keys, judged int   // columns of the plan
	after        bool  // are there values after? Rows that are deleted have none
	columns      []int // which of the judged ones each column is, below 0 for none
	mask         []byte
}

// reads names the columns of a plan's file that write takes.
func (s *step) reads() []string {
	columns := slices.Concat([]string{"n", "mask"}, names("k", s.keys), names("b", s.judged))
	if s.after {
		columns = append(columns, names("a", s.judged)...)
	}
	return columns
}

func (s *step) write(row []datum) error {
	if len(row[1].text) != s.judged {
		return fmt.Errorf("plan/duck: the mask of row %d is %q, of %d columns", row[0].number, row[1].text, s.judged)
	}
	s.Number(row[0].number)
	s.mask = s.mask[:0]
	for _, j := range s.columns {
		bit := byte('0')
		if j >= 0 {
			bit = row[1].text[j]
		}
		if bit != '0' && !s.after {
			return fmt.Errorf("plan/duck: row %d is to be deleted, and writes values", row[0].number)
		}
		s.mask = append(s.mask, bit)
	}
	s.Value(s.mask)
	for _, k := range row[2 : 2+s.keys] {
		s.cell(k)
	}
	row = row[2+s.keys:]
	for _, j := range s.columns {
		if j < 0 {
			s.Null()
		} else {
			s.cell(row[j])
		}
	}
	for i, j := range s.columns {
		if s.mask[i] == '0' {
			s.Null()
		} else {
			s.cell(row[s.judged+j])
		}
	}
	return s.End()
}

func (s *step) cell(d datum) {
	if d.null {
		s.Null()
	} else {
		s.Value(d.text)
	}
}

// onDisk is a file whose errors are the disk's.
type onDisk struct{ *os.File }

func (f onDisk) Write(b []byte) (int, error) {
	n, err := f.File.Write(b)
	if err != nil {
		err = diskError(err)
	}
	return n, err
}
