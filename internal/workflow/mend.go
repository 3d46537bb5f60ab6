package workflow

import (
	"context"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/intake"
	"sutor/internal/intake/xlsx"
	"sutor/internal/record"
	"sutor/internal/wire"
)

// Mends are corrections of cells of a change's file: given one by one, or as the
// rows that BadRows took out, mended.
type Mends struct {
	Cells []intake.Mend
	Name  string    // of File, for people
	File  io.Reader // nil where Cells are given
}

// maxMends is the most cells that are given one by one.
const maxMends = 100_000

// Mend lays corrected cells over the file of a change, on top of those mended
// before, and plans it again: decisions become void. The file itself stays what
// it was; what was mended is an artefact of its own, bound in the manifest.
func (w *Workflow) Mend(ctx context.Context, p access.Principal, id change.ID, in Mends) (wire.Change, error) {
	id, dataset := id.Split()
	c, err := w.mendable(ctx, p, id, dataset)
	if err != nil {
		return wire.Change{}, w.refused(ctx, p, id, change.ActMend, err)
	}
	dir, release, err := w.Engine.Scratch()
	if err != nil {
		return wire.Change{}, err
	}
	defer release()
	m := &mending{w: w, c: c, dir: dir}
	defer m.close()
	mends, cells, err := m.make(ctx, in)
	if err != nil {
		return wire.Change{}, err
	}
	return w.act(ctx, p, id, change.ActMend, func(s *step) error {
		one, err := w.one(s.c, s.who, dataset)
		if err != nil {
			return err
		}
		now := one.Input
		if now == nil || now.Digest != c.Input.Digest || now.Mends != c.Input.Mends {
			return errs.New(errs.Changed, "Change %s got another file or other mended cells meanwhile.", id).WithMend("Look at it, and mend it again.")
		}
		now.Mends, now.Mended = mends, cells
		return w.planAgain(s, "mended")
	})
}

// mendable gives a change whose file the person may mend now.
func (w *Workflow) mendable(ctx context.Context, p access.Principal, id change.ID, dataset string) (c *change.Change, err error) {
	err = w.Store.View(ctx, func(tx Tx) error {
		s, err := w.judge(tx, p, id, change.ActMend)
		if err == nil {
			c, err = w.one(s.c, s.who, dataset)
		}
		if err == nil {
			err = filed(c, "mend")
		}
		return err
	})
	return c, err
}

// mending is one act of mending.
type mending struct {
	w    *Workflow
	c    *change.Change
	dir  string
	file staged   // the change's file as it stands, mended cells included
	rows *os.File // taken.csv, while its rows are looked up
}

func (m *mending) close() {
	if m.rows != nil {
		_ = m.rows.Close() // only read from
	}
}

func (m *mending) path(name string) string { return filepath.Join(m.dir, name) }

// make makes the artefact of all cells mended so far, and counts them.
func (m *mending) make(ctx context.Context, in Mends) (d record.Digest, cells int64, err error) {
	if m.file, err = m.w.stage(ctx, m.c, header(m.c), m.path); err != nil {
		return "", 0, err
	}
	var of func(line int64, now []*string) ([]intake.Mend, error)
	if in.File != nil {
		of, err = m.fromFile(ctx, in)
	} else {
		of, err = m.fromCells(in.Cells)
	}
	if err != nil {
		return "", 0, err
	}
	before := intake.NewMendReader(strings.NewReader(""))
	if m.c.Input.Mends != "" {
		kept, err := m.w.Artifacts.Open(ctx, m.c.Input.Mends)
		if err != nil {
			return "", 0, err
		}
		defer kept.Close()
		before = intake.NewMendReader(kept)
	}
	path := m.path("mends.csv")
	err = through(m.file.staging, path, func(staging io.Reader, out io.Writer) error {
		cells, err = m.merge(staging, before, of, m.w.Intake.Staging(out))
		return err
	})
	if err != nil {
		return "", 0, err
	}
	d, err = m.w.keepFile(ctx, path)
	return d, cells, err
}

