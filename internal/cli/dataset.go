package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"sutor/internal/errs"
	"sutor/internal/wire"
)

type datasetListCmd struct{}

func (datasetListCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	all, err := cl.Datasets(c.ctx)
	if err != nil {
		return err
	}
	return c.show(all, func(p *page) {
		if len(all) == 0 {
			p.line("There is no dataset that you may see. The Compact says who may; ask a steward.")
			return
		}
		t := table{head: []string{"DATASET", "LABEL", "DEPARTMENT", "OWNERS", "YOU MAY"}}
		for _, d := range all {
			t.row(d.Name, d.Label, d.Department, strings.Join(d.Owners, ", "), strings.Join(d.May, ", "))
		}
		t.write(p)
	})
}

type datasetShowCmd struct {
	Name string `arg:"" help:"The dataset."`
}

func (s *datasetShowCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	d, err := cl.Dataset(c.ctx, s.Name)
	if err != nil {
		return err
	}
	return c.show(d, func(p *page) { showDataset(p, d) })
}

func showDataset(p *page, d wire.Dataset) {
	p.line("%s: %s", d.Name, d.Label)
	p.line("Table %s of %s, key %s; owned by %s, department %s.", d.Table, d.System,
		strings.Join(d.Key, " + "), strings.Join(d.Owners, ", "), d.Department)
	if len(d.OtherKeys) > 0 {
		ways := make([]string, len(d.OtherKeys))
		for i, k := range d.OtherKeys {
			ways[i] = "--key " + strings.Join(k, " --key ")
		}
		p.line("Rows of a file can be found by something else, too: %s.", strings.Join(ways, "; "))
	}
	if d.Process != nil {
		p.line("It belongs to the process %s (%s).", d.Process.Label, d.Process.Name)
	}
	if d.Needs > 1 {
		p.line("%d of its owners must approve a change.", d.Needs)
	}
	if len(d.Allow) > 0 {
		p.line("A change may %s.", strings.Join(d.Allow, ", "))
	}
	if d.Rows != nil {
		p.line("It has %s.", count(*d.Rows, "row", "rows"))
	}
	if d.Frozen != nil {
		showFrozen(p, d)
	}
	if len(d.Columns) > 0 {
		p.line("")
		t := table{head: []string{"COLUMN", "LABEL", "TYPE", "", "RULES"}}
		for _, col := range d.Columns {
			null := ""
			if !col.Nullable {
				null = "not null"
			}
			t.row(col.Name, col.Label, col.Type, null, columnRules(col))
		}
		t.write(p)
	}
	if len(d.Guardrails) > 0 {
		p.line("\nGuardrails")
	}
	for _, g := range d.Guardrails {
		then := g.Then
		if g.By != "" {
			then += " by " + g.By
		}
		if g.Needs > 1 {
			then += fmt.Sprintf(" (%d of them)", g.Needs)
		}
		whose := ""
		if g.Process != "" {
			whose = ", of the process"
		}
		p.line("  %s (each %s%s): %s: %s", g.Name, g.Each, whose, then, g.Say)
	}
	showFreedom(p, d)
}

// showFreedom says which changes go ahead without the owner.
func showFreedom(p *page, d wire.Dataset) {
	if len(d.Freedom) > 0 {
		p.line("\nWithout the owner's decision (see your level with: sutor me)")
	}
	for _, f := range d.Freedom {
		yours := ""
		if f.Yours {
			yours = " That is yours."
		}
		p.line("  makers of level %s, where %s.%s", f.Level, f.When, yours)
	}
}

// columnRules lists a column's rules in few words.
func columnRules(col wire.Column) string {
	var rules []string
	add := func(name, value string) {
		if value != "" {
			rules = append(rules, name+" "+value)
		}
	}
	if !col.Writable {
		rules = append(rules, "read only")
	}
	if col.Required {
		rules = append(rules, "required")
	}
	add("one of", strings.Join(col.OneOf, ", "))
	add("from", col.Min)
	add("to", col.Max)
	add("pattern", col.Pattern)
	add("that is", col.Say)
	add("also called", strings.Join(col.Also, ", "))
	return strings.Join(rules, "; ")
}

type datasetExportCmd struct {
	Name string `arg:"" help:"The dataset."`
	Out  string `short:"o" required:"" placeholder:"FILE" help:"FILE.csv or FILE.xlsx; - for CSV on standard output."`
}

func (e *datasetExportCmd) Run(c *console) error {
	format, err := sheetFormat(e.Out)
	if err != nil {
		return err
	}
	cl, err := c.client()
	if err != nil {
		return err
	}
	return c.save(e.Out, func(w io.Writer) (int64, error) { return cl.Export(c.ctx, e.Name, format, w) })
}

// sheetFormat gives the kind of file that a name asks for.
func sheetFormat(out string) (string, error) {
	format := strings.TrimPrefix(strings.ToLower(filepath.Ext(out)), ".")
	if out == "-" {
		format = "csv"
	}
	if format != "csv" && format != "xlsx" {
		return "", errs.New(errs.Usage, "%s ends in neither .csv nor .xlsx.", out).WithMend("The ending chooses the kind of file.")
	}
	return format, nil
}
