package workflow

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/finding"
	"sutor/internal/intake"
	"sutor/internal/intake/xlsx"
	"sutor/internal/plan"
	"sutor/internal/record"
)

// BadRows writes the rows of a change's file that findings make invalid, and with
// warned those of all other findings too: every column of the file in its order,
// the reason at the cell and in a column of its own. Mended and handed to [Workflow.Mend]
// the change goes on with them.
//
// The first column says which row of the file it is, the last holds a check of
// that, so that a row can neither be taken for another nor be put into another
// change.
func (w *Workflow) BadRows(ctx context.Context, p access.Principal, id change.ID, format string, warned bool, out io.Writer) error {
	id, dataset := id.Split()
	c, p, err := w.see(ctx, p, id)
	if err == nil {
		c, err = w.one(c, p, dataset)
	}
	if err != nil {
		return err
	}
	if !access.May(p, access.SeeValues, w.Compact().AccessDataset(c.Dataset)) {
		return w.refused(ctx, p, id, "bad-rows", errs.New(errs.Forbidden, "Your roles see the changes of %s without their values.", c.Dataset).
			WithMend("Ask somebody of its department, an owner or an auditor."))
	}
	if format != "csv" && format != "xlsx" {
		return errFormat(format)
	}
	if c.Options.Rule != nil {
		return filed(c, "take out")
	}
	if p := c.Purged; p != nil && p.Inputs != nil {
		return w.removed(c, "file", p.Inputs)
	}
	if c.Plan == nil || c.Plan.Hits == "" || c.Input == nil {
		e := errs.New(errs.Blocked, "Change %s has no rows of a file that could be taken out: it is %s.", id, c.State.Words())
		if c.State == change.Applied || c.State == change.Undone {
			return e.WithMend("See its rows with `sutor change rows %s`; what is wrong in %s now is mended by another change.", id, c.Dataset)
		}
		return e.WithMend("Where it has a plan of an earlier version of Sutor, plan it again: sutor change replan %s", id)
	}
	s := w.sight(p, c.Dataset)
	if c.Maker != p.Email && s.keepsFromFile(c) {
		return w.refused(ctx, p, id, "bad-rows", errs.New(errs.Forbidden, "The file of change %s has rows or columns of %s that you may not see.", id, c.Dataset).
			WithMend("Ask %s, who made it. %s", c.Maker, s.ask()))
	}
	b := &badRows{c: c, warned: warned, see: s, last: wholeFile}
	if err := b.open(ctx, w); err != nil {
		return err
	}
	defer b.close()
	err = w.Store.Do(ctx, func(tx Tx) error {
		return w.leaf(tx, c, evidence.Entry{Kind: evidence.RowsExported, Means: p.Means, Digests: planDigests(c),
			Body: evidence.Body{Who: string(p.Email), Action: "export " + format}})
	})
	if err != nil {
		return err
	}
	if format == "csv" {
		return b.csv(out)
	}
	return b.xlsx(out, w.Now())
}

// keepsFromFile tells whether a file that somebody else proposed has what the
// person may not see: which of its rows they see cannot be told before they are
// rows of a plan, and in a broken row a value may stand in any column.
func (s sight) keepsFromFile(c *change.Change) bool {
	return !s.AllRows() || c.Plan != nil && slices.ContainsFunc(c.Plan.Mapping, func(m change.Mapped) bool { return !s.Sees(m.Column) })
}

// badRows is one taking out of bad rows.
type badRows struct {
	c       *change.Change
	warned  bool
	see     sight
	file    staged
	mapping []plan.Source
	last    int64 // line of the file up to which it is read
	hits    io.ReadCloser
	release func()
}

func (b *badRows) open(ctx context.Context, w *Workflow) error {
	dir, release, err := w.Engine.Scratch()
	if err != nil {
		return err
	}
	b.release = release
	m, _, done, err := w.openPlan(ctx, b.c.Plan.Digest)
	if err == nil {
		done()
		b.mapping = m.Mapping
		b.file, err = w.stageUpTo(ctx, b.c, header(b.c), b.last, func(name string) string { return filepath.Join(dir, name) })
	}
	if err == nil {
		b.hits, err = w.Artifacts.Open(ctx, b.c.Plan.Hits)
	}
	if err == nil {
		return nil
	}
	release()
	return b.notKept(err)
}

// notKept says that a file is gone, where that is why it cannot be read.
func (b *badRows) notKept(err error) error {
	if errs.KindOf(err) == errs.NotFound {
		err = errs.New(errs.Blocked, "The file of change %s is not kept any more.", b.c.ID).Because(err)
	}
	return err
}

func (b *badRows) close() {
	_ = b.hits.Close() // only read from
	b.release()
}

// bad is one bad row: its cells and what was found.
type bad struct {
	line  int64
	cells []*string
	found []finding.Finding
}

// each gives the bad rows in the file's order: the lines of the findings and the
// records of the file are both in that order.
func (b *badRows) each(do func(bad) error) error {
	hits := record.NewReader(b.hits)
	next, err := b.next(hits)
	if err != nil {
		return err
	}
	in, err := os.Open(b.file.staging)
	if err != nil {
		return err
	}
	defer in.Close()
	return intake.EachRecord(in, func(line int64, raw []byte) error {
		row := bad{line: line}
		for next != nil && next.line == line {
			if f := b.c.Plan.Findings[next.finding]; b.warned || f.Invalid {
				row.found = append(row.found, b.see.finding(f, b.c))
			}
			if next, err = b.next(hits); err != nil {
				return err
			}
		}
		if len(row.found) == 0 {
			return nil
		}
		fields, err := intake.Cells(raw)
		if err != nil {
			return err
		}
		row.cells = fields[1:]
		return do(row)
	})
}