// merge writes the cells mended before with those mended now, and counts them. of
// gives what a row's cells, as they stand, become; it is asked for every row.
func (m *mending) merge(staging io.Reader, before *intake.MendReader, of func(int64, []*string) ([]intake.Mend, error), out io.Writer) (int64, error) {
	w := intake.NewMendWriter(out)
	changed := false
	err := intake.EachRecord(staging, func(line int64, raw []byte) error {
		old, err := before.Of(line)
		if err != nil {
			return err
		}
		fields, err := intake.Cells(raw)
		if err != nil {
			return err
		}
		now, err := of(line, fields)
		if err != nil {
			return err
		}
		changed = changed || len(now) > 0
		all := map[string]intake.Mend{}
		for _, mend := range slices.Concat(old, now) {
			all[mend.Column] = mend
		}
		return w.Write(slices.Collect(maps.Values(all)))
	})
	if err != nil {
		return 0, err
	}
	if err := before.End(); err != nil {
		return 0, err
	}
	if _, err := of(afterLast, nil); err != nil {
		return 0, err
	}
	if !changed {
		return 0, errs.New(errs.Invalid, "Nothing is mended: every cell is as it was.").WithMend("Correct cells, save, and hand it in again.")
	}
	return w.Cells(), w.Flush()
}

// afterLast asks for what is left over when all rows have been seen.
const afterLast = 1<<63 - 1

// fromCells takes cells given one by one.
func (m *mending) fromCells(cells []intake.Mend) (func(int64, []*string) ([]intake.Mend, error), error) {
	if len(cells) == 0 || len(cells) > maxMends {
		return nil, errs.New(errs.Usage, "There are %d cells to mend; from 1 to %d can be given one by one.", len(cells), maxMends).
			WithMend("Take the rows out, mend them, and hand the file in.")
	}
	byLine := map[int64]map[string]intake.Mend{}
	for _, cell := range cells {
		if !slices.Contains(m.file.Columns, cell.Column) {
			return nil, errs.New(errs.Usage, "The file has no column %q.", oneLine(cell.Column, 80)).WithMend("Name it as the file's header does.")
		}
		if byLine[cell.Line] == nil {
			byLine[cell.Line] = map[string]intake.Mend{}
		}
		if _, twice := byLine[cell.Line][cell.Column]; twice {
			return nil, errs.New(errs.Usage, "Row %d is mended twice in the column %q.", cell.Line, oneLine(cell.Column, 80))
		}
		byLine[cell.Line][cell.Column] = cell
	}
	return func(line int64, fields []*string) (out []intake.Mend, err error) {
		if line == afterLast {
			for line := range byLine {
				return nil, errs.New(errs.Usage, "The file has no row %d.", line).WithMend("Rows have the numbers that an editor or a spreadsheet program shows.")
			}
			return nil, nil
		}
		for i, column := range m.file.Columns {
			if cell, ok := byLine[line][column]; ok && !equal(cell.Text, fields[i+1]) {
				out = append(out, cell)
			}
		}
		if len(out) > 0 && len(byLine[line]) == len(m.file.Columns) { // the whole row was said, so its defect is lifted
			out = slices.Collect(maps.Values(byLine[line]))
		}
		delete(byLine, line)
		return out, nil
	}, nil
}

func equal(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }

// fromFile takes rows that were taken out, mended.
func (m *mending) fromFile(ctx context.Context, in Mends) (func(int64, []*string) ([]intake.Mend, error), error) {
	columns, err := m.take(ctx, in)
	if err != nil {
		return nil, err
	}
	taken, err := m.index(columns)
	if err != nil {
		return nil, err
	}
	if m.rows, err = os.Open(m.path("taken.csv")); err != nil {
		return nil, diskFull(err)
	}
	return func(line int64, fields []*string) ([]intake.Mend, error) {
		if line == afterLast {
			return nil, leftOver(taken.at)
		}
		place, ok := taken.at[line]
		if !ok {
			return nil, nil
		}
		delete(taken.at, line)
		raw := make([]byte, place.length)
		if _, err := m.rows.ReadAt(raw, place.offset); err != nil {
			return nil, err
		}
		given, err := intake.Cells(raw)
		if err != nil {
			return nil, err
		}
		return m.differ(line, fields, given[1:], taken.of), nil
	}, nil
}

func leftOver(at map[int64]place) error {
	for line := range at {
		return errs.New(errs.Invalid, "The file of the change has no row %d.", line).WithMend("Leave the first column as it was taken out.")
	}
	return nil
}

