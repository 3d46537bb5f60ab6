package cli

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"sutor/internal/wire"
)

type datasetRowsCmd struct {
	Name   string   `arg:"" help:"The dataset."`
	Column []string `placeholder:"COLUMN" sep:"none" help:"Only this column besides the key; once for each."`
	By     string   `placeholder:"COLUMN" help:"Order by it; by the key otherwise."`
	Desc   bool     `help:"The other way round."`
	Where  []string `placeholder:"TEST" sep:"none" help:"Only rows that meet it, as in 'credit_limit >= 1000'; once for each. Signs: = != < <= > >= contains starts ends empty filled."`
	Limit  int64    `default:"50" placeholder:"N" help:"At most so many rows."`
	Offset int64    `placeholder:"N" help:"Leave out so many first."`
}

func (k *datasetRowsCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	q := url.Values{"column": k.Column, "where": k.Where, "limit": {strconv.FormatInt(k.Limit, 10)}, "offset": {strconv.FormatInt(k.Offset, 10)}}
	if k.By != "" {
		q.Set("by", k.By)
	}
	if k.Desc {
		q.Set("desc", "true")
	}
	rows, err := cl.Live(c.ctx, k.Name, q)
	if err != nil {
		return err
	}
	return c.show(rows, func(p *page) { showLive(p, rows) })
}

func showLive(p *page, rows wire.LiveRows) {
	t := table{head: rows.Columns}
	for _, r := range rows.Rows {
		var cells []string
		for _, name := range rows.Columns {
			cells = append(cells, liveText(r[name]))
		}
		t.row(cells...)
	}
	t.write(p)
	if rows.More {
		p.line("There are further ones: --offset %d", rows.Offset+int64(len(rows.Rows)))
	}
}

// liveText gives a value as one reads it.
func liveText(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil && string(raw) != "null" {
		return s
	}
	return strings.ReplaceAll(string(raw), "null", "NULL")
}

type changeReadingCmd struct {
	ID string `arg:"" help:"The change."`
	ofDataset
}

func (k *changeReadingCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	r, err := cl.Reading(c.ctx, k.ID, k.Dataset)
	if err != nil {
		return err
	}
	return c.show(r, func(p *page) {
		if r.Dialect != "" {
			p.line("The file is %s.", r.Dialect)
		}
		t := table{head: []string{"COLUMN OF THE FILE", "IS", "BY", "FORMAT", "FOR EXAMPLE"}}
		for _, f := range r.Columns {
			is := f.Column
			if is == "" {
				is = "(left out)"
			}
			t.row(f.File, is, f.How, f.Format, strings.Join(f.Samples, ", "))
		}
		t.write(p)
	})
}
