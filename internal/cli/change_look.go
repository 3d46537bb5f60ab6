package cli

import (
	"encoding/json"
	"io"

	"sutor/internal/client"
	"sutor/internal/errs"
	"sutor/internal/wire"
)

type changeListCmd struct {
	Dataset string   `placeholder:"NAME" help:"Only of this dataset."`
	State   []string `placeholder:"STATE" help:"Only in these states."`
	Mine    bool     `help:"Only those you made."`
	Limit   int      `placeholder:"N" default:"50" help:"At most so many."`
	Before  string   `placeholder:"ID" help:"Only older ones than this: the next page."`
}

func (k *changeListCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	all, err := cl.Changes(c.ctx, client.Filter{Dataset: k.Dataset, States: k.State, Mine: k.Mine, Limit: k.Limit, Before: k.Before})
	if err != nil {
		return err
	}
	return c.show(all, func(p *page) {
		showList(p, all)
		if len(all) > 0 && len(all) == k.Limit {
			p.line("More: sutor change list --before %s", all[len(all)-1].ID)
		}
	})
}

type changeShowCmd struct {
	ID string `arg:"" help:"The change."`
}

func (k *changeShowCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	ch, err := cl.Change(c.ctx, k.ID, 0)
	if err != nil {
		return err
	}
	return c.show(ch, func(p *page) { showChange(p, ch) })
}

// ofDataset names one dataset of a change over several.
type ofDataset struct {
	Dataset string `placeholder:"NAME" help:"Of a change over several datasets, the one that is meant."`
}

type changeFindingsCmd struct {
	ID string `arg:"" help:"The change."`
	ofDataset
	Out    string `short:"o" placeholder:"FILE" help:"Instead take the rows out that cannot be taken, to be mended: FILE.xlsx or FILE.csv."`
	Warned bool   `help:"With -o: the rows of all findings, also of those that only warn or ask for somebody."`
}

func (k *changeFindingsCmd) Run(c *console) error {
	if k.Warned && k.Out == "" {
		return errs.New(errs.Usage, "--warned is about the rows that are taken out.").WithMend("Say where to: -o FILE.xlsx")
	}
	cl, err := c.client()
	if err != nil {
		return err
	}
	if k.Out != "" {
		format, err := sheetFormat(k.Out)
		if err != nil {
			return err
		}
		return c.save(k.Out, func(w io.Writer) (int64, error) { return cl.BadRows(c.ctx, k.ID, k.Dataset, format, k.Warned, w) })
	}
	all, err := cl.Findings(c.ctx, k.ID, k.Dataset)
	if err != nil {
		return err
	}
	return c.show(all, func(p *page) {
		if len(all) == 0 {
			p.line("Nothing was found.")
		}
		showFindings(p, all)
	})
}

type changeSinceCmd struct {
	ID string `arg:"" help:"The change."`
}

func (k *changeSinceCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	since, err := cl.Since(c.ctx, k.ID)
	if err != nil {
		return err
	}
	return c.show(since, func(p *page) {
		d := since.Decision
		if d == nil {
			p.line("Nobody has decided on another plan of it.")
			return
		}
		p.line("%s: %s on another plan, %s%s", d.By, d.Decision, when(d.At), after(": ", d.Comment))
		for _, one := range since.Datasets {
			p.line("  %s: %s", one.Dataset, one.Says)
		}
	})
}

type changeRowsCmd struct {
	ID string `arg:"" help:"The change."`
	ofDataset
	Op      string `placeholder:"OP" enum:",insert,update,delete,kept,impossible" default:"" help:"Only rows with this op: insert, update or delete; of an undo also kept or impossible."`
	Finding string `placeholder:"NAME" help:"Only rows that this guardrail or check found."`
	Changed string `placeholder:"COLUMN" help:"Only rows in which this column changes."`
	Column  string `placeholder:"COLUMN" help:"Only rows in which this column, before or after, has or is the value."`
	Has     string `placeholder:"TEXT" help:"A text that stands in the column, in capitals or not."`
	Is      string `placeholder:"VALUE" help:"Exactly what the column is."`
	Empty   bool   `help:"The column is empty."`
	Limit   *int64 `placeholder:"N" help:"At most so many rows; 0 for all. Default 50, with --json all."`
	Offset  int64  `placeholder:"N" help:"Leave out so many first."`
}

// pageRows is how many rows are asked for at once.
const pageRows = 1000

func (k *changeRowsCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	left := int64(50)
	if c.json {
		left = 0
	}
	if k.Limit != nil {
		left = *k.Limit
	}
	all := left == 0
	want := client.RowsWanted{Dataset: k.Dataset, Op: k.Op, Finding: k.Finding, Changed: k.Changed, Column: k.Column, Has: k.Has, Is: k.Is, Empty: k.Empty}
	for offset := k.Offset; ; {
		size := int64(pageRows)
		if !all {
			size = min(size, left)
		}
		got, err := cl.Rows(c.ctx, k.ID, want, size, offset)
		if err != nil {
			return err
		}
		offset += int64(len(got.Rows))
		left -= int64(len(got.Rows))
		last := len(got.Rows) == 0 || offset >= got.Total || !all && left <= 0
		if err := c.printRows(got, last); err != nil || last {
			return err
		}
	}
}

// printRows prints one page of rows; after the last one a person is told what
// was left out.
func (c *console) printRows(got wire.Rows, last bool) error {
	if c.json {
		e := json.NewEncoder(c.stdout)
		e.SetEscapeHTML(false)
		for _, row := range got.Rows {
			if err := e.Encode(row); err != nil {
				return outputError(err)
			}
		}
		return nil
	}
	var p page
	showRows(&p, got.Rows)
	end := got.Offset + int64(len(got.Rows))
	switch {
	case last && got.Total == 0:
		p.line("There are no such rows.")
	case last && end < got.Total:
		p.line("%s of %s. More: --offset %d, all: --limit 0", group(end), count(got.Total, "row", "rows"), end)
	}
	_, err := io.WriteString(clean{c.stdout}, p.String())
	return outputError(err)
}