// take reads the handed-in file into taken.csv, and gives its header.
func (m *mending) take(ctx context.Context, in Mends) ([]string, error) {
	path := m.path("handed-in")
	err := create(path, func(out io.Writer) error {
		_, err := io.Copy(out, &limited{r: in.File, left: m.w.Intake.MaxBytes, limit: m.w.Intake.MaxBytes})
		return err
	})
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, diskFull(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	one := 1
	choice := intake.Choice{SkipLines: new(int), HeaderLines: &one} // as it was taken out
	if mark, ours := xlsx.ReadMark(f, info.Size()); ours {
		if mark.Kind != xlsx.MarkRows || mark.Change != string(m.c.ID) {
			return nil, errs.New(errs.Invalid, "This workbook does not hold rows of change %s.", m.c.ID).
				WithMend("Take them out with: sutor change findings %s -o BAD.xlsx", m.c.ID)
		}
		choice.Sheet = mark.Sheet
	}
	var read intake.Result
	err = create(m.path("taken.csv"), func(out io.Writer) error {
		file := intake.File{ReaderAt: f, Size: info.Size(), Name: fileName(in.Name)}
		read, err = intake.Read(ctx, file, out, intake.Options{Limits: m.w.Intake, Choice: choice, Temp: filepath.Dir(m.path("taken.csv"))})
		return err
	})
	return read.Columns, err
}

// taken is where the rows of the handed-in file stand.
type taken struct {
	at map[int64]place // in taken.csv, by line of the change's file
	of []int           // by column of the change's file: that of the handed-in one, or -1
}

type place struct{ offset, length int64 }

// index finds the rows of the handed-in file, and refuses those that are none of
// the change's.
func (m *mending) index(header []string) (t taken, err error) {
	row, reason, check := beside(m.file.Columns)
	at, sum := slices.Index(header, row), slices.Index(header, check)
	if at < 0 || sum < 0 {
		return t, errs.New(errs.Invalid, "The file has no columns %q and %q, so it cannot be told which rows it mends.", row, check).
			WithMend("Take the rows out with: sutor change findings %s -o BAD.xlsx, and leave these columns as they are.", m.c.ID)
	}
	for _, name := range header {
		if name != row && name != reason && name != check && !slices.Contains(m.file.Columns, name) {
			return t, errs.New(errs.Invalid, "The file of change %s has no column %q.", m.c.ID, oneLine(name, 80)).WithMend("Leave the header as it was taken out.")
		}
	}
	for _, name := range m.file.Columns {
		t.of = append(t.of, slices.Index(header, name))
	}
	t.at = map[int64]place{}
	return t, m.eachTaken(func(line, offset int64, raw []byte) error {
		fields, err := intake.Cells(raw)
		if err != nil {
			return err
		}
		n, given := fields[1+at], fields[1+sum]
		number, err := strconv.ParseInt(orNothing(n), 10, 64)
		if err != nil || orNothing(given) != checkOf(m.c, number) {
			return errs.New(errs.Invalid, "Row %d of the handed-in file says that it is row %q of the change's file, and that is not how it was taken out.", line, oneLine(orNothing(n), 20)).
				WithMend("Leave the columns %q and %q as they are. To mend a row, correct its other cells.", row, check)
		}
		if _, twice := t.at[number]; twice {
			return errs.New(errs.Invalid, "The handed-in file has the row %d twice.", number).WithMend("Keep one of the two.")
		}
		if d := fields[0]; d != nil && (*d)[0] != '~' {
			return errs.New(errs.Invalid, "Row %d of the handed-in file has more or fewer cells than its header.", line).WithMend("Mend it in a spreadsheet program, or write quotes around cells.")
		}
		t.at[number] = place{offset, int64(len(raw))}
		return nil
	})
}

func orNothing(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// eachTaken gives the records of taken.csv with their places.
func (m *mending) eachTaken(do func(line, offset int64, raw []byte) error) (err error) {
	in, err := os.Open(m.path("taken.csv"))
	if err != nil {
		return diskFull(err)
	}
	defer in.Close()
	offset := int64(0)
	return intake.EachRecord(in, func(line int64, raw []byte) error {
		err := do(line, offset, raw)
		offset += int64(len(raw))
		return err
	})
}

// differ gives the cells of a row that are not as they stand. An empty cell is as
// nothing, since no spreadsheet program keeps the two apart. A row with a defect,
// once touched, is mended as a whole: somebody has looked at it.
func (m *mending) differ(line int64, fields, given []*string, of []int) (out []intake.Mend) {
	whole := true
	var all []intake.Mend
	for i, column := range m.file.Columns {
		if of[i] < 0 {
			whole = false
			continue
		}
		text := given[of[i]]
		if orNothing(text) == "" {
			text = nil
		}
		mend := intake.Mend{Line: line, Column: column, Text: text}
		if orNothing(text) != orNothing(fields[i+1]) {
			out = append(out, mend)
		}
		all = append(all, mend)
	}
	if d := fields[0]; len(out) > 0 && whole && d != nil && (*d)[0] != '~' {
		return all
	}
	return out
}
