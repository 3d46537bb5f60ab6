package workflow

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/intake"
	"sutor/internal/intake/xlsx"
	"sutor/internal/plan"
	"sutor/internal/record"
)

// staged is a change's file, read, with the cells that were mended laid over it.
type staged struct {
	intake.Result
	staging string         // the path of the staging file
	options change.Options // as they count for this file
	mark    xlsx.Mark      // the zero Mark if the file is no workbook of Sutor's
}

// stage reads a change's file into files that path names. names are those that its
// columns may have.
func (w *Workflow) stage(ctx context.Context, c *change.Change, names []string, path func(name string) string) (staged, error) {
	return w.stageUpTo(ctx, c, names, wholeFile, path)
}

// wholeFile is behind the last line of any file.
const wholeFile = math.MaxInt64

// stageUpTo is stage of a planned change's file up to a line: the rest of a large file
// is not read.
func (w *Workflow) stageUpTo(ctx context.Context, c *change.Change, names []string, last int64, path func(name string) string) (s staged, err error) {
	local, release, err := w.Artifacts.Local(ctx, c.Input.Digest)
	if err != nil {
		return s, err
	}
	defer release()
	in, err := os.Open(local)
	if err != nil {
		return s, err
	}
	defer in.Close()
	f := intake.File{ReaderAt: in, Size: c.Input.Bytes, Name: c.Input.Name}
	s.options, s.staging = c.Options, path("staging.csv")
	mark, ours := xlsx.ReadMark(in, c.Input.Bytes)
	switch {
	case ours && mark.Kind == xlsx.MarkRows:
		return s, errs.New(errs.Invalid, "This workbook has only the rows of change %s that were taken out to be mended.", oneLine(mark.Change, 64)).
			WithMend("Put it back into that change: sutor change mend %s FILE", oneLine(mark.Change, 64))
	case ours && mark.Dataset == c.Dataset:
		s.mark, s.options = mark, ourOwn(c.Options, mark)
	}
	err = create(s.staging, func(out io.Writer) error {
		s.Result, err = intake.ReadUpTo(ctx, f, last, out, intake.Options{Limits: w.Intake, Choice: s.options.File, Temp: filepath.Dir(s.staging), Names: names})
		return err
	})
	if err != nil || c.Input.Mends == "" {
		return s, err
	}
	mends, err := w.Artifacts.Open(ctx, c.Input.Mends)
	if err != nil {
		return s, err
	}
	defer mends.Close()
	read := s.staging
	s.staging = path("mended.csv")
	return s, through(read, s.staging, func(in io.Reader, out io.Writer) error {
		return intake.OverlayUpTo(in, s.Columns, mends, last, w.Intake.Staging(out))
	})
}

// names are what columns of a file may be called: what the dataset's columns are.
func (s *Spec) names() (all []string) {
	for _, t := range s.targets {
		all = append(all, t.Names()...)
	}
	return all
}

// header gives the names that the columns of a planned change's file have: it is
// read again as it was.
func header(c *change.Change) []string {
	if c.Plan == nil {
		return nil
	}
	names := make([]string, len(c.Plan.Mapping))
	for i, m := range c.Plan.Mapping {
		names[i] = m.File
	}
	return names
}

// normalize lays the form of Unicode that was chosen over the texts of the matched
// columns, and notes what that changed.
func (s *staged) normalize(spec plan.Spec, limits intake.Limits, path func(name string) string) error {
	if s.options.Normalize != intake.NFC {
		return nil
	}
	var columns []int
	for _, source := range spec.Sources {
		if i := spec.Table.Columns.Index(source.Column); spec.Table.Columns[i].Type.Kind == record.Text {
			columns = append(columns, source.File)
		}
	}
	from := s.staging
	s.staging = path("normal.csv")
	return through(from, s.staging, func(in io.Reader, out io.Writer) error {
		notes, err := intake.Normalize(in, s.Columns, columns, limits.Staging(out))
		s.Notes = append(s.Notes, notes...)
		return err
	})
}

// create writes a file of a run.
func create(path string, write func(io.Writer) error) error {
	out, err := os.Create(path)
	if err != nil {
		return diskFull(err)
	}
	err = write(out)
	if cerr := out.Close(); err == nil && cerr != nil {
		err = diskFull(cerr)
	}
	return err
}

// through makes one file of a run from another.
func through(from, to string, write func(io.Reader, io.Writer) error) error {
	in, err := os.Open(from)
	if err != nil {
		return diskFull(err)
	}
	err = create(to, func(out io.Writer) error { return write(in, out) })
	return errors.Join(err, in.Close())
}