// hit is one line of one finding.
type hit struct {
	line    int64
	finding int
}

func (b *badRows) next(hits *record.Reader) (*hit, error) {
	f, err := hits.Read()
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	line, err := strconv.ParseInt(string(f[0].Text), 10, 64)
	i, err2 := strconv.Atoi(string(f[1].Text))
	if err = errors.Join(err, err2); err == nil && (i < 0 || i >= len(b.c.Plan.Findings)) {
		err = fmt.Errorf("the plan of change %s has no finding %d", b.c.ID, i)
	}
	return &hit{line, i}, err
}

// reasons says in one text what is wrong with a row.
func (r bad) reasons() string {
	var all []string
	for _, f := range r.found {
		all = append(all, strings.TrimSpace(f.Message+" "+f.Mend))
	}
	return strings.Join(all, "\n")
}

// remarks puts the findings at the cells they are about, where there are some.
func (b *badRows) remarks(r bad) []xlsx.Remark {
	texts := map[int][]string{}
	for _, f := range r.found {
		for _, s := range b.mapping {
			if s.Column == f.Column || f.Column != "" && slices.Contains(strings.Split(f.Column, ", "), s.Column) {
				texts[s.File+1] = append(texts[s.File+1], f.Message+"\n"+f.Mend)
			}
		}
	}
	var out []xlsx.Remark
	for i := range len(r.cells) + 1 {
		if len(texts[i]) > 0 {
			out = append(out, xlsx.Remark{Column: i, Text: strings.Join(texts[i], "\n")})
		}
	}
	return out
}

// The columns beside those of the file.
const (
	rowColumn    = "Row in file"
	reasonColumn = "What is wrong"
	checkColumn  = "Check"
)

// beside gives the names of the columns beside those of a file: others where the
// file has a column of that name itself.
func beside(header []string) (row, reason, check string) {
	free := func(name string) string {
		for slices.Contains(header, name) {
			name += " (Sutor)"
		}
		return name
	}
	return free(rowColumn), free(reasonColumn), free(checkColumn)
}

// checkOf proves that a number stands at a row of a change's file that was taken
// out with it. It is no secret: it guards against slips.
func checkOf(c *change.Change, line int64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %d", c.ID, c.Input.Digest, line))
	return "x" + hex.EncodeToString(sum[:4]) // with a letter, so that no program takes it for a number
}

// fields are the cells of a row with what stands beside them.
func (b *badRows) fields(r bad) []record.Field {
	out := []record.Field{{Text: strconv.AppendInt(nil, r.line, 10)}}
	for _, c := range r.cells {
		if c == nil {
			out = append(out, record.Field{Null: true})
		} else {
			out = append(out, record.Field{Text: []byte(*c)})
		}
	}
	return append(out, record.Field{Text: []byte(r.reasons())}, record.Field{Text: []byte(checkOf(b.c, r.line))})
}

func (b *badRows) csv(out io.Writer) error {
	w := newCSV(out)
	row, reason, check := beside(b.file.Columns)
	w.header(slices.Concat([]string{row}, b.file.Columns, []string{reason, check}))
	if err := b.each(func(r bad) error { return w.row(b.fields(r)) }); err != nil {
		return err
	}
	return w.Flush()
}

func (b *badRows) xlsx(out io.Writer, now time.Time) error {
	row, reason, check := beside(b.file.Columns)
	book := xlsx.Book{Sheet: "Rows to mend", Locked: true,
		Mark:    xlsx.Mark{Kind: xlsx.MarkRows, Dataset: b.c.Dataset, Change: string(b.c.ID), At: now.UTC().Truncate(time.Second)},
		Columns: []xlsx.Column{{Header: row, Type: record.Type{Kind: record.Int, Bits: 64}, Locked: true, Note: "Which row of the file this is. It must stay as it is."}}}
	for _, name := range b.file.Columns {
		book.Columns = append(book.Columns, xlsx.Column{Header: name})
	}
	book.Columns = append(book.Columns, xlsx.Column{Header: reason, Locked: true}, xlsx.Column{Header: check, Locked: true, Hidden: true})
	book.About = []xlsx.Line{
		{Head: true, Cells: []string{"What this is", fmt.Sprintf("Rows of change %s: %s", b.c.ID, b.c.Title)}},
		{Cells: []string{"File", b.c.Input.Name}},
		{Cells: []string{"Mend", "Correct the red cells; the last column says what is wrong in each row. Save the workbook."}},
		{Cells: []string{"Put back", fmt.Sprintf("On the page of the change, or with: sutor change mend %s FILE.xlsx", b.c.ID)}},
		{Cells: []string{"Leave out", "A row that is taken out of the sheet stays as it is in the file."}},
		{Cells: []string{"Rows cut or joined", "Where a row has more or fewer cells than the header, change any of its cells: then all of them count as they stand here."}},
	}
	w := xlsx.NewWriter(out, book)
	if err := b.each(func(r bad) error { return w.Row(b.fields(r), b.remarks(r)...) }); err != nil {
		return err
	}
	return w.Close()
}
