package workflow

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"slices"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/intake"
	"sutor/internal/record"
	"sutor/internal/record/format"
	"sutor/internal/system/driver"
	"sutor/internal/wire"
)

// How much of a file is read again to be looked at.
const (
	readingRows    = 200
	readingShown   = 5
	readingSamples = 4
	readingWhole   = 16 << 20 // bytes of a file that is read to its end, for its dialect
)

// errSeen ends the reading of a file of which enough was seen.
var errSeen = errors.New("enough was read")

// Reading shows how a change's file is read: what became of each of its columns,
// with samples, and where a column can be read in several ways, all of them. It
// asks for the right to the change's values; others than the maker must see all of
// the dataset.
func (w *Workflow) Reading(ctx context.Context, p access.Principal, id change.ID) (out wire.Reading, err error) {
	id, dataset := id.Split()
	c, p, err := w.see(ctx, p, id)
	if err == nil {
		c, err = w.one(c, p, dataset)
	}
	if err != nil {
		return out, err
	}
	if !access.May(p, access.SeeValues, w.Compact().AccessDataset(c.Dataset)) {
		return out, w.refused(ctx, p, id, "reading", errs.New(errs.Forbidden, "Your roles see the changes of %s without their values.", c.Dataset).
			WithMend("Ask somebody of its department, an owner or an auditor."))
	}
	if c.Maker != p.Email && !access.See(p, w.Compact().AccessDataset(c.Dataset)).Whole() { // cells of a file know no columns that could be left out
		return out, errs.New(errs.Forbidden, "You do not see all columns and rows of %s, so its files are not shown to you.", c.Dataset).
			WithMend("Ask the maker of change %s, or an owner.", id)
	}
	if c.Plan == nil || c.Input == nil {
		return out, errs.New(errs.Blocked, "Change %s has no file whose columns could be shown: it is %s.", id, c.State.Words())
	}
	result, rows, err := w.glance(ctx, c)
	if err != nil {
		return out, err
	}
	table, err := w.described(ctx, c.Dataset)
	if err != nil {
		return out, err
	}
	out = wire.Reading{Dialect: result.Dialect, Sheet: result.Found.Sheet, Columns: []wire.FileColumn{}, Rows: rows[:min(len(rows), readingShown)]}
	for i, m := range viewMapping(c.Plan.Mapping) {
		f := wire.FileColumn{Mapped: m, Samples: samplesOf(rows, i)}
		if at := table.Columns.Index(m.Column); at >= 0 {
			f.Ways = waysOf(table.Columns[at].Type.Kind, f.Samples)
		}
		f.Samples = f.Samples[:min(len(f.Samples), readingSamples)]
		out.Columns = append(out.Columns, f)
	}
	return out, nil
}

// described gives the table of a dataset as the live system has it.
func (w *Workflow) described(ctx context.Context, dataset string) (driver.Table, error) {
	d, there := w.Compact().Dataset(dataset)
	if !there {
		return driver.Table{}, errs.New(errs.Blocked, "%s is not in the Compact any more.", dataset).WithMend("The steward can take it up again.")
	}
	sys, err := w.Systems.System(d.System)
	if err != nil {
		return driver.Table{}, err
	}
	return sys.Describe(ctx, d.Table)
}

// glance reads the first rows of a change's file, and the whole of a small one,
// whose result is then known.
func (w *Workflow) glance(ctx context.Context, c *change.Change) (result intake.Result, rows [][]*string, err error) {
	local, release, err := w.Artifacts.Local(ctx, c.Input.Digest)
	if err != nil {
		if errs.KindOf(err) == errs.NotFound {
			err = errs.New(errs.Blocked, "The file of change %s is not kept any more.", c.ID).Because(err)
		}
		return result, nil, err
	}
	defer release()
	file, err := os.Open(local)
	if err != nil {
		return result, nil, err
	}
	defer file.Close()
	in, out := io.Pipe()
	seen := make(chan error, 1)
	go func() {
		var err error
		defer func() {
			_ = in.CloseWithError(cmp.Or(err, errSeen)) // never fails
			seen <- err
		}()
		defer errs.Caught(&err)
		rows, err = firstRows(in, c.Input.Bytes <= readingWhole)
	}()
	result, err = intake.Read(ctx, intake.File{ReaderAt: file, Size: c.Input.Bytes, Name: c.Input.Name}, out, intake.Options{Limits: w.Intake, Choice: c.Options.File})
	_ = out.CloseWithError(err) // never fails; nil is the end
	if failed := <-seen; failed != nil {
		return result, nil, failed
	}
	if len(rows) == readingRows { // whatever the reader made of being stopped
		err = nil
	}
	return result, rows, err
}

// firstRows reads the first rows of staging; with whole it lets the rest go by.
func firstRows(staging io.Reader, whole bool) (rows [][]*string, err error) {
	r := record.NewReader(staging)
	for len(rows) < readingRows {
		fields, err := r.Read()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		cells := []*string{}
		for _, f := range fields[min(2, len(fields)):] { // after the line's number and its defect
			cells = append(cells, f.Ptr())
		}
		rows = append(rows, cells)
	}
	if whole {
		_, err = io.Copy(io.Discard, staging)
	}
	return rows, err
}

// samplesOf gives the different texts of a column.
func samplesOf(rows [][]*string, column int) []string {
	out := []string{}
	for _, cells := range rows {
		if column < len(cells) && cells[column] != nil && *cells[column] != "" && !slices.Contains(out, *cells[column]) {
			out = append(out, *cells[column])
		}
	}
	return out
}

// waysOf gives the formats that read all samples, where they do not all read the
// same; none where there is nothing to choose.
func waysOf(k record.Kind, samples []string) (out []wire.Way) {
	if len(samples) == 0 {
		return nil
	}
	differ := false
	for _, f := range format.For(k, format.SignOf(samples[0])) {
		way := wire.Way{Format: f.Name, Says: f.Says, Reads: []string{}}
		for _, s := range samples {
			if read, ok := f.Read(s); ok {
				way.Reads = append(way.Reads, read)
			}
		}
		if len(way.Reads) < len(samples) {
			continue
		}
		differ = differ || len(out) > 0 && !slices.Equal(out[0].Reads[:min(len(out[0].Reads), readingSamples)], way.Reads[:min(len(way.Reads), readingSamples)])
		out = append(out, way)
	}
	if !differ {
		return nil
	}
	for i := range out {
		out[i].Reads = out[i].Reads[:min(len(out[i].Reads), readingSamples)]
	}
	return out
}
