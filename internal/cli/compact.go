package cli

import (
	"sutor/internal/compact"
	"sutor/internal/errs"
)

type compactCheckCmd struct {
	File    string `arg:"" help:"The Compact."`
	Offline bool   `help:"Check the file only, not the systems it names."`
}

// checkedProblem is a compact.Problem as JSON.
type checkedProblem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Path    string `json:"path"`
	Message string `json:"message"`
	Mend    string `json:"mend,omitempty"`
	Warning bool   `json:"warning"`
}

func (k *compactCheckCmd) Run(c *console) error {
	found, unknown := c.local.CompactCheck(c.ctx, k.File, k.Offline)
	if unknown != nil && len(found) == 0 {
		return unknown
	}
	failed := compact.Failed(found)
	doc := struct {
		OK       bool             `json:"ok"`
		Problems []checkedProblem `json:"problems"`
	}{!failed && unknown == nil, []checkedProblem{}}
	for _, p := range found {
		doc.Problems = append(doc.Problems, checkedProblem{p.File, p.Line, p.Column, string(p.Path), p.Message, p.Mend, p.Warning})
	}
	err := c.show(doc, func(p *page) {
		for _, one := range found {
			p.line("%s", one)
		}
		if doc.OK {
			p.line("%s is a good Compact%s.", k.File, k.aside())
		}
	})
	switch {
	case err != nil:
		return err
	case failed:
		return errs.New(errs.Invalid, "%s is not a valid Compact.", k.File).WithMend("Mend what is listed, then check again.")
	}
	return unknown // what could not be asked
}

func (k *compactCheckCmd) aside() string {
	if k.Offline {
		return "; the systems were not asked"
	}
	return ""
}

type compactSchemaCmd struct{}

func (compactSchemaCmd) Run(c *console) error {
	return c.raw(string(compact.Schema()))
}

type compactShowCmd struct{}

func (compactShowCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	doc, err := cl.Compact(c.ctx)
	if err != nil {
		return err
	}
	if c.json {
		return c.document(doc)
	}
	c.say("In force: %s", doc.Digest)
	return c.raw(doc.Text)
}
